"""Headings: a sentence without the title above it has often lost its subject."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import regex

from linguapress.lists import with_leads
from linguapress.replies import with_questions
from linguapress.speakers import turns
from linguapress.text import Span
from linguapress.units import Units

_MARKED = regex.compile(r"[ \t]*#{1,6}[ \t]")
_TAGGED = regex.compile(r"<[hH](?P<level>[1-6])(?:\s[^<>]*+)?>\s*", regex.REVERSE)
_ENDED = regex.compile(r"[.,;!?…。！？；]\s*$", regex.REVERSE)
_LABELLED = regex.compile(r"[:：][*_]*\s*$", regex.REVERSE)  # "Alice:" above what she says
_NO_TITLE = regex.compile(  # first lines of code, markup, settings, logs
    r"[^\n]*(?:[={}<>;\\]|::|\d\d:\d\d:\d\d)|\s*(?:(?:import|from|package|using|include|require)\b|#|//|/\*|--|\$ )"
    r"|\s*[a-z_][\w.-]*:(?:\s|$)",
)
_LONGEST = 120  # characters


def headings(text: str, spans: Sequence[Span]) -> list[int]:
    """For each sentence the index of its heading, -1 where it has none; for a heading, that of the one above its level.

    A heading is a Markdown one, or a short first line that does not end like a sentence.
    """
    found: list[int] = []
    above: list[tuple[int, int]] = []  # level and index of the headings that hold here, outermost first
    for index, (start, end) in enumerate(spans):
        level = _level(text, start, end, index == 0 and len(spans) > 1)
        while level is not None and above and above[-1][0] >= level:
            above.pop()
        found.append(above[-1][1] if above else -1)
        if level is not None:
            above.append((level, index))
    return found


def _level(text: str, start: int, end: int, first: bool) -> int | None:
    """Number of hashes of a Markdown heading or of a tag h1 to h6, 0 for a title, None for anything else."""
    if marked := _MARKED.match(text, start, end):
        return marked.group().count("#")
    if tagged := _TAGGED.match(text, max(0, start - _LONGEST), start):
        return int(tagged["level"])
    title = first and end - start <= _LONGEST and text[start:end].endswith("\n")
    if not title or _ENDED.search(text, start, end) or (_LABELLED.search(text, start, end) and turns(text)):
        return None
    return None if _NO_TITLE.match(text, start, end) else 0


def with_headings(text: str, units: Units) -> Units:
    """Sentences that bring along their heading, which is not kept alone; items what introduces them, answers their question."""
    units = with_questions(text, with_leads(text, units))
    found = enumerate(headings(text, units.spans))
    above = {index: heading for index, heading in found if heading >= 0 and heading not in units.verbatim}
    if not above:
        return units
    needs = {**units.needs, **{index: (*units.needs.get(index, ()), heading) for index, heading in above.items()}}
    alone = frozenset(above.values()) - units.forced
    return replace(units, needs=needs, frame=units.frame | alone)
