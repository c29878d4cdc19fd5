"""Headings that are underlined, as reStructuredText, older Markdown and plain text have them; their lines use room for nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import regex

from linguapress.structure.block import Block
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
    """Headings between two places of a text; the lines under and above them are nothing by themselves, and nobody needs them."""
    for match in _found(text, start, end):
        title, rule = match.span("title")[0], match.span("rule")[0]
        cuts = (title, rule) if title == match.start() else (match.start(), title, rule)
        yield Block(match.start(), match.end(), (*cuts, match.end()), frame=tuple(cut for cut in cuts if cut != title))


def levels(text: str, spans: Sequence[Span]) -> dict[int, int]:
    """The levels of the units that are underlined headings: the mark that comes first stands above the others."""
    kinds: dict[str, int] = {}
    ranks = {match.span("title")[0]: kinds.setdefault(_kind(match), len(kinds) + 1) for match in _found(text, 0, len(text))}
    return {unit: ranks[start] for unit, (start, _) in enumerate(spans) if start in ranks}


def _found(text: str, start: int, end: int) -> Iterator[regex.Match[str]]:
    """Underlined headings, the lines above which are blank."""
    if regex.search(rf"^{_RULE}", text, flags=regex.M, pos=start, endpos=end):
        for match in _HEADING.finditer(text, start, end):
            if _kind(match) and not text[text.rfind("\n", 0, max(0, match.start() - 1)) + 1 : match.start()].strip():
                yield match


def _kind(match: regex.Match[str]) -> str:
    """The mark of a heading, twice where one is above it too; empty for a sentence, a header of a table, settings between rules."""
    title, over, rule = match["title"].strip(), match["over"] or "", match["rule"]
    if not _SPEAKS.search(title) or _GAPS.search(title) or title[-1] in ".,;":
        return ""
    if over:
        return rule[0] * 2 if over == rule and len(rule) >= len(title) else ""
    return rule[0] if abs(len(rule) - len(title)) <= _NEAR or not _ENDED.search(title) else ""
