"""Sentences by their relevance to the query, in their order: the middle stage.

Relatives: DSLR (arXiv 2407.03627) and EXIT (arXiv 2412.12559). A sentence is rated together with its document, so that one that
does not name its subject is not lost.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import ClassVar

from linguapress.compressor import UnitCompressor
from linguapress.guard import Guard
from linguapress.scores import Rating, Relevance, by_place
from linguapress.section_ratings import around
from linguapress.structure.headings import with_headings
from linguapress.structure.sections import with_sections
from linguapress.structure.speakers import Talk, utterances, with_speakers
from linguapress.text import Passage, Span
from linguapress.units import Units


@dataclass(frozen=True)
class SentenceFilter(UnitCompressor):
    """Keeps the most relevant sentences that fit. Without a query the sentences are taken in their order.

    Attributes:
        relevance: what rates documents and sentences.
        document_weight: how much a document's rating adds to each of its sentences'.
        guard: what is not torn.
    """

    name: ClassVar[str] = "sentence_filter"
    relevance: Relevance
    document_weight: float = 0.5
    guard: Guard = field(default_factory=Guard)

    distinct: ClassVar[bool] = True

    def split(self, text: str) -> list[Span]:
        """Sentences, and the labels of turns."""
        return utterances(text)

    def units(self, text: str) -> Units:
        """Sentences, each with its heading and with who says it."""
        talk = Talk(text)
        units = with_headings(text, self.guarded.units(text, partial(utterances, talk=talk)), talk)
        return with_sections(text, with_speakers(text, units, talk))

    @property
    def guarded(self) -> Guard:
        """Structure and the caller's patterns; a number does not save its whole sentence."""
        return self.guard.coarse

    @property
    def models(self) -> tuple[Relevance]:
        """What rates."""
        return (self.relevance,)

    def score(self, passages: Sequence[Passage], units: Sequence[Units], query: str | None) -> Rating:
        """Each sentence's rating plus a share of its document's."""
        if query is None:
            return Rating(by_place(units), warnings=("no query: sentences were taken in their order",))
        rating = self.relevance.rate(query, passages, units)
        rows = [row + self.document_weight * value for row, value in zip(rating.units, around(rating, units), strict=True)]
        return Rating(rows, rating.passages, rating.warnings)
