"""Rows of tables, of CSV and of logs: which of them a question asks for is told by its rare words, hardly by a model."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import regex
from numpy.typing import NDArray

from linguapress.scores import Floats
from linguapress.structure.signs import LOG
from linguapress.text import Passage
from linguapress.tongues import COMMON
from linguapress.units import Units

_FEWEST = 3  # rows, of all passages together, that are worth comparing
_WORD = regex.compile(r"[\p{L}\p{N}](?:[\p{L}\p{M}\p{N}.'’_-]*[\p{L}\p{M}\p{N}])?")
_CELLS = regex.compile(  # marks that part three cells, or blanks that part two
    r"[^|]*+\|[^|]*+\||[^\t]*+\t[^\t]*+\t|[^;]*+;[^;]*+;|[^,]*+,(?! )[^,]*+,(?! )|[ \t]*+\S++(?: \S++)*+ {2,}+\S"
)


def picked(
    query: str, passages: Sequence[Passage], units: Sequence[Units], ratings: Sequence[Floats], weight: float
) -> list[Floats]:
    """Ratings in which rows fall behind the row that holds the most of the question's words, the rarer ones counting for more.

    A word weighs as in BM25, ln(1 + (rows - n + 0.5) / (n + 0.5)) where n rows hold it; a row falls by ``weight`` times its lack of
    the weight of all words of the question that some row holds. The best rating of a row stays what it was.

    Args:
        query: the question.
        passages: whose units are rated.
        units: of each passage.
        ratings: of the units; arrays of shape [units of the passage].
        weight: the most that a row falls.
    """
    pairs = list(zip(passages, units, strict=True))
    places = [(number, unit) for number, pair in enumerate(pairs) for unit in _rows(*pair)]
    asked = sorted(_words(query) - COMMON)
    if len(places) < _FEWEST or not asked:
        return list(ratings)
    held = _held(asked, [passages[number].text[slice(*units[number].spans[unit])] for number, unit in places])
    counts = held.sum(axis=0)
    weights = np.where(counts > 0, np.log1p((len(places) - counts + 0.5) / (counts + 0.5)), 0.0)
    if not weights.any():
        return list(ratings)
    before = np.array([ratings[number][unit] for number, unit in places], dtype=np.float64)
    after = before + weight * (held @ weights) / weights.sum()
    found = [np.array(row, dtype=np.float32) for row in ratings]
    for (number, unit), value in zip(places, after + before.max() - after.max(), strict=True):
        found[number][unit] = value
    return found


def _rows(passage: Passage, units: Units) -> Iterator[int]:
    """Units that are a line of cells, or of a log."""
    for unit in sorted(units.verbatim - units.frame):
        line = passage.text[slice(*units.spans[unit])].strip()
        if "\n" not in line and (_CELLS.match(line) or LOG.match(line)):
            yield unit


def _words(text: str) -> set[str]:
    """Words as they are compared: small letters, without an s at the end."""
    return {_plain(word) for word in _WORD.findall(text)}


def _plain(word: str) -> str:
    return word.casefold().removesuffix("s")


def _held(words: Sequence[str], rows: Sequence[str]) -> NDArray[np.bool_]:
    """Which rows hold which words, shape [rows, words]."""
    whole = regex.compile(r"(?<![\p{L}\p{N}])\L<words>s?(?![\p{L}\p{N}])", regex.I, words=words)
    place = {word: number for number, word in enumerate(words)}
    found = np.zeros((len(rows), len(words)), dtype=bool)
    for row, text in zip(found, rows, strict=True):
        row[[place[word] for word in map(_plain, whole.findall(text)) if word in place]] = True
    return found
