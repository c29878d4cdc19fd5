"""Coarse to fine under one budget: the default.

Sentences are ranked by relevance and kept up to ``slack`` times the limit; then words go, the less relevant their sentence and
the lower their keep probability the sooner; a sentence of which only scraps would be left gives way to the others. What is kept
of a sentence keeps its numbers and negations, and a passage its heading. Relatives: LongLLMLingua (arXiv 2310.06839, a budget
that follows relevance from coarse to fine) and LLMLingua-2 (arXiv 2403.12968, keep probabilities).
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import ClassVar, NamedTuple

import numpy as np
from numpy.typing import NDArray

from linguapress.compressor import Compressor, beginnings, rated
from linguapress.draft import Draft, Stage
from linguapress.guard import Guard
from linguapress.headings import with_headings
from linguapress.methods.llmlingua2 import keep_of_units
from linguapress.order import Order, arranged, checked_order
from linguapress.scores import Floats, KeepClassifier, Rating, Relevance
from linguapress.segment import sentences, words
from linguapress.select import Selection, keep_best, stitchers
from linguapress.text import Passage, Span
from linguapress.units import Units

_LAST = 100.0  # more than any two ratings differ
_SHORTEST = 30  # characters from which a repeated sentence counts as a repetition
_ROUGHLY = 0.95  # share of its room that a stage uses when another follows


class _Sentences(NamedTuple):
    """Sentences of one passage: units of its text, their ratings, and where they begin in its source."""

    units: Units
    ratings: Floats
    starts: NDArray[np.int64]


class _Words(NamedTuple):
    """Words of one narrowed passage: where they begin in its source, their sentences, and how much they are worth."""

    units: Units
    starts: NDArray[np.int64]
    owner: NDArray[np.int64]
    values: Floats


@dataclass(frozen=True)
class Lingua(Compressor):
    """Ranks sentences by the query, then drops words. Without a query, both stages go by keep probability.

    Attributes:
        relevance: what rates documents and sentences.
        keep: gives each token its keep probability.
        guard: what is not torn.
        order: order of the passages in the result.
        slack: how many times the limit the sentence stage may leave, 1 = whole sentences only. This and the following were
            chosen on dev data, see ``notebooks/results``.
        document_weight: how much a document's rating adds to its sentences'.
        keep_weight: how much one unit of log-odds of keeping weighs against the sentence's rating.
        scrap: share of a sentence's characters below which what is left of it counts as a scrap.
    """

    name: ClassVar[str] = "lingua"
    relevance: Relevance
    keep: KeepClassifier
    guard: Guard = field(default_factory=Guard)
    order: Order = "original"
    slack: float = 1.5
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

    def reduce(self, draft: Draft) -> Draft:
        """Sentences, then words."""
        start = time.perf_counter()
        whole, found = self._rated(draft)
        rows = [found[passage.index] for passage in whole.passages]
        units, ratings = [row.units for row in rows], [row.ratings for row in rows]
        room = whole.allowing(self._room(whole, units))
        coarse = keep_best(room, units, ratings, full=_ROUGHLY).allowing(draft.limit)
        tokens = coarse.tokens
        stages = [_stage("sentences", draft.tokens, tokens, start)]
        start = time.perf_counter()
        fine = self._words(coarse, found) if tokens > draft.limit else coarse
        if not fine.text and draft.limit > 0:
            fine = beginnings(whole, units, ratings)
        if fine is not coarse:
            stages.append(_stage("words", tokens, fine.tokens, start))
        return self.guard.coarse.reported(draft, replace(fine, stages=(*draft.stages, *stages)))

    def _room(self, draft: Draft, units: Sequence[Units]) -> int:
        """Tokens that the sentence stage may leave: what the caller's patterns force comes on top, since its words can still go."""
        forced = [frozenset(item.forced) for item in units]
        if not any(forced):
            return int(draft.limit * self.slack)
        kept = zip(draft.passages, units, forced, strict=True)
        only = draft.having(p.narrow(item.spans[unit] for unit in sorted(numbers)) for p, item, numbers in kept)
        return only.tokens + int(draft.limit * self.slack)

    def traced(self, draft: Draft) -> Draft:
        """The two stages keep records of their own."""
        return self.reduce(draft)

    def _rated(self, draft: Draft) -> tuple[Draft, Mapping[int, _Sentences]]:
        """The draft in its final order, and each passage's sentences by the index of the passage."""
        units = [with_headings(passage.text, self.guard.coarse.units(passage.text, sentences)) for passage in draft.passages]
        rating = _once(draft.passages, units, self._rating(draft, units))
        found = {
            passage.index: _Sentences(item, np.asarray(row), np.array(passage.locate(span.start for span in item.spans), np.int64))
            for passage, item, row in zip(draft.passages, units, rating.units, strict=True)
        }
        return arranged(rated(draft, rating).warning(*rating.warnings), self.order), found

    def _rating(self, draft: Draft, units: Sequence[Units]) -> Rating:
        if draft.query is None:
            return Rating([self.keep_weight * _log_odds(row) for row in keep_of_units(self.keep, draft.passages, units)])
        rating = self.relevance.rate(draft.query, draft.passages, units)
        documents = rating.passages if rating.passages is not None else np.zeros(len(units), dtype=np.float32)
        rows = [row + self.document_weight * value for row, value in zip(rating.units, documents, strict=True)]
        return replace(rating, units=rows)

    def _words(self, draft: Draft, found: Mapping[int, _Sentences]) -> Draft:
        """Drops words; a second round takes scraps of sentences last."""
        plain = [self.guard.units(passage.text, words) for passage in draft.passages]
        keep = keep_of_units(self.keep, draft.passages, plain)
        rows = [self._row(p, item, odds, found[p.index]) for p, item, odds in zip(draft.passages, plain, keep, strict=True)]
        rendering = stitchers(draft, [row.units for row in rows])
        first = Selection(draft, rendering, [row.values for row in rows]).fill(_ROUGHLY)
        kept = {passage.index: passage.spans for passage in first.passages}
        pairs = zip(draft.passages, rows, strict=True)
        values = [row.values - _LAST * self._scraps(row, kept.get(passage.index, ())) for passage, row in pairs]
        return Selection(draft, rendering, values).fill()

    def _row(self, passage: Passage, plain: Units, keep: Floats, found: _Sentences) -> _Words:
        starts = np.array(passage.locate(span.start for span in plain.spans), dtype=np.int64)
        owner = np.maximum(np.searchsorted(found.starts, starts, side="right") - 1, 0)
        units, odds = _bound(plain, owner, found), _log_odds(keep)
        odds[list(units.verbatim)] = 0  # the classifier has read no tables
        return _Words(units, starts, owner, found.ratings[owner] + self.keep_weight * odds)

    def _scraps(self, row: _Words, kept: Sequence[Span]) -> NDArray[np.bool_]:
        """Which words belong to sentences of which too little is kept, shape [words]."""
        sizes = np.array([end - start for start, end in row.units.spans])
        total = np.bincount(row.owner, weights=sizes, minlength=1)
        left = np.bincount(row.owner, weights=sizes * _covered(row.starts, kept), minlength=1)
        return (left < self.scrap * total)[row.owner]


