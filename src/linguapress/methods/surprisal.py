"""Surprisals of tokens, carried over to the units that a method keeps or drops.

A token belongs to the unit in which its first character that is no blank stands, since many tokenizers put the blank before a word
into the word's token and units carry the blank behind them. Tokens of nothing but blanks weigh on no unit.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType
from typing import Literal, TypeAlias, get_args

import numpy as np
import regex
from numpy.typing import NDArray

from linguapress.errors import UnknownName
from linguapress.scores import Floats, Offsets, TokenScores
from linguapress.segment import tile, words
from linguapress.text import Span

Pool: TypeAlias = Literal["max", "mean", "sum"]
_REDUCE: Mapping[str, np.ufunc] = MappingProxyType({"max": np.maximum, "mean": np.add, "sum": np.add})
_MOST = 1e3  # nats; what a probability of 0 counts as
_SOLID = regex.compile(r"\S+")
_CHARACTER = regex.compile(r"\X")
_DIGIT = regex.compile(r"\p{N}")


def checked_pool(pool: str) -> None:
    """Raises unless ``pool`` is one of ``max``, ``mean`` and ``sum``."""
    if pool not in get_args(Pool):
        raise UnknownName(f"unknown pool {pool!r}; choose one of {', '.join(get_args(Pool))}")


@dataclass(frozen=True, eq=False)
class TokenPlaces:
    """Which unit of a text each of its tokens belongs to.

    Attributes:
        text: what was tokenized.
        offsets: characters of the tokens, shape [tokens, 2].
        units: ascending, disjoint; they need not tile the text.
    """

    text: str
    offsets: Offsets
    units: Sequence[Span]

    @cached_property
    def _solid(self) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        return solid_starts(self.text, self.offsets)

    @cached_property
    def owner(self) -> NDArray[np.int64]:
        """Index of the unit of each token, -1 where none is, shape [tokens]."""
        bounds = np.asarray(self.units, dtype=np.int64).reshape(-1, 2)
        starts, _ = self._solid
        at = np.searchsorted(bounds[:, 0], starts, side="right") - 1
        return np.where((at >= 0) & (starts < bounds[at, 1]), at, -1) if len(bounds) else at

    @cached_property
    def weighing(self) -> NDArray[np.int64]:
        """The same, but -1 for tokens of nothing but blanks as well."""
        return np.where(self._solid[1], self.owner, -1)


def pooled(text: str, scores: TokenScores, units: Sequence[Span], pool: Pool) -> Floats:
    """The largest, mean or total number of each unit's tokens, shape [units]; -inf where nothing was measured."""
    return pooled_by(TokenPlaces(text, scores.offsets, units).weighing, scores.values, len(units), pool)


def pooled_by(owner: NDArray[np.int64], values: Floats, count: int, pool: Pool) -> Floats:
    """The largest, mean or total number of each owner, shape [count]; -inf where nothing was measured. NaN is not counted.

    Args:
        owner: of each number, -1 = none, shape [numbers].
        values: shape [numbers].
        count: number of owners.
        pool: which of the three.
    """
    counted = (owner >= 0) & ~np.isnan(values)
    own = owner[counted]
    found = np.full(count, -np.inf if pool == "max" else 0.0)
    _REDUCE[pool].at(found, own, np.clip(np.asarray(values, dtype=np.float64)[counted], -_MOST, _MOST))
    numbers = np.bincount(own, minlength=count)
    return np.where(numbers > 0, found / np.maximum(numbers, 1) if pool == "mean" else found, -np.inf)


def mean_surprisal(scores: TokenScores) -> float:
    """Log-perplexity of a text in nats a token; NaN when nothing was measured."""
    values = np.asarray(scores.values, dtype=np.float64)
    measured = values[np.isfinite(values)]
    return float(measured.mean()) if len(measured) else float("nan")


def solid_starts(text: str, offsets: Offsets) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """For each token its first character that is no blank, or its first one if there is none; and whether there is one."""
    runs = np.array([*(match.span() for match in _SOLID.finditer(text)), (len(text), len(text) + 1)], dtype=np.int64)
    starts = offsets[:, 0]
    at = np.minimum(np.searchsorted(runs[:, 1], starts, side="right"), len(runs) - 1)
    first = np.maximum(starts, runs[at, 0])
    solid = first < offsets[:, 1]
    return np.where(solid, first, starts), solid


def token_units(text: str, offsets: Offsets) -> list[Span]:
    """Tokens as units that tile a text: never half a character, and a word that holds a digit stays whole.

    Args:
        text: what was tokenized.
        offsets: shape [tokens, 2].
    """
    starts, solid = solid_starts(text, offsets)
    cuts = set(starts[solid].tolist())
    for match in _CHARACTER.finditer(text):
        cuts.difference_update(range(match.start() + 1, match.end()))
    for start, end in words(text):
        if _DIGIT.search(text, start, end):
            cuts.difference_update(range(start + 1, end))
    return tile(cuts, len(text))
