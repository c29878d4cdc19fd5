"""The wording of an answer, turned back into that of the source (LongLLMLingua, arXiv 2310.06839, section 4.4, Algorithm 1).

A reader of shortened text quotes it shortened: "Marta Holm" where the source has "Marta Elisabeth Holm". The paper looks for the
shortest span of the source that holds the quoted words in their order; here every kept character knows its place in the source, so
the span is looked up. Where several places were quoted alike, the one that lost least is taken, as the paper says.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

import regex

from linguapress.compression import Compression
from linguapress.text import Passage, Span

_WORD = regex.compile(r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}]\p{M}*|[\w--[\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}]]+", regex.V1)


class Quote(NamedTuple):
    """A run of words of an answer that stands in the compressed text.

    Attributes:
        start: its first character in the answer.
        end: behind its last character there.
        document: index of the document that it comes from.
        source: where it stands in that document, dropped words included.
        text: the wording there.
    """

    start: int
    end: int
    document: int
    source: Span
    text: str


class _Word(NamedTuple):
    """A kept word, and the words of its source from the one in which it begins to the one in which it ends."""

    text: str
    passage: int
    first: int
    last: int


def recover(answer: str, compression: Compression, *, gap: int = 10) -> str:
    """The answer, with the words that compression dropped from its quotes put back.

    What it does not quote, and what it quotes of text that was kept whole, stays byte for byte.

    Args:
        answer: what the reader said.
        compression: what it was shown.
        gap: most words that may have been dropped between two neighbouring words of a quote; a larger hole ends it.
    """
    pieces, position = [], 0
    for quote in quotes(answer, compression, gap=gap):
        if _WORD.findall(quote.text) != _WORD.findall(answer, quote.start, quote.end):
            pieces += [answer[position : quote.start], quote.text]
            position = quote.end
    return "".join([*pieces, answer[position:]])


def quotes(answer: str, compression: Compression, *, gap: int = 10) -> list[Quote]:
    """The longest runs of words that an answer and the compressed text share, from left to right, with their places.

    Args:
        answer: what the reader said.
        compression: what it was shown.
        gap: most words that may have been dropped between two neighbouring words of a quote.
    """
    said = list(_WORD.finditer(answer))
    sources = [_places(passage.source) for passage in compression.passages]
    rows = (_kept(number, *pair) for number, pair in enumerate(zip(compression.passages, sources, strict=True)))
    kept = [word for row in rows for word in row if word.last - word.first <= gap + 1]
    lengths, found, at = _run_lengths([match.group() for match in said], kept, gap), [], 0
    while at < len(said):
        length, place = max(((n, p) for p, n in lengths[at].items()), key=lambda run: _worth(run, kept, sources), default=(1, -1))
        if place >= 0:
            first, last = kept[place], kept[place + length - 1]
            passage = compression.passages[first.passage]
            source = Span(sources[first.passage][first.first].start, sources[first.passage][last.last].end)
            own = (said[at].start(), said[at + length - 1].end())
            found.append(Quote(*own, passage.index, source, passage.source[source.start : source.end]))
        at += length
    return found


def _places(text: str) -> list[Span]:
    return [Span(*match.span()) for match in _WORD.finditer(text)]


def _kept(number: int, passage: Passage, source: Sequence[Span]) -> Iterator[_Word]:
    """Words of the kept text; one that was pieced together reaches over all the words that its pieces come from."""
    matches = list(_WORD.finditer(passage.text))
    begins = passage.locate(match.start() for match in matches)
    ends = passage.locate(match.end() - 1 for match in matches)
    starts = [span.start for span in source]
    for match, begin, end in zip(matches, begins, ends, strict=True):
        yield _Word(match.group(), number, bisect_right(starts, begin) - 1, bisect_right(starts, end) - 1)


def _run_lengths(said: Sequence[str], kept: Sequence[_Word], gap: int) -> list[dict[int, int]]:
    """For each word of the answer: how many words from there on stand in the kept text from each place on where the first does."""
    linked = [a.passage == b.passage and b.first - a.last <= gap + 1 for a, b in pairwise(kept)]
    places: dict[str, list[int]] = {}
    for place, word in enumerate(kept):
        places.setdefault(word.text, []).append(place)
    lengths: list[dict[int, int]] = []
    after: dict[int, int] = {}
    for text in reversed(said):
        after = {p: 1 + (after.get(p + 1, 0) if p < len(linked) and linked[p] else 0) for p in places.get(text, ())}
        lengths.append(after)
    return lengths[::-1]


def _worth(run: tuple[int, int], kept: Sequence[_Word], sources: Sequence[Sequence[Span]]) -> tuple[int, int, int]:
    """Longer runs first, then those that stand closest together in their source, then the earlier ones."""
    length, place = run
    first, last = kept[place], kept[place + length - 1]
    source = sources[first.passage]
    return length, source[first.first].start - source[last.last].end, -place
