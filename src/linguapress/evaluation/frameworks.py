"""What LangChain and LlamaIndex ship for the same purpose, as baselines: whole documents, and sentences, by cosine.

Both are driven by our own embedder, so that only the methods differ, and neither knows a budget: each is given the loosest setting
whose result fits.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

import regex

from linguapress.compressor import Compressor
from linguapress.draft import Draft
from linguapress.errors import MissingExtra
from linguapress.evaluation.plain import MeanEmbedder
from linguapress.text import Passage, Span, merge

_MARK = regex.compile(r"\u2063(\d+)\u2063")  # an invisible separator around a sentence's number
_STEPS = 12  # of the search for a threshold; cosines are then known to 0.0005


class NotInstalled(MissingExtra):
    """A package of another project that is not installed."""

    def __init__(self, package: str, method: str) -> None:
        """Names the package and the method that wants it."""
        ImportError.__init__(self, f"{method} needs {package}, which is not installed; run: pip install {package}")


@dataclass(frozen=True)
class LangChainFilter(Compressor):
    """LangChain's ``EmbeddingsFilter``: whole documents, as many as fit, in their order; at least the best one's beginning.

    Attributes:
        embedder: gives the vectors.
    """

    name: ClassVar[str] = "langchain_embeddings_filter"
    embedder: MeanEmbedder = field(default_factory=MeanEmbedder)

    def reduce(self, draft: Draft) -> Draft:
        """The best documents."""
        found = _langchain_ranking(self.embedder)([passage.text for passage in draft.passages], draft.query or "")
        best = draft.having([draft.passages[found[0]]])
        for count in range(1, len(found) + 1):
            kept = draft.having(draft.passages[index] for index in sorted(found[:count]))
            if kept.tokens > draft.limit:
                break
            best = kept
        return best


def _langchain_ranking(embedder: MeanEmbedder) -> Callable[[list[str], str], list[int]]:
    """From texts and a query to the numbers of the texts, best first, by one call of the filter that keeps all."""
    embeddings, documents = _langchain()

    def ranked(texts: list[str], query: str) -> list[int]:
        press = embeddings.filter(embeddings=embeddings.of(embedder), k=len(texts))
        given = [documents(page_content=text, metadata={"number": number}) for number, text in enumerate(texts)]
        return [int(document.metadata["number"]) for document in press.compress_documents(given, query)]

    return ranked


@dataclass(frozen=True)
class _LangChain:
    filter: Any
    base: Any

    def of(self, embedder: MeanEmbedder) -> Any:
        """The embedder as LangChain's ``Embeddings``."""
        methods = {
            "embed_documents": lambda _, texts: embedder.embed(texts),
            "embed_query": lambda _, text: embedder.embed([text])[0],
        }
        return type("OurEmbeddings", (self.base,), methods)()


def _langchain() -> tuple[_LangChain, Any]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # langchain-community is no longer maintained; the filter needs it
            import langchain_community.document_transformers.embeddings_redundant_filter
            import langchain_community.utils.math  # noqa: F401
            from langchain_classic.retrievers.document_compressors import EmbeddingsFilter
            from langchain_core.documents import Document
            from langchain_core.embeddings import Embeddings
    except ImportError as error:
        raise NotInstalled("langchain-classic langchain-community", LangChainFilter.name) from error
    return _LangChain(EmbeddingsFilter, Embeddings), Document


@dataclass(frozen=True)
class LlamaIndexOptimizer(Compressor):
    """LlamaIndex's ``SentenceEmbeddingOptimizer`` with the lowest threshold of similarity whose result fits.

    Its windows of one sentence to both sides are kept. What it says twice is counted once, and its sentences go back into their
    order; both do it a favour. Its time is that of the whole search, of which its vectors are made once.

    Attributes:
        embedder: gives the vectors.
    """

    name: ClassVar[str] = "llamaindex_sentence_optimizer"
    embedder: MeanEmbedder = field(default_factory=MeanEmbedder)

    def reduce(self, draft: Draft) -> Draft:
        """The most similar sentences and their neighbours."""
        optimize = _llama_index(self.embedder)
        low, high, best = -1.0, 1.0, draft.having(())
        for _ in range(_STEPS):
            middle = (low + high) / 2
            kept = draft.having(optimize(passage, draft.query or "", middle) for passage in draft.passages)
            if kept.tokens <= draft.limit:
                high, best = middle, kept if kept.text else best
            else:
                low = middle
        return best if best.text else draft.having(optimize(passage, draft.query or "", low) for passage in draft.passages)


def _llama_index(embedder: MeanEmbedder) -> Callable[[Passage, str, float], Passage]:
    """From a passage, a query and a threshold to what the optimizer keeps of the passage."""
    try:
        from llama_index.core.base.embeddings.base import BaseEmbedding
        from llama_index.core.postprocessor import SentenceEmbeddingOptimizer
        from llama_index.core.schema import NodeWithScore, QueryBundle, TextNode
        from llama_index.core.utils import globals_helper
    except ImportError as error:
        raise NotInstalled("llama-index-core", LlamaIndexOptimizer.name) from error
    model = _llama_embedding(BaseEmbedding, embedder)
    split = globals_helper.punkt_tokenizer.span_tokenize

    def optimize(passage: Passage, query: str, threshold: float) -> Passage:
        spans = [Span(*span) for span in split(passage.text)]
        numbered = [f"\u2063{number}\u2063{passage.text[start:end]}" for number, (start, end) in enumerate(spans)]
        press = SentenceEmbeddingOptimizer(embed_model=model, threshold_cutoff=threshold, tokenizer_fn=lambda _: numbered)
        node = NodeWithScore(node=TextNode(text=passage.text))
        try:
            text = press.postprocess_nodes([node], QueryBundle(query))[0].node.get_content()
        except ValueError:  # so it says that no sentence is similar enough
            return passage.keep(())
        return passage.narrow(_reaching(spans, sorted({int(number) for number in _MARK.findall(text)}), len(passage.text)))

    return optimize


def _reaching(spans: Sequence[Span], chosen: Sequence[int], length: int) -> list[Span]:
    """The chosen sentences, each with the blanks behind it."""
    ends = [*(span.start for span in spans[1:]), length]
    return list(merge(Span(spans[number].start, ends[number]) for number in chosen))


def _llama_embedding(base: Any, embedder: MeanEmbedder) -> Any:
    """The embedder as LlamaIndex's ``BaseEmbedding``; marks of sentences are not read."""

    class OurEmbedding(base):  # type: ignore[misc]
        def _get_text_embeddings(self, texts: list[str]) -> list[list[float]]:
            return embedder.embed([_MARK.sub("", text) for text in texts])

        def _get_text_embedding(self, text: str) -> list[float]:
            return self._get_text_embeddings([text])[0]

        def _get_query_embedding(self, query: str) -> list[float]:
            return self._get_text_embedding(query)

        async def _aget_query_embedding(self, query: str) -> list[float]:
            return self._get_query_embedding(query)

    return OurEmbedding(model_name="mini")
