"""What a method thought of the parts of a document, kept for those who look at the result."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain, pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from linguapress.scores import in_source
from linguapress.text import Passage, Span
from linguapress.units import Units


@dataclass(frozen=True, slots=True, eq=False)
class UnitScores:
    """Scores of the units of one document, as the last step that rated them gave them.

    Attributes:
        starts: where units begin in the source, ascending; shape [units].
        ends: where they end; shape [units].
        values: their scores, larger = keep; shape [units]. Scores of two methods do not compare.
    """

    starts: NDArray[np.int64]
    ends: NDArray[np.int64]
    values: NDArray[np.floating[Any]]

    @classmethod
    def of(cls, passage: Passage, units: Units, values: NDArray[np.floating[Any]]) -> UnitScores:
        """The scores of units of ``passage.text``, placed in its source."""
        bounds = np.asarray(units.spans, dtype=np.int64).reshape(-1, 2)
        return cls(in_source(bounds[:, 0], passage), in_source(bounds[:, 1] - 1, passage) + 1, np.asarray(values))

    def cut(self, span: Span) -> Iterator[tuple[Span, float | None]]:
        """``span`` in parts of one unit each, with that unit's score; None where no unit was rated."""
        first = max(0, int(np.searchsorted(self.starts, span.start, side="right")) - 1)
        last = int(np.searchsorted(self.starts, span.end, side="left"))
        inner = chain(self.starts[first:last].tolist(), self.ends[first:last].tolist())
        edges = sorted({span.start, span.end, *(edge for edge in inner if span.start < edge < span.end)})
        for start, end in pairwise(edges):
            yield Span(start, end), self._at(start)

    def _at(self, position: int) -> float | None:
        unit = int(np.searchsorted(self.starts, position, side="right")) - 1
        return float(self.values[unit]) if unit >= 0 and position < self.ends[unit] else None
