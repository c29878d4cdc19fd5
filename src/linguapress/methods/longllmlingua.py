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
from typing import ClassVar, TypeVar

import numpy as np
from numpy.typing import NDArray

from linguapress.draft import Draft
from linguapress.language import LanguageModel, Reader
from linguapress.methods.likelihood import BREAK, Perplexity, QuestionLikelihood
from linguapress.methods.llmlingua import LLMLingua
from linguapress.order import Order
from linguapress.scores import Floats, Offsets, Relevance

T = TypeVar("T")


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

    def shorten(self, drafts: Sequence[Draft], wanted: Sequence[Mapping[int, float]]) -> list[Draft]:
        """Documents by the question, then words."""
        return super().shorten([_told(draft) for draft in drafts], wanted)

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

    def reader(self, texts: Sequence[str], queries: Sequence[str | None]) -> Reader:
        """A reader that tells how much the question explains of a token; without one, the token's surprisal."""
        return Contrast(self.language_model, texts, ["" if query is None else query + BREAK for query in queries])


def _told(draft: Draft) -> Draft:
    """The draft, with a warning where a question is missing."""
    if draft.query is not None or draft.tokens <= draft.limit:
        return draft
    return draft.warning("no query: documents were ranked by perplexity and words chosen by surprisal, as llmlingua does")


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
            prefixes: for each text, the question; where it is empty, surprisal itself is told.
        """
        self._count = len(texts)
        self._asked = [number for number, prefix in enumerate(prefixes) if prefix]
        given = [prefixes[number] for number in self._asked]
        self._both = language_model.reader(self._doubled(texts), [*[""] * self._count, *given])

    @property
    def offsets(self) -> Sequence[Offsets]:
        """Characters of the tokens of each text, shape [tokens, 2] each."""
        return self._both.offsets[: self._count]

    def read(self, ends: Sequence[int]) -> list[Floats]:
        """Surprisal without minus with the question, shape [tokens read] each."""
        found = self._both.read(self._doubled(ends))
        values = found[: self._count]
        for number, given in zip(self._asked, found[self._count :], strict=True):
            values[number] = values[number] - given
        return values

    def advance(self, kept: Sequence[NDArray[np.bool_]]) -> None:
        """Moves both readings past what was read."""
        self._both.advance(self._doubled(kept))

    def _doubled(self, rows: Sequence[T]) -> list[T]:
        """What belongs to the texts, and once more to those with a question."""
        return [*rows, *(rows[number] for number in self._asked)]


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
