"""Finding what is more than prose: fenced code, Markdown tables and links, JSON values, and lines laid out without fences."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import regex

from linguapress.structure.aligned import aligned
from linguapress.structure.block import Block
from linguapress.structure.json_blocks import USUAL, Grain, json_blocks
from linguapress.structure.layout import layouts
from linguapress.structure.markup import markup
from linguapress.structure.tables import drawn, tables
from linguapress.structure.underlined import underlined
from linguapress.text import Span

_FENCE = regex.compile(
    r"^\ufeff?+[ \t]*+(?:>[ \t]*+)*+(?P<item>(?:(?:[-*+]|\d{1,9}+[.)])[ \t]++)*+)(?P<fence>`{3,}+|~{3,}+)(?P<info>[^\n]*+)\n?+",
    regex.M,
)
_TARGET = r"\((?:[^()\s]|\([^()\s]*+\)){1,2000}+(?:[ \t]++\"[^\"\n]*+\")?\)"
_LINK_ITEM = regex.compile(r"^[ \t]*+(?:[-*+•]|\d++[.)])[ \t]++[^\n]*(?:\]\([^)\s]+|https?://\S+)[^\n]*+(?:\n|\Z)", regex.M)
_LINK = regex.compile(rf"!?\[(?:[^\[\]\n]|\[[^\[\]\n]*\]){{1,300}}\]{_TARGET}\p{{P}}*(?:\s*\n|[^\S\n]*)")


def blocks(text: str, grain: Grain = USUAL) -> list[Block]:
    """Structured parts of ``text``, ascending and disjoint; each begins and ends a unit."""
    values = list(json_blocks(text, grain)) if "{" in text or "[" in text else []
    inner = [_is_indented_line(text, value) for value in values]  # rather a part of code, if it stands in some
    firm = _disjoint([*_fences(text), *tables(text), *(value for value, part in zip(values, inner, strict=True) if not part)])
    return _disjoint([*firm, *_laid_out(text, firm), *values, *_links(text)])


def _is_indented_line(text: str, block: Block) -> bool:
    return block.start > 0 and text[block.start - 1] in " \t" and "\n" not in text[block.start : block.end].rstrip()


def _disjoint(candidates: Iterable[Block]) -> list[Block]:
    """The first of those that overlap, and the longest of those that begin together."""
    found: list[Block] = []
    for block in sorted(candidates, key=lambda block: (block.start, -block.end)):
        if not found or block.start >= found[-1].end:
            found.append(block)
    return found


def _links(text: str) -> Iterator[Block]:
    if "](" in text or "://" in text:
        yield from (_solid(match.start(), match.end()) for match in _LINK_ITEM.finditer(text))
        yield from (Block(match.start(), match.end()) for match in _LINK.finditer(text))


def _laid_out(text: str, firm: Sequence[Block]) -> Iterator[Block]:
    """Tags of HTML between what is more certain; code, YAML, XML, CSV, logs, tables and titles between these."""
    for start, end in _between(firm, 0, len(text)):
        tags = _disjoint(markup(text, start, end))
        yield from tags
        for first, last in _between([tag for tag in tags if tag.verbatim], start, end):
            found = list(layouts(text, first, last))
            yield from found
            for begin, stop in _between(found, first, last):
                columns = list(aligned(text, begin, stop))
                yield from columns
                for top, bottom in _between(columns, begin, stop):
                    yield from underlined(text, top, bottom)
                    yield from drawn(text, top, bottom)


def _between(found: Sequence[Block], start: int, end: int) -> Iterator[Span]:
    """What lies between disjoint blocks."""
    places = [start, *(place for block in found for place in (block.start, block.end)), end]
    yield from map(Span, places[::2], places[1::2])


def _fences(text: str) -> Iterator[Block]:
    """Fenced code; a fence is closed by one that is at least as long, or by the end of the text.

    A passage may begin inside of code: a bare fence that another with a language follows, or nothing, has closed what is not here.
    """
    if "```" not in text and "~~~" not in text:
        return
    opener: regex.Match[str] | None = None
    for line in _FENCE.finditer(text):
        item, fence, info = line.group("item", "fence", "info")
        if opener is None or (info.strip() and not opener["info"].strip() and fence.startswith(opener["fence"])):
            opener = line if fence[0] == "~" or "`" not in info else opener  # code inside a line begins like a fence
        elif not item and fence.startswith(opener["fence"]) and not info.strip(" \t\r"):
            yield _solid(opener.start(), line.end())
            opener = None
    if opener is not None and opener["info"].strip():
        yield _solid(opener.start(), len(text))


def _solid(start: int, end: int) -> Block:
    return Block(start, end, cuts=(start, end), verbatim=True)
