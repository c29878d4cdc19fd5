"""Relevance of passages by a causal language model: perplexity, and the likelihood of the question.

Both stand wherever a :class:`~linguapress.scores.Relevance` can: in ``DocumentRanking``, in ``Lingua``, or as the coarse stage of
``LLMLingua``; and any other relevance can stand in their place there: embeddings, a cross-encoder, lexical overlap.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from linguapress.language import LanguageModel
from linguapress.methods.surprisal import mean_surprisal, pooled
from linguapress.scores import Floats, Rating
from linguapress.text import Passage
from linguapress.units import Units

RESTRICT = "We can get the answer to this question in the given documents."  # LongLLMLingua, section 4.1
BREAK = "\n\n"  # between a document and the question


@dataclass(frozen=True)
class Perplexity:
    """The more surprising, the more it tells, whatever the query (LLMLingua, Algorithm 1).

    Attributes:
        language_model: reads passages, each by itself.
    """

    language_model: LanguageModel

    def rate(self, query: str, passages: Sequence[Passage], units: Sequence[Units]) -> Rating:
        """Mean surprisal of each unit and of each passage, nats a token; ``query`` is not looked at."""
        texts = [passage.text for passage in passages]
        found = self.language_model.surprisals(texts) if texts else []
        rows = zip(texts, found, units, strict=True)
        return Rating(
            [pooled(text, scores, item.spans, "mean") for text, scores, item in rows],
            np.array([mean_surprisal(scores) for scores in found]),
        )


@dataclass(frozen=True)
class QuestionLikelihood:
    """How well a passage foretells the question (LongLLMLingua, arXiv 2310.06839, equation 2).

    r_k is the mean surprisal of the question and a restrictive statement, given the passage. The paper calls for *higher* r_k, but
    its formula is a surprisal, and what foretells the question has a low one: the rating is -r_k.

    Attributes:
        language_model: reads the question after each passage.
        restrict: statement that ties the question to the passage; it guards against passages of which anything could follow.
    """

    language_model: LanguageModel
    restrict: str = RESTRICT

    def rate(self, query: str, passages: Sequence[Passage], units: Sequence[Units]) -> Rating:
        """-r_k of each passage, and of each unit as if it stood alone, nats a token."""
        parts = [[passage.text[start:end] for start, end in item.spans] for passage, item in zip(passages, units, strict=True)]
        known = self._likelihoods(query, [*(passage.text for passage in passages), *(part for row in parts for part in row)])
        rows = [np.array([known[part] for part in row], dtype=np.float64) for row in parts]
        return Rating(rows, np.array([known[passage.text] for passage in passages], dtype=np.float64))

    def _likelihoods(self, query: str, texts: Sequence[str]) -> dict[str, float]:
        """-r_k of each different text."""
        given = list(dict.fromkeys(texts))
        asked = f"{query} {self.restrict}".strip()
        found = self.language_model.surprisals([asked] * len(given), [text + BREAK for text in given]) if given else []
        return {text: -mean_surprisal(scores) for text, scores in zip(given, found, strict=True)}


def ratings_of(rating: Rating, count: int) -> Floats:
    """The rating of each passage, shape [passages]; what could not be measured comes last."""
    values = np.zeros(count) if rating.passages is None else np.asarray(rating.passages, dtype=np.float64)
    known = values[np.isfinite(values)]
    return np.where(np.isfinite(values), values, known.min() - 1 if len(known) else 0.0)
