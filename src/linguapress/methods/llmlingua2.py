"""LLMLingua-2 (arXiv 2403.12968): words by the probability that a token classifier gives to keeping them.

Departures: one threshold over the whole draft, as the paper says (section 4.3), not one for each chunk as its code; the threshold
is set by the measured budget; a word is never split, so "10,000" or "don't" stay or go whole; text is cut out, never rebuilt.
Its chunks that end at given tokens are windows here that end where paragraphs, lines or sentences do, and overlap where nothing
ends. For each option of the package ``llmlingua`` see docs/migrating.md; for the agreement of kept words with it,
:mod:`linguapress.evaluation.parity`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import ClassVar

import numpy as np
import regex

from linguapress.answers import with_answer
from linguapress.compressor import Compressor, UnitCompressor
from linguapress.guard import Guard
from linguapress.notes import fingerprints
from linguapress.scores import Floats, KeepClassifier, Rating, TokenScores, within
from linguapress.text import Passage
from linguapress.units import Units


@dataclass(frozen=True)
class LLMLingua2(UnitCompressor):
    """Keeps the words most worth keeping, whatever the query.

    Attributes:
        keep: gives each token its keep probability.
        force_tokens: strings that survive wherever they occur.
        drop_consecutive: of a forced word that is repeated at once, only the first is forced.
        guard: what is not torn; ``guard.numbers`` is the paper's ``force_reserve_digit``.
    """

    name: ClassVar[str] = "llmlingua2"
    keep: KeepClassifier
    force_tokens: tuple[str, ...] = ()
    drop_consecutive: bool = False
    guard: Guard = field(default_factory=Guard)

    @property
    def guarded(self) -> Guard:
        """The guard, with the forced strings among its patterns."""
        forced = tuple(regex.escape(token) for token in self.force_tokens)
        return replace(self.guard, keep=(*self.guard.keep, *forced))

    def for_demonstrations(self) -> Compressor:
        """The same, and what is kept of an example keeps its answer."""
        return DemonstrationWords(self.keep, self.force_tokens, self.drop_consecutive, self.guard)

    @property
    def models(self) -> tuple[KeepClassifier]:
        """The keep classifier."""
        return (self.keep,)

    def score(self, passages: Sequence[Passage], units: Sequence[Units], query: str | None) -> Rating:
        """Mean keep probability of each word's tokens."""
        rows = keep_of_units(self.keep, passages, units)
        return Rating([self._once(passage, item, row) for passage, item, row in zip(passages, units, rows, strict=True)])

    def _once(self, passage: Passage, units: Units, row: Floats) -> Floats:
        """With :attr:`drop_consecutive`, a forced word right after the same word goes last."""
        if not (self.drop_consecutive and self.force_tokens):
            return row
        found = [passage.text[start:end].strip() for start, end in units.spans]
        again = [i for i in range(1, len(found)) if found[i] == found[i - 1] and i in units.forced]
        row[again] = -np.inf
        return row


class DemonstrationWords(LLMLingua2):
    """Words of worked examples; each needs those of the answer."""

    def units(self, text: str) -> Units:
        """Words, bound to the answer at the end."""
        return with_answer(text, super().units(text))


def keep_of_units(keep: KeepClassifier, passages: Sequence[Passage], units: Sequence[Units]) -> list[Floats]:
    """Mean keep probability of each unit's tokens, 0..1; each passage is read within its source. 0 where no token begins."""
    found = keep_scores(keep, passages)
    return [
        TokenScores(within(scores.offsets, passage), scores.values).pool(item.spans, empty=0.0)
        for passage, item, scores in zip(passages, units, found, strict=True)
    ]


def keep_scores(keep: KeepClassifier, passages: Sequence[Passage]) -> list[TokenScores]:
    """Keep probabilities of the tokens of what is kept of each source: from its record, or, of those without, read together."""
    models = fingerprints([keep]) if any(passage.prepared for passage in passages) else frozenset()
    known = [passage.prepared.keep_note(models) if passage.prepared else None for passage in passages]
    unread = [passage for passage, note in zip(passages, known, strict=True) if note is None]
    texts, parts = [passage.source for passage in unread], [passage.spans for passage in unread]
    read = iter(keep.keep_probabilities(texts, parts) if unread else ())
    return [next(read) if note is None else note.scores for note in known]