def _once(passages: Sequence[Passage], units: Sequence[Units], rating: Rating) -> Rating:
    """The rating, with sentences that say again what a better rated one says, word for word, put last."""
    rows = [np.array(row, dtype=np.float64) for row in rating.units]
    places = [(p, u) for p, row in enumerate(rows) for u in np.argsort(-row, kind="stable").tolist()]
    seen: set[str] = set()
    for p, u in sorted(places, key=lambda place: -rows[place[0]][place[1]]):
        start, end = units[p].spans[u]
        words_of_it = " ".join(passages[p].text[start:end].casefold().split())
        if len(words_of_it) >= _SHORTEST and words_of_it in seen:
            rows[p][u] -= _LAST
        seen.add(words_of_it)
    return replace(rating, units=rows)


def _stage(name: str, tokens_in: int, tokens_out: int, start: float) -> Stage:
    return Stage(name, tokens_in, tokens_out, (time.perf_counter() - start) * 1000)


def _log_odds(probability: Floats) -> Floats:
    clipped = np.clip(probability, 0.01, 0.99)
    return np.asarray(np.log(clipped / (1 - clipped)))


def _bound(units: Units, owner: NDArray[np.int64], found: _Sentences) -> Units:
    """Words that bring along the numbers and negations of their sentence, and the words of its heading.

    Each word needs only the first of a group, and that one the others, so that a row of ten thousand numbers stays cheap.
    """
    members: dict[int, list[int]] = {}
    vital: dict[int, list[int]] = {}
    for word, sentence in enumerate(owner.tolist()):
        members.setdefault(sentence, []).append(word)
        if word in units.vital:
            vital.setdefault(sentence, []).append(word)
    headings = {sentence: members[sentence] for sentence in found.units.frame if sentence in members}
    needs = dict(units.needs)
    for first, *others in (*vital.values(), *headings.values()):
        needs[first] = (*needs.get(first, ()), *others)
    for sentence, words_of_it in members.items():
        above = [headings[heading][0] for heading in found.units.needs.get(sentence, ()) if heading in headings]
        company = (*vital.get(sentence, ())[:1], *above)
        if company:
            needs |= {word: (*needs.get(word, ()), *company) for word in words_of_it if word not in units.verbatim}
    alone = {word for words_of_it in headings.values() for word in words_of_it if word not in units.verbatim}
    return replace(units, needs=needs, vital=frozenset(), frame=units.frame | (alone - units.forced))


def _covered(starts: NDArray[np.int64], spans: Sequence[Span]) -> NDArray[np.bool_]:
    """Which characters of the source lie in one of the ascending spans."""
    bounds = np.array(spans, dtype=np.int64).reshape(-1, 2)
    at = np.searchsorted(bounds[:, 0], starts, side="right") - 1
    return (at >= 0) & (starts < bounds[np.maximum(at, 0), 1]) if len(bounds) else np.zeros(len(starts), dtype=bool)
