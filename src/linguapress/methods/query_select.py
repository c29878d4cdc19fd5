"""Question and passage read together: what answers stays.

Relatives: Provence (arXiv 2501.16214), OpenProvence and Adaptive QuerySelect, which read question and passage in one pass and drop
sentences by a threshold. Here one budget holds over all passages as well, sentences bring what they cannot be read without (their
heading, or the sentence that names their subject when they open with a pronoun), and words go only where whole sentences do not
fit.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from linguapress.compressor import Compressor
from linguapress.draft import Draft
from linguapress.methods.lingua import Lingua
from linguapress.rare_terms import unmet
from linguapress.scores import Floats, Rating
from linguapress.structure.speakers import Talk
from linguapress.structure.subjects import with_subjects
from linguapress.units import Units

ADAPTIVE = 0.1  # probability of being needed from which a sentence is kept without a budget; see the model card

_SCRAP = 16  # bytes below which a sentence is a scrap: about three English words, five Chinese characters
_UNNEEDED = 0.05  # probability of being needed below which a scrap goes


@dataclass(frozen=True)
class QuerySelect(Lingua):
    """Keeps the sentences that are needed to answer, whole. Without a query it goes by keep probability, and says so.

    With a budget the best sentences that fit are kept. Without one, or with a :attr:`threshold`, those that are probably needed
    are, whatever their number, and one that alone holds a name, number or code of the question; nothing of passages that are of no
    use.

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

    def drops(self, draft: Draft) -> bool:
        """Whether anything has to go, for the budget's sake or for the threshold's."""
        return (self.threshold is not None and draft.query is not None) or super().drops(draft)

    def for_demonstrations(self) -> Compressor:
        """Itself: who asks for what a question needs means it."""
        return self

    def unbudgeted(self) -> Compressor:
        """The same method with a threshold."""
        return self if self.threshold is not None else replace(self, threshold=ADAPTIVE)

    def bound(self, talk: Talk, units: Units) -> Units:
        """Sentences that bring what they speak of: their heading, or the sentence that names their subject."""
        return with_subjects(talk.text, super().bound(talk, units))

    def rate(self, draft: Draft, units: Sequence[Units]) -> tuple[Sequence[Units], Rating]:
        """Ratings by need; with a threshold, only of the units that pass it, or that are forced."""
        units, rating = super().rate(draft, units)
        if draft.query is None:
            return units, replace(rating, warnings=(*rating.warnings, "no query: sentences were chosen by keep probability"))
        if rating.needed is None:
            return units, rating
        pairs = list(zip(draft.passages, units, rating.needed, strict=True))
        if self.threshold is None:
            kept = [_with_company(item, _no_scraps(passage.text, item, needed)) for passage, item, needed in pairs]
            if not any(kept):
                return units, rating
        else:
            kept = [_with_company(item, np.asarray(needed) >= self.threshold) for _, item, needed in pairs]
            for row, unit in unmet(draft.query, draft.passages, units, rating.units, kept):
                kept[row] = units[row].company(*kept[row], unit)
            if not any(kept):
                none = f"no sentence is needed with a probability of {self.threshold} or more; a budget keeps the best ones"
                rating = replace(rating, warnings=(*rating.warnings, none))
        rows = [np.asarray(row)[numbers] for row, numbers in zip(rating.units, kept, strict=True)]
        return [item.only(numbers) for item, numbers in zip(units, kept, strict=True)], replace(rating, units=rows)


def _no_scraps(text: str, units: Units, needed: Floats) -> NDArray[np.bool_]:
    """Which units are more than a few words that nobody needs; such scraps would only fill what is left of a budget."""
    parts = [text[_begin(text, units, unit) : end] for unit, (_, end) in enumerate(units.spans)]
    sizes = np.array([len(part.strip().encode("utf-8", "replace")) for part in parts])
    return (sizes >= _SCRAP) | (np.asarray(needed) >= _UNNEEDED)


def _begin(text: str, units: Units, unit: int) -> int:
    """Where a unit begins, with the label of its turn where it follows that on the same line: "Alice: Yes." is no scrap."""
    label = unit - 1
    led = label in units.frame and label in units.needs.get(unit, ()) and text[units.spans[label].end - 1] != "\n"
    return units.spans[label if led else unit].start


def _with_company(units: Units, passing: NDArray[np.bool_]) -> list[int]:
    """Units that pass or are forced, with all that they need."""
    chosen = {unit for unit in np.flatnonzero(passing).tolist() if unit not in units.frame} | units.forced
    return units.company(*chosen)
