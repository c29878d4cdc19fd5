"""What :mod:`linguapress.evaluation.perplexity` measures: GSM8K prompts, questions over passages, ever longer prompts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from itertools import chain, cycle, islice
from pathlib import Path
from typing import Any

from linguapress.budget import Budget
from linguapress.counters import TokenCounter
from linguapress.evaluation.prompts_data import few_shots
from linguapress.evaluation.tasks import Example, examples

RATIOS = (2, 5)
Request = tuple[list[str], str]  # documents and question


@dataclass(frozen=True, slots=True)
class Case:
    """Requests that are compressed together, in one row of the table.

    Attributes:
        method: ``llmlingua`` = demonstrations and a question under one budget; ``longllmlingua`` = passages, and a question that is
            no part of it.
        ratio: tokens before / tokens that may remain.
        documents: of each request.
        questions: of each request.
        tokens: of each request before, as the language model counts.
        limits: tokens that may remain of each request.
        targets: of these, what the documents may take: what the reference is told.
        length: tokens asked for, where the case is one of longer and longer prompts; else 0.
    """

    method: str
    ratio: int
    documents: Sequence[Sequence[str]]
    questions: Sequence[str]
    tokens: Sequence[int] = field(default=())
    limits: Sequence[int] = field(default=())
    targets: Sequence[int] = field(default=())
    length: int = 0

    @property
    def name(self) -> str:
        """A word for it, without blanks."""
        return f"{self.method}-{self.ratio}x-{len(self.questions)}" + (f"-{self.length}" if self.length else "")

    def to_dict(self) -> dict[str, Any]:
        """What the workers are told."""
        return {"name": self.name, **asdict(self)}


def counted(method: str, ratio: int, requests: Sequence[Request], count: TokenCounter, length: int = 0) -> Case:
    """A case with its limits; the separators that a compressed prompt needs are inside them."""
    budget, tokens, limits, targets = Budget(rate=1 / ratio), [], [], []
    for documents, question in requests:
        whole = [*documents, question] if method == "llmlingua" else documents
        tokens.append(count("\n\n".join(whole)))
        limits.append(budget.limit(tokens[-1]))
        targets.append(limits[-1] - (count("\n\n" + question) if method == "llmlingua" else 0))
    documents_of, questions = [list(row) for row, _ in requests], [question for _, question in requests]
    return Case(method, ratio, documents_of, questions, tokens, limits, targets, length)


def cases_of(data: Path, count: TokenCounter, batch: int, lengths: Sequence[int] = ()) -> list[Case]:
    """The cases of one model.

    Args:
        data: the data folder.
        count: the tokenizer of the language model.
        batch: requests that are compressed together, besides one alone.
        lengths: tokens of the prompts that show how the cost grows.
    """
    prompts: list[Request] = [
        ([*shot.prompt.demonstrations], shot.prompt.question) for shot in few_shots("gsm8k", data, max(1, batch))
    ]
    asked = examples("nq", data, 0, "dev")
    passages: list[Request] = [([*example.documents], example.question) for example in islice(asked, max(1, batch))]
    both = {"llmlingua": prompts, "longllmlingua": passages}
    sizes = [1, batch] if batch > 1 else [1]
    plain = [counted(name, ratio, rows[:size], count) for size in sizes for name, rows in both.items() for ratio in RATIOS]
    return plain + [_long(name, asked, length, count) for length in lengths for name in both]


def _long(method: str, asked: Sequence[Example], length: int, count: TokenCounter) -> Case:
    """As many passages, of one question after another, as it takes; the last one is cut."""
    documents, left = [], length
    for document in cycle(chain.from_iterable(example.documents for example in asked)):
        size = count("\n\n" + document)
        if size >= left:
            documents.append(_cut(document, left, count))
            break
        documents.append(document)
        left -= size
    return counted(method, RATIOS[0], [(documents, asked[0].question)], count, length)


def _cut(document: str, tokens: int, count: Callable[[str], int]) -> str:
    """The words of a document that make at most so many tokens, at least one word."""
    words = document.split(" ")
    while len(words) > 1 and count("\n\n" + " ".join(words)) > tokens:
        words.pop()
    return " ".join(words)
