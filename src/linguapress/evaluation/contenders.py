"""What the bench compares: the presets, other rankings in them, and baselines: all-MiniLM-L6-v2, letters, BM25, frameworks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from functools import cache
from importlib.util import find_spec
from typing import Any, ClassVar

import sentencex

from linguapress.compressor import Compressor
from linguapress.errors import UnknownName
from linguapress.evaluation.bm25 import BM25Relevance
from linguapress.evaluation.frameworks import LangChainFilter, LlamaIndexOptimizer
from linguapress.evaluation.package import METHODS as PACKAGE
from linguapress.evaluation.package import Package
from linguapress.evaluation.plain import AloneRelevance, Indifferent, RandomTies
from linguapress.evaluation.remembered import RememberedLM, RememberedRelevance
from linguapress.guard import Guard
from linguapress.language import LanguageModel
from linguapress.methods.document_ranking import DocumentRanking
from linguapress.methods.likelihood import Perplexity, QuestionLikelihood
from linguapress.methods.lingua import Lingua
from linguapress.methods.llmlingua import LLMLingua
from linguapress.methods.sentence_filter import SentenceFilter
from linguapress.models.blend import BlendedRelevance
from linguapress.models.causal_lm import shared_causal_lm
from linguapress.models.embedded import CAUSAL
from linguapress.models.embeddings import EmbeddingRelevance
from linguapress.models.lexical import LexicalRelevance
from linguapress.models.minilm import original
from linguapress.models.relevance import relevance_of
from linguapress.models.selector import selector_of
from linguapress.models.sentence_transformer import SentenceTransformerRelevance
from linguapress.presets import PRESETS, load
from linguapress.scores import Relevance
from linguapress.segment import tile
from linguapress.text import Span
from linguapress.units import Units


@dataclass(frozen=True)
class PlainSentences(SentenceFilter):
    """Sentences as a splitter for prose finds them, by themselves: a title on a line of its own belongs to the first one."""

    distinct: ClassVar[bool] = False

    def split(self, text: str) -> list[Span]:
        """Sentences."""
        return tile((found["end_index"] for found in sentencex.get_sentence_boundaries("en", text)), len(text))

    def units(self, text: str) -> Units:
        """Sentences without headings."""
        return self.guarded.units(text, self.split)


@cache
def _minilm() -> RememberedRelevance:
    return RememberedRelevance(SentenceTransformerRelevance(original(), "cpu"))


@cache
def _language_model(model: str) -> RememberedLM:
    return RememberedLM(shared_causal_lm(model))


BASELINES: Mapping[str, Callable[[], Compressor]] = {
    "lingua_low": lambda: load("lingua", effort="low"),
    "minilm_chunks": lambda: DocumentRanking(_minilm()),
    "minilm_sentences": lambda: PlainSentences(_minilm(), document_weight=0.0),
    "minilm_blend": lambda: PlainSentences(BlendedRelevance(_minilm(), lexical_weight=0.5), document_weight=0.5),
    "minilm_in_context": lambda: SentenceFilter(EmbeddingRelevance(original()), document_weight=0.0),
    "mini_in_context": lambda: SentenceFilter(EmbeddingRelevance(), document_weight=0.0),
    "lexical_sentences": lambda: SentenceFilter(LexicalRelevance()),
    "bm25_sentences": lambda: PlainSentences(RandomTies(BM25Relevance()), document_weight=0.0),
    "mini_sentences": lambda: PlainSentences(AloneRelevance(), document_weight=0.0),
    "random_sentences": lambda: PlainSentences(RandomTies(Indifferent()), document_weight=0.0),
    LangChainFilter.name: LangChainFilter,
    LlamaIndexOptimizer.name: LlamaIndexOptimizer,
}

PERPLEXITY: Mapping[str, tuple[str, Mapping[str, str]]] = {
    "llmlingua": ("llmlingua", {}),
    "longllmlingua": ("longllmlingua", {}),
    "selective_context": ("selective_context", {}),
    "selective_context_words": ("selective_context", {"unit": "words"}),
    "selective_context_sentences": ("selective_context", {"unit": "sentences"}),
}
RANKINGS: Mapping[str, Callable[[LanguageModel], Relevance]] = {
    "perplexity": Perplexity,
    "likelihood": QuestionLikelihood,
    "embeddings": lambda _: EmbeddingRelevance(),
    "mini": lambda _: relevance_of("mini"),
    "lexical": lambda _: LexicalRelevance(),
    "bm25": lambda _: BM25Relevance(),
    "select": lambda _: selector_of(),
}
NEEDED: Mapping[str, tuple[str, ...]] = {
    LangChainFilter.name: ("langchain_classic", "langchain_community"),
    LlamaIndexOptimizer.name: ("llama_index.core",),
}
_READS_PAIRS = "cross-encoder:"


def contender(name: str, lm: str = CAUSAL, reference: str = "") -> Compressor:
    """A preset or a baseline by name, a variant of it such as ``lingua:slack=1,first_weight=4``, or one with another ranking.

    ``longllmlingua@select`` ranks documents by the embedded selector; what follows the ``@`` is a key of :data:`RANKINGS`, or
    ``cross-encoder:NAME``. Variants of ``lingua`` and ``query_select`` change fields of the method, of its relevance, or of that
    one's first look.

    Args:
        name: the contender.
        lm: causal language model of the perplexity methods: ``"lm"`` (embedded), a folder, or a hub name.
        reference: interpreter of an environment that has the package ``llmlingua``, for its methods.

    Raises:
        UnknownName: a method, a ranking or a change that does not exist, a method that does not rank, or one of the package
            ``llmlingua`` without an interpreter.
    """
    if name in PACKAGE:
        return Package(name, reference, lm)
    method, _, ranking = name.partition("@")
    method, _, changes = method.partition(":")
    compressor = _perplexity(method, lm) if method in PERPLEXITY else BASELINES[method]() if method in BASELINES else load(method)
    compressor = _variant(compressor, changes) if changes else compressor
    return _ranked(compressor, ranking, lm) if ranking else compressor


def _perplexity(name: str, lm: str) -> Compressor:
    """A preset that reads with the language model which all of them share; its own ranking of documents has a name."""
    preset, settings = PERPLEXITY[name]
    plain: Any = load(preset, model=lm, **settings)
    compressor: Compressor = replace(plain, language_model=_language_model(lm))
    return replace(compressor, relevance=compressor.own_relevance("")) if isinstance(compressor, LLMLingua) else compressor


def _ranked(compressor: Any, ranking: str, lm: str) -> Compressor:
    if not hasattr(compressor, "relevance"):
        raise UnknownName(f"{compressor.name} ranks nothing, so it cannot rank by {ranking!r}; leave out '@{ranking}'")
    ranked: Compressor = replace(compressor, relevance=_relevance(ranking, lm))
    return ranked


def _relevance(ranking: str, lm: str) -> Relevance:
    if ranking.startswith(_READS_PAIRS):
        return RememberedRelevance(relevance_of(ranking))
    if ranking not in RANKINGS:
        raise UnknownName(f"unknown ranking {ranking!r}; choose one of {', '.join(RANKINGS)}, {_READS_PAIRS}NAME")
    return RANKINGS[ranking](_language_model(lm))


def _variant(compressor: Compressor, changes: str) -> Compressor:
    if not isinstance(compressor, Lingua):
        raise UnknownName(f"only lingua and query_select have variants, got {changes!r} for {compressor.name}")
    try:
        values = {key: float(value) for key, value in (change.split("=") for change in changes.split(","))}
        guard = Guard() if values.pop("guard", 1.0) else Guard.off()
        relevance = _changed(compressor.relevance, values)
        return replace(compressor, relevance=relevance, guard=guard, **values)  # type: ignore[arg-type]
    except (TypeError, ValueError) as error:
        raise UnknownName(f"cannot read the variant {changes!r}; write lingua:slack=1,keep_weight=0.1") from error


def _changed(relevance: Any, values: dict[str, float]) -> Any:
    """A relevance with other values of its fields, and of those of its first look; what it takes goes out of ``values``."""
    known = {item.name for item in fields(relevance)}
    own = {key: values.pop(key) for key in list(values) if key in known}
    return replace(relevance, **own, **({"first": _changed(relevance.first, values)} if "first" in known else {}))


def names(reference: str = "") -> tuple[str, ...]:
    """What is compared when nobody says what: all but the baselines of other frameworks that are not installed.

    Args:
        reference: interpreter of an environment that has the package ``llmlingua``; empty = without its methods.
    """
    baselines = (name for name in BASELINES if all(map(_installed, NEEDED.get(name, ()))))
    return tuple(dict.fromkeys((*PRESETS, *PERPLEXITY, "longllmlingua@select", *baselines, *(PACKAGE if reference else ()))))


def _installed(module: str) -> bool:
    try:
        return find_spec(module) is not None
    except ModuleNotFoundError:  # not even the package that it belongs to
        return False
