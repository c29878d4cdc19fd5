"""Finding what is more than prose: fenced code, Markdown tables and links, JSON values, and lines laid out without fences."""

from __future__ import annotations

import json
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import regex

from linguapress.structure.aligned import aligned
from linguapress.structure.block import Block
from linguapress.structure.json_records import labels, sentence_starts
from linguapress.structure.layout import layouts
from linguapress.structure.markup import markup
from linguapress.structure.underlined import underlined
from linguapress.text import Span

_PATIENCE = 32  # times the length of the text that may be read behind brackets that turn out not to open a JSON value

_FENCE = regex.compile(
    r"^\ufeff?+[ \t]*+(?:>[ \t]*+)*+(?P<item>(?:(?:[-*+]|\d{1,9}+[.)])[ \t]++)*+)(?P<fence>`{3,}+|~{3,}+)(?P<info>[^\n]*+)\n?+",
    regex.M,
)
_DASHES = r"[ \t]*+:?+-++:?+[ \t]*+"
_RULER = rf"(?:\|?+{_DASHES}(?:\|{_DASHES})++\|?+|\|{_DASHES}\|)"
_TABLE = regex.compile(
    rf"^[^\n|]*+\|[^\n]*+\n[ \t>]*+{_RULER}[ \t]*+\r?+(?:\n|\Z)(?:[^\n|]*+\|[^\n]*+(?:\n|\Z))*+",
    regex.M,
)
_TARGET = r"\((?:[^()\s]|\([^()\s]*+\)){1,2000}+(?:[ \t]++\"[^\"\n]*+\")?\)"
_LINK_ITEM = regex.compile(r"^[ \t]*+(?:[-*+•]|\d++[.)])[ \t]++[^\n]*(?:\]\([^)\s]+|https?://\S+)[^\n]*+(?:\n|\Z)", regex.M)
_LINK = regex.compile(rf"!?\[(?:[^\[\]\n]|\[[^\[\]\n]*\]){{1,300}}\]{_TARGET}\p{{P}}*(?:\s*\n|[^\S\n]*)")
_JSON_START = regex.compile(r"^\ufeff?+[ \t]*+(?=[\[{])", regex.M)
_JSON_TOKEN = regex.compile(r'"(?:[^"\\]|\\.)*+"|[\[\]{},]|[^\s"\[\]{},]+')
_JSON_LIKELY = regex.compile(r'\{\s*["}]|\[\s*(?:["{\[\]]|-?\d++(?:\.\d++)?(?:[eE][+-]?\d++)?\s*[,\]]|true|false|null)')
_JSON_END = regex.compile(r"[ \t]*+\r?(?:\n\s*|\Z)")
_JSON_STRING = regex.compile(r'"(?:[^"\\]|\\.)*+"(?P<colon>\s*+:)?')
_JSON_KEY = regex.compile(r'(?:"(?:[^"\\]|\\.)*+"\s*+:\s*+)?+')


class Grain(NamedTuple):
    """How finely JSON is divided.

    Attributes:
        leaf: characters of a value that is not divided further; a list that is the whole value always is.
        string: characters of a string that is not cut between its words; None = none is.
        labels: whether members that only say which record it is can stand with a text of theirs; else they are nothing.
    """

    leaf: int = 160
    string: int | None = None
    labels: bool = True


_USUAL = Grain()
FINER = (Grain(leaf=0, labels=False), Grain(leaf=0, string=40, labels=False))


def blocks(text: str, grain: Grain = _USUAL) -> list[Block]:
    """Structured parts of ``text``, ascending and disjoint; each begins and ends a unit."""
    values = list(_json_blocks(text, grain)) if "{" in text or "[" in text else []
    inner = [_is_indented_line(text, value) for value in values]  # rather a part of code, if it stands in some
    firm = _disjoint([*_fences_and_tables(text), *(value for value, part in zip(values, inner, strict=True) if not part)])
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


def _fences_and_tables(text: str) -> Iterator[Block]:
    if "```" in text or "~~~" in text:
        yield from _fences(text)
    if "|" in text:
        yield from (_table(text, match.start(), match.end()) for match in _TABLE.finditer(text))


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
                tables = list(aligned(text, begin, stop))
                yield from tables
                for top, bottom in _between(tables, begin, stop):
                    yield from underlined(text, top, bottom)


def _between(found: Sequence[Block], start: int, end: int) -> Iterator[Span]:
    """What lies between disjoint blocks."""
    places = [start, *(place for block in found for place in (block.start, block.end)), end]
    yield from map(Span, places[::2], places[1::2])


def _fences(text: str) -> Iterator[Block]:
    """Fenced code; a fence is closed by one that is at least as long, or by the end of the text.

    A passage may begin inside of code: a bare fence that another with a language follows, or nothing, has closed what is not here.
    """
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


