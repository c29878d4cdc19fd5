"""Names of ready compressors: the only place where methods meet models."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from inspect import signature
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from linguapress.chain import Chain
from linguapress.compressor import Compressor
from linguapress.errors import UnknownName, UnknownSetting
from linguapress.guard import Guard
from linguapress.language import LanguageModel
from linguapress.order import Order

if TYPE_CHECKING:
    from linguapress.methods.surprisal import Pool
    from linguapress.methods.surprising_words import Level

EFFORTS: Mapping[str, int] = MappingProxyType({"low": 0, "auto": 20, "high": 100})  # passages or sections read with the query


def lingua(
    *, model: str = "mini", keep_model: str = "mini", device: str = "auto", guard: Guard | None = None, order: Order = "original",
    effort: str = "auto", runtime: str = "auto",
) -> Compressor:  # fmt: skip
    """Sentences by relevance, then words by keep probability."""
    from linguapress.methods.lingua import Lingua
    from linguapress.models.relevance import relevance_of
    from linguapress.models.selector import selector_of
    from linguapress.models.token_classifier import TokenClassifier

    if effort not in EFFORTS:
        raise UnknownName(f"unknown effort {effort!r}; choose one of {', '.join(EFFORTS)}")
    keep, read = TokenClassifier(keep_model, device, runtime=runtime), EFFORTS[effort]
    if not read or (effort == "auto" and model != "mini"):
        return Lingua(relevance_of(model, device, runtime), keep, guard or Guard(), order)
    relevance = selector_of(first=model, device=device, most=read, runtime=runtime)
    return Lingua(relevance, keep, guard or Guard(), order, document_weight=0.0)


def query_select(  # noqa: PLR0913 - each is a setting
    *, model: str = "select", first: str = "mini", device: str = "auto", guard: Guard | None = None, order: Order = "original",
    level: str = "sentences", threshold: float | None = None, most: int = 40, runtime: str = "auto",
) -> Compressor:  # fmt: skip
    """What answers, told by a model that reads question and passage together; needs no budget."""
    from linguapress.methods.query_select import QuerySelect
    from linguapress.models.selector import selector_of
    from linguapress.models.token_classifier import TokenClassifier

    if level not in ("sentences", "words"):
        raise UnknownName(f"unknown level {level!r}; choose one of sentences, words")
    relevance, keep = selector_of(model, first, device, most, runtime), TokenClassifier("mini", device, runtime=runtime)
    return QuerySelect(relevance, keep, guard or Guard(), order, slack=1.0 if level == "sentences" else 2.0, threshold=threshold)


def llmlingua2(
    *, model: str = "mini", device: str = "auto", keep_label: str | int | None = None, force_tokens: tuple[str, ...] = (),
    drop_consecutive: bool = False, guard: Guard | None = None, documents: float | None = None, runtime: str = "auto",
) -> Compressor:  # fmt: skip
    """Words by keep probability, whatever the query.

    ``documents=2.0`` first drops whole documents, down to twice the budget.
    """
    from linguapress.methods.keep_ranking import KeepRanking
    from linguapress.methods.llmlingua2 import LLMLingua2
    from linguapress.models.token_classifier import TokenClassifier

    if documents is not None and not 1 <= documents < math.inf:
        raise ValueError(f"documents is how many times the budget whole documents may take, 1 or more, or None, got {documents!r}")
    keep = TokenClassifier(model, device, keep_label, runtime)
    fine = LLMLingua2(keep, tuple(force_tokens), drop_consecutive, guard or Guard())
    return fine if documents is None else Chain(KeepRanking(keep, fine.guard), fine, slack=(documents, 1))


def llmlingua(  # noqa: PLR0913 - each is a setting
    *, model: str = "lm", device: str = "auto", guard: Guard | None = None, order: Order = "original",
    level: Level = "words", pool: Pool = "max", documents: float | None = 2.0, sentences: float | None = None, segment: int = 100,
    runtime: str = "auto",
) -> Compressor:  # fmt: skip
    """Words that a causal language model does not foresee, whatever the query.

    It foresees them from what was kept before them.
    """
    from linguapress.methods.llmlingua import LLMLingua

    language_model = _language_model(model, device, runtime)
    return LLMLingua(language_model, None, guard or Guard(), order, level, documents, sentences, segment, pool)


def longllmlingua(  # noqa: PLR0913 - each is a setting
    *, model: str = "lm", device: str = "auto", guard: Guard | None = None, order: Order = "relevance",
    level: Level = "words", pool: Pool = "max", documents: float | None = 2.0, sentences: float | None = None, spread: float = 0.3,
    segment: int = 200, runtime: str = "auto",
) -> Compressor:  # fmt: skip
    """Documents that foretell the question, best first, and words that it explains."""
    from linguapress.methods.longllmlingua import LongLLMLingua

    language_model = _language_model(model, device, runtime)
    return LongLLMLingua(language_model, None, guard or Guard(), order, level, documents, sentences, segment, pool, spread)


def selective_context(
    *, model: str = "lm", device: str = "auto", guard: Guard | None = None, unit: str = "phrases", pool: Pool = "mean",
    threshold: float | None = None, runtime: str = "auto",
) -> Compressor:  # fmt: skip
    """Words, phrases or sentences with the most self-information.

    ``threshold=0.35`` drops that share of them, budget or not.
    """
    from linguapress.methods.selective_context import SelectiveContext, splitter

    return SelectiveContext(_language_model(model, device, runtime), splitter(unit), pool, threshold, guard or Guard())


def _language_model(model: str, device: str, runtime: str) -> LanguageModel:
    from linguapress.models.causal_lm import shared_causal_lm

    return shared_causal_lm(model, device, runtime)


def sentence_filter(*, model: str = "mini", device: str = "auto", guard: Guard | None = None, runtime: str = "auto") -> Compressor:
    """Sentences by relevance."""
    from linguapress.methods.sentence_filter import SentenceFilter
    from linguapress.models.relevance import relevance_of

    return SentenceFilter(relevance_of(model, device, runtime), guard=guard or Guard())


def document_ranking(*, model: str = "mini", device: str = "auto", runtime: str = "auto") -> Compressor:
    """Whole documents by relevance."""
    from linguapress.methods.document_ranking import DocumentRanking
    from linguapress.models.relevance import relevance_of

    return DocumentRanking(relevance_of(model, device, runtime))


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
    "llmlingua": llmlingua,
    "longllmlingua": longllmlingua,
    "selective_context": selective_context,
    "sentence_filter": sentence_filter,
    "document_ranking": document_ranking,
    "head": head,
    "random_words": random_words,
})  # fmt: skip


def load(name: str = "lingua", **settings: Any) -> Compressor:
    """A ready compressor; free and offline, weights are loaded when it first compresses.

    Args:
        name: one of :func:`list_methods`.
        **settings: those of the method, such as ``model``, ``device``, ``runtime``, ``guard``, ``order``. A ``runtime``
            of ``"onnx"`` or ``"onnx-int8"`` runs what ``linguapress export`` has written, without torch; ``"torch-float32"``
            computes as other machines do; ``"auto"`` is torch in the precision that suits the device, and ONNX Runtime for
            the folder of an export.

    Raises:
        UnknownName: no method of that name.
        UnknownSetting: a setting that the method does not have; also a TypeError.
    """
    if name not in PRESETS:
        raise UnknownName(f"unknown method {name!r}; choose one of {', '.join(PRESETS)}")
    known = signature(PRESETS[name]).parameters
    if strange := [setting for setting in settings if setting not in known]:
        offered = ", ".join(f"{setting}={item.default!r}" for setting, item in known.items())
        raise UnknownSetting(f"{name} has no setting {', '.join(map(repr, strange))}; settings of {name}: {offered or 'none'}")
    return PRESETS[name](**settings)


def list_methods() -> dict[str, str]:
    """Names of the methods, each with a line about it."""
    return {name: (preset.__doc__ or "").splitlines()[0] for name, preset in PRESETS.items()}
