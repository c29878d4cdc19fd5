"""Joining kept units so that the result still reads: every character comes from the source, at a place of its own.

Where units were dropped, the blanks and the full stop between the two kept neighbours are chosen among those that the source
has there: a line end beats a space, and a sentence that lost its last word keeps its full stop.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

from linguapress.text import Span
from linguapress.units import Units

_MARKS = ".,;:!?…،؛؟。，、；：！？"
_STOPS = frozenset(".!?…؟。！？")


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

    def spans(self, kept: Sequence[int]) -> list[tuple[int, int]]:
        """Ranges of the text that make up the kept units (ascending indexes), fit to be merged."""
        if len(kept) == len(self.tails) and self._tiled:
            return list(self.units.spans)
        return list(self._pieces(kept))

    def render(self, kept: Sequence[int]) -> str:
        """The kept units as text."""
        return "".join([self.text[start:end] for start, end in self.spans(kept)])

    @property
    def _tiled(self) -> bool:
        """Whether nothing of the text lies outside the units."""
        return sum(end - start for start, end in self.units.spans) == len(self.text)

    def _pieces(self, kept: Sequence[int]) -> Iterator[tuple[int, int]]:
        first, spans = (kept[0] if kept else 0), self.units.spans
        for unit, following in pairwise((*kept, len(self.tails))):
            if following > unit + 1 or following == len(self.tails) or spans[following].start > spans[unit].end:
                yield spans[first].start, self.tails[unit].mark
                yield from self._joint(unit, following)
                first = following

    def _joint(self, unit: int, following: int) -> Iterable[tuple[int, int]]:
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
        ends = () if last else ((blank.blank, blank.end),)
        return ((mark.mark, mark.blank), *ends)

    def _verbatim_joint(self, own: Tail, following: int) -> Iterable[tuple[int, int]]:
        """Inside structured text: a comma goes when what closes the list comes next."""
        if following < len(self.tails) and self.text[self.units.spans[following].start] in "]}":
            return ()
        return ((own.mark, own.end),)


def _tail(text: str, span: Span) -> Tail:
    unit = text[span.start : span.end]
    solid = unit.rstrip()
    body = solid.rstrip(_MARKS) or solid  # a unit of nothing but punctuation is its own body
    mark, blank = span.start + len(body), span.start + len(solid)
    stops = mark < blank and not _STOPS.isdisjoint(text[mark:blank])
    return Tail(mark, blank, span.end, stops, unit.count("\n", len(solid)))
