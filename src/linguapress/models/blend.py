"""Embedding and lexical relevance together, leaning on letters where the embedder cannot read."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol, runtime_checkable

import numpy as np

from linguapress.models.embeddings import EmbeddingRelevance
from linguapress.models.lexical import LexicalRelevance
from linguapress.notes import Notes, all_notes, fingerprints
from linguapress.rows import Rows
from linguapress.scores import Floats, Rating, Relevance
from linguapress.section_ratings import of_sections, sectioned
from linguapress.text import Passage
from linguapress.units import Units

LEAST = 96  # sections; 48 lose answers among a hundred passages alike, see notebooks/results/nq_many_test.md


@runtime_checkable
class RatesSome(Protocol):
    """Relevance that need not read everything."""

    def rate_some(self, query: str, passages: Sequence[Passage], units: Sequence[Units], chosen: Collection[int]) -> Rating:
        """As :meth:`~linguapress.scores.Relevance.rate`, after reading no more than chosen sections, given by number."""
        ...


@dataclass(frozen=True)
class BlendedRelevance:
    """Cosine + ``lexical_weight`` x lexical rating.

    Letters are quick to compare, so that of many sections (short passages are one each) only those that they find most promising
    are embedded; the others count as the lowest cosine among these.

    A passage that the embedder reads with legibility l counts its cosine l times, and the lexical rating for the rest. When the
    query cannot be read, no cosine means anything.

    Attributes:
        embedding: rates by meaning.
        lexical: rates by letters.
        lexical_weight: share of the lexical rating, chosen on dev data (see ``notebooks/results``).
        share: share of all sections that are embedded at least, 1 = all; an embedding that cannot rate some alone rates all.
        least: sections that are embedded at least, where there are so many.
        row_weight: how far rows of a table may fall behind the one that holds the question's words (of 0.6, 1 and 1.5 on the dev
            half of the task ``rows``, 1 and 1.5 lose none at 100 tokens), see
            :meth:`~linguapress.rows.Rows.behind`.
    """

    embedding: Relevance = field(default_factory=EmbeddingRelevance)
    lexical: Relevance = field(default_factory=LexicalRelevance)
    lexical_weight: float = 0.35
    share: float = 1 / 3
    least: int = LEAST
    row_weight: float = 1.0

    def rate(self, query: str, passages: Sequence[Passage], units: Sequence[Units]) -> Rating:
        """Blended ratings, about -0.2..1.5."""
        letters = self.lexical.rate(query, passages, units)
        meaning = self._meaning(query, passages, units, letters)
        trust = meaning.trust if meaning.trust is not None else np.ones(len(passages), dtype=np.float32)
        mixed = [self._mix(a, b, t) for a, b, t in zip(meaning.units, letters.units, trust, strict=True)]
        mixed = Rows.of(query, passages, units).behind(mixed, self.row_weight)
        pairs = zip(of_sections(meaning, units), of_sections(letters, units), trust, strict=True)
        whole = np.concatenate([np.empty(0, dtype=np.float32), *(self._mix(*pair) for pair in pairs)])
        unread = int((trust < 0.5).sum())
        warnings = (f"the embedding model cannot read {unread} of {len(passages)} documents or the query; letters decide there",)
        return replace(sectioned(mixed, whole, units), warnings=(*meaning.warnings, *(warnings if unread else ())))

    def fingerprints(self) -> frozenset[bytes]:
        """Those of the embedding."""
        return fingerprints([self.embedding])

    def notes(self, passages: Sequence[Passage], units: Sequence[Units]) -> list[Notes]:
        """Those of the embedding; letters are quicker counted than kept."""
        return all_notes([self.embedding], passages, units)

    def _meaning(self, query: str, passages: Sequence[Passage], units: Sequence[Units], letters: Rating) -> Rating:
        """Cosines, of the sections that letters find promising where there are many."""
        values = np.concatenate([np.empty(0, dtype=np.float32), *of_sections(letters, units)])
        most = math.ceil(max(self.least, self.share * len(values)))
        if most >= len(values) or not isinstance(self.embedding, RatesSome):
            return self.embedding.rate(query, passages, units)
        lowest = np.partition(values, -most)[-most]
        return self.embedding.rate_some(query, passages, units, np.flatnonzero(values >= lowest).tolist())

    def _mix(self, meaning: Floats, letters: Floats, trust: float) -> Floats:
        mixed = trust * meaning + (self.lexical_weight + (1 - trust)) * letters
        return np.asarray(mixed, dtype=np.float32)
