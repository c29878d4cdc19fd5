"""Selective-Context (arXiv 2310.06201): words, phrases or sentences with the most self-information.

Each sentence is read by itself, as in the paper, since what comes later in a text looks ever more predictable. A percentile of
all units is the paper's way to decide; here a budget is another, and the two go together.

Departures: the paper sums the self-information of a unit's tokens (equation 6), its code takes the mean; both are here, the mean by
default, since under a budget a sum pays long units for their length. Tokens are whole words. Phrases are found by
:func:`~linguapress.methods.phrases.phrases`, not by spaCy's noun chunks; a ``splitter`` that calls a parser brings those. Units are
compared over all documents together. All sentences are read in one batch.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from linguapress.compressor import Compressor, UnitCompressor
from linguapress.draft import Draft
from linguapress.errors import UnknownName
from linguapress.guard import Guard
from linguapress.language import LanguageModel
from linguapress.methods.phrases import phrases
from linguapress.methods.surprisal import Pool, checked_pool, pooled
from linguapress.scores import Floats, Offsets, Rating, TokenScores
from linguapress.segment import Splitter, sentences, words
from linguapress.select import stitchers
from linguapress.structure.speakers import utterances, with_speakers
from linguapress.text import Passage, Span
from linguapress.units import Units

UNITS: Mapping[str, Splitter] = MappingProxyType({"words": words, "phrases": phrases, "sentences": sentences})
REDUCE = 0.35  # share of the units to drop where nobody says how many; the paper's default


def splitter(name: str) -> Splitter:
    """The splitter into ``words``, ``phrases`` or ``sentences``."""
    if name not in UNITS:
        raise UnknownName(f"unknown unit {name!r}; choose one of {', '.join(UNITS)}")
    return UNITS[name]


@dataclass(frozen=True)
class SelectiveContext(UnitCompressor):
    """Drops the units that tell least, whatever the query.

    Attributes:
        language_model: tells the self-information of tokens.
        splitter: cuts a text into units; it must tile it.
        pool: what a unit's tokens come down to.
        threshold: share of the units to drop, those below this percentile of all, 0..1; None = the budget alone decides.
        guard: what is not torn.
    """

    name: ClassVar[str] = "selective_context"
    language_model: LanguageModel
    splitter: Splitter = phrases
    pool: Pool = "mean"
    threshold: float | None = None
    guard: Guard = field(default_factory=Guard)

    def __post_init__(self) -> None:
        """Refuses an unknown pool, and a threshold that is no share."""
        checked_pool(self.pool)
        if self.threshold is not None and not 0 <= self.threshold <= 1:
            raise ValueError(f"threshold is the share of units to drop, between 0 and 1, got {self.threshold!r}")

    @property
    def always(self) -> bool:
        """A threshold drops units even when all of them fit."""
        return self.threshold is not None

    def unbudgeted(self) -> Compressor:
        """The same method with a threshold."""
        return self if self.threshold is not None else replace(self, threshold=REDUCE)

    @property
    def models(self) -> tuple[LanguageModel]:
        """The language model."""
        return (self.language_model,)

    @property
    def guarded(self) -> Guard:
        """The guard; where sentences are dropped, a number does not save a whole one."""
        return self.guard.coarse if self.splitter is sentences else self.guard

    def split(self, text: str) -> list[Span]:
        """Units of a text."""
        return utterances(text) if self.splitter is sentences else self.splitter(text)

    def units(self, text: str) -> Units:
        """Units of a text; sentences with who says them."""
        units = super().units(text)
        return with_speakers(text, units) if self.splitter is sentences else units

    def score(self, passages: Sequence[Passage], units: Sequence[Units], query: str | None) -> Rating:
        """Self-information of each unit, nats."""
        found = sentence_surprisals(self.language_model, [passage.text for passage in passages])
        rows = zip(passages, found, units, strict=True)
        return Rating([pooled(passage.text, scores, item.spans, self.pool) for passage, scores, item in rows])

    def reduce(self, draft: Draft) -> Draft:
        """Keeps the best units that fit; with a threshold, none that falls below its percentile."""
        if self.threshold is None or not draft.text:
            return super().reduce(draft)
        units = [self.units(passage.text) for passage in draft.passages]
        found = self.score(draft.passages, units, draft.query).units
        least = _percentile(found, self.threshold)
        kept = [_passing(item, row >= least) for item, row in zip(units, found, strict=True)]
        rest = _narrowed(draft, units, kept)
        return rest if rest.tokens <= rest.limit else replace(self, threshold=None).reduce(rest)


def _percentile(rows: Sequence[Floats], share: float) -> float:
    """The self-information below which that share of all units lies."""
    values = np.concatenate([np.empty(0), *rows])
    values = values[np.isfinite(values)]
    return float(np.percentile(values, 100 * share)) if len(values) else -np.inf


def _passing(units: Units, passing: NDArray[np.bool_]) -> list[int]:
    """Units that pass or must survive, with what they need."""
    chosen = {*np.flatnonzero(passing).tolist(), *units.forced, *units.vital} - units.frame
    return units.company(*chosen)


def _narrowed(draft: Draft, units: Sequence[Units], kept: Sequence[Sequence[int]]) -> Draft:
    rendering = zip(draft.passages, stitchers(draft, units), kept, strict=True)
    return draft.having(passage.narrow(stitcher.spans(chosen)) for passage, stitcher, chosen in rendering)


def sentence_surprisals(language_model: LanguageModel, texts: Sequence[str]) -> list[TokenScores]:
    """Surprisals of the tokens of each text, each sentence read by itself; all of them in one batch."""
    cuts = [sentences(text) for text in texts]
    parts = [text[start:end].rstrip() for text, row in zip(texts, cuts, strict=True) for start, end in row]
    found = iter(language_model.surprisals(parts) if parts else [])
    return [_joined([(start, next(found)) for start, _ in row]) for row in cuts]


def _joined(parts: Sequence[tuple[int, TokenScores]]) -> TokenScores:
    offsets: list[Offsets] = [scores.offsets + start for start, scores in parts]
    values: list[Floats] = [scores.values for _, scores in parts]
    return TokenScores(np.concatenate([np.empty((0, 2), dtype=np.int64), *offsets]), np.concatenate([np.empty(0), *values]))
