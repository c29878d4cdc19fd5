"""Coarse to fine under one budget: the default.

Sentences are ranked by relevance and kept until they exceed ``slack`` times the limit; then words go, the less relevant their
sentence, the lower their keep probability and the further from the answer the sooner; a sentence of which only scraps would be
left gives way to the others. What is kept of a sentence keeps its numbers and negations, and a passage its heading. Relatives:
LongLLMLingua (arXiv 2310.06839, a budget that follows relevance from coarse to fine, and words by what they have to do with the
question) and LLMLingua-2 (arXiv 2403.12968, keep probabilities).
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import chain
from typing import ClassVar

import numpy as np

from linguapress.beginnings import beginnings
from linguapress.compressor import Compressor, rated
from linguapress.draft import Draft, Stage
from linguapress.guard import Guard
from linguapress.methods.llmlingua2 import DemonstrationWords, keep_of_units
from linguapress.methods.word_stage import ROUGHLY, Sentences, WordStage, log_odds
from linguapress.order import Order, arranged, checked_order
from linguapress.repeats import unrepeated
from linguapress.scores import UNTOLD, KeepClassifier, Rating, Relevance
from linguapress.section_ratings import around
from linguapress.select import Rows, Selection, stitchers
from linguapress.structure.headings import with_headings
from linguapress.structure.sections import with_sections
from linguapress.structure.speakers import Talk, utterances, with_speakers
from linguapress.units import Units

_LITTLE = 0.5  # share of the limit below which what is left of the best sentence is not worth the room that it leaves unused


@dataclass(frozen=True)
class Lingua(Compressor):
    """Ranks sentences by the query, then drops words. Without a query, both stages go by keep probability.

    Attributes:
        relevance: what rates documents and sentences.
        keep: gives each token its keep probability.
        guard: what is not torn.
        order: order of the passages in the result.
        slack: how many times the limit the sentence stage may leave before it stops, 1 = whole sentences, unless the best one
            alone is too long. This and the following were chosen on dev data, see ``notebooks/results``.
        document_weight: how much a document's rating adds to its sentences'.
        keep_weight: how much one unit of log-odds of keeping weighs against the sentence's rating.
        scrap: share of a sentence's characters below which what is left of it counts as a scrap.
    """

    name: ClassVar[str] = "lingua"
    relevance: Relevance
    keep: KeepClassifier
    guard: Guard = field(default_factory=Guard)
    order: Order = "original"
    slack: float = 2.0
    document_weight: float = 0.25
    keep_weight: float = 0.05
    scrap: float = 0.35

    def __post_init__(self) -> None:
        """Refuses an unknown order."""
        checked_order(self.order)

    @property
    def always(self) -> bool:
        """Passages are put in order even when all of them fit."""
        return self.order != "original"

    def for_demonstrations(self) -> Compressor:
        """Words by keep probability: a worked example shows how, so the question does not tell which of them is of use."""
        return DemonstrationWords(self.keep, guard=self.guard)

    @property
    def models(self) -> tuple[Relevance, KeepClassifier]:
        """What rates, and what tells words from words."""
        return self.relevance, self.keep

    def reduce(self, draft: Draft) -> Draft:
        """Sentences, then words."""
        start = time.perf_counter()
        whole, found = self._rated(draft)
        rows = [found[passage.index] for passage in whole.passages]
        units, ratings = [row.units for row in rows], [row.ratings for row in rows]
        choice = Selection(whole.allowing(self._room(whole, units)), stitchers(whole, units), ratings)
        shortens = self.slack > 1 or not choice.run
        coarse = (choice.past() if shortens else choice.fill()).allowing(draft.limit)
        tokens, least = coarse.tokens, (ROUGHLY if choice.run else _LITTLE) * draft.limit
        stages = [_stage("sentences", draft.tokens, tokens, start)]
        start, fine = time.perf_counter(), self._shortened(coarse, found)
        if shortens and least < tokens:
            fine = _fullest(chain([fine], self._others(choice, ratings, draft.limit, found)), least)
        if not fine.text and draft.limit > 0 and any(item.spans for item in units):
            fine = beginnings(whole, units, ratings, [row.tokens for row in rows])
        if fine is not coarse:
            stages.append(_stage("words", tokens, fine.tokens, start))
        return self.guard.coarse.reported(draft, replace(fine, stages=(*draft.stages, *stages)))

    def _shortened(self, draft: Draft, found: Mapping[int, Sentences]) -> Draft:
        """The draft without as many words as are too many."""
        words = WordStage(self.keep, self.guard, self.keep_weight, self.scrap)
        return words.reduce(draft, found) if draft.tokens > draft.limit else draft

    def _others(self, choice: Selection, ratings: Rows, limit: int, found: Mapping[int, Sentences]) -> Iterator[Draft]:
        """What else there is to send where no words of the sentence that overflows can go (code, many numbers)."""
        yield self._shortened(choice.fill().allowing(limit), found)
        yield Selection(choice.draft.allowing(limit), choice.stitchers, ratings).fill()

    def drops(self, draft: Draft) -> bool:
        """Whether anything has to go."""
        return draft.tokens > draft.limit

    def _room(self, draft: Draft, units: Sequence[Units]) -> int:
        """Tokens that the sentence stage may leave: what the caller's patterns force comes on top, since its words can still go."""
        forced = [frozenset(item.forced) for item in units]
        if not any(forced):
            return int(draft.limit * self.slack)
        kept = zip(draft.passages, units, forced, strict=True)
        only = draft.having(p.narrow(item.spans[unit] for unit in sorted(numbers)) for p, item, numbers in kept)
        return only.tokens + int(draft.limit * self.slack)

    def traced_batch(self, drafts: Sequence[Draft]) -> list[Draft]:
        """The two stages keep records of their own."""
        return self.reduce_batch(drafts)

    def units(self, text: str) -> Units:
        """Sentences, each with its heading and with who says it."""
        talk = Talk(text)
        units = self.bound(talk, self.guard.coarse.units(text, partial(utterances, talk=talk)))
        return with_sections(text, with_speakers(text, units, talk))

    def bound(self, talk: Talk, units: Units) -> Units:
        """Sentences that bring what they speak of: their heading."""
        return with_headings(talk.text, units, talk)

    def rate(self, draft: Draft, units: Sequence[Units]) -> tuple[Sequence[Units], Rating]:
        """The units to choose from, with their ratings."""
        if draft.query is None:
            return units, Rating([self.keep_weight * log_odds(row) for row in keep_of_units(self.keep, draft.passages, units)])
        rating = self.relevance.rate(draft.query, draft.passages, units)
        if not self.document_weight:
            return units, rating
        rows = [row + self.document_weight * value for row, value in zip(rating.units, around(rating, units), strict=True)]
        return units, replace(rating, units=rows)

    def _rated(self, draft: Draft) -> tuple[Draft, Mapping[int, Sentences]]:
        """The draft in its final order, and each passage's sentences, those said twice but once, by the index of the passage."""
        units, rating = self.rate(draft, [self.units(passage.text) for passage in draft.passages])
        stay, rows = [list(range(len(item.spans))) for item in units], [np.asarray(row) for row in rating.units]
        if self.drops(draft):
            stay, rows = unrepeated(draft.passages, units, rating.units, parts=draft.tokens <= draft.limit)
        tokens = rating.tokens or [UNTOLD] * len(units)
        told = zip(draft.passages, units, stay, rows, tokens, strict=True)
        found = {passage.index: Sentences.of(passage, item.only(own), row, scores) for passage, item, own, row, scores in told}
        return arranged(rated(draft, rating, units).warning(*rating.warnings), self.order), found


def _fullest(drafts: Iterable[Draft], enough: float) -> Draft:
    """The first that has ``enough`` tokens, or else the one that has the most."""
    seen: list[Draft] = []
    for draft in drafts:
        if draft.tokens >= enough:
            return draft
        seen.append(draft)
    return max(seen, key=lambda one: one.tokens)


def _stage(name: str, tokens_in: int, tokens_out: int, start: float) -> Stage:
    return Stage(name, tokens_in, tokens_out, (time.perf_counter() - start) * 1000)
