"""GSM8K and BIG-Bench Hard: prompts of an instruction, worked examples and a question."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

from linguapress.evaluation.checks import ShotsKept
from linguapress.evaluation.prompts_data import few_shots
from linguapress.evaluation.tasks.example import Example


def few_shot(folder: Path, seed: int, name: str) -> Iterator[Example]:
    """The prompts of a data set, shuffled.

    Args:
        folder: the data folder.
        seed: order.
        name: a key of :data:`linguapress.evaluation.prompts_data.TASKS`.
    """
    shots = few_shots(name, folder)
    random.Random(f"{seed}:{name}").shuffle(shots)
    for shot in shots:
        prompt = shot.prompt
        parts = tuple(prompt.parts)
        yield Example(shot.id, prompt.question, parts, (), (), group=shot.id, checks=(ShotsKept(prompt),), prompt=prompt)
