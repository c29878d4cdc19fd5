"""LongLLMLingua (arXiv 2310.06839): LLMLingua that knows the question.

Documents are ranked by how well they foretell the question (equation 2, :mod:`~linguapress.methods.likelihood`), sent best first
(section 4.2), and shortened the less the better they rank (equation 5); a word counts by how much the question explains of it
(section 4.1, contrastive perplexity). What a reader's answer says in shortened words, :func:`linguapress.recover` turns back into
those of the source (section 4.4).

Departures, on top of those of ``llmlingua``: the rates of equation 5 are shifted until the documents, which differ in length,
together meet the budget; instruction and question, where they are shortened at all, are judged by the same contrast as the
documents.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from linguapress.draft import Draft
from linguapress.language import LanguageModel, Reader
from linguapress.methods.likelihood import BREAK, Perplexity, QuestionLikelihood
from linguapress.methods.llmlingua import LLMLingua
from linguapress.order import Order
from linguapress.scores import Floats, Offsets, Relevance


@dataclass(frozen=True)
class LongLLMLingua(LLMLingua):
    """Drops what has nothing to do with the question. Without a query it is LLMLingua, and says so.

    Attributes:
        relevance: ranks documents; None = by the likelihood of the question.
        order: as for ``llmlingua``; best first.
        segment: as for ``llmlingua``; 200 in this paper.
        spread: half the difference between the rates of the best and the worst document (delta tau); 0 = the same for all.
    """

    name: ClassVar[str] = "longllmlingua"
    order: Order = "relevance"
    segment: int = 200
    spread: float = 0.3

    def __post_init__(self) -> None:
        """Refuses what ``llmlingua`` refuses, and a spread that is no share."""
        super().__post_init__()
        if not 0 <= self.spread <= 1:
            raise ValueError(f"spread is a share of tokens between 0 and 1, got {self.spread!r}")

    def shorten(self, draft: Draft, wanted: Mapping[int, float]) -> Draft:
        """Documents by the question, then words."""
        if draft.query is None and draft.tokens > draft.limit:
            draft = draft.warning("no query: documents were ranked by perplexity and words chosen by surprisal, as llmlingua does")
        return super().shorten(draft, wanted)

    def ranks(self, tight: bool) -> bool:
        """The rates of documents need their ranks as well."""
        return super().ranks(tight) or (tight and self.spread > 0)

    def own_relevance(self, query: str | None) -> Relevance:
        """The likelihood of the question."""
        return Perplexity(self.language_model) if query is None else QuestionLikelihood(self.language_model)

    def rates(self, documents: Draft, rates: Mapping[int, float]) -> Mapping[int, float]:
        """Higher rates for better documents, which together take as many tokens as one rate for all."""
        ranked = sorted(documents.passages, key=lambda passage: -(passage.score or 0.0))
        tokens = np.array([documents.count(passage.text) for passage in ranked], dtype=np.float64)
        found = dynamic_rates(tokens, rates[ranked[0].index], self.spread) if ranked else ()
        return {passage.index: float(rate) for passage, rate in zip(ranked, found, strict=True)}

    def reader(self, texts: Sequence[str], query: str | None) -> Reader:
        """A reader that tells how much the question explains of a token."""
        if query is None:
            return super().reader(texts, query)
        return Contrast(self.language_model, texts, [query + BREAK] * len(texts))


class Contrast:
    """A :class:`~linguapress.language.Reader` of surprisal *without* the question minus surprisal *with* it (section 4.1).

    It is large where the question explains what would else surprise: conditional pointwise mutual information (appendix A). Both
    readings go side by side in one batch and keep the same tokens.
    """

    def __init__(self, language_model: LanguageModel, texts: Sequence[str], prefixes: Sequence[str]) -> None:
        """Starts both readings.

        Args:
            language_model: reads.
            texts: what is read.
            prefixes: for each text, the question.
        """
        self._count = len(texts)
        self._both = language_model.reader([*texts, *texts], [*[""] * len(texts), *prefixes])

    @property
    def offsets(self) -> Sequence[Offsets]:
        """Characters of the tokens of each text, shape [tokens, 2] each."""
        return self._both.offsets[: self._count]

    def read(self, ends: Sequence[int]) -> list[Floats]:
        """Surprisal without minus with the question, shape [tokens read] each."""
        found = self._both.read([*ends, *ends])
        return [without - given for without, given in zip(found[: self._count], found[self._count :], strict=True)]

    def advance(self, kept: Sequence[NDArray[np.bool_]]) -> None:
        """Moves both readings past what was read."""
        self._both.advance([*kept, *kept])


def dynamic_rates(tokens: Floats, rate: float, spread: float) -> Floats:
    """Rates that fall with the rank (equation 5), shifted so that the documents keep ``rate`` of their tokens together.

    Args:
        tokens: of each document, best first, shape [documents].
        rate: share of all tokens to keep, 0..1.
        spread: half the difference between the first rate and the last (delta tau).

    Returns:
        clip((1 - 2 rank / K) spread + rate + shift, 0, 1), shape [documents].
    """
    steps = (1 - 2 * np.arange(len(tokens)) / len(tokens)) * spread + rate
    low, high = -2.0, 2.0
    for _ in range(50):
        shift = (low + high) / 2
        too_much = np.clip(steps + shift, 0, 1) @ tokens > rate * tokens.sum()
        low, high = (low, shift) if too_much else (shift, high)
    return np.clip(steps + low, 0, 1)
