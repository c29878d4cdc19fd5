"""Iterative token-level prompt compression (LLMLingua, arXiv 2310.05736, section 4.2, Algorithm 2).

A text is read segment by segment. The surprisal of a token is that given what was *kept* of the segments before and all that
precedes it in its own (equation 5); of each segment the most surprising tokens are kept, up to its rate, by exact count
(equations 6 and 7). What is kept is encoded again before the next segment is read, so nothing that was dropped leaves a trace.

Departures:

- Units (whole words, unless the caller gives tokens) are kept or dropped, each at the cost of its tokens.
- A segment ends where a unit ends, and all segments are about as long, so that none is a scrap of three tokens.
- Parts with different rates may share a segment; each is cut by a threshold of its own in it.
- What comes out is not a decision but a margin, with which the caller meets a budget counted by another tokenizer: see
  :attr:`Reading.margins`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from linguapress.language import Reader
from linguapress.methods.surprisal import Pool, TokenPlaces, pooled_by
from linguapress.scores import Floats, Offsets
from linguapress.text import Span

_LEAST = 1e-6  # rate below which all rates count the same; less than a share can be


@dataclass(frozen=True, eq=False)
class Plan:
    """What to keep of one text.

    Attributes:
        text: what is read.
        units: ascending, disjoint parts of it; tokens in none of them stay in the context.
        rates: share of the tokens to keep in the part of the text that a unit belongs to, 0..1; shape [units]. In each
            segment, units of the same rate share one threshold.
        first: which units are kept before all others; shape [units].
    """

    text: str
    units: Sequence[Span]
    rates: Floats
    first: NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Reading:
    """What Algorithm 2 found.

    Attributes:
        surprisals: pooled number of each unit, nats, given what was kept; -inf where nothing was measured. Shape [units].
        margins: how many e-folds the rates may fall before the unit goes, shape [units]: the units with a margin of 0 or more
            are those that the thresholds keep; those with at least -x, the ones that rates exp(x) times as high would keep. So
            one number moves the thresholds of all segments together.
    """

    surprisals: Floats
    margins: Floats

    @property
    def kept(self) -> NDArray[np.bool_]:
        """Which units the thresholds keep, shape [units]."""
        return self.margins >= 0


def read_iteratively(reader: Reader, plans: Sequence[Plan], size: int, pool: Pool) -> list[Reading]:
    """Reads texts side by side, each segment given what was kept of those before it.

    Args:
        reader: of the texts of the plans, at their beginning.
        plans: one for each text.
        size: most tokens in a segment (M in the paper); a longer unit makes a longer segment.
        pool: what the numbers of a unit's tokens come down to.
    """
    rows = [_Row(plan, offsets, size, pool) for plan, offsets in zip(plans, reader.offsets, strict=True)]
    for number in range(max((len(row.ends) for row in rows), default=0)):
        values = reader.read([row.end(number) for row in rows])
        masks = [row.judge(number, own) for row, own in zip(rows, values, strict=True)]
        if any(number + 1 < len(row.ends) for row in rows):
            reader.advance(masks)
    return [row.reading() for row in rows]


class _Row:
    """One text on its way through the segments."""

    def __init__(self, plan: Plan, offsets: Offsets, size: int, pool: Pool) -> None:
        self.plan, self.pool = plan, pool
        self.places = TokenPlaces(plan.text, offsets, plan.units)
        self.ends = _segment_ends(self.places.owner, size)
        self.surprisals = np.full(len(plan.units), -np.inf)
        self.margins = np.full(len(plan.units), -np.inf)

    def end(self, number: int) -> int:
        """Where a segment ends; past the last one, where the text does."""
        return self.ends[min(number, len(self.ends) - 1)] if self.ends else 0

    def judge(self, number: int, values: Floats) -> NDArray[np.bool_]:
        """Notes the margins of a segment's units; returns which of its tokens stay in the context."""
        if number >= len(self.ends):
            return np.zeros(0, dtype=np.bool_)
        part = slice(self.ends[number - 1] if number else 0, self.ends[number])
        owner, weighing = self.places.owner[part], self.places.weighing[part]
        units = np.unique(owner[owner >= 0])
        costs = np.bincount(np.searchsorted(units, owner[owner >= 0]), minlength=len(units))
        local = np.where(weighing >= 0, np.searchsorted(units, weighing), -1)
        found = pooled_by(local, values, len(units), self.pool)
        self.surprisals[units] = found
        self.margins[units] = _margins(found, costs, self.plan.rates[units], self.plan.first[units])
        return (owner < 0) | (np.append(self.margins, np.inf)[owner] >= 0)

    def reading(self) -> Reading:
        """What was found; a unit in which no token begins goes with the one before, whose last token covers it."""
        own = np.isin(np.arange(len(self.plan.units)), self.places.owner)
        with_own = np.maximum.accumulate(np.where(own, np.arange(len(own)), 0))
        return Reading(self.surprisals[with_own], self.margins[with_own])


def _margins(values: Floats, costs: NDArray[np.int64], rates: Floats, first: NDArray[np.bool_]) -> Floats:
    """ln(rate / share), where share is how much of its part in the segment must be kept before the unit is; shape [units].

    A unit counts half, so that one is kept if most of it lies above the cut. Ties go to the earlier unit.
    """
    margins = np.empty(len(values))
    for rate in np.unique(rates):
        own = np.flatnonzero(rates == rate)
        order = own[np.lexsort((-values[own], ~first[own]))]
        shares = (np.cumsum(costs[order]) - costs[order] / 2) / costs[own].sum()
        margins[order] = np.log(max(float(rate), _LEAST)) - np.log(shares)
    margins[first] = np.maximum(margins[first], 0.0)
    margins[rates >= 1] = np.maximum(margins[rates >= 1], 0.0)
    return margins


def _segment_ends(owner: NDArray[np.int64], size: int) -> list[int]:
    """Token numbers at which about equally long segments of at most ``size`` tokens end, none inside a unit."""
    total = len(owner)
    if not total:
        return []
    free = np.flatnonzero(np.append(np.diff(owner) != 0, True)) + 1  # behind the last token of a unit
    ends: list[int] = []
    start = 0
    while start < total:
        wanted = start + -(-(total - start) // -(-(total - start) // size))
        at = int(np.searchsorted(free, wanted, side="right")) - 1
        end = int(free[at]) if at >= 0 and free[at] > start else int(free[at + 1])
        ends.append(end)
        start = end
    return ends
