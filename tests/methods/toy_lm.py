"""A language model whose surprisals can be worked out on paper.

Its tokens are words with the blank before them, as byte-level tokenizers make them, cut into pieces of a few characters; what it
foresees is a plain function of the piece and of the pieces before it. It refuses what the protocols forbid.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
import regex
from fakes import FakeRelevance, edges

from linguapress import Chain, Compressor, Segmented
from linguapress.methods.document_ranking import DocumentRanking
from linguapress.methods.likelihood import Perplexity, QuestionLikelihood
from linguapress.methods.llmlingua import LLMLingua
from linguapress.methods.longllmlingua import LongLLMLingua
from linguapress.methods.selective_context import SelectiveContext
from linguapress.scores import TokenScores
from linguapress.segment import sentences, words

Surprisal = Callable[[str, Sequence[str]], float]
START = ""  # what stands before the first token


def by_chance(piece: str, before: Sequence[str]) -> float:
    """A Markov chain of first order with made-up transitions, 0..8 nats."""
    last = before[-1] if before else START
    return 8 * zlib.crc32(f"{last}\0{piece}".encode("utf-8", "replace")) / 0xFFFFFFFF


def markov(table: dict[tuple[str, str], float], other: float = 1.0) -> Surprisal:
    """A Markov chain of first order: -ln p(piece | the one before), ``other`` where the table has none."""
    return lambda piece, before: table.get((before[-1] if before else START, piece), other)


def unigram(table: dict[str, float], other: float = 1.0) -> Surprisal:
    """Each piece by itself."""
    return lambda piece, before: table.get(piece, other)


def cache(fresh: float = 4.0, seen: float = 1.0, table: dict[str, float] | None = None) -> Surprisal:
    """What has been seen before costs ``seen``, what has not costs ``fresh`` or what the table says."""
    return lambda piece, before: seen if piece in before else (table or {}).get(piece, fresh)


def pieces(text: str, longest: int) -> list[tuple[int, int]]:
    """Tokens with the blank before them; a character that is no letter or digit stands alone."""
    return [match.span() for match in regex.finditer(rf" ?\w{{1,{longest}}}| ?[^\w\s]|\s", text)]


@dataclass(frozen=True)
class ToyLM:
    """A language model with a known answer.

    Attributes:
        surprisal: nats of a piece, given those before it; pieces are told without blanks.
        longest: characters of a piece.
        log: what was read, for tests that count.
        readers: how many texts each reader was given.
    """

    surprisal: Surprisal = by_chance
    longest: int = 4
    log: list[str] = field(default_factory=list, compare=False)
    readers: list[int] = field(default_factory=list, compare=False)

    def __deepcopy__(self, memo):
        return self

    def tokens(self, text: str) -> list[str]:
        return [text[a:b].strip() for a, b in pieces(text, self.longest)]

    def surprisals(self, texts, prefixes=None):
        prefixes = prefixes if prefixes is not None else [""] * len(texts)
        assert len(texts) == len(prefixes)
        return [self._scores(text, self.tokens(prefix)) for text, prefix in zip(texts, prefixes, strict=True)]

    def _scores(self, text, before):
        offsets = np.array(pieces(text, self.longest), dtype=np.int64).reshape(-1, 2)
        found = self.tokens(text)
        values = [self.surprisal(piece, [*before, *found[:number]]) for number, piece in enumerate(found)]
        return TokenScores(offsets, np.array(values, dtype=np.float32))

    def reader(self, texts, prefixes=None):
        self.readers.append(len(texts))
        return ToyReader(self, texts, prefixes if prefixes is not None else [""] * len(texts))


class ToyReader:
    """Reads as the protocol says, and notes what was in the context."""

    def __init__(self, model: ToyLM, texts: Sequence[str], prefixes: Sequence[str]) -> None:
        assert len(texts) == len(prefixes)
        self.model = model
        self.offsets = [np.array(pieces(text, model.longest), dtype=np.int64).reshape(-1, 2) for text in texts]
        self.tokens = [model.tokens(text) for text in texts]
        self.contexts = [model.tokens(prefix) for prefix in prefixes]
        self.at = [0] * len(texts)
        self.until: list[int] | None = None

    def read(self, ends):
        assert self.until is None, "read twice without advancing"
        assert len(ends) == len(self.at)
        assert all(at <= end <= len(row) for at, end, row in zip(self.at, ends, self.tokens, strict=True))
        self.until = list(ends)
        found = []
        for row, at, end, context in zip(self.tokens, self.at, ends, self.contexts, strict=True):
            self.model.log.append(" ".join([*context, "|", *row[at:end]]))
            values = [self.model.surprisal(row[number], [*context, *row[at:number]]) for number in range(at, end)]
            found.append(np.array(values, dtype=np.float32))
        return found

    def advance(self, kept):
        assert self.until is not None, "advanced without reading"
        assert [len(mask) for mask in kept] == [end - at for at, end in zip(self.at, self.until, strict=True)]
        for row, mask, at, context in zip(self.tokens, kept, self.at, self.contexts, strict=True):
            assert mask.dtype == np.bool_
            context += [row[at + number] for number in np.flatnonzero(mask)]
        self.at, self.until = self.until, None


METHODS: dict[str, Compressor] = {
    "llmlingua": LLMLingua(ToyLM()),
    "llmlingua with sentences": LLMLingua(ToyLM(), sentences=1.4, segment=40, pool="mean"),
    "llmlingua with tokens": LLMLingua(ToyLM(), level="tokens"),
    "llmlingua by fake relevance": LLMLingua(ToyLM(), relevance=FakeRelevance(), order="relevance"),
    "longllmlingua by relevance": LongLLMLingua(ToyLM(cache())),
    "longllmlingua": LongLLMLingua(ToyLM(), order="original"),
    "selective_context": SelectiveContext(ToyLM(), words),
    "selective_context of phrases": SelectiveContext(ToyLM(), pool="sum"),
    "selective_context of sentences": SelectiveContext(ToyLM(), sentences),
    "llmlingua in segments": Segmented(LLMLingua(ToyLM()), edges),
    "question likelihood": DocumentRanking(QuestionLikelihood(ToyLM(cache()))),
    "chain of perplexity": Chain(DocumentRanking(Perplexity(ToyLM())), SelectiveContext(ToyLM(), words), slack=(2, 1)),
}
WORD_METHODS = (
    "llmlingua",
    "llmlingua with sentences",
    "llmlingua with tokens",
    "llmlingua by fake relevance",
    "longllmlingua by relevance",
    "longllmlingua",
    "selective_context",
    "chain of perplexity",
)
