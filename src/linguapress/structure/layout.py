"""Lines that are laid out rather than written as prose: code without fences, YAML, XML, CSV, logs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import regex

from linguapress.structure.block import Block
from linguapress.structure.nesting import Line, nested
from linguapress.structure.signs import COMMENT, KEY, LOG, LONGEST, LONGEST_ROW, SURE, lines_between, plainness, wordy

_SHARE = 0.6  # of the weight that a run would have if all its lines were plainly laid out
_FEWEST = 3  # lines, unless nothing else is there
_GAP, _GAP_INDENTED = 1, 12  # lines in a row without a sign, at the margin and indented
_GLUE, _GLUED = 12, 480  # lines and characters that an open bracket, string or tag holds together

_QUOTED = regex.compile(r"\"(?:[^\"\\\n]|\\.)*+\"|'(?:[^'\\\n]|\\.)*+'")
_HEADER = regex.compile(r"\s?[\"']?[\p{L}_][\p{L}\p{M}\p{N}_ .%/#-]{0,39}(?:\([^()]{0,12}\))?[\"']?\s?")
_NUMBER = regex.compile(r"\d,\d{3}(?!\d)")


def layouts(text: str, start: int, end: int) -> Iterator[Block]:
    """Laid-out lines between two places of a text, ascending and disjoint."""
    lines = [_line(match) for match in lines_between(text, start, end)]
    alone = sum(bool(line.body) for line in lines) if end - start == len(text) else 0
    position = 0
    for first, last in [*_tables(lines), (len(lines), len(lines))]:
        runs = (run for run in _runs(lines[position:first]) if _laid_out(run, alone))
        yield from (nested(_glued([line for line in run if line.body]), run[-1].end) for run in runs)
        if first < last:
            yield _rows(lines[first:last])
        position = last


def _line(match: regex.Match[str]) -> Line:
    line, body = match.group(), match.group().strip()
    return Line(match.start(), match.end(), len(line[: len(line) - len(line.lstrip())].expandtabs(4)), body, plainness(body))


def _runs(lines: Sequence[Line]) -> Iterator[list[Line]]:
    """Neighbouring lines with signs; few without one lie between them."""
    run: list[Line] = []
    gap, quoted = 0, False
    for line in lines:
        weight = line.weight or (0.5 if quoted and line.body else 0.0)
        if weight and (line.body.count('"""') + line.body.count("'''")) % 2:
            quoted = not quoted
        if weight and (run or not COMMENT.match(line.body)):
            run.append(line if weight == line.weight else line._replace(weight=weight))
            gap = 0
        elif run and (not line.body or _bridged(line, gap)):
            run.append(line)
            gap += bool(line.body)
        else:
            yield _trimmed(run)
            run, gap, quoted = [], 0, False
    yield _trimmed(run)


def _bridged(line: Line, gap: int) -> bool:
    most = _GAP_INDENTED if line.indent else _GAP
    return gap < most and len(line.body) <= LONGEST and (line.indent > 0 or not wordy(line.body))


def _trimmed(run: list[Line]) -> list[Line]:
    while run and (not run[-1].weight or (COMMENT.match(run[-1].body) and run[-1].weight < 1)):
        run.pop()
    return run


def _laid_out(run: Sequence[Line], alone: int) -> bool:
    """Whether most lines of a run say so; the few that are left of a longer one must all do, with nothing else there."""
    said = [line for line in run if line.body]
    weights = _weights(said) if said else []
    if len(said) < _FEWEST:
        sure = any(LOG.match(line.body) or (line.weight == 1 and SURE.match(line.body)) for line in said)
        return 0 < len(said) == alone and min(weights) == 1 and (sure or said[0].indent < said[-1].indent)
    return sum(weights) >= _SHARE * len(said) and weights.count(1.0) >= 2


