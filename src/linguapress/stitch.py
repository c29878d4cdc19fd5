"""Joining kept units so that the result still reads: every character comes from the source, at a place of its own.

Where units were dropped, the blanks and the full stop between the two kept neighbours are chosen among those that the source
has there: a line end beats a space, and a sentence that lost its last word keeps its full stop.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

from linguapress.segment import STOPS
from linguapress.units import Units

_MARKS = ".,;:!?…،؛؟。，、；：！？"
_BLANKS = re.compile(r"\s*\n\s*")
_LABEL_END = re.compile(r"[:：][*_]*$")
_STOPS = frozenset(STOPS)
_CLOSING = "\"'”’»)]}*_"  # may stand behind a full stop


class Tail(NamedTuple):
    """Where a unit's closing punctuation and its blanks begin."""

    mark: int
    blank: int
    end: int
    stops: bool
    breaks: int


@dataclass(frozen=True, slots=True)
class Stitcher:
    """Renders any choice of the units of one text.

    Attributes:
        text: the text.
        units: its parts.
        tails: where each part's closing punctuation and blanks begin.
        tiled: whether nothing of the text lies outside the units.
    """

    text: str
    units: Units
    tails: Sequence[Tail]
    tiled: bool

    @classmethod
    def of(cls, text: str, units: Units) -> Stitcher:
        """Looks at the tails of all units once."""
        tiled = sum(end - start for start, end in units.spans) == len(text)
        return cls(text, units, [_tail(text, start, end) for start, end in units.spans], tiled)

    def spans(self, kept: Sequence[int]) -> list[tuple[int, int]]:
        """Ranges of the text that make up the kept units (ascending indexes), fit to be merged."""
        if len(kept) == len(self.tails) and self.tiled:
            return list(self.units.spans)
        return list(self._pieces(kept))

    def render(self, kept: Sequence[int]) -> str:
        """The kept units as text."""
        return "".join([self.text[start:end] for start, end in self.spans(kept)])

    def _pieces(self, kept: Sequence[int]) -> Iterator[tuple[int, int]]:
        """Runs of units that touch, each with its joint to the next."""
        if not kept:
            return
        first, spans = kept[0], self.units.spans
        for unit, following in self._seams(kept):
            yield spans[first].start, self.tails[unit].mark
            yield from self._joint(unit, following)
            first = following

    def _seams(self, kept: Sequence[int]) -> Iterator[tuple[int, int]]:
        """Pairs of kept neighbours that do not touch, the last of them with the number of units."""
        if self.tiled:
            yield from ((unit, following) for unit, following in pairwise(kept) if following - unit > 1)
        else:
            spans = self.units.spans
            yield from ((unit, following) for unit, following in pairwise(kept) if spans[following].start > spans[unit].end)
        yield kept[-1], len(self.tails)

    def _joint(self, unit: int, following: int) -> Iterable[tuple[int, int]]:
        """Punctuation and blanks between a kept unit and the next kept one (the number of units = none follows)."""
        own, last = self.tails[unit], following == len(self.tails)
        if unit in self.units.verbatim or (not (last or own.stops or own.breaks) and self._leads(unit, following)):
            return self._verbatim_joint(unit, following)
        at = unit
        if not (own.stops or own.breaks):
            at = self._stop(unit, following)
        mark = blank = self.tails[at]
        if last:
            return ((mark.mark, mark.blank),)
        for tail in self.tails[at + 1 : following]:  # the most line ends, then any blank, then the earlier one
            if tail.breaks > blank.breaks or (tail.end > tail.blank and not (blank.breaks or blank.end > blank.blank)):
                blank = tail
        if not self.tiled:
            blank = self._wider(blank, unit, following)
        return (mark.mark, mark.blank), (blank.blank, blank.end)

    def _leads(self, unit: int, following: int) -> bool:
        """Whether a unit is kept for the one that follows: the label of a turn keeps its colon."""
        if unit in self.units.frame:
            return True
        begin, stop = self.units.spans[unit].start, self.tails[unit].blank
        return unit in self.units.needs.get(following, ()) and _LABEL_END.search(self.text, begin, stop) is not None

    def _wider(self, blank: Tail, unit: int, following: int) -> Tail:
        """The blanks with the most line ends between two units, where they have more than ``blank``."""
        spans = self.units.spans
        for found in _BLANKS.finditer(self.text, spans[unit].end, spans[following].start):
            breaks = found.group().count("\n")
            if breaks > blank.breaks:
                blank = Tail(found.start(), found.start(), found.end(), False, breaks)
        return blank

    def _stop(self, unit: int, following: int) -> int:
        """The dropped unit on the same line that ends the sentence of a kept one; the kept one itself where there is none."""
        for number in range(unit + 1, following):
            if self.tails[number].stops:
                return number
            if self.tails[number].breaks:
                break
        return unit

    def _verbatim_joint(self, unit: int, following: int) -> Iterable[tuple[int, int]]:
        """At the end of structured text, or inside: a comma goes when what closes the list comes next; lines stay lines."""
        if following in self.units.frame and self.text[self.units.spans[following].start] in "]}":
            return ()
        own = blank = self.tails[unit]
        if following == len(self.tails):
            return ((own.mark, own.blank),)
        if not {unit, following} <= self.units.verbatim:
            blank = max((own, *self.tails[unit + 1 : following]), key=lambda tail: tail.breaks)
        return ((own.mark, own.end),) if blank is own else ((own.mark, own.blank), (blank.blank, blank.end))


def _tail(text: str, start: int, end: int) -> Tail:
    if text[end - 1] == " " and text[start : end - 1].isalnum():  # most words of most texts
        return Tail(end - 1, end - 1, end, False, 0)
    unit = text[start:end]
    solid = unit.rstrip()
    body = solid.rstrip(_MARKS) or solid  # a unit of nothing but punctuation is its own body
    mark, blank = start + len(body), start + len(solid)
    stops = not _STOPS.isdisjoint(text[mark:blank]) or (body[-1:] in _CLOSING and body.rstrip(_CLOSING)[-1:] in _STOPS)
    return Tail(mark, blank, end, stops, unit.count("\n", len(solid)))
