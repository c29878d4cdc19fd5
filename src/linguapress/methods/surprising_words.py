"""The last stage of the methods that go by surprisal: words or tokens, until the string fits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

import numpy as np

from linguapress.draft import Draft
from linguapress.guard import Guard
from linguapress.language import Reader
from linguapress.methods.itpc import Plan, Reading, read_iteratively
from linguapress.methods.surprisal import Pool, token_units
from linguapress.scores import Floats, Offsets
from linguapress.segment import whole, words
from linguapress.select import keep_best
from linguapress.text import Passage, Span
from linguapress.units import Units

Level: TypeAlias = Literal["words", "tokens"]

_VITAL = 1e3  # what is added to the margin of numbers and negations, and of parts that are no documents
_FORCED = 1e6  # to that of what the caller's patterns force
_UNTOUCHED = 1e9  # to that of parts with a rate of 1; the more important, the more


@dataclass(frozen=True, slots=True)
class Shares:
    """What the passages of a draft may take.

    Attributes:
        rates: for the index of each passage, the share of its tokens to keep, 0..1.
        own: indexes of passages that are no documents, most important first; those with a rate of 1 stay untouched.
    """

    rates: Mapping[int, float]
    own: Sequence[int] = ()

    def untouched(self, index: int) -> bool:
        """Whether a passage is no document, and stays whole."""
        return index in self.own and self.rates.get(index, 0) >= 1


@dataclass(frozen=True)
class SurprisingWords:
    """Reads drafts segment by segment and keeps what surprises, up to the rate of each passage; then fills the limit.

    Attributes:
        guard: what is not torn.
        level: whole words, or tokens of the language model.
        segment: most tokens in a segment.
        pool: what a unit's tokens come down to.
    """

    guard: Guard
    level: Level
    segment: int
    pool: Pool

    def reduce(self, drafts: Sequence[Draft], reader: Reader, shares: Sequence[Shares]) -> list[Draft]:
        """Keeps what surprises.

        Args:
            drafts: what to shorten; some of each must be text.
            reader: of the texts of the drafts, at their beginning.
            shares: what the passages of each draft may take.
        """
        units = [self._parts(draft, own, row) for draft, own, row in zip(drafts, shares, reader.offsets, strict=True)]
        plans = [_plan(draft, row, own.rates) for draft, row, own in zip(drafts, units, shares, strict=True)]
        readings = read_iteratively(reader, plans, self.segment, self.pool)
        return [_selected(*row) for row in zip(drafts, units, readings, shares, strict=True)]

    def _parts(self, draft: Draft, shares: Shares, offsets: Offsets) -> list[Units]:
        """Parts of each passage; one that stays untouched is one part."""
        rows = zip(draft.passages, _starts(draft), strict=True)
        return [Units(whole(p.text)) if shares.untouched(p.index) else self._units(p, offsets, start) for p, start in rows]

    def _units(self, passage: Passage, offsets: Offsets, start: int) -> Units:
        """Parts of a passage whose text starts at character ``start`` of what is read."""
        if self.level == "words":
            return self.guard.units(passage.text, words)
        inside = (offsets[:, 1] > start) & (offsets[:, 0] < start + len(passage.text))
        return self.guard.units(passage.text, lambda text: token_units(text, np.clip(offsets[inside] - start, 0, len(text))))


def _starts(draft: Draft) -> list[int]:
    """Where the passages start in the text of the draft."""
    lengths = [len(passage.text) + len(draft.separator) for passage in draft.passages]
    return [0, *np.cumsum(lengths).tolist()[:-1]]


def _plan(draft: Draft, units: Sequence[Units], rates: Mapping[int, float]) -> Plan:
    spans = [Span(start + a, start + b) for start, item in zip(_starts(draft), units, strict=True) for a, b in item.spans]
    counts = [len(item.spans) for item in units]
    first = np.zeros(len(spans), dtype=np.bool_)
    for at, item in zip(np.cumsum([0, *counts]), units, strict=False):
        first[[int(at) + unit for unit in item.forced | item.vital]] = True
    return Plan(draft.text, spans, np.repeat([rates[passage.index] for passage in draft.passages], counts), first)


def _selected(draft: Draft, units: Sequence[Units], reading: Reading, shares: Shares) -> Draft:
    """The units with the largest margins that fit.

    Units that must survive are raised by their scores, not by the selection's own rule, so that a page of numbers in the documents
    cannot push out the question.
    """
    margins = np.split(reading.margins, np.cumsum([len(item.spans) for item in units])[:-1])
    rank = {index: number for number, index in enumerate(shares.own)}
    rows: list[Floats] = []
    for passage, item, row in zip(draft.passages, units, margins, strict=True):
        scores = np.where(np.isfinite(row), row, -_VITAL / 2)
        scores[list(item.vital)] += _VITAL
        scores[list(item.forced)] += _FORCED
        if passage.index in rank:
            scores += np.where(row >= 0, _VITAL, 0)
            scores += _UNTOUCHED / (1 + rank[passage.index]) if shares.untouched(passage.index) else 0
        rows.append(scores)
    free = [replace(item, forced=frozenset(), vital=frozenset()) for item in units]
    return keep_best(draft, free, rows)
