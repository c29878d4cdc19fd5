"""Parts of a document that stay whole, or have a rate of their own, around any method (the structured prompts of LLMLingua).

What stays whole is taken first, then the parts with a rate, then the rest: each gets the room that the ones before it leave, so
that the budget holds for all of it together. A rate is a ceiling, measured on what is kept of its part (blanks at the ends aside).
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any, ClassVar

from linguapress.budget import Budget, takes_budget
from linguapress.compression import Compression
from linguapress.compressor import Compressor
from linguapress.draft import Draft
from linguapress.errors import InvalidBudget, InvalidDocuments
from linguapress.notes import Notes
from linguapress.prepared import Prepared
from linguapress.segments import Segment, ordered
from linguapress.text import Passage, Span, complement, merge
from linguapress.units import Units

SegmentsOf = Callable[[Passage], Sequence[Segment]]

_TRIES = 8  # rooms tried for one layer; separators and joints make the first guess a few tokens wrong
_FULL = 0.99  # share of the limit that counts as used
_BLANK = re.compile(r"\s+")


@dataclass(frozen=True)
class Segmented(Compressor):
    """Any method, under rules for parts of the documents.

    Without a budget, only the segments' own rates drop anything, unless the method can tell how much the query needs.

    Attributes:
        press: compresses what is not kept whole.
        segments: the segments of a document, as ranges of its source; no two may overlap.
    """

    name: ClassVar[str] = "segmented"
    press: Compressor
    segments: SegmentsOf

    @property
    def always(self) -> bool:
        """A segment's rate counts even when everything fits."""
        return True

    def unbudgeted(self) -> Compressor:
        """The method's own, where it has one."""
        try:
            return replace(self, press=self.press.unbudgeted())
        except InvalidBudget:
            return self

    def spares(self, passage: Passage) -> bool:
        """One of which something is to be kept whole."""
        return any(segment.whole for segment in self.segments(passage))

    @property
    def models(self) -> tuple[Any, ...]:
        """Those of the method."""
        return self.press.models

    def units(self, text: str) -> Units:
        """Those of the method."""
        return self.press.units(text)

    def notes(self, passages: Sequence[Passage]) -> list[Notes]:
        """Those of the method."""
        return self.press.notes(passages)

    def reduce(self, draft: Draft) -> Draft:
        """Adds the parts layer by layer; each is shortened to the room that is left."""
        found = {passage.index: ordered(self.segments(passage), len(passage.source)) for passage in draft.passages}
        rated = any(segment.rate is not None for row in found.values() for segment in row)
        if not (rated or self.press.always or draft.tokens > draft.limit):
            return draft
        spans = {index: [segment.span for segment in row] for index, row in found.items()}
        whole = {index: [segment.span for segment in row if segment.whole] for index, row in found.items()}
        layering = _Layering(self.press, draft, spans)
        kept = layering.added(draft.having(()), _parts(draft, whole), "the segments to be kept whole need")
        kept = layering.added(kept, self._rated(layering, found), "with their own rates the segments need")
        free = {p.index: complement(spans[p.index], len(p.source)) for p in draft.passages}
        loose = {index: [s.span for s in row if s.rate is None and not s.whole] for index, row in found.items()}
        return layering.added(kept, _parts(draft, {index: sorted([*free[index], *loose[index]]) for index in free}))

    def _rated(self, layering: _Layering, found: Mapping[int, Sequence[Segment]]) -> Draft:
        """What remains of the segments that have a rate, each compressed by itself."""
        draft = layering.draft
        kept: dict[int, list[Passage]] = {}
        warnings: list[str] = []
        for passage in draft.passages:
            for segment in found[passage.index]:
                if segment.rate is not None:
                    part = _parts(replace(draft, passages=(passage,)), {passage.index: [segment.span]})
                    pressed = layering.pressed(part, Budget(rate=segment.rate).limit(part.tokens))
                    kept.setdefault(passage.index, []).extend(pressed.passages)
                    warnings += pressed.warnings
        rated = draft.having(row[-1].keep(span for part in row for span in part.spans) for row in kept.values() if row)
        return layering.union(draft.having(()), rated.warning(*warnings))


