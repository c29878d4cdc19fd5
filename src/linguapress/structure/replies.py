"""Questions and answers by lines ("Q: ...", "A: ..."): an answer says something else, or nothing, without its question."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import regex

from linguapress.text import Span
from linguapress.units import Units

_MARK = regex.compile(
    r"^[ \t>]*[*_#]{0,6}[ \t]?(?:(?P<asks>Q(?:uestion)?|F(?:rage)?|Pregunta|Domanda|Вопрос|问|問)"
    r"|A(?:nswer|ntwort)?|R(?:éponse|espuesta|isposta)?|Ответ|答)[ \t]?\d{0,3}[*_]{0,3}[:：.)](?=[\s*_]|[^\x00-\x7f])",
    regex.M,
)


def answers(text: str) -> list[Span]:
    """From the beginning of each answer to the next question, or to the end; none where such lines do not take turns."""
    marks = list(_MARK.finditer(text))
    found = [two.start() for one, two in pairwise(marks) if one["asks"] and not two["asks"]]
    if 2 * len(found) < len(marks):
        return []
    stops = [*(mark.start() for mark in marks), len(text)]
    return [Span(start, stops[bisect_right(stops, start)]) for start in found]


def with_replies(text: str, spans: Sequence[Span]) -> list[Span]:
    """The spans, in which the first one of an answer is one with the last of its question."""
    starts = {start for start, _ in answers(text)}
    found: list[Span] = []
    for span in spans:
        if found and span.start in starts:
            found[-1] = Span(found[-1].start, span.end)
        else:
            found.append(span)
    return found


def with_questions(text: str, units: Units) -> Units:
    """Units of an answer that bring along the one in which it begins."""
    starts, needs = [start for start, _ in units.spans], dict(units.needs)
    for start, end in answers(text):
        first = bisect_right(starts, start) - 1
        for unit in range(first + 1, bisect_left(starts, end)):
            if not {unit, first} & units.verbatim:
                needs[unit] = (*needs.get(unit, ()), first)
    return units if needs == units.needs else replace(units, needs=needs)
