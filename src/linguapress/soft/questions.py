"""Questions on paragraphs, cut to the few tokens that a soft compressor reads at once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple
from zlib import crc32

import numpy as np

from linguapress.jsonl import read_jsonl
from linguapress.segment import encodable
from linguapress.splits import held_out

Draws = np.random.Generator


@dataclass(frozen=True, slots=True)
class Asked:
    """A question on a paragraph.

    Attributes:
        context: the paragraph.
        question: on it.
        answers: each right.
        start: character at which the first answer stands in the context.
    """

    context: str
    question: str
    answers: tuple[str, ...]
    start: int


class Cut(NamedTuple):
    """A question as tokens.

    Attributes:
        contexts: chunks, one of which holds the answer.
        prompt: the question, up to where the answer begins.
        answer: tokens of it, without an end token.
        answers: all right ones, as text.
    """

    contexts: list[list[int]]
    prompt: list[int]
    answer: list[int]
    answers: tuple[str, ...]


def read_questions(files: Iterable[Path], part: str) -> Iterator[Asked]:
    """Questions of one part of files in SQuAD's form: a record a paragraph, with ``context`` and ``qas``.

    Args:
        files: JSON lines, gzipped or not; a question has ``question``, ``answers`` and ``starts``; one without answers is left out.
        part: ``"train"``, ``"dev"`` or ``"test"``; a paragraph belongs to one of them, whichever file holds it.

    Raises:
        ValueError: a record without these fields.
    """
    for file in files:
        for number, row in enumerate(read_jsonl(file), 1):
            try:
                if part_of(row["context"]) == part:
                    yield from _questions(row)
            except (AttributeError, IndexError, KeyError, TypeError) as error:
                raise ValueError(f"record {number} of {file} has no context with qas; give paragraphs in SQuAD's form") from error


def part_of(context: str) -> str:
    """Whether a paragraph is learnt from, chosen by or reported on."""
    if not held_out(context):
        return "train"
    return ("dev", "test")[crc32(context.encode("utf-8", "replace")) // 10 % 2]


def _questions(row: dict[str, Any]) -> Iterator[Asked]:
    for asked in row["qas"]:
        if not asked["answers"]:
            continue
        first, start = asked["answers"][0], asked["starts"][0]
        if first.strip() and row["context"][start : start + len(first)] == first:
            yield Asked(row["context"], asked["question"].strip(), tuple(asked["answers"]), start)


def cut(tokenizer: Any, asked: Asked, size: int, draws: Draws) -> Cut | None:
    """A question with as much of its context as fits, the answer somewhere in it; None where the answer alone is longer.

    Args:
        tokenizer: of the ``tokenizers`` library.
        asked: the question.
        size: most tokens of the context.
        draws: says how much of what fits lies before the answer.
    """
    encoded = tokenizer.encode(encodable(asked.context), add_special_tokens=False)
    end = asked.start + len(asked.answers[0])
    inside = [n for n, (first, last) in enumerate(encoded.offsets) if first < end and last > asked.start]
    if not inside or len(inside) > size:
        return None
    low = max(0, inside[-1] + 1 - size)
    high = min(inside[0], max(low, len(encoded.ids) - size))
    at = int(draws.integers(min(low, high), max(low, high) + 1))
    return Cut(
        [list(encoded.ids[at : at + size])], prompt_of(tokenizer, asked.question), answer_of(tokenizer, asked), asked.answers
    )


def prompt_of(tokenizer: Any, question: str) -> list[int]:
    """Tokens of a question as it stands behind a context."""
    return list(tokenizer.encode(encodable(f"\nQuestion: {question}\nAnswer:"), add_special_tokens=False).ids)


def answer_of(tokenizer: Any, asked: Asked) -> list[int]:
    """Tokens of the first answer behind the prompt."""
    return list(tokenizer.encode(encodable(f" {asked.answers[0].strip()}"), add_special_tokens=False).ids)


def among(some: Cut, others: Sequence[Cut], draws: Draws) -> Cut:
    """The question with the chunks of other questions around its own."""
    contexts = [*some.contexts, *(other.contexts[0] for other in others)]
    return some._replace(contexts=[contexts[n] for n in draws.permutation(len(contexts))])
