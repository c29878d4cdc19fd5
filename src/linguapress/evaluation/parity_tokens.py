"""Algorithm 2 of LLMLingua with the slips of the reference switched on one by one; none of them = :mod:`linguapress.methods.itpc`.

For comparison only: it is slow, since every segment is read from the beginning, and it decides nothing in the package.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from linguapress.evaluation.parity_slips import Slip, Slips
from linguapress.methods.itpc import Plan, read_iteratively
from linguapress.methods.surprisal import TokenPlaces
from linguapress.scores import Floats, Offsets
from linguapress.text import Span

Ids: TypeAlias = NDArray[np.int64]
Mask: TypeAlias = NDArray[np.bool_]
Score: TypeAlias = Callable[[Ids, Ids], Floats]  # surprisals of the second given the first; NaN where nothing precedes


class Counted(NamedTuple):
    """Tokens as they are counted, of which there may be more or fewer than tokens.

    Attributes:
        rates: share to keep of what each belongs to, 0..1; shape [counted].
        documents: number of the document of each, ascending; shape [counted].
    """

    rates: Floats
    documents: Ids


class Part(NamedTuple):
    """Neighbouring tokens with one threshold."""

    tokens: int
    rate: float


@dataclass(frozen=True, eq=False)
class Text:
    """A text on the level of tokens.

    Attributes:
        tokens: shape [tokens].
        owner: unit of each token, -1 = none: it stays. Shape [tokens].
        weighing: the same, -1 as well for tokens that do not count for their unit.
        first: units that are kept before all others, shape [units].
    """

    tokens: Ids
    owner: Ids
    weighing: Ids
    first: Mask

    @classmethod
    def of(cls, tokens: Ids, offsets: Offsets, plan: Plan, slips: Slips) -> Text:
        """Tokens in the units of a plan, or each in one of its own."""
        places = TokenPlaces(plan.text, offsets, plan.units)
        if Slip.TOKENS not in slips:
            return cls(tokens, places.owner, places.weighing, plan.first)
        own = np.arange(len(tokens))
        first = np.append(plan.first, False)[places.owner]
        return cls(tokens, own, own, first)


class _Ruler:
    """A :class:`~linguapress.language.Reader` of a model that is never surprised; it notes how far it is asked to read."""

    def __init__(self, offsets: Offsets) -> None:
        self.offsets: Sequence[Offsets] = [offsets]
        self.ends: list[int] = [0]

    def read(self, ends: Sequence[int]) -> list[Floats]:
        """Zeros."""
        self.ends.append(ends[0])
        return [np.zeros(ends[0] - self.ends[-2], dtype=np.float32)]

    def advance(self, kept: Sequence[Mask]) -> None:
        """Forgets all."""


def segments_of(text: Text, size: int, counted: Counted, slips: Slips) -> list[list[Part]]:
    """The segments, each as neighbours of one rate, or of one document.

    Args:
        text: what is read.
        size: most tokens in a segment (M).
        counted: the rate of each token.
        slips: of the reference.
    """
    rates, documents = counted
    total = len(text.tokens)
    if Slip.SEGMENTS in slips:
        ends = [0, *range(size - 1, len(rates), size), len(rates)]
        return [_runs(rates[start:end], documents[start:end]) for start, end in pairwise(ends) if end > start]
    rates = np.append(rates, np.full(max(0, total - len(rates)), rates[-1]))[:total]
    return [_runs(rates[start:end], rates[start:end]) for start, end in pairwise(_own_ends(text.owner, size))]


def _own_ends(owner: Ids, size: int) -> list[int]:
    """Where our segments end, asked of ours itself over a text with one character a token."""
    total = len(owner)
    cuts = [0, *(np.flatnonzero(np.diff(owner)) + 1).tolist(), total]
    units = [Span(start, end) for start, end in pairwise(cuts) if owner[start] >= 0]
    places = np.arange(total)
    ruler = _Ruler(np.stack([places, places + 1], axis=1))
    plan = Plan("x" * total, units, np.ones(len(units)), np.zeros(len(units), dtype=np.bool_))
    read_iteratively(ruler, [plan], size, "max")
    return ruler.ends


def _runs(rates: Floats, names: NDArray[Any]) -> list[Part]:
    """Neighbours of the same name."""
    cuts = [0, *(np.flatnonzero(np.diff(names)) + 1).tolist(), len(rates)]
    return [Part(end - start, float(rates[start])) for start, end in pairwise(cuts)]


def kept_tokens(score: Score, text: Text, segments: Sequence[Sequence[Part]], size: int, slips: Slips) -> Mask:
    """Which tokens the thresholds keep, shape [tokens].

    Args:
        score: of a language model.
        text: what is read.
        segments: of the text; see :func:`segments_of`.
        size: most tokens in a segment (M).
        slips: of the reference.
    """
    reading = _Reading(score, text, slips)
    for number, parts in enumerate(segments):
        length = size if Slip.SEGMENTS in slips else sum(part.tokens for part in parts)
        if Slip.TAIL in slips and number and reading.at + length > len(reading.places):
            break
        reading.read(number, length)
        for part in parts:
            reading.cut(part)
    mask = np.zeros(len(text.tokens), dtype=np.bool_)
    mask[reading.places] = True
    return mask


class _Reading:
    """A text on its way through the segments: places that are kept or not judged yet, and what each is judged by."""

    def __init__(self, score: Score, text: Text, slips: Slips) -> None:
        self.score, self.text, self.slips = score, text, slips
        self.places: Ids = np.arange(len(text.tokens))
        self.at = self.before = 0
        self.values = np.full(len(text.tokens), np.nan)
        self._note(0, len(text.tokens))

    def read(self, number: int, length: int) -> None:
        """Reads the segment, and what was kept of the one before, given what was kept before that."""
        if number:
            self._note(self.before, min(self.at + length, len(self.places)))
        self.before = self.at

    def _note(self, start: int, end: int) -> None:
        tokens = self.text.tokens[self.places]
        found = self.score(tokens[:start], tokens[start:end])
        if Slip.SHIFT in self.slips:
            self.values[start : end - 1] = found[1:]
        else:
            self.values[start:end] = found

    def cut(self, part: Part) -> None:
        """Drops what lies below the threshold of a part."""
        own = slice(self.at, min(self.at + part.tokens, len(self.places)))
        kept = self._kept(own, part.rate)
        self.at += int(kept.sum())
        stay = np.ones(len(self.places), dtype=np.bool_)
        stay[own] = kept
        self.places, self.values = self.places[stay], self.values[stay]

    def _kept(self, own: slice, rate: float) -> Mask:
        """Which tokens of a part stay."""
        values, owner, weighing = self.values[own], *(row[self.places[own]] for row in (self.text.owner, self.text.weighing))
        units, local = np.unique(owner, return_inverse=True)
        pooled = np.full(len(units), -np.inf)
        weighs = weighing >= 0
        np.maximum.at(pooled, local[weighs], np.nan_to_num(values[weighs], nan=np.inf))  # no number, no judgement: it stays
        first = np.append(self.text.first, True)[units] | np.isposinf(pooled)
        if self.slips.isdisjoint({Slip.POOLED, Slip.STRICT}):
            chosen = exact(pooled, np.bincount(local) * (units >= 0), first, rate)
        else:
            chosen = first | self._above(values, pooled, rate)
        return chosen[local] | (rate >= 1)

    def _above(self, values: Floats, pooled: Floats, rate: float) -> Mask:
        """Which units lie above the threshold of the part, or of the whole text."""
        numbers = self.values if Slip.POOLED in self.slips else values
        if Slip.STRICT in self.slips:
            return pooled > threshold(numbers, rate)
        ranked = np.sort(numbers[~np.isnan(numbers)])[::-1]
        count = int(rate * len(ranked) + 0.5)
        return pooled >= ranked[count - 1] if count else np.zeros(len(pooled), dtype=np.bool_)


def threshold(values: Floats, rate: float) -> float:
    """The reference's: of n numbers the one of rank int(n * rate), counted from the largest; NaN is no number."""
    ranked = np.sort(values[~np.isnan(values)])[::-1]
    if not len(ranked):
        return -np.inf
    return float(ranked[max(0, min(len(ranked) - 1, int(len(ranked) * rate) - 1))])


def exact(values: Floats, costs: Ids, first: Mask, rate: float) -> Mask:
    """Ours: the largest, until they cost the rate; a unit counts half, ties go to the earlier one. Shape [units].

    Args:
        values: of the units.
        costs: tokens of each; 0 = it stays, whatever the rate.
        first: units that are kept before all others.
        rate: of the tokens, 0..1.
    """
    order = np.lexsort((-values, ~first))
    shares = np.empty(len(values))
    shares[order] = (np.cumsum(costs[order]) - costs[order] / 2) / max(1, costs.sum())
    kept: Mask = first | (costs == 0) | (shares <= rate)
    return kept
