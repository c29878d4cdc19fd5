"""Few-shot prompts read from a data folder, taken apart into instruction, demonstrations and question."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import chain, islice, zip_longest
from pathlib import Path
from typing import Any

from linguapress.errors import InvalidDocuments
from linguapress.jsonl import read_jsonl
from linguapress.methods.prompts import Prompt
from linguapress.text import Span

_BEGINS = re.compile(r"(?:\A|\n[^\S\n]*\n)\s*(?=(?:Question|Q):\s)")  # a question behind a blank line; one inside a text is none
_ANSWER = re.compile(r"(?:.*\b)?the answer is[^\S\n]*:?[^\S\n]*(\S[^\n]*?)[.\s]*\Z", re.IGNORECASE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class FewShot:
    """A prompt of a data set.

    Attributes:
        id: its name there.
        task: the data set.
        prompt: its parts.
    """

    id: str
    task: str
    prompt: Prompt


def parse(text: str) -> Prompt:
    """Takes a few-shot prompt apart.

    What precedes the first line that begins with ``Question:`` or ``Q:`` is the instruction. Every such line behind a blank one
    begins a demonstration; the last of them is the question when it says no answer. Blanks around the parts are left out.

    Raises:
        InvalidDocuments: no line begins a demonstration.
    """
    instruction, *blocks = (part.strip() for part in _BEGINS.split(text))
    if not blocks:
        raise InvalidDocuments(f"no line of the prompt begins with 'Question:' or 'Q:'; got {text!r:.60}")
    open_end = answer_place(blocks[-1]) is None
    return Prompt(instruction, tuple(blocks[:-1] if open_end else blocks), blocks[-1] if open_end else "")


def answer_place(demonstration: str) -> Span | None:
    """Where a demonstration has its final answer, the words behind "the answer is" that end it; None when it has none."""
    found = _ANSWER.match(demonstration)
    return Span(*found.span(1)) if found else None


def _gsm8k(folder: Path) -> Iterator[FewShot]:
    """Eight demonstrations of many steps, those that LLMLingua shortens in its paper, and each question of the test set."""
    texts = {row["name"]: row["text"] for row in read_jsonl(folder / "gsm8k" / "cot_prompts.jsonl")}
    shots = parse(texts["prompt_hardest"])
    for row in read_jsonl(folder / "gsm8k" / "test.jsonl"):
        yield FewShot(row["id"], "gsm8k", replace(shots, question=f"Question: {row['question']}\nLet's think step by step"))


def _bbh(folder: Path) -> Iterator[FewShot]:
    """An instruction, three demonstrations and a question, of each of the tasks in turn."""
    shots = {row["task"]: parse(row["prompt"]) for row in read_jsonl(folder / "bbh" / "cot_prompts.jsonl")}
    rows: dict[str, list[dict[str, Any]]] = {task: [] for task in shots}
    for row in read_jsonl(folder / "bbh" / "bbh.jsonl.gz"):
        rows[row["task"]].append(row)
    for row in filter(None, chain.from_iterable(zip_longest(*rows.values()))):
        question = f"Q: {row['input']}\nA: Let's think step by step."
        yield FewShot(row["id"], "bbh", replace(shots[row["task"]], question=question))


TASKS: Mapping[str, Callable[[Path], Iterator[FewShot]]] = {"gsm8k": _gsm8k, "bbh": _bbh}


def few_shots(task: str, folder: Path, limit: int = 0) -> list[FewShot]:
    """The first prompts of a data set.

    Args:
        task: a key of :data:`TASKS`.
        folder: the data folder.
        limit: how many; 0 = all.
    """
    return list(islice(TASKS[task](folder), limit or None))
