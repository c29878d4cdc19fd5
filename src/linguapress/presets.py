"""Names of ready compressors: the only place where methods meet models."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from linguapress.compressor import Compressor
from linguapress.errors import UnknownName
from linguapress.guard import Guard
from linguapress.order import Order

EFFORTS: Mapping[str, int] = MappingProxyType({"low": 0, "auto": 20, "high": 100})  # passages read together with the query


def lingua(
    *, model: str = "mini", keep_model: str = "mini", device: str = "auto", guard: Guard | None = None, order: Order = "original",
    effort: str = "auto",
) -> Compressor:  # fmt: skip
    """Sentences by relevance, then words by keep probability."""
    from linguapress.methods.lingua import Lingua
    from linguapress.models.relevance import relevance_of
    from linguapress.models.selector import selector_of
    from linguapress.models.token_classifier import TokenClassifier

    if effort not in EFFORTS:
        raise UnknownName(f"unknown effort {effort!r}; choose one of {', '.join(EFFORTS)}")
    keep, read = TokenClassifier(keep_model, device), EFFORTS[effort]
    if not read or (effort == "auto" and model != "mini"):
        return Lingua(relevance_of(model, device), keep, guard or Guard(), order)
    return Lingua(selector_of(first=model, device=device, most=read), keep, guard or Guard(), order, document_weight=0.0)


def query_select(
    *, model: str = "select", first: str = "mini", device: str = "auto", guard: Guard | None = None, order: Order = "original",
    level: str = "sentences", threshold: float | None = None, most: int = 40,
) -> Compressor:  # fmt: skip
    """What answers, told by a model that reads question and passage together; needs no budget."""
    from linguapress.methods.query_select import QuerySelect
    from linguapress.models.selector import selector_of
    from linguapress.models.token_classifier import TokenClassifier

    if level not in ("sentences", "words"):
        raise UnknownName(f"unknown level {level!r}; choose one of sentences, words")
    relevance, keep = selector_of(model, first, device, most), TokenClassifier("mini", device)
    return QuerySelect(relevance, keep, guard or Guard(), order, slack=1.0 if level == "sentences" else 1.5, threshold=threshold)


def llmlingua2(
    *, model: str = "mini", device: str = "auto", keep_label: str | int | None = None, force_tokens: tuple[str, ...] = (),
    drop_consecutive: bool = False, guard: Guard | None = None,
) -> Compressor:  # fmt: skip
    """Words by keep probability, whatever the query."""
    from linguapress.methods.llmlingua2 import LLMLingua2
    from linguapress.models.token_classifier import TokenClassifier

    return LLMLingua2(TokenClassifier(model, device, keep_label), tuple(force_tokens), drop_consecutive, guard or Guard())


def sentence_filter(*, model: str = "mini", device: str = "auto", guard: Guard | None = None) -> Compressor:
    """Sentences by relevance."""
    from linguapress.methods.sentence_filter import SentenceFilter
    from linguapress.models.relevance import relevance_of

    return SentenceFilter(relevance_of(model, device), guard=guard or Guard())


def document_ranking(*, model: str = "mini", device: str = "auto") -> Compressor:
    """Whole documents by relevance."""
    from linguapress.methods.document_ranking import DocumentRanking
    from linguapress.models.relevance import relevance_of

    return DocumentRanking(relevance_of(model, device))


def head() -> Compressor:
    """The beginning: a baseline."""
    from linguapress.methods.head import Head

    return Head()


def random_words(*, seed: int = 0) -> Compressor:
    """Words by chance: a baseline."""
    from linguapress.methods.random_words import RandomWords

    return RandomWords(seed)


PRESETS: Mapping[str, Callable[..., Compressor]] = MappingProxyType({
    "lingua": lingua,
    "query_select": query_select,
    "llmlingua2": llmlingua2,
    "sentence_filter": sentence_filter,
    "document_ranking": document_ranking,
    "head": head,
    "random_words": random_words,
})  # fmt: skip


def load(name: str = "lingua", **settings: Any) -> Compressor:
    """A ready compressor; free and offline, weights are loaded when it first compresses.

    Args:
        name: one of :func:`list_methods`.
        **settings: those of the method, such as ``model``, ``device``, ``guard``, ``order``.

    Raises:
        UnknownName: no method of that name.
        TypeError: a setting that the method does not have.
    """
    if name not in PRESETS:
        raise UnknownName(f"unknown method {name!r}; choose one of {', '.join(PRESETS)}")
    return PRESETS[name](**settings)


def list_methods() -> dict[str, str]:
    """Names of the methods, each with a line about it."""
    return {name: (preset.__doc__ or "").splitlines()[0] for name, preset in PRESETS.items()}
