"""Prose in HTML: elements and sentences are units; an opening tag goes with what follows it, a closing one with what is before."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

import regex

from linguapress.structure.block import Block
from linguapress.structure.signs import LONGEST, plainness, wordy
from linguapress.structure.tags import BLOCK, SURE, Tag, tags_of

_NEAR = 24  # characters of tags that go along with a text, where there is more than one
_CODE = 0.3  # share of lines of code, and of tags and texts with marks of templates, from which a text is code
_CELL, _CELLS = 80, 60  # characters of a cell, and tags, of a table row that stays whole
_LINK = 300  # characters of a link that stays whole
_NOISE = frozenset(("style", "svg", "script", ""))  # nothing to a reader; a comment has no name
_LED = frozenset(("dt", "summary"))  # what the text behind it answers
_MARKED = regex.compile(r"^[ \t]*+<[^\n]*+", regex.M)
_BLANK = regex.compile(r"(?:\s|&nbsp;|&#160;)*+")
_MARKS = regex.compile(r"\{[{%]|<%|<\?(?!xml)|\$\{|=\{|\bclassName=|\sv-\w+[:=]|\s[@:]\w+=|\*ng|^\s*\{[^{}]*\}\s*$")
_STOP = regex.compile(r"[.!?…。！？][\"'”’)\]]*$")
_CLOSED = regex.compile(r"[ \t]*+(?:\n\s*+)?[)\]}`;\"']")
_SEVERAL = regex.compile(r"[.!?]\s+\p{Lu}")
_BORDER = regex.compile(r"</?(?i:p|div|li|ul|td|tr|h[1-6]|br|section|article)\b")
_QUOTES, _AFTER = frozenset("\"'`(“‘«\\"), frozenset(",;:)\"'`”’»\\")


def markup(text: str, start: int, end: int) -> list[Block]:
    """Tags of HTML between two places, in no order; none in code, in data, and in prose that only speaks of tags."""
    tags = list(tags_of(text, start, end)) if text.find("<", start, end) >= 0 else []
    if not tags or _is_code(text, tags, start, end):
        return []
    if _is_page(text, tags, start, end):
        return list(_parts(text, tags, start, end))
    found: list[Block] = []
    places = [tag.start for tag in tags]
    for line in _MARKED.finditer(text, start, end):
        own = tags[bisect_left(places, line.start()) : bisect_left(places, line.end())]
        if _is_told(text, own, *line.span()):
            found += _parts(text, own, *line.span())
    return found


def _is_page(text: str, tags: Sequence[Tag], start: int, end: int) -> bool:
    """Whether the tags are those of HTML, and not only spoken of."""
    placed = [_placed(text, tags, place, start, end) for place in range(len(tags))]
    borders = [(tag, sign) for tag, sign in zip(tags, placed, strict=True) if tag.kind in ("open", "close")]
    known = sum(tag.name in BLOCK for tag, _ in borders)
    breaks = sum(tag.name == "br" and sign == 0 for tag, sign in borders)
    good = sum(sign > 0 for _, sign in borders) + (breaks if breaks > 1 else 0)
    sure = any(tag.name in SURE and (sign > 0 or breaks > 1) for tag, sign in borders)
    return sure and 2 * known >= len(borders) and 2 * good > len(borders) and bool(_texts(text, tags, start, end))


def _placed(text: str, tags: Sequence[Tag], place: int, start: int, end: int) -> int:
    """1 where a tag stands as tags do, -1 where it is quoted or named, 0 where it might be either."""
    tag, last = tags[place], tags[place - 1] if place else None
    before, after = text[max(start, tag.start - 1) : tag.start], text[tag.end : min(end, tag.end + 1)]
    if before in _QUOTES or after in _AFTER:
        return -1
    if last and last.kind != "inline" and not text[last.end : tag.start].strip():
        return 1
    space = text[max(start, tag.start - LONGEST) : tag.start].rpartition("\n")[2] if before.isspace() else before
    if not space.strip() or not before.isspace():
        return 1
    closed = _STOP.search(text[max(start, tag.start - 9) : tag.start].rstrip()) is not None
    bounded = after in ("", "\n") or (place + 1 < len(tags) and not text[tag.end : tags[place + 1].start].strip())
    return int(closed or (not tag.trailing and after.isalnum()) or (tag.trailing and bounded))


def _texts(text: str, tags: Sequence[Tag], start: int, end: int) -> list[str]:
    """What stands between the tags that part."""
    places = [start, *(place for tag in tags if tag.kind != "inline" for place in (tag.start, tag.end)), end]
    parts = (text[first:last] for first, last in zip(places[::2], places[1::2], strict=True))
    return [part for part in parts if part.strip()]


def _is_code(text: str, tags: Sequence[Tag], start: int, end: int) -> bool:
    """Whether tags stand in a program, or are those of a template."""
    lead = text[max(start, tags[0].start - LONGEST) : tags[0].start].rstrip(" \t")
    above = lead.rstrip().rpartition("\n")[2].strip()
    if above and (above[-1] in "=([{`" or plainness(above) == 1 or lead[-1] in ",\"'") and above[-1] != ">":
        return True
    if _CLOSED.match(text, tags[-1].end, end):
        return True
    said = _texts(text, tags, start, end)
    lines = [line.strip() for part in said for line in part.split("\n")[1:-1] if line.strip()]
    marked = sum(_MARKS.search(part) is not None for part in said)
    marked += sum(_MARKS.search(text, tag.start, tag.end) is not None for tag in tags if tag.kind != "whole")
    return marked + sum(plainness(line) == 1 for line in lines) > _CODE * (len(said) + len(lines))


def _is_told(text: str, tags: Sequence[Tag], start: int, end: int) -> bool:
    """Whether a line of XML holds prose rather than data, and is no line of many."""
    said = _texts(text, tags, start, end)
    if len(said) > 1:
        return 2 * sum(len(part) for part in said if wordy(part.strip())) >= sum(map(len, said))
    if not said or not _SEVERAL.search(said[0]):
        return False
    above = text[max(0, start - LONGEST) : start].rstrip().rpartition("\n")[2]
    return not (above.lstrip().startswith("<") or text[end : end + LONGEST].lstrip().startswith("<"))


def _with_rows(text: str, tags: Sequence[Tag]) -> Iterator[Tag]:
    """The tags, those of each short table row as one."""
    place = 0
    while place < len(tags):
        tag, last = tags[place], place
        if tag.name == "tr" and tag.kind == "open":
            last = next((n for n in range(place + 1, min(place + _CELLS, len(tags))) if tags[n].name in ("tr", "table")), place)
        if tags[last][2:] == ("tr", "close") and last > place and _is_row(text, tags[place : last + 1]):
            named = all(other.name != "td" for other in tags[place:last])
            yield Tag(tag.start, tags[last].end, "th" if named else "tr", "whole")
        else:
            yield tag
            last = place
        place = last + 1


def _is_row(text: str, tags: Sequence[Tag]) -> bool:
    """Whether a table row is as short as one of data."""
    start, end = tags[0].start, tags[-1].end
    return end - start <= LONGEST and all(len(cell) <= _CELL for cell in _texts(text, tags, start, end))


def _parts(text: str, tags: Sequence[Tag], start: int, end: int) -> Iterator[Block]:
    """What the tags part, bind and hold together."""
    borders: list[list[Tag]] = []
    inline: list[Tag] = []
    for tag in _with_rows(text, tags):
        if tag.kind == "inline":
            inline.append(tag)
        elif borders and "whole" not in (tag.kind, borders[-1][-1].kind) and _blank(text, borders[-1][-1].end, end) >= tag.start:
            borders[-1].append(tag)
        else:
            borders.append([tag])
    yield from _bonded(text, list(_bound(text, borders, start, end)), _inner(text, inline, end))


def _bonded(text: str, bound: Sequence[Block], inner: Iterable[Block]) -> Iterator[Block]:
    """The parts; what ends the first sentence behind a tag needs that too."""
    yield from bound
    begins = [part.end for part in bound]
    for part in inner:
        before = bisect_right(begins, part.start) - 1
        near = before >= 0 and part.start - begins[before] <= LONGEST
        lead = bound[before].needs.get(begins[before]) if near else None
        if part.needs and lead and not _SEVERAL.search(text, begins[before], part.start):  # it ends the first sentence
            part = replace(part, needs={**part.needs, part.start: lead})
        yield part


def _bound(text: str, borders: Sequence[Sequence[Tag]], start: int, end: int) -> Iterator[Block]:
    """Units of tags that follow each other, each bound to the text that stands before or behind it."""
    lead = header = -1  # where the unit begins that the last text needs, and that of the header of a table
    reach, leading = start, False
    for run, following in zip(borders, [*borders, None][1:], strict=True):
        first, stop = run[0], _blank(text, run[-1].end, end)
        if first.kind == "whole":
            header = first.start if first.name == "th" else header
            needs: dict[int, tuple[int, ...]] = {first.start: (header,)} if first.name == "tr" and header >= 0 else {}
            frame = (first.start,) if first.name in _NOISE or first.name == "th" else ()
            yield Block(first.start, stop, (first.start, stop), needs, frame, True)
            lead, leading = -1, False
        else:
            told = bool(text[reach : first.start].strip())
            near, last = _nearest(run, stop)
            needs = {first.start - 1: (first.start,)} if told and near > first.start else {}
            needs |= {first.start: (lead,)} if needs and lead >= 0 else {}
            led = reach if told and leading else -1
            lead = last if last < stop else led
            if stop < end and (following is None or following[0].start > stop):
                needs |= {stop: (lead,)} if lead >= 0 else {}
                needs |= {last: (led,)} if led >= 0 and last < stop else {}
            header = -1 if any(tag.name == "table" for tag in run) else header
            leading = run[-1].name in _LED and run[-1].kind == "open"
            cuts = tuple(dict.fromkeys((first.start, near, last, stop)))
            yield Block(first.start, stop, cuts, needs, cuts[:-1], True)
        reach = stop


def _nearest(run: Sequence[Tag], stop: int) -> tuple[int, int]:
    """Where the closing tags end that go with the text before, and where the opening ones begin that go with that behind."""
    trailing = next((number for number, tag in enumerate(run) if not tag.trailing), len(run))
    places = [*(tag.start for tag in run), stop]
    near = [place for place in places[: trailing + 1] if place - run[0].start <= _NEAR]
    last = [place for place in places[trailing:] if stop - place <= _NEAR]
    return max(near[-1], places[min(1, trailing)]), min(last[0], places[max(trailing, len(run) - 1)])


def _inner(text: str, tags: Sequence[Tag], end: int) -> Iterator[Block]:
    """Tags inside of sentences, which are not torn; those that close go with what stands before, and short links stay whole."""
    place, reach = 0, 0
    while place < len(tags):
        first, last = tags[place], _link_end(text, tags, place)
        while last + 1 < len(tags) and tags[last + 1].start == tags[last].end and _closes(text, tags[last + 1]):
            last += 1
        closer = last
        while closer > place and tags[closer - 1].end == tags[closer].start and _closes(text, tags[closer - 1]):
            closer -= 1
        at, stop = tags[closer].start, tags[last].end
        blank = _blank(text, stop, end)
        if blank > stop and _closes(text, tags[closer]) and _STOP.search(text[max(0, at - 4) : at]):
            yield Block(first.start, at)
            yield Block(at, blank, (at, blank), {at - 1: (at,)}, (at,), True)
            stop = blank
        else:
            joined = _closes(text, first) and first.start > reach and not text[first.start - 1].isspace()
            yield Block(first.start - joined, stop)
        place, reach = last + 1, stop


def _link_end(text: str, tags: Sequence[Tag], place: int) -> int:
    """The tag that ends a short link; the given one itself if it begins none."""
    tag = tags[place]
    if tag.name != "a" or _closes(text, tag):
        return place
    last = next((n for n in range(place + 1, min(place + _CELLS, len(tags))) if tags[n].name == "a"), place)
    between = text[tag.end : tags[last].start]
    return last if _closes(text, tags[last]) and tags[last].end - tag.start <= _LINK and not _BORDER.search(between) else place


def _closes(text: str, tag: Tag) -> bool:
    """Whether a tag inside of a sentence closes an element."""
    return text[tag.start + 1] == "/"


def _blank(text: str, place: int, end: int) -> int:
    """Where the blanks that begin at a place end."""
    found = _BLANK.match(text, place, end)
    return found.end() if found else place
