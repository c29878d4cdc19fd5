"""Numbers that models give to tokens, carried over to units, and what methods ask of models."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from linguapress.text import Passage, Span
from linguapress.units import Units

Floats = NDArray[np.floating[Any]]
Offsets = NDArray[np.int64]


def unit_of(offsets: Offsets, units: Sequence[Span]) -> NDArray[np.int64]:
    """Index of the unit in which each token starts, -1 where none does.

    Args:
        offsets: shape [tokens, 2], characters.
        units: ascending, disjoint; they need not tile the text.
    """
    bounds = np.asarray(units, dtype=np.int64).reshape(-1, 2)
    at = np.searchsorted(bounds[:, 0], offsets[:, 0], side="right") - 1
    inside = (at >= 0) & (offsets[:, 0] < bounds[np.maximum(at, 0), 1]) if len(bounds) else np.zeros(len(at), bool)
    return np.where(inside & (offsets[:, 1] > offsets[:, 0]), at, -1)


def within(offsets: Offsets, passage: Passage) -> Offsets:
    """Offsets in ``passage.source`` turned into offsets in ``passage.text``; tokens that are not kept become empty ones.

    Args:
        offsets: shape [tokens, 2].
        passage: whose kept spans count.
    """
    if len(passage.text) == len(passage.source):
        return offsets
    spans = np.asarray(passage.spans, dtype=np.int64).reshape(-1, 2)
    lengths = spans[:, 1] - spans[:, 0]
    begins = np.cumsum(lengths) - lengths
    owner = unit_of(offsets, passage.spans)
    shift = np.where(owner >= 0, begins[owner] - spans[owner, 0], 0) if len(spans) else np.zeros(len(owner), np.int64)
    ends = np.minimum(offsets[:, 1], np.where(owner >= 0, spans[owner, 1], offsets[:, 0])) if len(spans) else offsets[:, 0]
    return np.stack([offsets[:, 0] + shift, np.where(owner >= 0, ends, offsets[:, 0]) + shift], axis=1)


def in_source(positions: NDArray[np.int64], passage: Passage) -> NDArray[np.int64]:
    """Where characters of ``passage.text`` stand in ``passage.source``, as :meth:`~linguapress.Passage.locate` tells of a few."""
    if len(passage.text) == len(passage.source):
        return positions
    spans = np.asarray(passage.spans, dtype=np.int64).reshape(-1, 2)
    ends = np.cumsum(spans[:, 1] - spans[:, 0])
    at = np.minimum(np.searchsorted(ends, positions, side="right"), len(spans) - 1)
    return positions + (spans[:, 1] - ends)[at] if len(spans) else positions


@dataclass(frozen=True, slots=True)
class TokenScores:
    """One number for each token of a text.

    Attributes:
        offsets: shape [tokens, 2], characters of the text; special tokens are left out.
        values: shape [tokens].
    """

    offsets: Offsets
    values: Floats

    def pool(self, units: Sequence[Span], empty: float = float("nan")) -> Floats:
        """Mean over the tokens of each unit, shape [units]; ``empty`` for a unit without tokens."""
        owner = unit_of(self.offsets, units)
        owned = owner >= 0
        count = np.bincount(owner[owned], minlength=len(units))
        total = np.bincount(owner[owned], weights=self.values[owned], minlength=len(units))
        return np.where(count > 0, total / np.maximum(count, 1), empty).astype(np.float32)

    def peak(self, passage: Passage, units: Sequence[Span]) -> Floats:
        """Largest number of the tokens of each unit, 0 or more, shape [units].

        Args:
            passage: of whose source the tokens are.
            units: ranges of its text.
        """
        owner = unit_of(within(self.offsets, passage), units)
        found = np.zeros(len(units))
        np.maximum.at(found, owner[owner >= 0], self.values[owner >= 0])
        return found


UNTOLD = TokenScores(np.zeros((0, 2), dtype=np.int64), np.zeros(0))  # of a text whose tokens nothing has rated


@dataclass(frozen=True, slots=True)
class Rating:
    """Numbers for units, larger = keep, and what goes with them.

    Attributes:
        units: one array of shape [units of the passage] for each passage.
        passages: relevance of each passage, shape [passages]; None when nothing measured it.
        warnings: sentences for the user, such as a language that the model cannot read.
        needed: probabilities of units being needed to answer, 0..1, shaped as ``units``; None when nothing measured them.
        trust: how far the model could read the query and each passage, 0 (not at all) .. 1, shape [passages]; None = fully.
        tokens: for each passage numbers for the tokens of its source, where something tells one from another within a unit.
        sections: relevance of the sections of each passage, shape [sections of the passage]; None when nothing measured them.
    """

    units: Sequence[Floats]
    passages: Floats | None = None
    warnings: tuple[str, ...] = ()
    needed: Sequence[Floats] | None = None
    trust: Floats | None = None
    tokens: Sequence[TokenScores] | None = None
    sections: Sequence[Floats] | None = None


def by_place(units: Sequence[Units]) -> list[Floats]:
    """Scores by which the earlier unit is the better one, across all passages."""
    ends = np.cumsum([len(item.spans) for item in units])
    return [-np.arange(end - len(item.spans), end, dtype=np.float64) for end, item in zip(ends, units, strict=True)]


class Relevance(Protocol):
    """What has to do with the query, and how much."""

    def rate(self, query: str, passages: Sequence[Passage], units: Sequence[Units]) -> Rating:
        """Rates each passage, and each of its units (ranges of ``passage.text``); of long passages best the sections as well."""
        ...


class KeepClassifier(Protocol):
    """Which tokens to keep, whatever the query."""

    def keep_probabilities(self, texts: Sequence[str], parts: Sequence[Sequence[Span]] | None = None) -> list[TokenScores]:
        """p(keep) of the tokens of each text, 0..1: of those in the ascending spans ``parts`` of it at least, None = of all."""
        ...
