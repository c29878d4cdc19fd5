"""Tables in plain text: rows of neighbouring lines, their columns parted by two or more blanks, as extractors of PDF write them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import regex

from linguapress.structure.block import Block
from linguapress.structure.columns import Row, blanks_of, cells_by_column, gutters_of, inner_blanks, rows_of, shared_blanks
from linguapress.structure.signs import plainness

_YEAR = regex.compile(r"(?:.*[^\d.,])?(?:19|20)\d\d(?:[-–/]\d{2,4})?[ae]?(?:[^\d.,].*)?")
_CLOCK = regex.compile(r"\W?\d{1,2}[:.h]\d\d")
_NUMBER = regex.compile(r"(?!\D*[0.,]*$)[-+−–(£$€¥±<>~]{0,3}\d[\d.,]*\+?[)%]?")  # no year, and no "000"
_SETTING = regex.compile(r"\b\p{L}\w{0,5} ?= ?[-+−±]?\d[\d.,]*(?: ?\S{1,3})?(?= {2}|$)")  # "TA = 25 °C" in a cell of a data sheet
_STOP = regex.compile(r"\p{L}\p{L}[.!?…][\"'”’)]?$", regex.REVERSE)
_CODE = regex.compile(r"[{};=|\\<>]|//|/\*|\$\s|::|\w_\w|^\s*+(?:#|\.\.\.)")
_FEWEST = 3  # lines of a table, its header among them
_HEADERS = 3  # lines of a header
_ASIDE = 2  # lines in a row that are blank or say something of the first column only
_JUDGED = 200  # lines that tell what a longer table is
_UNIT = 12  # characters of a unit of measure under the name of a column
_INDENTED = 4  # characters by which a part of a table may be indented; what stands further right goes on with a cell
_WORDS = 7  # words of a cell; more are prose
_MOST, _SOME = 0.75, 0.2  # shares of rows or cells that count as nearly all and as hardly any


class _Table(NamedTuple):
    """Where the lines of a table begin and end, how many of them are its header, and whether that is nothing by itself."""

    first: int
    last: int
    headers: int
    frame: bool


def aligned(text: str, start: int, end: int) -> Iterator[Block]:
    """Tables between two places of a text, ascending and disjoint; each row needs the header."""
    if not regex.search(r"\S[ \t]{2,}\S", text, pos=start, endpos=end):
        return
    rows = rows_of(text, start, end)
    first = floor = 0
    while first < len(rows):
        last, columns = _grown(rows, first)
        table = _table(rows, floor, first, last) if columns and last - first >= _FEWEST - 1 else None
        if table:
            yield _block(rows, table)
            first = floor = table.last
        else:
            first = last if last - first > _FEWEST else first + 1


def _grown(rows: Sequence[Row], first: int) -> tuple[int, int]:
    """The end of the lines from the given one that have columns in common, and how many gutters these have."""
    if not rows[first].parted or rows[first].ruler:
        return first + 1, 0
    blank, low, high = blanks_of(rows[first]), rows[first].cells[0][0], rows[first].cells[-1][1]
    place = last = first + 1
    count = len(inner_blanks(blank, low, high))
    while place < len(rows) and place <= last + _ASIDE:
        row, far = rows[place], last - first > _HEADERS
        if row.parted:
            common = blank if row.ruler else shared_blanks(blank, blanks_of(row))
            if not row.ruler:
                low, high = min(low, row.cells[0][0]), max(high, row.cells[-1][1])
            found = len(inner_blanks(common, low, high))
            after_blank = not rows[place - 1].body
            if not found or (far and 3 * found < 2 * count) or (far and after_blank and not (found == count and _sums(row))):
                break
            blank, count, last = common, found, place + 1
        elif not _goes_on(row, rows[place - 1], blank, low, place == last):
            break
        place += 1
    return last, count


def _sums(row: Row) -> bool:
    """Whether all cells but the first hold numbers that are no years."""
    return all(_counts(row.text(cell)) for cell in row.cells[1:])


def _goes_on(row: Row, before: Row, blank: Sequence[tuple[int, int]], low: int, below: bool) -> bool:
    """Whether a line without columns is of the table: a blank one right below a row, or one that says something of one cell."""
    return _beside(row, blank, low) or _wrapped(row, before) if row.body else below and before.parted


def _beside(row: Row, blank: Sequence[tuple[int, int]], low: int) -> bool:
    """Whether a line says something of the first column only."""
    gutter = next((end for begin, end in blank if begin > low), 0)
    return len(row.cells) == 1 and len(row.body) <= gutter and not _STOP.search(row.body)


def _wrapped(row: Row, above: Row) -> bool:
    """Whether a line goes on with one of the later cells above it."""
    return (
        len(row.cells) == 1
        and any(abs(row.cells[0][0] - start) <= 1 for start, _ in above.cells[1:])
        and not _STOP.search(row.body)
    )


def _table(rows: Sequence[Row], floor: int, first: int, last: int) -> _Table | None:
    """The table that the lines are, with the header above them; None if they are no table."""
    top = first
    while top > max(floor, first - _HEADERS) and rows[top - 1].cells and (len(rows[top - 1].cells) > 1 or rows[top - 1].ruler):
        top -= 1
    body = [row for row in rows[first : min(last, first + _JUDGED)] if len(row.cells) > 1 and not row.ruler]
    for start in range(min(_HEADERS, len(body) - 2), -1, -1):
        own = body[start:]
        gutters = gutters_of(own)
        if len(own) < 2 or not gutters:
            continue
        over = [number for number in range(top, last) if rows[number].parted and rows[number].end <= own[0].start]
        frame = _header([rows[number] for number in over], own, gutters)
        if frame is not None and _is_table(own, gutters, headed=True):
            above = _with_title(rows, floor, over[0], gutters)
            return _Table(above, last, over[-1] + 1 - above, frame)
    gutters = gutters_of(body)
    if len(body) >= _FEWEST and gutters and _is_table(body, gutters, headed=False):
        return _Table(first, last, 0, False)
    return None


def _with_title(rows: Sequence[Row], floor: int, top: int, gutters: Sequence[tuple[int, int]]) -> int:
    """The first line of a header, that of a line above which stands over the columns alone among them."""
    if top == floor or len(rows[top - 1].cells) != 1:
        return top
    above = rows[top - 1]
    return top - (above.cells[0][0] >= gutters[0][0] and not _STOP.search(above.body))


def _share(found: Sequence[bool]) -> float:
    return sum(found) / max(1, len(found))


def _is_table(rows: Sequence[Row], gutters: Sequence[tuple[int, int]], headed: bool) -> bool:
    """Whether rows with common gutters are no prose, no code, no transcript and no drawing."""
    found = [cells_by_column(row, gutters) for row in rows]
    gaps = sum(len(row.cells) - 1 for row in rows)
    if sum(len(cells) - 1 for cells in found) < _MOST * gaps or _share([len(cells) > 1 for cells in found]) < _MOST:
        return False
    cells = [cell for row in found for cell in row.values()]
    text = "".join(cells).replace(" ", "")
    if sum(map(str.isalnum, text)) < 0.5 * len(text) or _share([len(cell.split()) > _WORDS for cell in cells]) > _SOME / 2:
        return False
    odd = [bool(_STOP.search(row.body) or _is_code(row)) for row in rows]
    if _share(odd) > _SOME or _share([row.text(row.cells[0]).endswith(":") for row in rows]) > _SOME:
        return False
    own = [[row[column] for row in found if column in row] for column in range(len(gutters) + 1)]
    numbers = [_share([any(map(str.isdigit, cell)) for cell in column]) for column in own]
    clocks = max(_share([_CLOCK.match(cell) is not None for cell in column]) for column in own[:2])
    if clocks > 0.5 > numbers[-1]:
        return False
    return max(numbers[1:]) > 0.5 or (headed and len(gutters) > 1)


def _is_code(row: Row) -> bool:
    """Whether a row is rather code, or of another layout that has rules of its own."""
    body = _SETTING.sub("", row.body) if len(row.cells) > _FEWEST - 1 else row.body
    return _CODE.search(body) is not None or plainness(body.strip()) == 1


def _header(lines: Sequence[Row], body: Sequence[Row], gutters: Sequence[tuple[int, int]]) -> bool | None:
    """Whether lines above the rows are nothing by themselves, as a header is; None if they are no header."""
    rulers = [number for number, row in enumerate(lines) if row.ruler]
    said = [row for row in lines if not row.ruler]
    if not said or len(said) > _HEADERS:
        return None
    below = [cells_by_column(row, gutters) for row in body]
    found = [cells_by_column(row, gutters) for row in said]
    if not all(_is_label(cells) for cells in found) or any(_STOP.search(row.body) for row in said):
        return None
    if rulers and lines[-1].ruler and not any(_counts(cell) for cells in found for cell in cells.values()):
        return True
    if all(min(cells) > 0 for cells in found) and _share([0 in cells for cells in below]) > _MOST:
        return True
    if not all(min(cells) > 0 or _parts(cells, below) for cells in found):
        return None
    return len(gutters) > 1 or any(_YEAR.fullmatch(cells.get(1, "")) is not None for cells in found)


def _counts(cell: str) -> bool:
    """Whether a cell holds a number that is no year."""
    return any(map(str.isdigit, cell)) and not _YEAR.fullmatch(cell)


def _is_label(cells: dict[int, str]) -> bool:
    """Whether the cells of a line could name columns."""
    said = list(cells.values())
    if min(cells) > 0 and all(len(cell) <= _UNIT for cell in said):
        return True
    named = all(len(cell.split()) <= _WORDS and any(map(str.isalnum, cell)) for cell in said)
    return named and len(set(said)) > len(said) // 2


def _parts(cells: dict[int, str], below: Sequence[dict[int, str]]) -> bool:
    """Whether a line says something of another kind than the columns under it."""
    contrast = False
    said = [cell for column, cell in cells.items() if column]
    if not said or len(set(said)) < len(said) or any(_NUMBER.fullmatch(cell) and not _YEAR.fullmatch(cell) for cell in said):
        return False
    for column, cell in cells.items():
        under = [row[column] for row in below if column in row]
        if not column or not under:
            continue
        if any(map(str.isdigit, cell)):
            if _YEAR.fullmatch(cell):
                if _share([_YEAR.fullmatch(other) is not None for other in under]) > _SOME:
                    return False
                contrast = True
            elif _share([_shape(other) == _shape(cell) for other in under]) > _SOME:
                return False
        else:
            numbers = _share([any(map(str.isdigit, other)) for other in under])
            small = _share([other[0].islower() for other in under])
            shouted = cell.isupper() and sum(map(str.isalpha, cell)) > 1
            kind = numbers > _MOST or (cell[0].isupper() and small > _MOST) or (shouted and small > _SOME)
            contrast |= cell[0].isalpha() and kind
    return contrast


def _shape(cell: str) -> str:
    """How a cell is written: numbers and words by their kind."""
    return regex.sub(r"\p{L}++", "a", regex.sub(r"\d++", "0", cell))


def _block(rows: Sequence[Row], table: _Table) -> Block:
    """Rows are units; each needs the header, and the line of the first column alone that stands above it."""
    lines = [row for row in rows[table.first : table.last] if row.body]
    above = [row.start for row in rows[table.first : table.first + table.headers] if row.body]
    cuts, needs, frame = list(above), {}, [*above] if table.frame else []
    part: tuple[int, ...] = ()
    before = False
    first = min(row.cells[0][0] for row in lines if row.cells)
    for row in lines[len(above) :]:
        alone = len(row.cells) == 1 and not row.ruler
        if cuts and (row.ruler or (alone and (row.body.lstrip()[0].islower() or row.cells[0][0] > first + _INDENTED))):
            continue
        cuts.append(row.start)
        needs[row.start] = (*above, *(() if alone and not before else part))
        if alone:
            part = (row.start,)
            frame.append(row.start)
        before = alone
    needs |= {line: tuple(other for other in above if other != line) for line in above}
    bonds = {place: company for place, company in needs.items() if company}
    return Block(cuts[0], lines[-1].end, (*cuts, lines[-1].end), bonds, tuple(frame), verbatim=True)
