"""Headings that are underlined, as reStructuredText, older Markdown and plain text have them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import regex

from linguapress.block import Block
from linguapress.text import Span

_RULE = r"(?:={3,}+|-{3,}+|~{3,}+|\^{3,}+)"
_HEADING = regex.compile(
    rf"^(?:(?P<over>{_RULE})[ \t]*+\r?\n)?+(?!{_RULE}[ \t]*+\r?$)"
    rf"(?P<title> {{0,3}}+(?![-*+>#|•][ \t>])[^\s|][^\n|]{{0,200}}+)\n(?P<rule>{_RULE})[ \t]*+\r?+(?:\n|\Z)",
    regex.M,
)
_SPEAKS = regex.compile(r"[\p{L}\p{N}]")
_GAPS = regex.compile(r"\S(?:\t| {2,})\S")  # the header of a table
_ENDED = regex.compile(r"[.,:;!?…。！？；：]$", regex.REVERSE)
_NEAR = 2  # characters by which an underline that is drawn for its title may be shorter or longer


def underlined(text: str, start: int, end: int) -> Iterator[Block]:
    """Headings between two places of a text with the lines under and above them, which are one unit each."""
    if not regex.search(rf"^{_RULE}", text, flags=regex.M, pos=start, endpos=end):
        return
    for match in _HEADING.finditer(text, start, end):
        if _kind(match) and not text[text.rfind("\n", 0, max(0, match.start() - 1)) + 1 : match.start()].strip():
            yield Block(match.start(), match.end(), (match.start(), match.end()))


def levels(text: str, spans: Sequence[Span]) -> dict[int, int]:
    """The levels of the units that are underlined headings: the mark that comes first stands above the others."""
    kinds: dict[str, int] = {}
    found = ((index, underline(text, start, end)) for index, (start, end) in enumerate(spans))
    return {index: kinds.setdefault(kind, len(kinds) + 1) for index, kind in found if kind}


def underline(text: str, start: int, end: int) -> str:
    """What an underlined heading is drawn with, above it and below, empty for any other unit."""
    match = _HEADING.match(text, start, end)
    return _kind(match) if match and not text[match.end() : end].strip() else ""


def _kind(match: regex.Match[str]) -> str:
    """The mark of a heading, twice where one is above it too; empty for a sentence, a header of a table, settings between rules."""
    title, over, rule = match["title"].strip(), match["over"] or "", match["rule"]
    if not _SPEAKS.search(title) or _GAPS.search(title) or title[-1] in ".,;":
        return ""
    if over:
        return rule[0] * 2 if over == rule and len(rule) >= len(title) else ""
    return rule[0] if abs(len(rule) - len(title)) <= _NEAR or not _ENDED.search(title) else ""
