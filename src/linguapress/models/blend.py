"""Embedding and lexical relevance together, leaning on letters where the embedder cannot read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from linguapress.models.embeddings import EmbeddingRelevance
from linguapress.models.lexical import LexicalRelevance
from linguapress.notes import Notes, all_notes, fingerprints
from linguapress.scores import Floats, Rating, Relevance
from linguapress.section_ratings import of_sections, sectioned
from linguapress.text import Passage
from linguapress.units import Units


@dataclass(frozen=True)
class BlendedRelevance:
    """Cosine + ``lexical_weight`` x lexical rating.

    A passage that the embedder reads with legibility l counts its cosine l times, and the lexical rating for the rest. When the
    query cannot be read, no cosine means anything.

    Attributes:
        embedding: rates by meaning.
        lexical: rates by letters.
        lexical_weight: share of the lexical rating, chosen on dev data (see ``notebooks/results``).
    """

    embedding: Relevance = field(default_factory=EmbeddingRelevance)
    lexical: Relevance = field(default_factory=LexicalRelevance)
    lexical_weight: float = 0.35

    def rate(self, query: str, passages: Sequence[Passage], units: Sequence[Units]) -> Rating:
        """Blended ratings, about -0.2..1.5."""
        meaning = self.embedding.rate(query, passages, units)
        letters = self.lexical.rate(query, passages, units)
        trust = meaning.trust if meaning.trust is not None else np.ones(len(passages), dtype=np.float32)
        mixed = [self._mix(a, b, t) for a, b, t in zip(meaning.units, letters.units, trust, strict=True)]
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

    def _mix(self, meaning: Floats, letters: Floats, trust: float) -> Floats:
        mixed = trust * meaning + (self.lexical_weight + (1 - trust)) * letters
        return np.asarray(mixed, dtype=np.float32)
