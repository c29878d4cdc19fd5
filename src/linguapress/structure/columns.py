"""Lines as rows of cells: what two or more blanks part, and the gutters that rows have in common."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import regex

from linguapress.structure.signs import LONGEST, lines_between

_CELL = regex.compile(r"\S++(?: \S++)*+")
_PAUSE = regex.compile(r"[.!?:…][\"'”’)]?+  (?=[\p{L}\"'“‘(])")  # two blanks behind a sentence part nothing
_RULER = regex.compile(r"[-=_–—+]{3,}+(?: +[-=_–—+]{2,}+)*+")


class Row(NamedTuple):
    """A line with the columns of characters at which its cells begin and end; tabs are widened."""

    start: int
    end: int
    body: str
    cells: tuple[tuple[int, int], ...]

    @property
    def ruler(self) -> bool:
        """Whether it is nothing but a line drawn."""
        return _RULER.fullmatch(self.body.strip()) is not None

    @property
    def parted(self) -> bool:
        """Whether it has cells."""
        return len(self.body) <= LONGEST and (len(self.cells) > 1 + len(_PAUSE.findall(self.body)) or self.ruler)

    def text(self, cell: tuple[int, int]) -> str:
        """What a cell says."""
        return self.body[slice(*cell)]


def rows_of(text: str, start: int, end: int) -> list[Row]:
    """The lines between two places of a text."""
    return [_row(match) for match in lines_between(text, start, end)]


def _row(match: regex.Match[str]) -> Row:
    body = match.group().expandtabs(8).rstrip()
    cells = tuple(cell.span() for cell in _CELL.finditer(body)) if len(body) <= LONGEST else ()
    return Row(match.start(), match.end(), body, cells)


def blanks_of(row: Row) -> list[tuple[int, int]]:
    """Where a row has blanks: before, between and behind its cells."""
    ends = [0, *(place for cell in row.cells for place in cell), 10 * LONGEST]
    return [(begin, end) for begin, end in zip(ends[::2], ends[1::2], strict=True) if begin < end]


def shared_blanks(left: Sequence[tuple[int, int]], right: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """Where both have blanks."""
    found, one, two = [], 0, 0
    while one < len(left) and two < len(right):
        begin, end = max(left[one][0], right[two][0]), min(left[one][1], right[two][1])
        if begin < end:
            found.append((begin, end))
        if left[one][1] <= right[two][1]:
            one += 1
        else:
            two += 1
    return found


def inner_blanks(blank: Sequence[tuple[int, int]], low: int, high: int) -> list[tuple[int, int]]:
    """Those between two columns of characters."""
    return [(begin, end) for begin, end in blank if begin > low and end < high]


def gutters_of(rows: Sequence[Row]) -> list[tuple[int, int]]:
    """Where all rows have blanks between their cells."""
    if not rows:
        return []
    blank = blanks_of(rows[0])
    for row in rows[1:]:
        blank = shared_blanks(blank, blanks_of(row))
    return inner_blanks(blank, min(row.cells[0][0] for row in rows), max(row.cells[-1][1] for row in rows))


def cells_by_column(row: Row, gutters: Sequence[tuple[int, int]]) -> dict[int, str]:
    """What a row says in each column: the cells by where their middle stands."""
    found: dict[int, str] = {}
    column = 0
    for cell in row.cells:
        middle = sum(cell) / 2
        while column < len(gutters) and middle >= sum(gutters[column]) / 2:
            column += 1
        found[column] = f"{found[column]} {row.text(cell)}" if column in found else row.text(cell)
    return found
