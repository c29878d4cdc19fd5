"""What the bench compares: the presets, and baselines: the original all-MiniLM-L6-v2, letters, BM25."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from functools import cache
from typing import Any

import sentencex

from linguapress.compressor import Compressor
from linguapress.errors import UnknownName
from linguapress.evaluation.bm25 import BM25Relevance
from linguapress.guard import Guard
from linguapress.methods.document_ranking import DocumentRanking
from linguapress.methods.lingua import Lingua
from linguapress.methods.sentence_filter import SentenceFilter
from linguapress.models.blend import BlendedRelevance
from linguapress.models.embeddings import EmbeddingRelevance
from linguapress.models.lexical import LexicalRelevance
from linguapress.models.minilm import original
from linguapress.models.sentence_transformer import SentenceTransformerRelevance
from linguapress.presets import PRESETS, load
from linguapress.scores import Rating
from linguapress.segment import tile
from linguapress.text import Passage, Span
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


@dataclass(frozen=True)
class PlainSentences(SentenceFilter):
    """Sentences as a splitter for prose finds them: a title on a line of its own belongs to the first sentence."""

    def split(self, text: str) -> list[Span]:
        """Sentences."""
        return tile((found["end_index"] for found in sentencex.get_sentence_boundaries("en", text)), len(text))


@cache
def _minilm() -> Remembered:
    return Remembered(SentenceTransformerRelevance(original(), "cpu"))


BASELINES: Mapping[str, Callable[[], Compressor]] = {
    "lingua_low": lambda: load("lingua", effort="low"),
    "minilm_chunks": lambda: DocumentRanking(_minilm()),
    "minilm_sentences": lambda: PlainSentences(_minilm(), document_weight=0.0),
    "minilm_blend": lambda: PlainSentences(BlendedRelevance(_minilm(), lexical_weight=0.5), document_weight=0.5),
    "minilm_in_context": lambda: SentenceFilter(EmbeddingRelevance(original()), document_weight=0.0),
    "mini_in_context": lambda: SentenceFilter(EmbeddingRelevance(), document_weight=0.0),
    "lexical_sentences": lambda: SentenceFilter(LexicalRelevance()),
    "bm25_sentences": lambda: PlainSentences(BM25Relevance(), document_weight=0.0),
}


def contender(name: str) -> Compressor:
    """A preset or a baseline by name, or a variant such as ``lingua:slack=1,first_weight=4``.

    Variants of ``lingua`` and ``query_select`` change fields of the method, or of its relevance.
    """
    name, _, changes = name.partition(":")
    compressor = BASELINES[name]() if name in BASELINES else load(name)
    return _variant(compressor, changes) if changes else compressor


def _variant(compressor: Compressor, changes: str) -> Compressor:
    if not isinstance(compressor, Lingua):
        raise UnknownName(f"only lingua and query_select have variants, got {changes!r} for {compressor.name}")
    try:
        values = {key: float(value) for key, value in (change.split("=") for change in changes.split(","))}
        guard = Guard() if values.pop("guard", 1.0) else Guard.off()
        inner: Any = compressor.relevance
        known = {item.name for item in fields(inner)}
        relevance = replace(inner, **{key: values.pop(key) for key in list(values) if key in known})
        return replace(compressor, relevance=relevance, guard=guard, **values)  # type: ignore[arg-type]
    except (TypeError, ValueError) as error:
        raise UnknownName(f"cannot read the variant {changes!r}; write lingua:slack=1,keep_weight=0.1") from error


def names() -> tuple[str, ...]:
    """All that can be compared."""
    return (*PRESETS, *BASELINES)
