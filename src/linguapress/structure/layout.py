"""Lines that are laid out rather than written as prose: code without fences, YAML, XML, CSV, logs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

import regex

from linguapress.structure.block import Block
from linguapress.structure.signs import COMMENT, KEY, LOG, LONGEST, LONGEST_ROW, SURE, lines_between, plainness, wordy

_SHARE = 0.6  # of the weight that a run would have if all its lines were plainly laid out
_FEWEST = 3  # lines, unless nothing else is there
_GAP, _GAP_INDENTED = 1, 12  # lines in a row without a sign, at the margin and indented
_GLUE, _GLUED = 12, 480  # lines and characters that an open bracket, string or tag holds together
_CHEAP = 100  # characters of what stands beneath a line only to show that it opens something

_BARE = regex.compile(  # keys, tags, brackets, heads of classes, and signatures that give no types and no defaults
    r"(?:(?:-\s)?[\w\"'./$-]+:(?:\s*#.*)?|<[^<>/]++>|[{\[(]|(?:\w+\s){0,3}(?:class|interface|enum|trait|impl)\s[^;={]*[:{]"
    r"|(?:async\s)?def\s\w+\([\w\s,*]*+\):|(?:[\w<>\[\]]+\s){1,5}\w+\(\)\s?\{|(?:async\s)?func(?:tion)?\s\w+\([\w\s,]*+\)\s?\{)$"
)
_OPENS = regex.compile(r".*(?:[{:]|\b(?:do|then|begin|BEGIN)(?:\s\|[^|]*\|)?|^case\s.*\sin)$", regex.S)
_CONTROL = regex.compile(  # what says when something is done, and nothing without that
    r"(?:[})]\s*)*+(?:if|else|elif|elsif|for|foreach|while|until|unless|try|except|catch|finally|rescue|ensure|with|switch|match|case"
    r"|default|do|loop|begin|BEGIN|async\s(?:for|with))\b"
)
_CLOSES = regex.compile(r"[)\]}]|</|(?:end|fi|done|esac)\b(?!\s*[=:(])")
_ONLY_CLOSES = regex.compile(r"(?:[)\]}]+[;,)]*|(?:</[\w:.-]+>)+|end|fi|done|esac)$")
_CONTINUES = regex.compile(r"(?:else|elif|elsif|except|catch|finally|rescue|ensure)\b|[{(]$")
_STATEMENT = regex.compile(r"(?:SELECT|INSERT|UPDATE|DELETE|CREATE|ALTER|WITH)\b")
_CLAUSE = regex.compile(r"(?:FROM|WHERE|(?:\w+ ){0,2}JOIN|GROUP BY|ORDER BY|HAVING|LIMIT|OFFSET|VALUES|SET|RETURNING)\b")
_QUOTED = regex.compile(r"\"(?:[^\"\\\n]|\\.)*+\"|'(?:[^'\\\n]|\\.)*+'")
_HEADER = regex.compile(r"\s?[\"']?[\p{L}_][\p{L}\p{M}\p{N}_ .%/#-]{0,39}(?:\([^()]{0,12}\))?[\"']?\s?")
_NUMBER = regex.compile(r"\d,\d{3}(?!\d)")


class _Line(NamedTuple):
    """A line: where it begins and ends, its indentation, what it says, and how plainly it is laid out (0, 0.5 or 1)."""

    start: int
    end: int
    indent: int
    body: str
    weight: float


def layouts(text: str, start: int, end: int) -> Iterator[Block]:
    """Laid-out lines between two places of a text, ascending and disjoint."""
    lines = [_line(match) for match in lines_between(text, start, end)]
    alone = sum(bool(line.body) for line in lines) if end - start == len(text) else 0
    position = 0
    for first, last in [*_tables(lines), (len(lines), len(lines))]:
        yield from (_nested(run) for run in _runs(lines[position:first]) if _laid_out(run, alone))
        if first < last:
            yield _rows(lines[first:last])
        position = last


def _line(match: regex.Match[str]) -> _Line:
    line, body = match.group(), match.group().strip()
    return _Line(match.start(), match.end(), len(line[: len(line) - len(line.lstrip())].expandtabs(4)), body, plainness(body))


def _runs(lines: Sequence[_Line]) -> Iterator[list[_Line]]:
    """Neighbouring lines with signs; few without one lie between them."""
    run: list[_Line] = []
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


def _bridged(line: _Line, gap: int) -> bool:
    most = _GAP_INDENTED if line.indent else _GAP
    return gap < most and len(line.body) <= LONGEST and (line.indent > 0 or not wordy(line.body))


def _trimmed(run: list[_Line]) -> list[_Line]:
    while run and (not run[-1].weight or (COMMENT.match(run[-1].body) and run[-1].weight < 1)):
        run.pop()
    return run


def _laid_out(run: Sequence[_Line], alone: int) -> bool:
    """Whether most lines of a run say so; the few that are left of a longer one must all do, with nothing else there."""
    said = [line for line in run if line.body]
    weights = _weights(said) if said else []
    if len(said) < _FEWEST:
        sure = any(LOG.match(line.body) or (line.weight == 1 and SURE.match(line.body)) for line in said)
        return 0 < len(said) == alone and min(weights) == 1 and (sure or said[0].indent < said[-1].indent)
    return sum(weights) >= _SHARE * len(said) and weights.count(1.0) >= 2


def _weights(said: Sequence[_Line]) -> list[float]:
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


def _tables(lines: Sequence[_Line]) -> Iterator[tuple[int, int]]:
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


def _header(row: _Line, mark: str) -> bool:
    return len({*(cells := row.body.split(mark))}) == len(cells) and all(map(_HEADER.fullmatch, cells))


def _rows(lines: Sequence[_Line]) -> Block:
    """Rows are units; each needs the header, if there is one."""
    (first, *others), shape = (line.start for line in lines), _shape(lines[0].body)
    headed = shape is not None and _header(lines[0], shape[0])
    needs, frame = (dict.fromkeys(others, (first,)), (first,)) if headed else ({}, ())
    return _block((first, *others, lines[-1].end), needs, frame)


def _nested(run: Sequence[_Line]) -> Block:
    """Lines are units; each needs the less indented ones that it is nested in, and what opens needs what closes."""
    units = _glued([line for line in run if line.body])
    needs: list[list[int]] = [[] for _ in units]
    below: dict[int, int] = {}  # the first line beneath each that has some
    joined: list[tuple[int, int]] = []  # lines of which the first needs the second beside it
    stack: list[tuple[int, int]] = []  # depths and numbers of the units that hold here, outermost first
    for number, (unit, depth) in enumerate(zip(units, _depths(units), strict=True)):
        if depth is None:
            continue
        while stack and stack[-1][0] > depth:
            stack.pop()
        before = stack.pop()[1] if stack and stack[-1][0] == depth else None
        if stack:
            parent = stack[-1][1]
            below.setdefault(parent, number)
            needs[number].append(parent)
            if depth % 2 and unit.body.startswith("FROM"):
                needs[parent].append(number)
        if before is not None and _belongs(unit.body, units[before].body, before in below):
            joined.append((number, before))
            if not unit.body.startswith("el"):  # an if stands without its else
                joined.append((before, number))
        stack.append((depth, number))
    for number, others in _shown(units, joined, below):
        needs[number] += others
    at = [unit.start - (not unit.indent and unit.body[0] in "]}" and bool(needs[n])) for n, unit in enumerate(units)]
    frame = [n for n, unit in enumerate(units) if _ONLY_CLOSES.match(unit.body) or (n in below and _is_frame(unit.body))]
    bonds = {at[number]: tuple(at[other] for other in company) for number, company in enumerate(needs) if company}
    return _block((*at, run[-1].end), bonds, tuple(at[number] for number in frame))


def _block(cuts: tuple[int, ...], needs: Mapping[int, tuple[int, ...]], frame: tuple[int, ...]) -> Block:
    return Block(cuts[0], cuts[-1], cuts, needs, frame, verbatim=True)


def _shown(units: Sequence[_Line], joined: Iterable[tuple[int, int]], below: Mapping[int, int]) -> Iterator[tuple[int, list[int]]]:
    """Lines with those beside them that they need and what these open, and signatures with their first line."""
    for number, other in joined:
        continued = _OPENS.match(units[max(number, other)].body)
        yield number, [other, *(_first_beneath(other, units, below) if continued else ())]
    for number in below:
        first = _first_beneath(number, units, below)
        if len(first) == 1 and not _is_frame(units[number].body):  # it says something even without
            yield number, first


def _is_frame(body: str) -> bool:
    """Whether a line with others beneath it is nothing without them."""
    return _BARE.match(body) is not None or (_CONTROL.match(body) is not None and _OPENS.match(body) is not None)


def _first_beneath(number: int, units: Sequence[_Line], below: Mapping[int, int]) -> list[int]:
    """What shows beneath a line that it opens a block: the first line, and what that opens; nothing if it is too much."""
    found, size = [], 0
    while number in below and _OPENS.match(units[number].body):
        if _BARE.match(units[number].body) and not _CONTROL.match(units[number].body):
            break
        number = below[number]
        found.append(number)
        size += units[number].end - units[number].start - units[number].indent
    return found if size <= _CHEAP else []


def _depths(units: Sequence[_Line]) -> Iterator[int | None]:
    """How deep each unit stands: list items and SQL clauses below what they belong to, None for what stands aside."""
    base, logs = min(unit.indent for unit in units), any(LOG.match(unit.body) for unit in units)
    statement = None  # indentation of the SQL statement that is not over
    for unit in units:
        clause = statement == unit.indent and _CLAUSE.match(unit.body) is not None
        plain = unit.weight == 0 or (unit.weight < 1 and COMMENT.match(unit.body))
        if logs and LOG.match(unit.body):
            yield -1
        elif plain and unit.indent == base and not logs:
            yield None
        else:
            yield 2 * unit.indent + (clause or unit.body.startswith("- "))
        statement = None if unit.body.endswith(";") else unit.indent if _STATEMENT.match(unit.body) else statement


def _belongs(body: str, before: str, parent: bool) -> bool:
    """Whether a line closes or continues the one before it at its own indentation."""
    if body.startswith("</"):
        return before.startswith("<" + body[2:].split(">")[0])
    if _CLOSES.match(body):
        return parent or before.endswith(("{", "(", "["))
    return _CONTINUES.match(body) is not None


def _glued(lines: Sequence[_Line]) -> list[_Line]:
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


def _last(lines: Sequence[_Line], left: Sequence[tuple[int, int]], first: int) -> int:
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
