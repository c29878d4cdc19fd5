"""What lines of code, YAML, XML and logs are nothing without: what they are nested in, and what closes that."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import regex

from linguapress.structure.block import Block
from linguapress.structure.signs import COMMENT, LOG

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


class Line(NamedTuple):
    """A line: where it begins and ends, its indentation, what it says, and how plainly it is laid out (0, 0.5 or 1)."""

    start: int
    end: int
    indent: int
    body: str
    weight: float


@dataclass(slots=True, eq=False)
class _Node:
    """A unit, and those around it that have to do with it.

    Attributes:
        line: its line, or several that are glued.
        parent: the one that it is nested in.
        first: the first one beneath it.
        before: the one above it, as deep as it is, that it closes or continues.
        after: the one below it that closes or continues it.
        clauses: those beneath it without which it says nothing: FROM below SELECT.
    """

    line: Line
    parent: _Node | None = None
    first: _Node | None = None
    before: _Node | None = None
    after: _Node | None = None
    clauses: list[_Node] = field(default_factory=list)


def nested(units: Sequence[Line], end: int) -> Block:
    """Lines are units; each needs the less indented ones that it is nested in, and what opens needs what closes."""
    nodes = _tree(units)
    needs = {node: others for node in nodes if (others := list(_company(node)))}
    start = {node: node.line.start for node in nodes}
    for node in nodes[1:]:
        if node in needs and not node.line.indent and node.line.body[0] in "]}":
            start[node] -= 1  # a closing bracket at the margin takes the newline before it
    frame = [start[node] for node in nodes if _ONLY_CLOSES.match(node.line.body) or (node.first and _is_frame(node.line.body))]
    bonds = {start[node]: tuple(start[other] for other in others) for node, others in needs.items()}
    return Block(units[0].start, end, (*start.values(), end), bonds, tuple(frame), verbatim=True)


def _tree(units: Sequence[Line]) -> list[_Node]:
    """The units, joined to those around them."""
    nodes = [_Node(unit) for unit in units]
    path: list[tuple[int, _Node]] = []  # depths and units that hold here, outermost first
    for node, depth in zip(nodes, _depths(units), strict=True):
        if depth is None:
            continue
        while path and path[-1][0] > depth:
            path.pop()
        before = path.pop()[1] if path and path[-1][0] == depth else None
        if path:
            parent = node.parent = path[-1][1]
            parent.first = parent.first or node
            if depth % 2 and node.line.body.startswith("FROM"):
                parent.clauses.append(node)
        if before and _belongs(node.line.body, before):
            node.before, before.after = before, node
        path.append((depth, node))
    return nodes


def _company(node: _Node) -> Iterator[_Node]:
    """What a unit needs: what it is nested in, what it closes or continues and what does so with it, and some of what it opens."""
    if node.parent:
        yield node.parent
    yield from node.clauses
    if node.before:
        yield node.before
        yield from _opened(node.before) if _OPENS.match(node.line.body) else ()
    if node.after and not node.after.line.body.startswith("el"):  # an if stands without its else
        yield node.after
        yield from _opened(node.after) if _OPENS.match(node.after.line.body) else ()
    opened = _opened(node)
    if len(opened) == 1 and not _is_frame(node.line.body):  # it says something even without
        yield from opened


def _opened(node: _Node) -> list[_Node]:
    """What shows that a unit opens a block: the first one beneath, and what that opens; nothing if it is too much."""
    found, size = [], 0
    while node.first and _OPENS.match(node.line.body):
        if _BARE.match(node.line.body) and not _CONTROL.match(node.line.body):
            break
        node = node.first
        found.append(node)
        size += node.line.end - node.line.start - node.line.indent
    return found if size <= _CHEAP else []


def _is_frame(body: str) -> bool:
    """Whether a line with others beneath it is nothing without them."""
    return _BARE.match(body) is not None or (_CONTROL.match(body) is not None and _OPENS.match(body) is not None)


def _depths(units: Sequence[Line]) -> Iterator[int | None]:
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


def _belongs(body: str, before: _Node) -> bool:
    """Whether a line closes or continues the one before it at its own indentation."""
    opener = before.line.body
    if body.startswith("</"):
        return opener.startswith("<" + body[2:].split(">")[0])
    if _CLOSES.match(body):
        return before.first is not None or opener.endswith(("{", "(", "["))
    return _CONTINUES.match(body) is not None
