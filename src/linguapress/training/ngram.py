"""An n-gram model with interpolated, modified Kneser-Ney smoothing: the baseline that a neural model has to beat.

Chen & Goodman, "An Empirical Study of Smoothing Techniques for Language Modeling" (TR-10-98, 1998), section 3: three discounts for
each order, lower orders estimated from the number of different tokens before, the lowest mixed with the uniform distribution.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class _Order:
    """The n-grams of one order; the place of one in ``keys`` is its id.

    Attributes:
        keys: id of the first n - 1 tokens times the vocabulary, plus the last token; sorted.
        counts: occurrences of each n-gram, or different tokens before it.
        totals: sum of the counts after each context.
        spared: mass that the discounts take from each context.
        discounts: of counts 0, 1, 2, 3 and more.
    """

    keys: Ints
    counts: Ints
    totals: Floats
    spared: Floats
    discounts: Floats

    @classmethod
    def of(cls, keys: Ints, counts: Ints, contexts: int, vocabulary: int) -> _Order:
        """Estimates the discounts and sums up what follows each of ``contexts`` contexts."""
        discounts = _discounts(counts)
        before = keys // vocabulary
        totals: Floats = np.bincount(before, counts, contexts).astype(np.float64)
        spared: Floats = np.bincount(before, discounts[np.minimum(counts, 3)], contexts).astype(np.float64)
        return cls(keys, counts, totals, spared, discounts)

    def ids(self, keys: Ints) -> Ints:
        """The id of each n-gram, -1 where it never occurred."""
        places = np.minimum(np.searchsorted(self.keys, keys), len(self.keys) - 1)
        return np.where(self.keys[places] == keys, places, -1)

    def refine(self, lower: Floats, contexts: Ints, ids: Ints) -> Floats:
        """The chances of tokens, given those of the next lower order; a context that was never seen leaves them alone."""
        counts = np.where(ids < 0, 0, self.counts[ids])
        totals = np.where(contexts < 0, 0, self.totals[contexts])
        kept = counts - self.discounts[np.minimum(counts, 3)]
        return np.where(totals > 0, (kept + self.spared[contexts] * lower) / np.maximum(totals, 1), lower)


class NGram:
    """Chances of tokens after up to ``order - 1`` others."""

    def __init__(self, tokens: NDArray[np.integer], vocabulary: int, order: int = 5) -> None:
        """Counts a stream of token ids below ``vocabulary``; memory: about 50 bytes for each token and order.

        Raises:
            ValueError: the stream is shorter than the order.
        """
        if len(tokens) < order:
            raise ValueError(f"{len(tokens)} tokens are fewer than the order {order}; give more text")
        self._vocabulary = vocabulary
        self._orders: list[_Order] = []
        ids, contexts, keys = np.zeros(len(tokens), np.int64), 1, np.zeros(0, np.int64)
        for n in range(1, order + 1):
            joined = _joined(ids, tokens, vocabulary)[max(0, n - 1) :]
            found, first, inverse, counts = np.unique(joined, return_index=True, return_inverse=True, return_counts=True)
            if n > 1:  # the order below is now known by how many different tokens come before
                suffixes = ids[first + n - 1]
                before = np.bincount(suffixes, minlength=len(keys))
                self._orders.append(_Order.of(keys, before, contexts, vocabulary))
                contexts = len(keys)
            ids = np.concatenate([np.full(n - 1, -1, np.int64), inverse.reshape(-1)])
            keys, raw = found, counts
        self._orders.append(_Order.of(keys, raw, contexts, vocabulary))

    def probabilities(self, tokens: NDArray[np.integer]) -> Floats:
        """Chance of each token of a stream after those before it, the first after nothing."""
        chances = np.full(len(tokens), 1 / self._vocabulary)
        ids, at_first = np.zeros(len(tokens), np.int64), 0
        for order in self._orders:
            contexts = _contexts(ids, at_first)
            known = contexts >= 0
            keys = np.where(known, contexts * self._vocabulary + tokens, -1)
            found = order.ids(keys)
            chances = order.refine(chances, contexts, found)
            ids, at_first = found, -1
        return chances


def _contexts(ids: Ints, at_first: int) -> Ints:
    """The id of what ends one place earlier."""
    return np.concatenate([np.array([at_first], np.int64), ids[:-1]])


def _joined(ids: Ints, tokens: NDArray[np.integer], vocabulary: int) -> Ints:
    """Keys of the n-grams that end at each place, from the ids of those one shorter."""
    return _contexts(ids, 0) * vocabulary + tokens


def _discounts(counts: Ints) -> Floats:
    """Discounts of counts 0, 1, 2, 3 and more (Chen & Goodman, equation 26); fixed ones where a count of counts is zero."""
    there = np.bincount(np.minimum(counts, 5), minlength=6)[1:5].astype(float)
    if not there.all():
        return np.array([0.0, 0.5, 1.0, 1.5])
    one, two, three, four = there
    share = one / (one + 2 * two)
    found = [0.0, 1 - 2 * share * two / one, 2 - 3 * share * three / two, 3 - 4 * share * four / three]
    return np.array([min(max(0.0, value), limit) for limit, value in enumerate(found)])
