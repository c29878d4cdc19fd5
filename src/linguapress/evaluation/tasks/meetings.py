"""QMSum: questions about meetings, whose evidence is marked turn by turn."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from linguapress.evaluation.checks import SummaryKept
from linguapress.evaluation.tasks.example import Example
from linguapress.jsonl import read_jsonl

_WORDS = 130  # in a block of turns, about
_TAG = re.compile(r"\{[a-z]+\}\s*")  # {vocalsound}


def qmsum(folder: Path, seed: int) -> Iterator[Example]:
    """Blocks of turns in the order of the meeting, since a shuffled one is none; one question of each meeting, then another."""
    rng = random.Random(f"{seed}:qmsum")
    asked = [_asked(row, rng) for row in read_jsonl(folder / "qmsum" / "val.jsonl.gz")]
    rng.shuffle(asked)
    for turn in range(max(map(len, asked), default=0)):
        yield from (questions[turn] for questions in asked if turn < len(questions))


def _asked(row: Mapping[str, Any], rng: random.Random) -> list[Example]:
    turns = [_TAG.sub("", f"{speaker}: {said}") for speaker, said in row["turns"]]
    blocks = list(_blocks(turns))
    documents = tuple("\n".join(turns[start:end]) for start, end in blocks)
    owner = {turn: number for number, (start, end) in enumerate(blocks) for turn in range(start, end)}
    questions = list(enumerate(row["specific"]))
    rng.shuffle(questions)
    return [_example(f"qmsum-{row['id']}-{number}", row["id"], one, documents, turns, owner) for number, one in questions]


def _example(
    name: str, meeting: str, one: Mapping[str, Any], documents: tuple[str, ...], turns: Sequence[str], owner: Mapping[int, int]
) -> Example:
    evidence = tuple((owner[turn], turns[turn]) for turn in _marked(one, turns))
    gold = tuple(sorted({index for index, _ in evidence}))
    checks = (SummaryKept(one["answer"], documents),)
    return Example(name, one["query"], documents, (), evidence, gold, group=meeting, checks=checks)


def _marked(one: Mapping[str, Any], turns: Sequence[str]) -> list[int]:
    return sorted({turn for a, b in one["spans"] for turn in range(int(a), min(int(b) + 1, len(turns)))})


def _blocks(turns: Sequence[str]) -> Iterator[tuple[int, int]]:
    start = count = 0
    for number, turn in enumerate(turns):
        count += len(turn.split())
        if count >= _WORDS or number == len(turns) - 1:
            yield start, number + 1
            start, count = number + 1, 0
