"""Whole documents by their relevance to the query: the coarse stage of LLMLingua and of every reranker."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from linguapress.compressor import UnitCompressor
from linguapress.scores import Rating, Relevance, by_place
from linguapress.segment import whole
from linguapress.text import Passage, Span
from linguapress.units import Units


@dataclass(frozen=True)
class DocumentRanking(UnitCompressor):
    """Keeps the most relevant documents that fit; when not even the best one fits, its beginning.

    Without a query the documents are taken in their order.

    Attributes:
        relevance: what rates documents.
    """

    name: ClassVar[str] = "document_ranking"
    distinct: ClassVar[bool] = True
    relevance: Relevance

    def split(self, text: str) -> list[Span]:
        """The document as one unit."""
        return whole(text)

    @property
    def models(self) -> tuple[Relevance]:
        """What rates."""
        return (self.relevance,)

    def score(self, passages: Sequence[Passage], units: Sequence[Units], query: str | None) -> Rating:
        """Each document's rating, for its only unit."""
        if query is None:
            return Rating(by_place(units), warnings=("no query: documents were taken in their order",))
        rating = self.relevance.rate(query, passages, units)
        values = rating.passages if rating.passages is not None else np.zeros(len(units))
        return replace(rating, units=[np.full(len(item.spans), value) for item, value in zip(units, values, strict=True)])
