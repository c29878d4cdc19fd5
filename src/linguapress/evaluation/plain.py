"""Relevances of plain baselines: sentences embedded one by one, chance, and ties broken by chance."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from linguapress.models.embeddings import EmbeddingRelevance
from linguapress.scores import Floats, Rating, Relevance
from linguapress.text import Passage
from linguapress.units import Units

_SHARE = 1e-5  # of the largest score: less than differences that mean something, more than float32 rounds away


@dataclass(frozen=True)
class MeanEmbedder:
    """Unit vectors of texts, each read alone: what both frameworks want of an embedding model.

    Attributes:
        relevance: names the encoder, whose token states are averaged.
    """

    relevance: EmbeddingRelevance = field(default_factory=EmbeddingRelevance)

    def embed(self, texts: Sequence[str]) -> list[list[float]]:
        """One vector for each text."""
        readings = self.relevance.encoder.read(list(texts))
        means = [item.states.astype(np.float32).sum(axis=0) for item in readings]
        return [(mean / max(float(np.linalg.norm(mean)), 1e-6)).tolist() for mean in means]


@dataclass(frozen=True)
class AloneRelevance:
    """Cosine of the query with each passage and each unit, every one embedded without what stands around it.

    Attributes:
        embedder: gives the vectors.
    """

    embedder: MeanEmbedder = field(default_factory=MeanEmbedder)

    def rate(self, query: str, passages: Sequence[Passage], units: Sequence[Units]) -> Rating:
        """Cosines, -1..1."""
        pairs = zip(passages, units, strict=True)
        texts = [passage.text[start:end] for passage, item in pairs for start, end in item.spans]
        whole = [passage.text for passage in passages]
        vectors = np.array(self.embedder.embed([query, *whole, *texts]), dtype=np.float32)
        found = vectors[1:] @ vectors[0]
        ends = np.cumsum([len(whole), *(len(item.spans) for item in units)])
        return Rating(np.split(found, ends[:-1])[1:], found[: len(whole)])


@dataclass(frozen=True)
class Indifferent:
    """Nothing is more relevant than anything else."""

    def rate(self, query: str, passages: Sequence[Passage], units: Sequence[Units]) -> Rating:
        """Zeros."""
        return Rating([np.zeros(len(item.spans)) for item in units], None)


@dataclass(frozen=True)
class RandomTies:
    """The ratings of another relevance, equal ones of units told apart by chance, the same chance every time.

    A baseline that scores many sentences alike is not to profit from what usually stands first.

    Attributes:
        inner: rates.
        seed: of the chance, together with the query.
    """

    inner: Relevance
    seed: int = 0

    def rate(self, query: str, passages: Sequence[Passage], units: Sequence[Units]) -> Rating:
        """The inner rating, the least bit off."""
        rating = self.inner.rate(query, passages, units)
        rng = np.random.default_rng(random.Random(f"{self.seed}:{query}").getrandbits(63))
        top = max((float(np.abs(row).max()) for row in map(np.asarray, rating.units) if row.size), default=0.0) or 1.0
        return replace(rating, units=[_apart(row, _SHARE * top, rng) for row in map(np.asarray, rating.units)])


def _apart(row: Floats, most: float, rng: np.random.Generator) -> Floats:
    return np.asarray(row, dtype=np.float64) + rng.random(len(row)) * most
