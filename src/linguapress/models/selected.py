"""Relevance in two looks: a cheap one at every passage, and a selector's at those that can matter; long ones go by sections."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import NamedTuple, Protocol

import numpy as np

from linguapress.excerpts import Excerpt, excerpts, tokens_of, united
from linguapress.models.answers import evidence, pointed
from linguapress.models.blend import BlendedRelevance
from linguapress.models.bridges import bridged
from linguapress.models.pair_relevance import PairRelevance
from linguapress.notes import Notes, all_notes, fingerprints
from linguapress.rows import Rows
from linguapress.scores import Floats, Rating, Relevance, TokenScores
from linguapress.section_ratings import by_passage, of_sections, sectioned, spread
from linguapress.text import Passage
from linguapress.units import Units

_UNREAD = 50.0  # how far passages that were not read come after those that were
_SURELY_NOT = 0.001  # the least that a mean need counts as


class Selector(Relevance, Protocol):
    """Relevance as logits of passages and probabilities of units, with knowledge of what it can read."""

    def legibility(self, texts: Sequence[str]) -> Floats:
        """0 (cannot read) .. 1 (reads well) for each text."""
        ...


class _Opinion(NamedTuple):
    """What a selector adds to the ratings of sections that it has read, shape [sections], and of their units."""

    sections: Floats
    units: list[Floats]


@dataclass(frozen=True)
class SelectedRelevance:
    """A unit's rating is the log-odds of its mean need + its passage's log-share of the relevance + the first look's ratings.

    Where the selector tells how probably each token is part of the answer, units that hold it gain, and so do its words.

    Of a long passage each section is read and rated by itself, and it is as relevant as the best of them; what follows says passage
    for either.

    A passage that the selector reads with legibility l counts its opinion l times, less where it finds nothing anywhere (see
    :attr:`sure`); for the rest it counts as an average one, so that the first look decides between passages in languages that the
    selector cannot read.

    Attributes:
        selector: reads the question together with each passage.
        first: rates all passages; those that it finds least relevant are not read when there are more than ``most``.
        most: passages that are read.
        passage_weight: of a passage's log-share among the passages that are read. This and the following lie between
            values that were compared on dev data, see ``notebooks/results/select_nq_dev_choices.md`` and ``grid_dev_choices.md``.
        first_weight: of the first look's rating of a unit, and of its passage.
        sure: mean need that the selector must find in some unit for its opinion to count in full; where it
            finds nothing, as in texts unlike those that it was trained on, the first look decides. 0 = it always counts.
        evidence_weight: of the logarithm of a unit's part of the answer.
        answer_weight: of each nat that a word comes nearer than :attr:`reach` to the token which is most probably of the answer.
        reach: nats below that token from which a word is no part of the answer.
        hop_loss: how far a passage whose title a needed sentence names comes at most after that sentence's passage, besides
            the logarithm of the sentence's probability, see :func:`~linguapress.models.bridges.bridged`; infinity = any distance.
        scale: what the sum is multiplied by, so that it lies about where cosines do.
    """

    selector: Selector = field(default_factory=PairRelevance)
    first: Relevance = field(default_factory=BlendedRelevance)
    most: int = 40
    passage_weight: float = 0.7
    first_weight: float = 16.0
    sure: float = 0.9
    evidence_weight: float = 0.4
    answer_weight: float = 0.5
    reach: float = 8.0
    hop_loss: float = 1.0
    scale: float = 0.1

    def rate(self, query: str, passages: Sequence[Passage], units: Sequence[Units]) -> Rating:
        """Ratings of units and passages, and the selector's probabilities (its mean need, where it tells no probabilities).

        ``needed`` is 0 in sections that were not read; in those that cannot be read it goes by the first look, as the square of
        its share of the highest rating. ``tokens``, where the selector has such, tell what words add to the rating of their unit.
        """
        first = self.first.rate(query, passages, units)
        glance = np.concatenate([np.empty(0), *_glance(first, units)])
        read = np.sort(np.argsort(-glance, kind="stable")[: self.most]).tolist()
        parts = excerpts(passages, units, read)
        texts = [part.passage for part in parts]
        found = self.selector.rate(query, texts, [part.units for part in parts])
        legible = self._legible(query, texts)
        answers = pointed(found.tokens)
        trust = legible * self._found(found.units, legible)
        opinion = self._opinion(parts, found, answers, trust)

        weight = self.first_weight * glance - _UNREAD
        weight[read] += _UNREAD + opinion.sections
        needed = _needed(parts, found, legible, first)
        named = bridged(query, parts, needed, weight[read], self.hop_loss)
        weight[read] = named.relevance
        needed = [_raised(row, chance) for row, chance in zip(needed, named.chance * np.exp(-self.hop_loss), strict=True)]
        around, opinions = spread(by_passage(weight, units), units), united(parts, opinion.units, units)
        rows = [
            self.scale * (whole + own + self.first_weight * np.asarray(row))
            for whole, own, row in zip(around, opinions, first.units, strict=True)
        ]
        tokens = tokens_of(parts, self._words(answers, trust), len(passages)) if answers else None
        warnings = (*first.warnings, *found.warnings)
        rating = sectioned(rows, self.scale * weight, units)
        told = Rows.of(query, passages, units).needed(united(parts, needed, units))
        return replace(rating, warnings=warnings, needed=told, tokens=tokens)

    def _opinion(self, parts: Sequence[Excerpt], found: Rating, answers: Sequence[TokenScores], trust: Floats) -> _Opinion:
        """What the selector says of sections and units, each as far as it is trusted, and for the rest what it says on average."""
        shares = self.passage_weight * _log_shares(found.passages, len(parts))
        odds = [_log_odds(row) for row in found.units]
        if answers:
            held = evidence(answers, [part.passage for part in parts], [part.units for part in parts])
            odds = [row + self.evidence_weight * part for row, part in zip(odds, held, strict=True)]
        neutral = _mean(shares, trust), _mean(np.array([row.mean() if len(row) else 0.0 for row in odds]), trust)
        mixed = [share * row + (1 - share) * neutral[1] for share, row in zip(trust, odds, strict=True)]
        return _Opinion(trust * shares + (1 - trust) * neutral[0], mixed)

    def _words(self, answers: Sequence[TokenScores], trust: Floats) -> list[TokenScores]:
        """What tokens add to the rating of the words that they are in."""
        weights = self.scale * self.answer_weight * trust
        return [
            TokenScores(scores.offsets, weight * np.maximum(scores.values + self.reach, 0))
            for weight, scores in zip(weights, answers, strict=True)
        ]

    def fingerprints(self) -> frozenset[bytes]:
        """Those of the first look; the selector reads question and passage together, which no record can hold."""
        return fingerprints([self.first])

    def notes(self, passages: Sequence[Passage], units: Sequence[Units]) -> list[Notes]:
        """Those of the first look."""
        return all_notes([self.first], passages, units)

    def _found(self, needed: Sequence[Floats], legible: Floats) -> float:
        """How far the selector has found anything in what it can read, 0..1."""
        rows = zip(needed, legible, strict=True)
        most = max((reads * float(np.max(np.nan_to_num(row), initial=0.0)) for row, reads in rows), default=0.0)
        return min(1.0, most / self.sure) if self.sure > 0 else 1.0

    def _legible(self, query: str, passages: Sequence[Passage]) -> Floats:
        """How well the selector reads each passage, 0..1; when it cannot read the query, it reads nothing."""
        legible = self.selector.legibility([query, *(passage.source for passage in passages)])
        return np.asarray(legible[1:] * min(1.0, 2 * float(legible[0])), dtype=np.float64)


def _needed(parts: Sequence[Excerpt], found: Rating, legible: Floats, first: Rating) -> list[Floats]:
    """Probabilities that units are needed; where the selector cannot read, the square of their share of the best first rating."""
    best = max((float(np.max(row, initial=0.0)) for row in first.units), default=0.0)
    chances = found.units if found.needed is None else found.needed
    rows = []
    for part, reads, chance in zip(parts, legible, chances, strict=True):
        seen = np.clip(np.asarray(first.units[part.section.passage])[list(part.section.members)] / max(best, 1e-6), 0, 1)
        rows.append(reads * np.asarray(chance, dtype=np.float64) + (1 - reads) * seen**2)
    return rows


def _raised(needed: Floats, chance: float) -> Floats:
    """Probabilities of which the highest is ``chance`` at least."""
    return np.asarray(np.maximum(needed, chance * needed / max(float(needed.max(initial=0.0)), _SURELY_NOT)))


def _glance(first: Rating, units: Sequence[Units]) -> list[Floats]:
    """What the first look says of sections; where it rates none, the best units of a long passage tell them apart."""
    if first.sections is not None:
        return list(first.sections)
    found = []
    for whole, row, item in zip(of_sections(first, units), first.units, units, strict=True):
        bounds = [0, *item.sections, len(item.spans)]
        best = np.array([np.max(row[start:end], initial=-np.inf) for start, end in pairwise(bounds)])
        found.append(whole + best - best.max() if item.sections else whole)
    return found


def _mean(values: Floats, weights: Floats) -> float:
    return float(values @ weights / weights.sum()) if weights.sum() > 0 else 0.0


def _log_shares(logits: Floats | None, count: int) -> Floats:
    """Logarithm of each passage's share of the relevance (softmax), -20..0; NaN counts as the lowest."""
    if logits is None or not count:
        return np.zeros(count)
    known = np.nan_to_num(np.asarray(logits, dtype=np.float64), nan=-np.inf, neginf=-np.inf)
    top = known.max()
    if not np.isfinite(top):
        return np.zeros(count)
    return np.asarray(np.maximum(known - top - np.log(np.exp(known - top).sum()), -20.0))


def _log_odds(probability: Floats) -> Floats:
    clipped = np.clip(np.nan_to_num(np.asarray(probability, dtype=np.float64)), _SURELY_NOT, 1 - _SURELY_NOT)
    return np.asarray(np.log(clipped / (1 - clipped)))
