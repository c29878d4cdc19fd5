"""What a strong LLM chose: sentences that a question needs, words that a reader needs."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

from linguapress.evaluation.checks import JunkKept, TeacherKept
from linguapress.evaluation.tasks.example import Example
from linguapress.jsonl import read_jsonl
from linguapress.splits import held_out


def needed(folder: Path, seed: int) -> Iterator[Example]:
    """Held-out questions with one passage each; of some passages no sentence is needed, all of those is junk."""
    rows = [row for row in read_jsonl(folder / "query_sentences" / "train.jsonl") if held_out(row["question"])]
    random.Random(f"{seed}:needed").shuffle(rows)
    for row in rows:
        asked, passage = row["question"], (" ".join(row["sentences"]),)
        evidence = tuple((0, row["sentences"][index]) for index in row["needed"])
        gold, checks = ((0,), ()) if evidence else ((), (JunkKept(),))
        yield Example(f"needed-{row['id']}", asked, passage, (), evidence, gold, group=asked, checks=checks)


def distilled(folder: Path, seed: int) -> Iterator[Example]:
    """The dev split: passages without a question, and what the teacher kept of them."""
    rows = list(read_jsonl(folder / "distilled" / "dev.jsonl"))
    random.Random(f"{seed}:distilled").shuffle(rows)
    for row in rows:
        checks = (TeacherKept(row["compressed"]),)
        yield Example(f"distilled-{row['id']}", "", (row["text"],), (), (), group=row["id"], checks=checks)
