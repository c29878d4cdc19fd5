"""Stand-ins for models and readers: deterministic, free, and nasty where it helps."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import regex

from linguapress import Chain, Compressor, Guard, Passage, Rating, Segment, Segmented, Span, Units
from linguapress.methods.document_ranking import DocumentRanking
from linguapress.methods.head import Head
from linguapress.methods.keep_ranking import KeepRanking
from linguapress.methods.lingua import Lingua
from linguapress.methods.llmlingua2 import LLMLingua2
from linguapress.methods.query_select import QuerySelect
from linguapress.methods.random_words import RandomWords
from linguapress.methods.sentence_filter import SentenceFilter
from linguapress.scores import TokenScores


def chance(*parts: str) -> float:
    """A number in 0..1 that depends on nothing but the strings."""
    return zlib.crc32("\0".join(parts).encode("utf-8", "replace")) / 0xFFFFFFFF


@dataclass(frozen=True)
class FakeRelevance:
    """Relevance by checksum."""

    def rate(self, query: str, passages: Sequence[Passage], units: Sequence[Units]) -> Rating:
        rows = [
            np.array([chance(query, passage.text[a:b]) for a, b in item.spans], dtype=np.float32)
            for passage, item in zip(passages, units, strict=True)
        ]
        return Rating(rows, np.array([chance(query, passage.source) for passage in passages], dtype=np.float32))


@dataclass(frozen=True)
class FakeSelector(FakeRelevance):
    """Relevance by checksum that is also the probability of being needed."""

    def rate(self, query: str, passages: Sequence[Passage], units: Sequence[Units]) -> Rating:
        rating = super().rate(query, passages, units)
        return replace(rating, needed=rating.units)


@dataclass(frozen=True)
class FakeKeep:
    """Keep probabilities by checksum; tokens are pieces of at most four characters."""

    def keep_probabilities(self, texts: Sequence[str], parts: Sequence[Sequence[Span]] | None = None) -> list[TokenScores]:
        return [self._scores(text) for text in texts]

    def _scores(self, text: str) -> TokenScores:
        found = [(match.span(), chance(match.group())) for match in regex.finditer(r"\w{1,4}|[^\w\s]", text)]
        offsets = np.array([span for span, _ in found], dtype=np.int64).reshape(-1, 2)
        return TokenScores(offsets, np.array([value for _, value in found], dtype=np.float32))


class Kept(dict):
    """A byte store in memory."""

    def mget(self, keys):
        return [self.get(key) for key in keys]

    def mset(self, pairs):
        self.update(pairs)


def count_words(text: str) -> int:
    return len(text.split())


def count_bytes(text: str) -> int:
    return -(-len(text.encode("utf-8", "replace")) // 3)


def count_zipped(text: str) -> int:
    """Bytes after compression: far from additive, and more text can cost less."""
    return len(zlib.compress(text.encode("utf-8", "replace"))) - len(zlib.compress(b""))


def lingua(**settings: object) -> Lingua:
    return Lingua(FakeRelevance(), FakeKeep(), **settings)


def query_select(**settings: object) -> QuerySelect:
    return QuerySelect(FakeSelector(), FakeKeep(), **settings)


def edges(passage: Passage) -> list[Segment]:
    """The first ten characters and the last one stay whole, the ten after the first have no rule."""
    length = len(passage.source)
    bounds = [(0, min(10, length), True), (10, min(20, length), False), (max(20, length - 1), length, True)]
    return [Segment(start, end, whole=whole) for start, end, whole in bounds if start < end]


METHODS: dict[str, Compressor] = {
    "lingua": lingua(),
    "lingua by relevance": lingua(order="relevance"),
    "lingua with ends": lingua(order="ends"),
    "lingua without guard": lingua(guard=Guard.off()),
    "query_select": query_select(),
    "query_select by words": query_select(slack=1.5),
    "llmlingua2": LLMLingua2(FakeKeep()),
    "llmlingua2 after documents": Chain(KeepRanking(FakeKeep()), LLMLingua2(FakeKeep()), slack=(2, 1)),
    "keep_ranking": KeepRanking(FakeKeep()),
    "segmented": Segmented(LLMLingua2(FakeKeep()), edges),
    "sentence_filter": SentenceFilter(FakeRelevance()),
    "document_ranking": DocumentRanking(FakeRelevance()),
    "head": Head(),
    "random_words": RandomWords(),
    "chain": Chain(DocumentRanking(FakeRelevance()), SentenceFilter(FakeRelevance()), LLMLingua2(FakeKeep()), slack=(3, 1.5, 1)),
}
WORD_METHODS = (
    "lingua",
    "lingua by relevance",
    "lingua with ends",
    "lingua without guard",
    "query_select by words",
    "llmlingua2",
    "llmlingua2 after documents",
    "keep_ranking",
    "head",
    "random_words",
    "chain",
)
