"""Rows of tables, of CSV and of logs: which of them a question asks for is told by its rare words, hardly by a model."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import regex
from numpy.typing import NDArray

from linguapress.rare_terms import TERM
from linguapress.scores import Floats
from linguapress.structure.tables import rows
from linguapress.text import Passage
from linguapress.tongues import COMMON
from linguapress.units import Units

_FEWEST = 3  # rows, of all passages together, that are worth comparing


class Rows(NamedTuple):
    """Rows among units, and how far each holds what a question asks for.

    A word weighs as in BM25, ln(1 + (rows - n + 0.5) / (n + 0.5)) where n rows hold it; common words weigh nothing.

    Attributes:
        places: passage and unit of each row.
        shares: of the weight of all words of the question that some row holds, 0..1; shape [rows]. Both are empty where no row
            holds any, or where rows are few.
    """

    places: Sequence[tuple[int, int]]
    shares: Floats

    @classmethod
    def of(cls, query: str, passages: Sequence[Passage], units: Sequence[Units]) -> Rows:
        """Finds the rows of all passages, and compares them as one table."""
        pairs = enumerate(zip(passages, units, strict=True))
        places = [(number, unit) for number, (passage, item) in pairs for unit in rows(passage.text, item)]
        asked = sorted({_plain(word) for word in TERM.findall(query)} - COMMON)
        if len(places) >= _FEWEST and asked:
            held = _held(asked, [passages[number].text[slice(*units[number].spans[unit])] for number, unit in places])
            counts = held.sum(axis=0)
            weights = np.where(counts > 0, np.log1p((len(places) - counts + 0.5) / (counts + 0.5)), 0.0)
            if weights.any():
                return cls(places, held @ weights / weights.sum())
        return cls((), np.empty(0))

    def behind(self, ratings: Sequence[Floats], weight: float) -> list[Floats]:
        """Ratings of units in which a row falls by ``weight`` times what its share lacks; the best of a row stays what it was."""
        before = self._values(ratings)
        after = before + weight * self.shares
        return self._with(ratings, after + before.max(initial=-np.inf) - after.max(initial=-np.inf))

    def needed(self, chances: Sequence[Floats]) -> list[Floats]:
        """Probabilities that units are needed; rows of the greatest share are so as much as any, others by their share."""
        before, most = self._values(chances), self.shares.max(initial=0.0)
        return self._with(chances, np.where(self.shares == most, before.max(initial=0.0), before * self.shares))

    def _values(self, values: Sequence[Floats]) -> Floats:
        return np.array([values[number][unit] for number, unit in self.places], dtype=np.float64)

    def _with(self, values: Sequence[Floats], changed: Floats) -> list[Floats]:
        found = [np.array(row) for row in values]
        for (number, unit), value in zip(self.places, changed, strict=True):
            found[number][unit] = value
        return found


def _plain(word: str) -> str:
    """A word as it is compared: in small letters, without an s at its end."""
    return word.casefold().removesuffix("s")


def _held(words: Sequence[str], lines: Sequence[str]) -> NDArray[np.bool_]:
    """Which lines hold which words, shape [lines, words]."""
    whole = regex.compile(r"(?<![\p{L}\p{N}])\L<words>s?(?![\p{L}\p{N}])", regex.I, words=words)
    place = {word: number for number, word in enumerate(words)}
    found = np.zeros((len(lines), len(words)), dtype=bool)
    for row, text in zip(found, lines, strict=True):
        row[[place[word] for word in map(_plain, whole.findall(text)) if word in place]] = True
    return found