def _table(text: str, start: int, end: int) -> Block:
    """Rows are units; each needs the header and the ruler below it."""
    rows = [start, *(match.end() for match in regex.finditer("\n", text, pos=start, endpos=end))]
    rows = [row for row in rows if row < end]
    header, ruler, *body = rows
    return Block(
        start, end, cuts=(*rows, end), needs={header: (ruler,), ruler: (header,)} | {row: (header, ruler) for row in body},
        frame=(header, ruler) if body else (), verbatim=True,
    )  # fmt: skip


def _json_blocks(text: str, grain: Grain) -> Iterator[Block]:
    """JSON objects and arrays that begin a line and end one."""
    decoder, position, read = json.JSONDecoder(), 0, 0
    for match in _JSON_START.finditer(text):
        start = match.end()
        if start < position or not _JSON_LIKELY.match(text, start):
            continue
        try:
            _, end = decoder.raw_decode(text, start)
        except (ValueError, RecursionError) as error:
            end = error.pos if isinstance(error, json.JSONDecodeError) else len(text)
            read += end - start + end // 32  # the error counts the lines before it
            if read >= _PATIENCE * len(text):
                return
            continue
        stop = _JSON_END.match(text, end)
        if stop:
            position = stop.end()
            begin = match.start() if text[match.start()] == "\ufeff" else start
            yield _with_strings(text, _json(text, Span(begin, end), position, grain), grain.string)


def _json(text: str, value: Span, stop: int, grain: Grain) -> Block:
    """Members of large containers are units, and so are sentences of texts; each needs the brackets or quotes around it."""
    texts = {span: starts for span in _strings(text, *value) if (starts := sentence_starts(text, span, grain.leaf))}
    cuts: list[int] = [value.start]
    needs: dict[int, tuple[int, ...]] = {}
    frame: list[int] = []
    naming: dict[int, int] = {}
    for opener, members, closer in _containers(text, value, grain.leaf):
        cuts += [*members, closer]
        frame += [opener, closer]
        for member in members:
            needs[member] = (*needs.get(member, ()), opener, closer)
        needs[opener] = (*needs.get(opener, ()), closer)
        needs[closer] = (opener,)
        naming |= labels(text, members)
    places, leads = sorted(set(cuts)), {}
    for (start, end), starts in texts.items():
        begin, quote = places[bisect_right(places, start) - 1], end - 1
        if _JSON_KEY.fullmatch(text[begin:start]):
            cuts += [*starts, quote]
            frame += [begin, quote]
            needs[begin] = (*needs.get(begin, ()), quote)
            needs |= {quote: (begin,)} | {part: (begin, *others) for part, others in starts.items()}
            leads[begin] = next((part for part, others in starts.items() if not others), quote)
    needs |= {label: (*needs[label], leads.get(said, said)) for label, said in naming.items()}
    frame += () if grain.labels else naming
    return Block(value.start, stop, (*sorted(set(cuts)), stop), needs, tuple(frame), verbatim=True)


def _with_strings(text: str, block: Block, longest: int | None) -> Block:
    """The block, its longer strings cut between words; each part needs the quotes around the string and what stands before it."""
    if longest is None:
        return block
    cuts, needs, closers = list(block.cuts), dict(block.needs), []
    for start, end in _strings(text, block.start, block.end):
        parts = [match.end() for match in regex.finditer(r" +(?=[^\s\"])", text, pos=start + 1, endpos=end - 1)]
        if end - start > longest and parts:
            begin, closer = block.cuts[bisect_right(block.cuts, start) - 1], end - 1
            cuts += [*parts, closer]
            closers.append(closer)
            needs[begin] = (*needs.get(begin, ()), closer)
            needs |= dict.fromkeys([*parts, closer], (begin,))
    return Block(block.start, block.end, tuple(sorted(set(cuts))), needs, (*block.frame, *closers), verbatim=True)


def _strings(text: str, start: int, end: int) -> Iterator[Span]:
    """The strings of a JSON value that are no keys."""
    for token in _JSON_STRING.finditer(text, start, end):
        if not token["colon"]:
            yield Span(*token.span())


def _containers(text: str, value: Span, leaf: int) -> Iterator[tuple[int, list[int], int]]:
    """Each container worth dividing: where its unit begins, where its members begin, where its bracket closes."""
    start, end = value
    stack: list[tuple[int, list[int]]] = []  # begin of the unit, begins of members
    expecting = True  # whether the next token begins a member
    for token in _JSON_TOKEN.finditer(text, start, end):
        character, at = token.group(), token.start()
        if character in "]}":
            begin, members = stack.pop()
            if members and (at - begin > leaf or (not stack and character == "]")):
                yield begin, members, at
            expecting = False
        elif character == ",":
            expecting = True
        else:
            if expecting and stack:
                stack[-1][1].append(at)
            expecting = character in "[{"
            if character in "[{":
                begin = stack[-1][1][-1] if stack else start
                stack.append((begin, []))
