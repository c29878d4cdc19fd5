"""Our surprisals, and means of them, beside the losses of the reference."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from typing import Any

import numpy as np

from linguapress.evaluation.parity_documents import Case
from linguapress.evaluation.parity_models import ExactLM, Surprisal
from linguapress.methods.likelihood import BREAK, RESTRICT, QuestionLikelihood, ratings_of
from linguapress.scores import Floats
from linguapress.segment import whole
from linguapress.text import Passage
from linguapress.units import Units


@dataclass(frozen=True, slots=True)
class Readings:
    """Texts to be read by both sides.

    The reference puts no starting token first, so it is handed the tokens that ours reads, that one among them; and once more the
    bare texts, for which ours is begun with their own first token.

    Attributes:
        texts: each alone.
        questions: those that follow documents.
        documents: what stands before each question.
    """

    texts: tuple[str, ...]
    questions: tuple[str, ...]
    documents: tuple[str, ...]

    @classmethod
    def of(cls, cases: Sequence[Case]) -> Readings:
        """All documents, and the questions that are asked about them."""
        pairs = [(case.question, text) for case in cases if case.question for text in case.documents]
        texts = tuple(dict.fromkeys(text for case in cases for text in case.documents))
        return cls(texts, tuple(question for question, _ in pairs), tuple(text for _, text in pairs))

    def rows(self, model: ExactLM) -> list[dict[str, Any]]:
        """Tokens for the reference: of texts behind the starting token, of documents behind a question, of questions behind one."""
        start, asked = model.loaded.start, [f"{question} {RESTRICT}" for question in self.questions]
        pairs = [*(("", text) for text in self.texts), *self._prefixed(), *zip(self._prefixes(), asked, strict=True)]
        heads = [np.concatenate([start, model.encode(prefix)]) for prefix, _ in pairs]
        return [
            {"ids": [*head.tolist(), *model.encode(text).tolist()], "given": len(head)}
            for head, (_, text) in zip(heads, pairs, strict=True)
        ]

    def _prefixes(self) -> list[str]:
        return [text + BREAK for text in self.documents]

    def _prefixed(self) -> list[tuple[str, str]]:
        return [(question + BREAK, text) for question, text in zip(self.questions, self.documents, strict=True)]

    def differences(
        self, model: ExactLM, losses: Sequence[tuple[Sequence[float], float]], bare: Sequence[Sequence[float]]
    ) -> dict[str, Any]:
        """The largest differences in nats, between tokens and between means.

        Args:
            model: ours.
            losses: of the reference, for :meth:`rows`: of each token, and their mean.
            bare: of the reference, for the texts as they are.
        """
        first, second = len(self.texts), len(self.texts) + len(self.questions)
        plain = [scores.values for scores in model.surprisals(self.texts)]
        behind = [scores.values for scores in model.surprisals(self.documents, [prefix for prefix, _ in self._prefixed()])]
        alone = Surprisal(model.loaded)
        own = [alone(np.zeros(0, dtype=np.int64), model.encode(text))[1:] for text in self.texts]
        return {
            "texts": _difference(plain, [row for row, _ in losses[:first]]),
            "texts behind a question": _difference(behind, [row for row, _ in losses[first:second]]),
            "texts with no starting token": _difference(own, bare),
            "perplexity of texts": _difference([[float(np.mean(row))] for row in plain], [[mean] for _, mean in losses[:first]]),
            "r_k of documents": _difference([self._likelihoods(model)], [[mean for _, mean in losses[second:]]]),
        }

    def _likelihoods(self, model: ExactLM) -> list[float]:
        """r_k of the documents, as our relevance rates them."""
        rule, found = QuestionLikelihood(model), list[float]()
        for question, pairs in groupby(zip(self.questions, self.documents, strict=True), key=itemgetter(0)):
            passages = [Passage.whole(number, text) for number, (_, text) in enumerate(pairs)]
            rated = ratings_of(rule.rate(question, passages, [Units(whole(passage.text)) for passage in passages]), len(passages))
            found += (-rated).tolist()
        return found


def _difference(ours: Sequence[Sequence[float] | Floats], theirs: Sequence[Sequence[float]]) -> dict[str, float]:
    """How many numbers are compared, and the largest difference, in nats.

    Raises:
        ValueError: they are not equally many.
    """
    pairs = [(np.asarray(one, dtype=np.float64), np.asarray(other)) for one, other in zip(ours, theirs, strict=True)]
    return {
        "numbers": sum(len(one) for one, _ in pairs),
        "largest": max((float(np.abs(one - other).max()) for one, other in pairs if len(one)), default=0.0),
    }
