"""What makes the probability that a sentence is needed of what a selector says: fitted on questions that it has not learnt from."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch.nn import functional

from linguapress.models.pair_reader import PairReader
from linguapress.models.sentence_odds import PLAIN, SentenceOdds, sentence_evidence
from linguapress.scores import Floats
from linguapress.segment import sentences
from linguapress.text import Span
from linguapress.training.questions import Candidate, Question

_RIDGE = 1e-3
_ENOUGH = 30  # needed sentences


def fit_odds(reader: PairReader, questions: Sequence[Question]) -> SentenceOdds | None:
    """Logistic regression over the sentences of all passages of which every needed sentence is known; None for too few.

    The share of needed sentences among those that it sees is what the probabilities assume: give it right passages and wrong
    ones as a retriever brings them.

    Args:
        reader: of the trained selector.
        questions: with passages that it has not learnt from.
    """
    rows: list[Floats] = [np.zeros((0, len(PLAIN) - 1))]
    labels: list[bool] = []
    for question in questions:
        for candidate in (c for c in question.candidates if c.certain):
            spans = sentences(candidate.body)
            rows.append(candidate_evidence(reader, question.text, candidate, spans))
            labels += [_mostly(span, candidate.needed) for span in spans]
    return _regressed(np.concatenate(rows), np.array(labels, dtype=np.float64)) if sum(labels) >= _ENOUGH else None


def candidate_evidence(reader: PairReader, question: str, candidate: Candidate, spans: Sequence[Span]) -> Floats:
    """What the selector knows of sentences of a passage that is read with its title; see :func:`sentence_evidence`."""
    (reading,) = reader.read(question, [candidate.text])
    return sentence_evidence(reading, reading.offsets - (len(candidate.text) - len(candidate.body)), spans)


def _mostly(span: Span, needed: Sequence[Span]) -> bool:
    """Whether at least half of a sentence is needed, however its annotators cut."""
    return 2 * sum(max(0, min(span.end, end) - max(span.start, start)) for start, end in needed) >= span.end - span.start


def _regressed(evidence: Floats, labels: Floats) -> SentenceOdds:
    known = np.isfinite(evidence).all(axis=1)
    inputs, target = torch.from_numpy(evidence[known]), torch.from_numpy(labels[known])
    weights = torch.zeros(inputs.shape[1] + 1, dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.LBFGS([weights], max_iter=200, line_search_fn="strong_wolfe")

    def loss() -> torch.Tensor:
        optimizer.zero_grad()
        value = functional.binary_cross_entropy_with_logits(inputs @ weights[:-1] + weights[-1], target)
        value = value + _RIDGE * (weights[:-1] ** 2).sum()
        value.backward()  # type: ignore[no-untyped-call]
        return value

    optimizer.step(loss)  # type: ignore[no-untyped-call]
    return SentenceOdds(*(round(float(value), 4) for value in weights.detach()))
