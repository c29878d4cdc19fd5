"""Tags of HTML and XML in a text, and what holds no prose between them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import regex


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


_INLINE = _names(
    "a abbr acronym b bdi bdo big button cite code data del dfn em font i img input ins kbd label mark meter nobr output picture"
    " progress q rp rt ruby s samp small source span strike strong sub sup time track tt u var wbr"
)
BLOCK = _names(
    "html head body title meta link base p div ul ol li dl dt dd h1 h2 h3 h4 h5 h6 table caption thead tbody tfoot tr td th br hr"
    " section article aside main nav header footer blockquote figure figcaption details summary address form fieldset legend center"
    " hgroup noscript iframe option select pre script style svg textarea video audio"
)
SURE = _names("html body p div ul ol li dl dt dd h1 h2 h3 h4 h5 h6 tr td th br blockquote")
_VOID = _names("br hr meta link base")
_RAW = _names("pre script style svg textarea math")
_TOKEN = regex.compile(
    r"<!--|<!\[CDATA\[|\]\]>|<![A-Za-z][^<>]*+>|<\?[^<>]*+>"
    r"|<(?P<close>/?)(?P<name>[A-Za-z][\w:.-]*+)(?P<rest>(?:[\s/](?:[^<>\"']|\"[^\"<]*+\"|'[^'<]*+')*+)?+)>"
)


class Tag(NamedTuple):
    """A tag, a comment, or an element that stays whole."""

    start: int
    end: int
    name: str
    kind: str  # "open", "close", "inline" or "whole"

    @property
    def trailing(self) -> bool:
        """Whether it goes with what stands before."""
        return self.kind == "close" or self.name in _VOID


def tags_of(text: str, start: int, end: int) -> Iterator[Tag]:
    """Tags in the order in which they stand; what holds no prose is one with what it holds."""
    position, unclosed = start, set()
    while token := _TOKEN.search(text, position, end):
        position = token.end()
        name, rest = (token["name"] or "").lower(), token["rest"] or ""
        whole = token.group() == "<!--" or (name in _RAW and not token["close"] and not rest.endswith("/"))
        if whole and name not in unclosed:
            closer = regex.compile(rf"</{name}\s*+>" if name else "-->", regex.I).search(text, position, end)
            if closer is None:
                unclosed.add(name)
            elif name == "script" and "\n" in text[position : closer.start()].strip():
                yield Tag(token.start(), position, name, "open")
                yield Tag(*closer.span(), name, "close")
                position = closer.end()
                continue
            else:
                position = closer.end()
                yield Tag(token.start(), position, "json" if "json" in rest else name, "whole")
                continue
        if name in _INLINE or (name == "meta" and " " in rest.partition("content=")[2]):
            yield Tag(*token.span(), name, "inline")
        else:
            closes = token["close"] or rest.endswith("/") or token.group() == "]]>"
            yield Tag(*token.span(), name, "close" if closes else "open")
