"""Questions without marks, on lines of their own: an answer says something else, or nothing, without its question."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import regex

from linguapress.segment import ENDED
from linguapress.text import Span

_ASKS = regex.compile(r"[?？][*_]{0,3}[^\S\n]*\n")  # the end of a line
_OPENS = regex.compile(r"[*_]{0,3}(?:\p{N}{1,3}[.)]?[ \t]+)?[¿¡]?[\p{Lu}\p{Lo}]")
_BELOW = regex.compile(r"(?P<gap>[^\S\n]*\n)?(?!#|```|~~~|\||<|>|[-=*_]{3})(?P<line>[ \t]*\S[^\n]{0,300}+)(?P<more>[^\n])?")
_MORE = regex.compile(r"[.!?…。！？]\s*\S")  # a sentence before the last one
_TASK = regex.compile(r"(?:^|\n[^\S\n]*\n)(?P<number>\p{N}{1,3})[.)][ \t]")  # of questions that are counted
_GAP = regex.compile(r"\n[^\S\n]*+\n")
_LONGEST, _TITLE = 160, 40  # characters of a question, and of a heading that stands right above it
_SEVERAL, _OFTEN = 2, 3  # questions from which they have answers; from which, and lines for each up to which, nobody talks
_ANSWER = 1000  # characters of an answer of several paragraphs


class _Question(NamedTuple):
    """A question on a line of its own.

    Attributes:
        start: where it begins.
        below: where its answer begins.
        plain: whether it is parted from what stands above, and not from its answer.
    """

    start: int
    below: int
    plain: bool


def asked(text: str) -> list[tuple[int, Span]]:
    """Where each question without a mark begins, and its answer; none where hardly any are, or where people talk.

    A question is a line of its own that ends with a question mark, below a blank line, a heading or the end of a sentence. Its
    answer is the paragraph below and, up to the next question, those after that as long as all of it is short. Where a blank line
    parts it from its answer, or none from what stands above, it is one sentence and every third line is such, as in hardly any
    conversation.
    """
    marks = list(_ASKS.finditer(text))
    found = [question for mark in marks if (question := _question(text, *mark.span()))]
    if not _often(text, found):
        found = [question for question in found if question.plain]
    if len(found) < _SEVERAL:
        return []
    stops = sorted({*(question.start for question in found), *_openings(text, marks), *_tasks(text, found), len(text)})
    return [(start, Span(below, _end(text, below, stops[bisect_right(stops, start)]))) for start, below, _ in found]


def with_asked(questions: Sequence[tuple[int, Span]], spans: Sequence[Span]) -> list[Span]:
    """The spans, in which each of these questions is one with the first one of its answer."""
    inner = [Span(start, answer.start + 1) for start, answer in questions]
    found: list[Span] = []
    at = 0
    for span in spans:
        while at < len(inner) and inner[at].end <= span.start:
            at += 1
        if found and at < len(inner) and inner[at].start < span.start:
            found[-1] = Span(found[-1].start, span.end)
        else:
            found.append(span)
    return found


def _often(text: str, found: Sequence[_Question]) -> bool:
    """Whether a text asks and answers by turns."""
    if len(found) < _OFTEN:
        return False
    lines = sum(1 for line in text[found[0].start : found[-1].start].split("\n") if line.strip())
    return _OFTEN * (len(found) - 1) >= lines


def _openings(text: str, marks: Sequence[regex.Match[str]]) -> Iterator[int]:
    """Where lines begin that end with a question mark, however long, and stand below a blank line."""
    for mark in marks:
        start = text.rfind("\n", 0, mark.start()) + 1
        if start > 1 and text[start - 2] == "\n":
            yield start


def _tasks(text: str, found: Sequence[_Question]) -> Iterator[int]:
    """Where counted lines begin, below a blank one, if most questions are counted: the next task may be none ("3. Name ...")."""
    starts = {match.start("number") for match in _TASK.finditer(text)}
    if 2 * sum(question.start in starts for question in found) > len(found):
        yield from starts


def _question(text: str, end: int, stop: int) -> _Question | None:
    """The question whose line ends with a question mark at ``end``, and with its line end before ``stop``."""
    start = text.rfind("\n", max(0, end - _LONGEST), end) + 1
    if (not start and end > _LONGEST) or not _OPENS.match(text, start, end):
        return None
    lines = text[max(0, start - _LONGEST) : max(0, start - 1)].rsplit("\n", 2)
    above, before = lines[-1].strip(), lines[-2].strip() if len(lines) > 1 else ""
    titled = len(above) <= _TITLE and not before and (len(lines) > 1 or start <= _LONGEST) and not ENDED.search(above)
    titled, below = titled or not above, _answer(text, stop)
    plain = titled and below == stop
    if below < 0 or not (plain or ((titled or ENDED.search(above)) and not _MORE.search(text, start, end))):
        return None
    return _Question(start, below, plain)


def _answer(text: str, start: int) -> int:
    """Where what may be an answer begins, at a place or below a blank line there; -1 if nothing does."""
    below = _BELOW.match(text, start)
    if below is None:
        return -1
    line = below["line"].rstrip()
    if not below["more"] and (line.endswith(("?", "？")) or (below["gap"] is not None and not ENDED.search(line))):
        return -1
    return below.start("line")


def _end(text: str, start: int, stop: int) -> int:
    """Where an answer ends: behind its first paragraph, or behind the last one before ``stop`` that leaves it short."""
    first = _GAP.search(text, start, stop)
    if first is None or stop - start <= _ANSWER:
        return stop
    *_, last = (first.end(), *(gap.end() for gap in _GAP.finditer(text, first.end(), min(stop, start + _ANSWER))))
    return last
