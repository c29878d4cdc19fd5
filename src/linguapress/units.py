"""Units of a text together with what binds them: some must survive, some make sense only in company."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate

from linguapress.text import Span


@dataclass(frozen=True, slots=True)
class Units:
    """Ascending, disjoint parts of a text that a method keeps or drops whole.

    Attributes:
        spans: characters of the text.
        needs: for the index of a unit, the indexes of the units without which it may not stand (a table row needs its header).
        forced: indexes of units that are kept before all others.
        vital: indexes of units that are kept before all others where words are dropped: numbers and negations.
        frame: indexes of units that are kept only when another needs them (the brackets of a JSON list).
        verbatim: indexes of units whose punctuation belongs to their syntax and is never adjusted.
        sections: indexes of units at which a further section of a long text begins, ascending; see
            :mod:`~linguapress.structure.sections`. A choice of units has none.
    """

    spans: Sequence[Span]
    needs: Mapping[int, tuple[int, ...]] = field(default_factory=dict)
    forced: frozenset[int] = frozenset()
    vital: frozenset[int] = frozenset()
    frame: frozenset[int] = frozenset()
    verbatim: frozenset[int] = frozenset()
    sections: tuple[int, ...] = ()

    def company(self, *units: int) -> list[int]:
        """The units and all that they need, directly or not."""
        found, open_units = set(units), list(units)
        while open_units:
            more = [other for other in self.needs.get(open_units.pop(), ()) if other not in found]
            found.update(more)
            open_units += more
        return sorted(found)

    def only(self, chosen: Iterable[int]) -> Units:
        """The chosen units, and those that they need; what binds them to others is gone with the others."""
        return self.within(self.company(*chosen))

    def within(self, kept: Sequence[int]) -> Units:
        """These units alone, ascending; what binds them to others is gone."""
        place = {unit: index for index, unit in enumerate(kept)}

        def placed(units: Iterable[int]) -> frozenset[int]:
            return frozenset(place[unit] for unit in units if unit in place)

        bound = (unit for unit in kept if unit in self.needs)
        needs = {place[unit]: tuple(place[other] for other in self.needs[unit] if other in place) for unit in bound}
        spans = [self.spans[unit] for unit in kept]
        return Units(spans, needs, placed(self.forced), placed(self.vital), placed(self.frame), placed(self.verbatim))

    def glued(self, inner: Iterable[int]) -> Units:
        """The same, with the units ``inner`` joined to those before them, as parts of one verbatim unit."""
        joined = frozenset(inner) - {0}
        if not joined:
            return self
        place = [0, *accumulate(int(unit not in joined) for unit in range(1, len(self.spans)))]

        def placed(units: Iterable[int]) -> frozenset[int]:
            return frozenset(place[unit] for unit in units)

        needs: dict[int, tuple[int, ...]] = {}
        for unit, company in self.needs.items():
            others = (place[other] for other in company if place[other] != place[unit])
            needs[place[unit]] = tuple(dict.fromkeys((*needs.get(place[unit], ()), *others)))
        firsts = [unit for unit in range(len(self.spans)) if unit not in joined]
        ends = [*(self.spans[unit - 1].end for unit in firsts[1:]), self.spans[-1].end]
        spans = [Span(self.spans[unit].start, end) for unit, end in zip(firsts, ends, strict=True)]
        frame = placed(self.frame) - placed(set(range(len(self.spans))) - self.frame)
        return Units(spans, needs, placed(self.forced), placed(self.vital), frame, placed(self.verbatim | joined))
