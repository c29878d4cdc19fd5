"""What a model's one reading of a text comes down to, whatever the query: rounded numbers, small enough to be kept with the text.

Ratings are computed from notes alone, whether a model has just written them or a record has kept them, so that both give the same
bytes.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import accumulate, chain, pairwise
from typing import Any, Protocol, TypeAlias, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from linguapress.scores import Floats, TokenScores
from linguapress.text import Passage
from linguapress.units import Units

STEPS = 8  # steps of a keep probability in one unit of log-odds
_PROBABILITIES = (1 / (1 + np.exp(-np.arange(-128, 128, dtype=np.float64) / STEPS))).astype(np.float32)


def rounded_odds(probability: Floats) -> NDArray[np.int8]:
    """Log-odds in steps of 1/8, -111..111; NaN counts as even odds."""
    sure = np.clip(np.nan_to_num(np.asarray(probability, dtype=np.float64), nan=0.5), 1e-6, 1 - 1e-6)
    steps = np.rint(STEPS * (np.log(sure) - np.log1p(-sure)))
    return np.asarray(steps, dtype=np.int8)


def probabilities(odds: NDArray[np.int8]) -> Floats:
    """The probabilities that rounded log-odds stand for; rounding those again changes nothing."""
    return _PROBABILITIES[odds.astype(np.int16) + 128]


@dataclass(frozen=True, slots=True, eq=False)
class KeepNote:
    """Keep probabilities of the tokens of a text.

    Attributes:
        model: fingerprint of the model that wrote it.
        starts: characters at which tokens begin; shape [tokens]. Tokens without a character are left out.
        odds: log-odds of keeping, in steps of 1/8; shape [tokens].
    """

    model: bytes
    starts: NDArray[np.int64]
    odds: NDArray[np.int8]

    @classmethod
    def of(cls, model: bytes, scores: TokenScores) -> KeepNote:
        """The note that keep probabilities come down to."""
        real = scores.offsets[:, 1] > scores.offsets[:, 0]
        return cls(model, scores.offsets[real, 0], rounded_odds(scores.values[real]))

    @property
    def scores(self) -> TokenScores:
        """p(keep) of each token; a token counts where it begins, so it is taken to end with its first character."""
        return TokenScores(np.stack([self.starts, self.starts + 1], axis=1), probabilities(self.odds))


@dataclass(frozen=True, slots=True, eq=False)
class UnitNote:
    """Mean states of the units that tile a text, and how well the model could read it.

    Attributes:
        lengths: characters of each unit, in order; shape [units].
        counts: tokens of each unit; shape [units].
        scales: what one step of each unit's state is worth; float16, shape [units].
        states: mean state of each unit's tokens, in steps; int8, shape [units, width].
        legibility: how well the model's vocabulary fits the text, 0..1.
        model: fingerprint of the model that wrote it; empty in one that no record will keep.
    """

    lengths: NDArray[np.int64]
    counts: NDArray[np.int64]
    scales: NDArray[np.float16]
    states: NDArray[np.int8]
    legibility: np.float32
    model: bytes = b""

    @classmethod
    def of(cls, units: Units, counts: NDArray[np.int64], means: Floats, legibility: float) -> UnitNote:
        """Rounds the mean states of units, shape [units, width], to 8 bits each."""
        largest = np.abs(means).max(axis=1, initial=0.0)
        scales = np.maximum(largest / 127, 1e-6).astype(np.float16)
        states = np.clip(np.rint(means / scales.astype(np.float32)[:, None]), -127, 127).astype(np.int8)
        lengths = np.array([end - start for start, end in units.spans], dtype=np.int64)
        return cls(lengths, counts, scales, states, np.float32(legibility))

    def covers(self, units: Units) -> bool:
        """Whether it was written on these very units."""
        return list(pairwise((0, *accumulate(self.lengths.tolist())))) == list(units.spans)

    def only(self, chosen: Sequence[int]) -> UnitNote:
        """The note on some of the units."""
        at = np.asarray(chosen, dtype=np.int64)
        return UnitNote(self.lengths[at], self.counts[at], self.scales[at], self.states[at], self.legibility, self.model)


Note: TypeAlias = KeepNote | UnitNote
Notes: TypeAlias = tuple[Note, ...]


def cosines(notes: Sequence[UnitNote], direction: Floats) -> tuple[list[Floats], Floats]:
    """Cosine of a vector of length 1 with each unit and with each text, whose vector is the mean of its tokens; -1 without tokens.

    Returns:
        One array of shape [units] for each note, and one of shape [notes].
    """
    sizes = [len(note.counts) for note in notes]
    if not sum(sizes):
        return [np.empty(0, dtype=np.float32) for _ in notes], np.full(len(notes), -1.0, dtype=np.float32)
    states = np.concatenate([note.states for note in notes]).astype(np.float32)
    counts = np.concatenate([note.counts for note in notes])
    weights = (counts * np.concatenate([note.scales for note in notes])).astype(np.float32)
    filled = [number for number, size in enumerate(sizes) if size]
    starts = np.cumsum([0, *(sizes[number] for number in filled[:-1])])
    whole = np.full(len(notes), -1.0, dtype=np.float32)
    whole[filled] = _cosine(np.add.reduceat(states * weights[:, None], starts, axis=0), direction)
    rows = np.split(np.where(counts > 0, _cosine(states, direction), np.float32(-1)), np.cumsum(sizes)[:-1])
    return rows, whole


def _cosine(vectors: Floats, direction: Floats) -> Floats:
    """Row by row, so that no row's bits depend on its place; -1 for a vector of length 0."""
    norms = np.sqrt(np.einsum("ij,ij->i", vectors, vectors))
    found = np.einsum("ij,j->i", vectors, direction) / np.maximum(norms, 1e-12)
    return np.where(norms > 0, found, -1).astype(np.float32)


@runtime_checkable
class Noting(Protocol):
    """A model that can write down what it makes of a text, whatever the query."""

    def fingerprints(self) -> frozenset[bytes]:
        """Fingerprints of the models whose notes it can use."""
        ...

    def notes(self, passages: Sequence[Passage], units: Sequence[Units]) -> list[Notes]:
        """Its notes on each passage and its units."""
        ...


def fingerprints(models: Iterable[Any]) -> frozenset[bytes]:
    """Fingerprints of all models that write notes."""
    return frozenset[bytes]().union(*(model.fingerprints() for model in models if isinstance(model, Noting)))


def all_notes(models: Iterable[Any], passages: Sequence[Passage], units: Sequence[Units]) -> list[Notes]:
    """The notes of all models that write some, on each passage."""
    return joined([[()] * len(passages), *(model.notes(passages, units) for model in models if isinstance(model, Noting))])


def joined(written: Iterable[Sequence[Notes]]) -> list[Notes]:
    """All notes on the same passage together."""
    return [tuple(chain.from_iterable(rows)) for rows in zip(*written, strict=True)]
