"""What the members of JSON records are: texts of sentences, and the short ones that say which record it is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import regex

from linguapress.segment import sentences
from linguapress.structure.headings import headings
from linguapress.text import Span

_SAID, _LABEL = 40, 100  # characters of a string from which it says something, and of a value up to which it is a label
_LOOK = 300  # characters of a member that are looked at

_ESCAPE = regex.compile(r"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|\\u[0-9a-fA-F]{4}|\\.")
_STOP = regex.compile(r"[。！？।॥؟۔]|[.!?…](?=[^\w,;])|\\n|\\u")
_PLAIN = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f"}
_MEMBER = regex.compile(r'"(?P<key>(?:[^"\\]|\\.)*+)"\s*+:\s*+(?P<value>"(?:[^"\\]|\\.)*+"?|[^\s"\[\]{},]++)')
_TEXT = regex.compile(r"(?:\S++\s++){4}\S|[^\x00-\u2fff]{20}")
_NAMING = regex.compile(
    r"(?:.*[_.-])?(?i:u?u?id|guid|key|hash|slug|doi|isbn|ur[il]|link|href|source|path|file(?:_?name)?|title|name|heading|role|index|page)"
    r"|.*[a-z](?:ID|Id|Url|URL|Uri|Path|Name|Title|Key)"
)


def sentence_starts(text: str, string: Span, longest: int) -> dict[int, tuple[int, ...]]:
    """Where the sentences of a JSON string begin, a heading with the sentence behind it; nothing of a string that is one.

    Args:
        text: what the string stands in.
        string: its characters, the quotes among them.
        longest: characters up to which a string is not cut.
    """
    raw = text[string.start + 1 : string.end - 1]
    if string.end - string.start <= longest or not _STOP.search(raw):
        return {}
    read = _ESCAPE.sub(_character, raw) if "\\" in raw else raw
    found = sentences(read)
    if len(found) < 2:
        return {}
    firsts = [begin + len(read[begin:stop]) - len(read[begin:stop].lstrip()) for begin, stop in found]
    starts, alone = [string.start + 1 + place for place in _unread(raw, firsts)], set(headings(read, found))
    return {at: tuple(starts[number + 1 : number + 2] if number in alone else ()) for number, at in enumerate(starts)}


def _unread(raw: str, places: Sequence[int]) -> Iterator[int]:
    """Where ascending places of a string that was read stand in what it was read from."""
    escapes = _ESCAPE.finditer(raw)
    escape, more = next(escapes, None), 0
    for place in places:
        while escape and escape.start() < place + more:
            more += len(escape.group()) - 1
            escape = next(escapes, None)
        yield place + more


def labels(text: str, members: Sequence[int]) -> dict[int, int]:
    """Members of an object that only say which record it is, each with its text, the first member that is one; none without.

    Args:
        text: what the object stands in.
        members: where its members begin.
    """
    pairs = [(start, match["key"], match["value"]) for start in members if (match := _MEMBER.match(text[start : start + _LOOK]))]
    naming = [start for start, key, value in pairs if len(value) <= _LABEL and _NAMING.fullmatch(key)]
    said = next((start for start, _, value in pairs if start not in naming and _is_text(value)), None)
    return {} if said is None else dict.fromkeys(naming, said)


def _is_text(value: str) -> bool:
    return value[0] == '"' and len(value) > _SAID and _TEXT.search(value) is not None


def _character(escape: regex.Match[str]) -> str:
    """The one character that an escape stands for; a pair of escapes for one character counts as unreadable."""
    piece = escape.group()
    if piece[1] != "u":
        return _PLAIN.get(piece[1], piece[1])
    return chr(int(piece[2:], 16)) if len(piece) == 6 else "\N{REPLACEMENT CHARACTER}"
