"""Question and passage read together: what answers stays.

Relatives: Provence (arXiv 2501.16214), OpenProvence and Adaptive QuerySelect, which read question and passage in one pass and drop
sentences by a threshold. Here one budget holds over all passages as well, sentences bring what they cannot be read without (their
heading, or the sentence before when they open with a pronoun), and words go only where whole sentences do not fit.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from linguapress.compressor import Compressor
from linguapress.draft import Draft
from linguapress.headings import with_headings
from linguapress.methods.lingua import Lingua
from linguapress.scores import Rating
from linguapress.segment import sentences
from linguapress.subjects import with_subjects
from linguapress.units import Units

ADAPTIVE = 0.3  # probability of being needed from which a sentence is kept when there is no budget; see the model card


@dataclass(frozen=True)
class QuerySelect(Lingua):
    """Keeps the sentences that are needed to answer, whole. Without a query it goes by keep probability, and says so.

    With a budget the best sentences that fit are kept. Without one, or with a :attr:`threshold`, those that are probably needed
    are, whatever their number, and nothing of passages that are of no use.

    Attributes:
        slack: as for ``lingua``; 1 = whole sentences, more = words are dropped too.
        document_weight: as for ``lingua``; 0, since the ratings of sentences here hold those of their documents.
        threshold: probability of being needed below which a sentence goes, 0..1; None = the budget alone decides.
    """

    name: ClassVar[str] = "query_select"
    slack: float = 1.0
    document_weight: float = 0.0
    threshold: float | None = None

    def __post_init__(self) -> None:
        """Refuses an unknown order, and a threshold that is no probability."""
        super().__post_init__()
        if self.threshold is not None and not 0 <= self.threshold <= 1:
            raise ValueError(f"threshold is a probability between 0 and 1, got {self.threshold!r}")

    @property
    def always(self) -> bool:
        """A threshold drops sentences even when all of them fit."""
        return self.threshold is not None or super().always

    def unbudgeted(self) -> Compressor:
        """The same method with a threshold."""
        return self if self.threshold is not None else replace(self, threshold=ADAPTIVE)

    def units(self, text: str) -> Units:
        """Sentences with their heading, or with the one that names their subject."""
        return with_subjects(text, with_headings(text, self.guard.coarse.units(text, sentences)))

    def rate(self, draft: Draft, units: Sequence[Units]) -> tuple[Sequence[Units], Rating]:
        """Ratings by need; with a threshold, only of the units that pass it, or that are forced."""
        units, rating = super().rate(draft, units)
        if draft.query is None:
            return units, replace(rating, warnings=(*rating.warnings, "no query: sentences were chosen by keep probability"))
        if self.threshold is None or rating.needed is None:
            return units, rating
        kept = [_passing(item, np.asarray(row), self.threshold) for item, row in zip(units, rating.needed, strict=True)]
        rows = [np.asarray(row)[numbers] for row, numbers in zip(rating.units, kept, strict=True)]
        return [item.only(numbers) for item, numbers in zip(units, kept, strict=True)], replace(rating, units=rows)


def _passing(units: Units, needed: np.ndarray, threshold: float) -> list[int]:
    """Units that pass, with all that they need."""
    chosen = {unit for unit in np.flatnonzero(needed >= threshold).tolist() if unit not in units.frame} | units.forced
    return sorted({other for unit in chosen for other in units.company(unit)})
