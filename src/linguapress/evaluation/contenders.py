"""What the bench compares: the presets, and baselines with the original all-MiniLM-L6-v2."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache

import numpy as np

from linguapress.compressor import Compressor
from linguapress.methods.document_ranking import DocumentRanking
from linguapress.methods.sentence_filter import SentenceFilter
from linguapress.models.blend import BlendedRelevance
from linguapress.models.embeddings import EmbeddingRelevance
from linguapress.models.lexical import LexicalRelevance
from linguapress.models.minilm import original
from linguapress.models.sentence_transformer import SentenceTransformerRelevance
from linguapress.presets import PRESETS, load
from linguapress.scores import Floats, Rating
from linguapress.text import Passage
from linguapress.units import Units


@dataclass(frozen=True)
class Remembered:
    """A relevance that answers the same question only once, since every budget asks it again."""

    inner: SentenceTransformerRelevance
    memory: dict[tuple[str, tuple[str, ...], int], Rating] = field(default_factory=dict, compare=False)

    def rate(self, query: str, passages: Sequence[Passage], units: Sequence[Units]) -> Rating:
        """The inner rating."""
        key = (query, tuple(passage.text for passage in passages), sum(len(item.spans) for item in units))
        if key not in self.memory:
            if len(self.memory) > 8:
                self.memory.clear()
            self.memory[key] = self.inner.rate(query, passages, units)
        return self.memory[key]

    def legibility(self, texts: Sequence[str]) -> Floats:
        """As the inner one."""
        return np.ones(len(texts), dtype=np.float32)


@cache
def _minilm() -> Remembered:
    return Remembered(SentenceTransformerRelevance(original(), "cpu"))


BASELINES: Mapping[str, Callable[[], Compressor]] = {
    "minilm_chunks": lambda: DocumentRanking(_minilm()),
    "minilm_sentences": lambda: SentenceFilter(_minilm(), document_weight=0.0),
    "minilm_blend": lambda: SentenceFilter(BlendedRelevance(_minilm(), lexical_weight=0.5), document_weight=0.5),
    "minilm_in_context": lambda: SentenceFilter(EmbeddingRelevance(original()), document_weight=0.0),
    "mini_in_context": lambda: SentenceFilter(EmbeddingRelevance(), document_weight=0.0),
    "lexical_sentences": lambda: SentenceFilter(LexicalRelevance()),
}


def contender(name: str) -> Compressor:
    """A preset or a baseline by name."""
    return BASELINES[name]() if name in BASELINES else load(name)


def names() -> tuple[str, ...]:
    """All that can be compared."""
    return (*PRESETS, *BASELINES)