def _weights(said: Sequence[Line]) -> list[float]:
    """How plainly lines are laid out: keys wholly if they are nested, or short, small and each another."""
    keys = [KEY.match(line.body) if line.weight == 0.5 else None for line in said]
    base = min(line.indent for line in said)
    names = [key["key"] for key, line in zip(keys, said, strict=True) if key and line.indent == base]
    flat = len(set(names)) == len(names) and len(said) >= _FEWEST
    found = []
    for line, key, below, under in zip(said, keys, [*said[1:], None], [*keys[1:], None], strict=True):
        record = key and flat and key["key"][0].islower() and key["value"] and not wordy(key["value"])
        holds = key and not key["value"] and below and under and below.indent > line.indent
        found.append(1.0 if record or holds or (key and line.indent > base) else line.weight)
    return found


def _tables(lines: Sequence[Line]) -> Iterator[tuple[int, int]]:
    """Where rows of comma-separated values begin and end."""
    shapes = [None if line.indent else _shape(line.body) for line in lines]
    first = 0
    for place in range(1, len(lines) + 1):
        if place == len(lines) or shapes[place] != shapes[first]:
            shape, rows = shapes[first], lines[first:place]
            plain = len(rows) >= _FEWEST and not any(_NUMBER.search(row.body) for row in rows)  # no sentences with large numbers
            if shape and len(rows) > 1 and (plain or _header(rows[0], shape[0])):
                yield first, place
            first = place


def _shape(body: str) -> tuple[str, int] | None:
    """What parts the cells of a line, and how often; a comma before a blank is one of prose."""
    if not 5 <= len(body) <= LONGEST_ROW or body[0] in "[({<" or body[-1] in "{}()[].?!" or LOG.match(body):
        return None
    for mark in ("\t", ";", "|", ","):
        if body.count(mark) > 1:
            bare = regex.sub(r"\"[^\"]*+\"", "", body) if '"' in body else body
            count = bare.count(mark)
            if count > 1 and (mark == "\t" or f"{mark} " not in bare):
                return mark, count
    return None


def _header(row: Line, mark: str) -> bool:
    return len({*(cells := row.body.split(mark))}) == len(cells) and all(map(_HEADER.fullmatch, cells))


def _rows(lines: Sequence[Line]) -> Block:
    """Rows are units; each needs the header, if there is one."""
    (first, *others), shape = (line.start for line in lines), _shape(lines[0].body)
    headed = shape is not None and _header(lines[0], shape[0])
    needs, frame = (dict.fromkeys(others, (first,)), (first,)) if headed else ({}, ())
    return Block(first, lines[-1].end, (first, *others, lines[-1].end), needs, frame, verbatim=True)


def _glued(lines: Sequence[Line]) -> list[Line]:
    """Units: lines, or several that an open string, bracket or tag holds together."""
    left, units, place = [_open(line.body) for line in lines], [], 0
    while place < len(lines):
        last = _last(lines, left, place)
        units.append(lines[place] if last == place else lines[place]._replace(end=lines[last].end))
        place = last + 1
    return units


def _open(body: str) -> tuple[int, int]:
    """The long quotes in a line, and the brackets that it opens less those that it closes."""
    bare = _QUOTED.sub("", body) if '"' in body or "'" in body else body
    return body.count('"""') + body.count("'''"), sum(map(bare.count, "([{")) - sum(map(bare.count, ")]}"))


def _last(lines: Sequence[Line], left: Sequence[tuple[int, int]], first: int) -> int:
    """The line that ends what the given one begins; that one itself if it is too far away."""
    opener, marks, depth, size = lines[first].body, 0, 0, 0
    for place in range(first, min(first + _GLUE, len(lines))):
        body, size = lines[place].body, size + len(lines[place].body)
        marks, depth = marks + left[place][0], depth + left[place][1]
        if size > _GLUED or (place == first and body.endswith("{") and not marks % 2):
            break
        tag = opener[0] == "<" and ">" not in body
        if not (marks % 2 or depth > 0 or tag or body.endswith("\\") or (opener[0] == "@" and place == first)):
            return place
    return first