@dataclass(frozen=True)
class _Layering:
    """Puts parts of the same documents together.

    Attributes:
        press: shortens a layer.
        draft: the documents as they came.
        borders: by document, where parts meet.
    """

    press: Compressor
    draft: Draft
    borders: Mapping[int, Sequence[Span]]

    def added(self, kept: Draft, layer: Draft, asking: str = "") -> Draft:
        """What is kept and as much of the layer as the limit takes, with a warning when the caller asked for all of it."""
        together = self.union(kept, layer)
        if not layer.passages or (together.tokens <= kept.limit and not (self.press.always and not asking)):
            return together
        if asking:
            kept = kept.warning(f"{asking} {together.tokens} tokens, more than the limit of {kept.limit}; they were shortened")
        best, room = kept, kept.limit - kept.tokens
        low, high = 0, kept.limit + 1
        for _ in range(_TRIES):
            if not low < room < high:
                break
            together = self.union(kept, self.pressed(layer, room))
            left = kept.limit - together.tokens
            if left < 0:
                high = room
            else:
                low, best = room, max(best, together, key=lambda draft: draft.tokens)
                if self.press.always or together.tokens >= kept.limit * _FULL:
                    break
            room = min(max(room + left, low + 1), high - 1)
        return best

    def pressed(self, layer: Draft, limit: int) -> Draft:
        """The layer, shortened to a limit."""
        room = layer.allowing(limit)
        return self.press.reduce(room) if self.press.always or layer.tokens > limit else room

    def union(self, kept: Draft, more: Draft) -> Draft:
        """Both in the order of the documents, or in that of ``more`` if the method has changed it; joints get a blank back."""
        parts = {passage.index: passage for passage in kept.passages}
        for passage in more.passages:
            spans = (*(parts[passage.index].spans if passage.index in parts else ()), *passage.spans)
            parts[passage.index] = passage.keep(_mended(passage.source, merge(sorted(spans)), self.borders[passage.index]))
        ranks = {passage.index: rank for rank, passage in enumerate(self.draft.passages)}
        order = [ranks[passage.index] for passage in more.passages]
        if order != sorted(order):
            ranks |= {passage.index: rank - len(order) for rank, passage in enumerate(more.passages)}
        return kept.having(parts[index] for index in sorted(parts, key=ranks.__getitem__)).warning(*more.warnings)


def _parts(draft: Draft, spans: Mapping[int, Iterable[tuple[int, int]]]) -> Draft:
    """The draft with only those parts of its passages that lie in the given ranges of their sources."""
    return draft.having(passage.keep(_common(passage.spans, merge(spans[passage.index]))) for passage in draft.passages)


def _common(first: Sequence[Span], second: Sequence[Span]) -> list[Span]:
    """Ranges that lie in both; each argument is ascending and disjoint."""
    found = []
    left = right = 0
    while left < len(first) and right < len(second):
        start, end = max(first[left].start, second[right].start), min(first[left].end, second[right].end)
        if start < end:
            found.append(Span(start, end))
        if first[left].end <= second[right].end:
            left += 1
        else:
            right += 1
    return found


def _mended(source: str, spans: Sequence[Span], borders: Sequence[Span]) -> list[Span]:
    """The spans, and a blank of the source where two words would now touch across a border of segments."""
    found = list(spans)
    cuts = sorted(cut for border in borders for cut in border)
    for left, right in pairwise(spans):
        cut = bisect_left(cuts, left.end)
        if cut == len(cuts) or cuts[cut] > right.start:
            continue
        gap = source[left.end : right.start]
        blanks = list(_BLANK.finditer(gap))
        if not blanks:
            continue
        before, after = source[left.end - 1], source[right.start]
        wordy = before.isalnum() + after.isalnum()
        if not (before.isspace() or after.isspace()) and (wordy == 2 or (wordy and gap[-1].isspace())):
            found.append(Span(left.end + blanks[-1].start(), left.end + blanks[-1].end()))
    return sorted(found)


@takes_budget
def compress_segments(
    press: Compressor, documents: Sequence[str], segments: Sequence[Sequence[Segment]], query: str | None = None, *,
    budget: Budget | None = None, prepared: Sequence[Prepared | None] | None = None,
) -> Compression:  # fmt: skip
    """Compresses documents of which parts stay whole or have a rate of their own.

    Args:
        press: any method.
        documents: texts; never changed.
        segments: for each document its segments; what lies in none has no rule of its own.
        query: what the reader will be asked.
        budget: for all of it together; None = only the segments' own rates drop anything.
        prepared: see :meth:`~linguapress.Compressor.compress`.

    Raises:
        InvalidDocuments: not one row of segments for each document.
        ValueError: segments overlap or reach beyond their document.
    """
    if len(segments) != len(documents):
        raise InvalidDocuments(f"{len(segments)} rows of segments for {len(documents)} documents; give one for each, () for none")
    segmented = Segmented(press, lambda passage: segments[passage.index])
    return segmented.compress(documents, query, budget=budget or Budget(), prepared=prepared)
