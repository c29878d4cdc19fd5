"""What models say of the sections of long documents: each is read and rated like a passage."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from linguapress.scores import Floats, Rating
from linguapress.structure.sections import brief
from linguapress.units import Units

_ABOVE = 400  # characters of what a section needs elsewhere and is read with


@dataclass(frozen=True, slots=True)
class Section:
    """A part of a passage that is read and rated like a passage.

    Attributes:
        passage: index among the passages.
        own: units of the passage that are in this section and in no other, ascending without a gap.
        members: these and the headings, labels and brackets that they need elsewhere, few enough to be read with them; ascending.
    """

    passage: int
    own: range
    members: tuple[int, ...]

    @property
    def inner(self) -> slice:
        """Which members are its own."""
        first = bisect_left(self.members, self.own.start)
        return slice(first, first + len(self.own))


def sections(units: Sequence[Units]) -> list[Section]:
    """The sections of all passages in order, at least one for each."""
    found = []
    for passage, item in enumerate(units):
        for start, end in pairwise((0, *item.sections, len(item.spans))):
            own = range(start, end)
            found.append(Section(passage, own, _members(item, own) if item.sections else tuple(own)))
    return found


def _members(units: Units, own: range) -> tuple[int, ...]:
    """A section's own units, and the headings, labels and brackets that these need elsewhere, outermost first while short."""
    needed = {other for unit in own for other in _heads(units, unit)} - set(own)
    above: list[int] = []
    while needed and len(above) < _ABOVE:
        unit = needed.pop()
        if unit not in above:
            above.append(unit)
            needed |= set(_heads(units, unit)) - set(own)
    room, found = _ABOVE, []
    for unit in sorted(above):
        size = units.spans[unit].end - units.spans[unit].start
        if size <= room:
            found.append(unit)
            room -= size
    return tuple(sorted((*found, *own)))


def _heads(units: Units, unit: int) -> list[int]:
    """The headings, labels and brackets that a unit needs; such as may stand alone are brief and not right before it."""
    needs = units.needs.get(unit, ())
    return [other for other in needs if other in units.frame or (other < unit - 1 and brief(units, other))]


def by_passage(values: Floats, units: Sequence[Units]) -> list[Floats]:
    """Values of sections, those of each passage together: shape [sections of the passage]."""
    return np.split(values, np.cumsum([len(item.sections) + 1 for item in units])[:-1]) if len(units) else []


def spread(values: Sequence[Floats], units: Sequence[Units]) -> list[Floats]:
    """For each unit the value of its section, shape [units of the passage]."""
    bounds = [(0, *item.sections, len(item.spans)) for item in units]
    return [np.repeat(row, np.diff(own)) for row, own in zip(values, bounds, strict=True)]


def sectioned(rows: Sequence[Floats], values: Floats, units: Sequence[Units]) -> Rating:
    """A rating of units and of sections; a passage is as relevant as the best of its sections.

    Args:
        rows: of units, shape [units of the passage] for each passage.
        values: of sections, shape [sections].
        units: of the passages.
    """
    found = by_passage(values, units)
    return Rating(rows, np.array([np.fmax.reduce(row) for row in found], dtype=values.dtype), sections=found)


def of_sections(rating: Rating, units: Sequence[Units]) -> list[Floats]:
    """Relevance of the sections of each passage; that of the passage where they were not measured, 0 where neither was."""
    if rating.sections is not None:
        return list(rating.sections)
    whole = rating.passages if rating.passages is not None else np.zeros(len(units), dtype=np.float32)
    return [np.full(len(item.sections) + 1, value) for item, value in zip(units, whole, strict=True)]


def around(rating: Rating, units: Sequence[Units]) -> list[Floats]:
    """Relevance of the section of each unit, shape [units of the passage]; see :func:`of_sections`."""
    return spread(of_sections(rating, units), units)
