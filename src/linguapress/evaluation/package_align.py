"""Two rows of symbols side by side, in order: the alignment with the best sum of what is matched, minus a price for each jump.

As Gotoh's affine gaps (1982), with gaps in the source of one price whatever their length, and free gaps in the own row.
"""

from __future__ import annotations

import math
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

Ints: TypeAlias = NDArray[np.int32]
Rows: TypeAlias = tuple[Ints, Ints]

_NEVER = -(1 << 29)
_LETTER, _START = 2, 2  # what a matched letter counts for, and a beginning of a word matched with one


class Symbols(NamedTuple):
    """A row of words or of letters.

    Attributes:
        codes: equal ones match.
        lengths: letters of each.
        starts: which of them begin a word.
    """

    codes: Ints
    lengths: Ints
    starts: NDArray[np.bool_]

    def between(self, start: int, end: int) -> Symbols:
        """Some of them."""
        return Symbols(self.codes[start:end], self.lengths[start:end], self.starts[start:end])


def aligned(own: Symbols, source: Symbols, jump: int) -> Ints:
    """For each symbol the number of its symbol in the source, ascending; -1 where it has none. Shape [own].

    Args:
        own: the shorter row.
        source: what it was made of.
        jump: the price of leaving out something of the source, in halves of a letter.
    """
    found = np.full(len(own.codes), -1, dtype=np.int32)
    if not np.isin(own.codes, source.codes).any():
        return found
    table = _Table(own, source, jump)
    row, column, matched = len(own.codes), len(source.codes), False
    while row:
        here, before = table.rows(row), table.rows(row - 1)
        if not matched:
            best = here[1][column]
            if best == before[1][column]:  # as good without this symbol
                row -= 1
                continue
            column = int(np.searchsorted(here[1], best))
        row, column = row - 1, column - 1
        found[row] = column
        matched = bool(before[0][column] >= before[1][column] - jump)
    return found


class _Table:
    """Best sums by symbols of the own row and of the source (columns): those that end in a match, and any.

    Holds every k-th row, and the k rows after one of them, k the root of their number: the rest would fill gigabytes.
    """

    def __init__(self, own: Symbols, source: Symbols, jump: int) -> None:
        self._own, self._codes, self._jump = own, source.codes, jump
        self._gains = np.zeros(len(source.codes), dtype=np.int32), (_START * source.starts).astype(np.int32)
        self._step = math.isqrt(len(own.codes)) + 1
        width = len(source.codes) + 1
        last: Rows = np.full(width, _NEVER, dtype=np.int32), np.zeros(width, dtype=np.int32)
        self._held, self._block, self._rows = [last], -1, list[Rows]()
        for row in range(len(own.codes)):
            last = self._next(row, *last)
            if (row + 1) % self._step == 0:
                self._held.append(last)

    def rows(self, row: int) -> Rows:
        """Both sums of every column, after so many symbols."""
        block, place = divmod(row, self._step)
        if place == 0:
            return self._held[block]
        if block != self._block:
            self._block, self._rows = block, self._behind(block)
        return self._rows[place - 1]

    def _behind(self, block: int) -> list[Rows]:
        """The rows from one that is held to the next."""
        rows, last = [], self._held[block]
        for row in range(block * self._step, min((block + 1) * self._step - 1, len(self._own.codes))):
            last = self._next(row, *last)
            rows.append(last)
        return rows

    def _next(self, row: int, matched: Ints, best: Ints) -> Rows:
        found = np.full_like(matched, _NEVER)
        columns = np.flatnonzero(self._codes == self._own.codes[row])
        if not len(columns):
            return found, best
        gains = self._gains[int(self._own.starts[row])][columns] + _LETTER * self._own.lengths[row]
        found[columns + 1] = gains + np.maximum(matched[columns], best[columns] - self._jump)
        return found, np.maximum.accumulate(np.maximum(best, found))
