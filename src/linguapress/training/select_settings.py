"""Everything that the training of a selector depends on."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from linguapress.models.embedded import EMBEDDED
from linguapress.training.choices import PRECISIONS, check_choices, check_ranges
from linguapress.training.groups import MIX
from linguapress.training.keep_settings import check_apart


@dataclass(frozen=True, slots=True)
class SelectSettings:
    """Everything that a run depends on.

    Attributes:
        data: folder with the data sets, see :mod:`linguapress.training.questions`; None = ``questions`` alone are learnt from.
        out: folder for the selector, ``metrics.json`` and ``log.jsonl``.
        base: encoder to start from: ``"mini"``, a local folder or a hub name.
        steps: optimizer steps.
        groups: groups a step; a group is a question with its passages, or as many questions with one passage each.
        width: passages in a group.
        rate: highest learning rate.
        articles: Wikipedia articles among which negatives are searched.
        hardness: how soon the chance of a negative falls with its place among them.
        spare: how many times as many negatives are drawn as are learnt from; the model chooses the hardest of them.
        start: ``"select"`` or folder of a selector to go on from, with its tokenizer and word embeddings; empty = new heads on
            the base.
        dropout: of hidden states.
        average: decay of the exponential average of the weights.
        measure_every: steps between two measurements on dev questions, 0 = none but the last.
        mix: share of the groups by source.
        questions: files of further questions; see :func:`~linguapress.training.own_questions.own_questions`.
        blocks: most blocks of an article, drawn at random; 0 = all.
        calibrate: files of questions, in the same format, on which the probabilities of sentences are fitted; nothing else is
            learnt from them. Without them, those of ``start`` stay.
        precision: ``"bf16"``: a copy of the weights in bfloat16 computes; ``"fp32"``; ``"auto"`` = bf16 where the hardware has it.
    """

    data: Path | None
    out: Path
    base: str = EMBEDDED
    steps: int = 3600
    groups: int = 3
    width: int = 12
    rate: float = 1e-4
    articles: int = 2200
    hardness: float = 0.12
    spare: float = 1.0
    start: str = ""
    dropout: float = 0.0
    average: float = 0.999
    measure_every: int = 600
    mix: Mapping[str, float] = field(default_factory=lambda: dict(MIX))
    seed: int = 0
    device: str = "cpu"
    questions: tuple[Path, ...] = ()
    blocks: int = 0
    calibrate: tuple[Path, ...] = ()
    precision: str = "auto"

    def __post_init__(self) -> None:
        """Refuses what cannot be meant.

        Raises:
            UnknownName: a precision that does not exist.
            ValueError: a number out of its range, a mix of nothing, or a selector that would overwrite what it starts from.
        """
        check_choices(self, {"precision": PRECISIONS})
        check_ranges(self, _RANGES)
        if not all(0 <= share < math.inf for share in self.mix.values()) or not any(self.mix.values()):
            raise ValueError(f"the shares of the mix must be 0 or more, and one of them more, got {dict(self.mix)}")
        check_apart(self.out, (self.start or self.base,))


_RANGES = (
    ("steps", 1, math.inf), ("groups", 1, math.inf), ("width", 2, math.inf), ("rate", 0, 1),
    ("articles", 0, math.inf), ("hardness", 0, math.inf), ("spare", 1, 1000), ("dropout", 0, 0.9),
    ("average", 0, 1), ("measure_every", 0, math.inf), ("blocks", 0, math.inf),
)  # fmt: skip
