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
from linguapress.scores import Floats
from linguapress.segment import whole, words
from linguapress.select import keep_best
from linguapress.text import Passage, Span
from linguapress.units import Units

Level: TypeAlias = Literal["words", "tokens"]

_VITAL = 1e3  # what is added to the margin of numbers and negations, and of parts that are no documents
_FORCED = 1e6  # to that of what the caller's patterns force
_UNTOUCHED = 1e9  # to that of parts with a rate of 1


@dataclass(frozen=True)
class SurprisingWords:
    """Reads a draft segment by segment and keeps what surprises, up to the rate of each passage; then fills the limit.

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

    def reduce(self, draft: Draft, reader: Reader, rates: Mapping[int, float], own: Sequence[int] = ()) -> Draft:
        """Keeps what surprises.

        Args:
            draft: what to shorten; some of it must be text.
            reader: of ``draft.text``, at its beginning.
            rates: for the index of each passage, the share of its tokens to keep, 0..1.
            own: indexes of passages that are no documents, most important first; those with a rate of 1 stay untouched.
        """
        starts = _starts(draft)
        untouched = {index for index in own if rates.get(index, 0) >= 1}
        rows = zip(draft.passages, starts, strict=True)
        units = [Units(whole(p.text)) if p.index in untouched else self._units(p, reader, start) for p, start in rows]
        plan = _plan(draft, starts, units, rates)
        reading = read_iteratively(reader, [plan], self.segment, self.pool)[0]
        return _selected(draft, units, reading, rates, own)

    def _units(self, passage: Passage, reader: Reader, start: int) -> Units:
        """Parts of a passage whose text starts at character ``start`` of what is read."""
        if self.level == "words":
            return self.guard.units(passage.text, words)
        offsets = reader.offsets[0]
        inside = (offsets[:, 1] > start) & (offsets[:, 0] < start + len(passage.text))
        return self.guard.units(passage.text, lambda text: token_units(text, np.clip(offsets[inside] - start, 0, len(text))))


def _starts(draft: Draft) -> list[int]:
    """Where the passages start in the text of the draft."""
    lengths = [len(passage.text) + len(draft.separator) for passage in draft.passages]
    return [0, *np.cumsum(lengths).tolist()[:-1]]


def _plan(draft: Draft, starts: Sequence[int], units: Sequence[Units], rates: Mapping[int, float]) -> Plan:
    rows = zip(draft.passages, starts, units, strict=True)
    spans = [Span(start + a, start + b) for _, start, item in rows for a, b in item.spans]
    counts = [len(item.spans) for item in units]
    first = np.zeros(len(spans), dtype=np.bool_)
    for at, item in zip(np.cumsum([0, *counts]), units, strict=False):
        first[[int(at) + unit for unit in item.forced | item.vital]] = True
    return Plan(draft.text, spans, np.repeat([rates[passage.index] for passage in draft.passages], counts), first)


def _selected(draft: Draft, units: Sequence[Units], reading: Reading, rates: Mapping[int, float], own: Sequence[int]) -> Draft:
    """The units with the largest margins that fit.

    Units that must survive are raised by their scores, not by the selection's own rule, so that a page of numbers in the documents
    cannot push out the question.
    """
    margins = np.split(reading.margins, np.cumsum([len(item.spans) for item in units])[:-1])
    rank = {index: number for number, index in enumerate(own)}
    rows: list[Floats] = []
    for passage, item, row in zip(draft.passages, units, margins, strict=True):
        scores = np.where(np.isfinite(row), row, -_VITAL / 2)
        scores[list(item.vital)] += _VITAL
        scores[list(item.forced)] += _FORCED
        if passage.index in rank:
            scores += np.where(row >= 0, _VITAL, 0)
            scores += _UNTOUCHED - rank[passage.index] if rates[passage.index] >= 1 else 0
        rows.append(scores)
    free = [replace(item, forced=frozenset(), vital=frozenset()) for item in units]
    return keep_best(draft, free, rows)
