"""Whole documents by how much of them is worth keeping, whatever the query: the coarse stage of LLMLingua-2 (appendix K)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import ClassVar

import numpy as np

from linguapress.compressor import UnitCompressor
from linguapress.guard import Guard
from linguapress.methods.llmlingua2 import keep_of_units
from linguapress.scores import KeepClassifier, Rating
from linguapress.segment import whole
from linguapress.text import Passage
from linguapress.units import Units


@dataclass(frozen=True)
class KeepRanking(UnitCompressor):
    """Keeps the documents with the highest mean keep probability, and of the first one that does not fit its beginning.

    Departures from the code of the reference: the mean is over tokens (there, the first token of a word counts once for each of
    them), and room is measured in tokens, not as a share of the number of documents.

    Attributes:
        keep: gives each token its keep probability.
        guard: what is not torn where a document is cut.
    """

    name: ClassVar[str] = "keep_ranking"
    keep: KeepClassifier
    guard: Guard = field(default_factory=Guard)

    @property
    def guarded(self) -> Guard:
        """The guard, but a number or a negation saves no document."""
        return replace(self.guard, numbers=False, negations=False)

    @property
    def models(self) -> tuple[KeepClassifier]:
        """The keep classifier."""
        return (self.keep,)

    def score(self, passages: Sequence[Passage], units: Sequence[Units], query: str | None) -> Rating:
        """For each word the mean keep probability of its document, so that words compete only by place."""
        means = keep_of_units(self.keep, passages, [Units(whole(passage.text)) for passage in passages])
        rows = zip(means, units, strict=True)
        return Rating([np.full(len(item.spans), mean[0] if len(mean) else 0.0, dtype=np.float32) for mean, item in rows])
