"""What could be kept of the passages of a question, and what that costs: the searched set of the extractive optimum.

Searched are nothing, everything, and single pieces: for ``sentences`` all runs of up to three neighbouring sentences of a passage,
for ``passages`` whole ones, for ``words`` the shortest runs of words. The distortion is 0 or 1, and a union of pieces has 0 only if
one of the pieces has it already (but for accidents: an answer across a seam), so that the optimum over all unions is the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Literal

import numpy as np

from linguapress.budget import Budget
from linguapress.counters import TokenCounter
from linguapress.evaluation.metrics import answer_survives, share_kept
from linguapress.evaluation.tasks import Example
from linguapress.scores import Floats
from linguapress.segment import sentences

Loss = Literal["answer", "evidence"]
Points = tuple[Floats, Floats]
Kept = Mapping[int, str]
LOSSES: Mapping[Loss, str] = MappingProxyType(
    {
        "answer": "no answer survives in the text",
        "evidence": "less than half is left of every sentence that holds an answer",
    }
)
_RUN = 3  # neighbouring sentences


def lost(loss: Loss, example: Example, text: str, kept: Kept) -> float:
    """The distortion of a selection, 0 or 1.

    Args:
        loss: which one.
        example: the question.
        text: the string that the reader gets.
        kept: what is left of each document, by its index.
    """
    if loss == "answer":
        return float(not answer_survives(text, example.answers))
    return float(not any(share_kept(sentence, kept.get(index, "")) >= 0.5 for index, sentence in example.evidence))


def applies(loss: Loss, example: Example) -> bool:
    """Whether the distortion of everything is 0, so that there is something to lose."""
    everything = Budget().separator.join(example.documents)
    return lost(loss, example, everything, dict(enumerate(example.documents))) == 0


def searched(example: Example, loss: Loss, kind: str, count: TokenCounter) -> Points:
    """Rates (tokens / tokens of all documents joined) and distortions of what was searched; useless pieces are left out.

    Args:
        example: the question.
        loss: the distortion.
        kind: one of :data:`KINDS`.
        count: the reader's tokenizer.
    """
    whole = count(Budget().separator.join(example.documents))
    useful = {piece for index, piece in KINDS[kind](example) if not lost(loss, example, piece, {index: piece})}
    rates = [0.0, 1.0, *sorted(count(piece) / whole for piece in useful)]
    return np.array(rates), np.array([1.0, *[0.0] * (len(rates) - 1)])


def _sentences(example: Example) -> Iterator[tuple[int, str]]:
    for index, text in enumerate(example.documents):
        spans = sentences(text)
        for number, first in enumerate(spans):
            for last in spans[number : number + _RUN]:
                yield index, text[first.start : last.end].strip()


def _passages(example: Example) -> Iterator[tuple[int, str]]:
    yield from enumerate(example.documents)


def _words(example: Example) -> Iterator[tuple[int, str]]:
    """Runs of words that hold an answer, cut from both ends as far as they still do; one a sentence."""
    for index, piece in _sentences(example):
        if answer_survives(piece, example.answers):
            row = piece.split()
            while len(row) > 1 and answer_survives(" ".join(row[1:]), example.answers):
                row.pop(0)
            while len(row) > 1 and answer_survives(" ".join(row[:-1]), example.answers):
                row.pop()
            yield index, " ".join(row)


KINDS: Mapping[str, Callable[[Example], Iterator[tuple[int, str]]]] = MappingProxyType(
    {
        "sentences": _sentences,
        "passages": _passages,
        "words": _words,
    }
)
