"""Joining kept units so that the result still reads: every character comes from the source, at a place of its own.

Where units were dropped, the blanks and the full stop between the two kept neighbours are chosen among those that the source
has there: a line end beats a space, and a sentence that lost its last word keeps its full stop.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

import regex

from linguapress.text import Span
from linguapress.units import Units

_TAIL = regex.compile(r"[.,;:!?…،؛؟。，、；：！？]*+\s*+$", regex.REVERSE)
_STOP = frozenset(".!?…؟。！？")


class Tail(NamedTuple):
    """Where a unit's closing punctuation and its blanks begin."""

    mark: int
    blank: int
    end: int
    stops: bool
    breaks: int


@dataclass(frozen=True, slots=True)
class Stitcher:
    """Renders any choice of the units of one text."""

    text: str
    units: Units
    tails: Sequence[Tail]

    @classmethod
    def of(cls, text: str, units: Units) -> Stitcher:
        """Looks at the tails of all units once."""
        return cls(text, units, [_tail(text, span) for span in units.spans])

    def spans(self, kept: Sequence[int]) -> list[Span]:
        """Ranges of the text that make up the kept units (ascending indexes), fit to be merged."""
        if len(kept) == len(self.tails):
            return list(self.units.spans)
        return list(self._pieces(kept))

    def _pieces(self, kept: Sequence[int]) -> Iterator[Span]:
        first, spans = (kept[0] if kept else 0), self.units.spans
        for unit, following in pairwise((*kept, len(self.tails))):
            if following > unit + 1 or following == len(self.tails) or spans[following].start > spans[unit].end:
                yield Span(spans[first].start, self.tails[unit].mark)
                yield from self._joint(unit, following)
                first = following

    def _joint(self, unit: int, following: int) -> Iterable[Span]:
        """Punctuation and blanks between a kept unit and the next kept one (the number of units = none follows)."""
        own, last = self.tails[unit], following == len(self.tails)
        if unit in self.units.verbatim:
            return self._verbatim_joint(own, following)
        skipped = self.tails[unit + 1 : following]
        mark, blank = own, own
        if not (own.stops or own.breaks):
            mark = next((tail for tail in skipped if tail.stops), own)
        if not last:
            later = [tail for tail in (own, *skipped) if tail.mark >= mark.mark]
            blank = max(later, key=lambda tail: (tail.breaks, tail.end > tail.blank))
        ends = () if last else (Span(blank.blank, blank.end),)
        return (Span(mark.mark, mark.blank), *ends)

    def _verbatim_joint(self, own: Tail, following: int) -> Iterable[Span]:
        """Inside structured text: a comma goes when what closes the list comes next."""
        if following < len(self.tails) and self.text[self.units.spans[following].start] in "]}":
            return ()
        return (Span(own.mark, own.end),)


def _tail(text: str, span: Span) -> Tail:
    match = _TAIL.search(text, span.start, span.end)
    mark = match.start() if match else span.end
    blank = mark
    while blank < span.end and not text[blank].isspace():
        blank += 1
    if mark == span.start:  # nothing but punctuation: it is the unit's body
        mark = blank
    return Tail(mark, blank, span.end, not _STOP.isdisjoint(text[mark:blank]), text.count("\n", blank, span.end))
