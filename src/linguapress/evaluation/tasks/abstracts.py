"""PubMedQA: questions that an abstract answers; its conclusion, which the reader does not get, is the human answer."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

from linguapress.evaluation.checks import SummaryKept
from linguapress.evaluation.evidence import Source
from linguapress.evaluation.tasks.example import Example, example
from linguapress.jsonl import read_jsonl
from linguapress.splits import held_out

_OTHERS = 4  # abstracts beside the gold one


def pubmedqa(folder: Path, seed: int) -> Iterator[Example]:
    """Held-out questions; the sections of an abstract are one passage, beside passages of other abstracts."""
    rng = random.Random(f"{seed}:pubmedqa")
    rows = list(read_jsonl(folder / "pubmedqa" / "pqal.jsonl.gz"))
    rng.shuffle(rows)
    for row in rows:
        if held_out(row["question"]):
            others = rng.sample([other for other in rows if other is not row], _OTHERS)
            docs = [Source("", "\n".join(other["contexts"]), other is row) for other in (row, *others)]
            checks = (SummaryKept(row["long_answer"], (docs[0].text,)),)
            yield example(f"pubmedqa-{row['id']}", row["question"], docs, (), seed, group=row["id"], checks=checks)
