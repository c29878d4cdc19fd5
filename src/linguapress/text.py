"""Character spans, and a document together with what is kept of it."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import accumulate
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from linguapress.prepared import Prepared


class Span(NamedTuple):
    """Half-open range of characters, ``text[start:end]``."""

    start: int
    end: int


def merge(spans: Iterable[tuple[int, int]]) -> tuple[Span, ...]:
    """Joins ascending spans that touch or overlap, and drops empty ones."""
    merged: list[Span] = []
    for start, end in spans:
        if merged and start <= merged[-1].end:
            merged[-1] = Span(merged[-1].start, max(end, merged[-1].end))
        elif end > start:
            merged.append(Span(start, end))
    return tuple(merged)


def complement(spans: Iterable[Span], length: int) -> tuple[Span, ...]:
    """Ranges of a text of ``length`` characters that ascending ``spans`` leave out."""
    return tuple(_gaps(spans, length))


def _gaps(spans: Iterable[Span], length: int) -> Iterator[Span]:
    position = 0
    for start, end in spans:
        if start > position:
            yield Span(position, start)
        position = max(position, end)
    if position < length:
        yield Span(position, length)


@dataclass(frozen=True, slots=True)
class Passage:
    """One document and the parts of it that are kept.

    Attributes:
        index: position of the document in the list that the caller gave.
        source: the document, unchanged.
        spans: what is kept: ascending, disjoint character ranges of ``source``.
        score: relevance of the document to the query, larger = more; None if never measured.
        prepared: what models made of the document beforehand; None when they have to read it.
    """

    index: int
    source: str
    spans: tuple[Span, ...]
    score: float | None = None
    prepared: Prepared | None = field(default=None, repr=False, compare=False)
    text: str = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Derives the kept text; spans that are not ascending, disjoint and inside raise."""
        end = 0
        for span in self.spans:
            if not end <= span[0] < span[1] <= len(self.source):
                raise ValueError(f"spans must be ascending and inside the source, got {span} after {end}")
            end = span[1]
        object.__setattr__(self, "text", "".join(self.source[a:b] for a, b in self.spans))

    @classmethod
    def whole(cls, index: int, source: str, prepared: Prepared | None = None) -> Passage:
        """A document of which everything is kept."""
        return cls(index, source, (Span(0, len(source)),) if source else (), prepared=prepared)

    @property
    def dropped(self) -> tuple[Span, ...]:
        """What is not kept, as ranges of ``source``."""
        return complement(self.spans, len(self.source))

    def keep(self, spans: Iterable[tuple[int, int]], score: float | None = None) -> Passage:
        """The same document with other spans of ``source`` kept (ascending; touching ones join)."""
        return Passage(self.index, self.source, merge(spans), self.score if score is None else score, self.prepared)

    def narrow(self, spans: Iterable[tuple[int, int]]) -> Passage:
        """Keeps ranges of :attr:`text` (not of ``source``), translated back to the source."""
        return self.keep(spans if len(self.text) == len(self.source) else self._to_source(spans))

    def locate(self, positions: Iterable[int]) -> list[int]:
        """Where characters of :attr:`text` stand in the source; the end of the text is where its last span ends."""
        offsets = [0, *accumulate(end - start for start, end in self.spans)]
        found = []
        for position in positions:
            at = min(bisect_right(offsets, position), len(self.spans)) - 1
            found.append(self.spans[at].start + position - offsets[at])
        return found

    def _to_source(self, spans: Iterable[tuple[int, int]]) -> Iterator[Span]:
        offsets = [0, *accumulate(end - start for start, end in self.spans)]
        for start, end in spans:
            if not 0 <= start <= end <= offsets[-1]:
                raise ValueError(f"span ({start}, {end}) lies outside the text of {offsets[-1]} characters")
            while start < end:
                at = bisect_right(offsets, start) - 1
                stop = min(end, offsets[at + 1])
                shift = self.spans[at].start - offsets[at]
                yield Span(start + shift, stop + shift)
                start = stop
