"""Everything that the training of a soft compressor depends on."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

from linguapress.soft.places import LAYOUTS
from linguapress.training.choices import OPTIMIZERS, PRECISIONS, check_choices, check_ranges

METHODS = ("500x", "icae")
_KNOWN: dict[str, tuple[str, ...]] = {
    "stage": ("pretrain", "finetune"),
    "method": METHODS,
    "preset": ("default", "paper"),
    "optimizer": OPTIMIZERS,
    "schedule": ("linear", "constant"),
    "precision": PRECISIONS,
    "layout": LAYOUTS,
}


@dataclass(frozen=True, slots=True)
class SoftTraining:
    """Everything that a run depends on.

    Attributes:
        stage: ``"pretrain"``: texts are said again; ``"finetune"``: questions on texts are answered.
        data: JSON lines, gzipped or not: records with ``text`` to pretrain, paragraphs with ``qas`` (SQuAD's form) to finetune.
        out: folder for the compressor, the checkpoint, ``metrics.json``, ``log.jsonl`` and the card.
        lm: the causal language model that will read the memories: embedded, folder or hub name.
        start: folder of a compressor to go on from; its method, preset and sizes hold; None = a new one.
        method: ``"500x"`` or ``"icae"``.
        preset: ``"default"`` or ``"paper"``, see :mod:`linguapress.soft.settings`.
        k: memory tokens for a text.
        longest: most tokens of a text.
        shortest: fewest tokens of a text to pretrain; lengths are drawn evenly; 0 = all are of ``longest``.
        growing: share of the budget over which texts grow from ``k`` tokens to ``longest``, 0..1: what a memory is for is learnt
            much sooner from texts that fit into it.
        rank: of the adapter; 0 = as the preset says.
        anchored: whether memory tokens begin as tokens of the text; None = as the preset says.
        minutes: time that training takes, measurements not counted; 0 = as ``steps`` says.
        steps: optimizer steps; 0 = as ``minutes`` says. One of the two is given.
        batch: texts or questions of a step.
        micro: of those, computed at once; parts of a step are summed.
        optimizer: ``"muon"`` for the matrices of the adapter (memory tokens by AdamW), or ``"adamw"`` for all, as in the paper.
        rate: highest learning rate.
        warm: share of the budget over which the rate rises, 0..1.
        schedule: then it falls linearly to zero, or stays constant, as in the paper.
        continuation: weight of the loss of going on with the text, next to that of saying it again (ICAE, section 2.2.2; EPL).
        following: tokens of the text behind that are gone on with.
        recite: weight of the losses of saying the chunks again and of going on from a few tokens somewhere within them, next to
            answering (finetuning): else a small model unlearns the memory before it has learnt to ask it. 0 = as in the paper.
        distil: weight of the divergence from the model that reads the text itself (Kullback-Leibler, in nats).
        nested: learn 1, 2, 4 ... k memory tokens at once, one number a step (Matryoshka), so that a memory can be cut.
        chunks: most texts side by side in a prompt, of which one holds the answer (finetuning).
        layout: where memories stand in such a prompt.
        measure_every: steps between measurements on held-out data; 0 = only at the end.
        held: texts or questions that are measured on; at least 2, since each also meets the memory of another.
        precision: of the language model: ``"auto"`` = bf16 where the hardware has it; what is trained is always float32.
        seed: of the initial numbers, and of the order of the data.
        device: ``"auto"`` or a torch device.
        licence: of the compressor, for its card.
    """

    stage: str
    data: tuple[Path, ...]
    out: Path
    lm: str = "lm"
    start: Path | None = None
    method: str = "500x"
    preset: str = "default"
    k: int = 16
    longest: int = 500
    shortest: int = 0
    growing: float = 0.0
    rank: int = 0
    anchored: bool | None = None
    minutes: float = 0.0
    steps: int = 0
    batch: int = 16
    micro: int = 16
    optimizer: str = "muon"
    rate: float = 1e-3
    warm: float = 0.03
    schedule: str = "linear"
    continuation: float = 0.0
    following: int = 32
    recite: float = 1.0
    distil: float = 0.0
    nested: bool = False
    chunks: int = 1
    layout: str = "spread"
    measure_every: int = 0
    held: int = 64
    precision: str = "auto"
    seed: int = 0
    device: str = "auto"
    licence: str = ""

    def __post_init__(self) -> None:
        """Refuses what cannot be meant.

        Raises:
            UnknownName: a name that does not exist.
            ValueError: no data, a number out of its range, not exactly one budget, or a model where it would write.
        """
        check_choices(self, _KNOWN)
        check_ranges(self, _RANGES)
        if not self.data:
            raise ValueError("no data to learn from; give at least one file")
        if (self.minutes > 0) == (self.steps > 0):
            raise ValueError(f"minutes is {self.minutes:g} and steps is {self.steps}; give one of them, above zero")
        if self.shortest > self.longest:
            raise ValueError(f"shortest is {self.shortest} and longest {self.longest}; give less of the one, or more of the other")
        if self.start is not None and self.start.resolve() == self.out.resolve():
            raise ValueError(f"out would be written over the compressor that it starts from, {self.start}; choose another --out")
        if (self.out / "config.json").exists():
            raise ValueError(f"out would be written over the model in {str(self.out)!r}; choose another --out")

    @property
    def counts(self) -> tuple[int, ...]:
        """Numbers of memory tokens that are learnt: k alone, or the powers of two below it as well."""
        if not self.nested:
            return (self.k,)
        return (*(2**n for n in range(self.k.bit_length()) if 2**n < self.k), self.k)


_RANGES = (
    ("k", 1, math.inf), ("longest", 1, math.inf), ("shortest", 0, math.inf), ("rank", 0, math.inf), ("growing", 0, 1),
    ("minutes", 0, math.inf), ("steps", 0, math.inf), ("batch", 1, math.inf), ("micro", 1, math.inf), ("rate", 0, 1),
    ("warm", 0, 0.9), ("continuation", 0, 100), ("following", 2, math.inf), ("recite", 0, 100),
    ("distil", 0, 100), ("chunks", 1, math.inf),
    ("measure_every", 0, math.inf), ("held", 2, math.inf), ("seed", 0, 2**31 - 1),
)  # fmt: skip
