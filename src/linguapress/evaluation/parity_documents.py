"""Which documents LLMLingua and LongLLMLingua keep, in which order and at which rates, with the slips of the reference."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from linguapress.draft import Draft
from linguapress.evaluation.parity_slips import Slip, Slips
from linguapress.evaluation.parity_tokens import Counted, Ids, Score
from linguapress.guard import Guard
from linguapress.language import LanguageModel
from linguapress.methods.controller import Portions, best_whole
from linguapress.methods.likelihood import RESTRICT, Perplexity, QuestionLikelihood
from linguapress.methods.longllmlingua import dynamic_rates
from linguapress.order import arranged
from linguapress.scores import Floats
from linguapress.segment import whole
from linguapress.text import Passage
from linguapress.units import Units

GRANULARITY, SPREAD = 2.0, 0.3
EXTRA = 100  # tokens that the reference adds to the budget of documents
LONGER = 2  # tokens by which it counts each document longer


@dataclass(frozen=True, slots=True)
class Case:
    """What is compressed.

    Attributes:
        data: where the documents come from.
        documents: in their order.
        question: "" = ``llmlingua``, which does without; else ``longllmlingua``.
        rate: of the documents' tokens, 0..1.
        target: tokens of the language model that may remain of the documents.
        size: most tokens in a segment (M).
    """

    data: str
    documents: tuple[str, ...]
    question: str
    rate: float
    target: int
    size: int

    @property
    def method(self) -> str:
        """Name of the method."""
        return "longllmlingua" if self.question else "llmlingua"


def ratings(case: Case, model: LanguageModel, score: Score, encode: Callable[[str], Ids], slips: Slips) -> Floats:
    """Relevance of each document, larger = better; shape [documents].

    Args:
        case: the documents.
        model: ours.
        score: the same model with nothing before a text.
        encode: its tokenizer.
        slips: of the reference.
    """
    if Slip.RANKING not in slips:
        passages = [Passage.whole(*pair) for pair in enumerate(case.documents)]
        rule = QuestionLikelihood(model) if case.question else Perplexity(model)
        found = rule.rate(case.question, passages, [Units(whole(text)) for text in case.documents])
        return np.zeros(0) if found.passages is None else found.passages
    return np.array([_glued(text, case.question, score, encode) for text in case.documents])


def _glued(document: str, question: str, score: Score, encode: Callable[[str], Ids]) -> float:
    """The reference's perplexity of a document, or how well the question continues it without a break, in nats."""
    if not question:
        return float(np.mean(score(encode("")[:0], encode(document))[1:]))
    ids, given = encode(f"{document}{question} {RESTRICT}"), len(encode(document))
    return -float(np.mean(score(ids[:given], ids[given:])))


def chosen(case: Case, rated: Floats, count: Callable[[str], int], slips: Slips) -> Draft:
    """The documents that are kept whole, in the order in which they are read.

    Args:
        case: the documents.
        rated: relevance of each.
        count: tokens of a text.
        slips: of the reference.
    """
    passages = tuple(Passage(i, text, tuple(whole(text)), float(rated[i])) for i, text in enumerate(case.documents))
    draft = Draft(passages, case.question or None, case.target, count)
    if Slip.BUDGET in slips:
        kept = draft.having(passages[index] for index in sorted(overrunning(case, rated, count)))
    else:
        portions = Portions.of(draft, {}, GRANULARITY)
        cut = draft.tokens > draft.limit and draft.tokens > portions.documents * GRANULARITY
        kept = best_whole(draft, portions, Guard()) if cut else draft
    return arranged(kept, "relevance" if case.question else "original")


def overrunning(case: Case, rated: Floats, count: Callable[[str], int]) -> list[int]:
    """Indexes of the best documents up to the one that overruns the reference's budget, best first."""
    room, found = case.target + EXTRA, []
    for index in np.argsort(-rated, kind="stable").tolist():
        found.append(index)
        room -= count(case.documents[index])
        if room < 0:
            break
    return found


def rates_of(draft: Draft, case: Case, slips: Slips) -> Mapping[int, float]:
    """The rate of each document that is kept, by its index."""
    ranked = sorted(draft.passages, key=lambda passage: -(passage.score or 0.0))
    tokens = np.array([draft.count(passage.text) for passage in ranked], dtype=np.float64)
    spread = SPREAD if case.question else 0.0
    if Slip.RATES in slips:
        found = plain_rates(tokens, case.target, spread)
    else:
        rate = next(iter(Portions.of(draft, {}, GRANULARITY).rates(draft).values()))
        found = dynamic_rates(tokens, rate, spread) if case.question else np.full(len(tokens), rate)
    return {passage.index: float(rate) for passage, rate in zip(ranked, found, strict=True)}


def plain_rates(tokens: Floats, target: int, spread: float) -> Floats:
    """The reference's: steps from +spread to -spread around target / tokens, however long the documents are.

    Args:
        tokens: of each document, best first, shape [documents].
        target: tokens that may remain.
        spread: half the difference between the first rate and the last.
    """
    rate = target / (float((tokens + LONGER).sum()) + 1)
    return np.clip(rate + np.linspace(spread, -spread, len(tokens)) * (len(tokens) > 1), 0, 1)


def counted(draft: Draft, starts: Sequence[int], places: Ids, rates: Mapping[int, float], slips: Slips) -> Counted:
    """The rate of each token, as tokens are counted.

    Args:
        draft: the documents.
        starts: where each begins in the text of the draft.
        places: a character of each token of that text, shape [tokens].
        rates: of the documents.
        slips: of the reference.
    """
    if Slip.RATES in slips:
        numbers = np.repeat(np.arange(len(starts)), [draft.count(passage.text) + LONGER for passage in draft.passages])
    else:
        numbers = np.maximum(np.searchsorted(np.asarray(starts), places, side="right") - 1, 0)
    return Counted(np.array([rates[passage.index] for passage in draft.passages])[numbers], numbers)
