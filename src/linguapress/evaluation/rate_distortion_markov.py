"""The Markov strings of arXiv 2407.15504 (section 4.1), and what an exact reader knows of a compressed one.

The paper trains a language model on whole strings and questions about them, and asks it about compressed ones. Here two readers are
computed, not learnt. The literal one takes what it is given for the whole string. The informed one is told how long the string was,
knows the chain, takes it that bits were dropped by chance, and answers by Bayes' rule. The paper's question for the next bit is
left out, since its answer is uncertain even with the whole string.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from linguapress.evaluation.rate_distortion_optimum import Curve, hull, merged
from linguapress.scores import Floats

STAY = 0.9  # probability that a bit is the one before it
Bits = NDArray[np.int64]  # one string a row
Measure = Literal["literal", "informed", "surprisal"]
MEASURES: Mapping[Measure, str] = MappingProxyType(
    {
        "literal": "wrong answers of the literal reader",
        "informed": "wrong answers of the informed reader",
        "surprisal": "bits of the true answer, informed reader",
    }
)


def _longest(bits: Bits) -> Bits:
    """Length of the longest run of equal bits; 0 of an empty string."""
    run = best = np.full(len(bits), int(bits.shape[1] > 0))
    for at in range(1, bits.shape[1]):
        run = np.where(bits[:, at] == bits[:, at - 1], run + 1, 1)
        best = np.maximum(best, run)
    return best


QUERIES: Mapping[str, Callable[[Bits], Bits]] = MappingProxyType(
    {
        "ones": lambda bits: bits.sum(1),
        "zeros": lambda bits: (1 - bits).sum(1),
        "parity": lambda bits: bits.sum(1) % 2,
        "longest run": _longest,
        "palindrome": lambda bits: (bits == bits[:, ::-1]).all(1).astype(np.int64),
        "transitions": lambda bits: np.abs(np.diff(bits, axis=1)).sum(1),
    }
)


@cache
def strings(length: int) -> Bits:
    """All strings of a length [2**length, length], in the order of the numbers that they write."""
    return (np.arange(1 << length)[:, None] >> np.arange(length - 1, -1, -1)) & 1


def number_of(bits: str) -> int:
    """Which row of :func:`strings` a string is."""
    return int(bits, 2) if bits else 0


def chances(length: int) -> Floats:
    """Probabilities of all strings of a length; the first bit is a coin."""
    found = np.full(1 << length, 0.5 if length else 1.0)
    same = strings(length)[:, 1:] == strings(length)[:, :-1]
    return np.asarray(found * np.where(same, STAY, 1 - STAY).prod(1))


@cache
def ways(length: int, kept: int) -> NDArray[np.int64]:
    """In how many ways each string of ``kept`` bits is left when bits of each string are dropped [2**length, 2**kept]."""
    if kept > length:
        return np.zeros((1 << length, 1 << kept), dtype=np.int64)
    if kept == 0:
        return np.ones((1 << length, 1), dtype=np.int64)
    without = np.repeat(ways(length - 1, kept), 2, axis=0)  # the last bit is dropped
    last = ways(length - 1, kept - 1)
    found = without.reshape(1 << (length - 1), 2, 1 << (kept - 1), 2).copy()
    for bit in (0, 1):  # the last bit is the last one that is left
        found[:, bit, :, bit] += last
    return found.reshape(1 << length, 1 << kept)


@cache
def distortions(length: int, kept: int, measure: Measure) -> Floats:
    """Distortion of every string and every compression to so many bits, by query [queries, 2**length, 2**kept]."""
    answers = np.stack([query(strings(length)) for query in QUERIES.values()])
    if measure == "literal":
        told = np.stack([query(strings(kept)) for query in QUERIES.values()])
        return np.asarray(answers[:, :, None] != told[:, None, :], dtype=float)
    beliefs = [posterior(length, kept, row) for row in answers]
    if measure == "surprisal":
        with np.errstate(divide="ignore"):
            return np.stack([-np.log2(belief[:, row].clip(max=1)).T + 0.0 for belief, row in zip(beliefs, answers, strict=True)])
    guesses = np.stack([belief.round(12).argmax(1) for belief in beliefs])  # of equally likely answers the smallest
    return np.asarray(answers[:, :, None] != guesses[:, None, :], dtype=float)


def posterior(length: int, kept: int, answers: Bits) -> Floats:
    """Probability of each answer given what is left of a string [2**kept, answers]; ``answers`` are those of all strings."""
    found = (chances(length)[:, None] * ways(length, kept)).T @ np.eye(length + 1)[answers]
    return np.asarray(found / found.sum(1, keepdims=True))


@dataclass(frozen=True, slots=True)
class Optima:
    """The least distortions of a measure, by what the compressor may do.

    Attributes:
        blind: one compression for all queries, any string that is not longer.
        blind_pruned: the same, but only bits of the string in their order.
        aware: one compression for each query, any string.
        aware_pruned: the same, but only bits of the string in their order.
    """

    blind: Curve
    blind_pruned: Curve
    aware: Curve
    aware_pruned: Curve


def optima(lengths: range, measure: Measure) -> Optima:
    """The exact optima over all strings of some lengths, each length equally likely; the rate is bits kept / bits."""
    curves: dict[str, list[Curve]] = {name: [] for name in Optima.__slots__}
    weights: list[Floats] = []
    for length in lengths:
        weights.append(chances(length) / len(lengths))
        for name, least in _least(length, measure).items():
            curves[name] += [hull(np.arange(length + 1) / length, row) for row in least]
    share = np.concatenate(weights)
    queries = len(QUERIES)
    by_query = np.concatenate([np.tile(row, queries) for row in weights]) / queries
    return Optima(**{name: merged(rows, by_query if name.startswith("aware") else share) for name, rows in curves.items()})


def _least(length: int, measure: Measure) -> dict[str, Floats]:
    """Least distortion of each string (and query) at every number of bits kept [strings or queries x strings, length + 1]."""
    found: dict[str, list[Floats]] = {name: [] for name in Optima.__slots__}
    for kept in range(length + 1):
        every = distortions(length, kept, measure)
        pruned = np.where(ways(length, kept) > 0, every, np.inf)
        for name, table in (("", every), ("_pruned", pruned)):
            found["blind" + name].append(table.mean(0).min(1))
            found["aware" + name].append(table.min(2).reshape(-1))
    return {name: np.stack(columns, axis=1) for name, columns in found.items()}
