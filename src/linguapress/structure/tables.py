"""Tables drawn with pipes: those of Markdown, grids, and rows whose header stands in another part of a text that was split."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

import regex

from linguapress.structure.block import Block
from linguapress.structure.signs import LOG, lines_between
from linguapress.text import Span
from linguapress.units import Units

_DASHES = r"[ \t]*+:?+-++:?+[ \t]*+"
_RULER = rf"(?:\|?+{_DASHES}(?:\|{_DASHES})++\|?+|\|{_DASHES}\|)"
_TABLE = regex.compile(
    rf"^[^\n|]*+\|[^\n]*+\n[ \t>]*+{_RULER}[ \t]*+\r?+(?:\n|\Z)(?:[^\n|]*+\|[^\n]*+(?:\n|\Z))*+",
    regex.M,
)
_ROW = r"^[ \t>]*+\|(?:[^|\n]*+\|){2,}+[ \t]*+\r?+(?:\n|\Z)"
_RULE = r"^[ \t>]*+\+(?:[-=]++\+)++[ \t]*+\r?+(?:\n|\Z)"
_ROWS = regex.compile(rf"(?:{_ROW}){{2,}}+", regex.M)
_GRID = regex.compile(rf"{_RULE}(?:{_ROW})++{_RULE}(?:{_ROW}|{_RULE})++", regex.M)
_CELLS = regex.compile(  # marks that part three cells, or blanks that part two
    r"[^|]*+\|[^|]*+\||[^\t]*+\t[^\t]*+\t|[^;]*+;[^;]*+;|[^,]*+,(?! )[^,]*+,(?! )|[ \t]*+\S++(?: \S++)*+ {2,}+\S"
)
_FEW = 3  # rules of a grid whose rows are a line each: above the header, below it, and at the end


def tables(text: str) -> Iterator[Block]:
    """Tables of Markdown: a header, a ruler of dashes and pipes, rows."""
    if "|" in text:
        yield from (_table(text, match.start(), match.end()) for match in _TABLE.finditer(text))


def drawn(text: str, start: int, end: int) -> Iterator[Block]:
    """Grids, and rows without a header, in what is no table of Markdown."""
    if text.find("|", start, end) < 0:
        return
    if text.find("+-", start, end) >= 0:
        yield from (_grid(text, match.start(), match.end()) for match in _GRID.finditer(text, start, end))
    for match in _ROWS.finditer(text, start, end):
        for _, alike in groupby(_lines(text, match.start(), match.end()), key=lambda line: text.count("|", *line)):
            rows = list(alike)
            if len(rows) > 1:
                yield Block(rows[0].start, rows[-1].end, cuts=(*(row.start for row in rows), rows[-1].end), verbatim=True)


def rows(text: str, units: Units) -> list[int]:
    """Units that are a line of cells, whatever parts them, or of a log."""
    lines = ((unit, text[slice(*units.spans[unit])].strip()) for unit in sorted(units.verbatim - units.frame))
    return [unit for unit, line in lines if "\n" not in line and (_CELLS.match(line) or LOG.match(line))]


def _lines(text: str, start: int, end: int) -> list[Span]:
    """Lines with their ends."""
    return [Span(*match.span()) for match in lines_between(text, start, end)]


def _table(text: str, start: int, end: int) -> Block:
    """Rows are units; each needs the header and the ruler below it."""
    header, ruler, *body = (line.start for line in _lines(text, start, end))
    needs = {header: (ruler,), ruler: (header,)} | {row: (header, ruler) for row in body}
    frame = (header, ruler) if body else ()
    return Block(start, end, cuts=(header, ruler, *body, end), needs=needs, frame=frame, verbatim=True)


def _grid(text: str, start: int, end: int) -> Block:
    """Rows are units, with the rule below them; each needs the header, which is one with the rules around it."""
    lines = _lines(text, start, end)
    rules = [number for number, line in enumerate(lines) if "|" not in text[line.start : line.end]]
    each = len(rules) <= _FEW  # else a rule parts the rows, which may have several lines
    inner = set(range(rules[1] + 1, len(lines))) - set(rules)
    rows = [lines[number].start for number in sorted(inner) if each or number - 1 not in inner]
    return Block(
        start, end, cuts=(start, *rows, end), needs=dict.fromkeys(rows, (start,)), frame=(start,) if rows else (), verbatim=True
    )
