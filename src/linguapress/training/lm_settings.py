"""Everything that the training of a small causal language model depends on."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

from linguapress.training.choices import DTYPES, OPTIMIZERS, PRECISIONS, check_choices, check_ranges

_KNOWN = {"optimizer": OPTIMIZERS, "precision": PRECISIONS, "model_dtype": DTYPES}


@dataclass(frozen=True, slots=True)
class LmSettings:
    """Everything that a run depends on; the defaults are the model that is shipped, 12.7 M parameters.

    Attributes:
        data: folder with train*.jsonl, valid.jsonl and test.jsonl, gzipped or not; records have the field ``text``.
        out: folder for the model, the checkpoint, ``metrics.json``, ``log.jsonl`` and the model card.
        minutes: time that training takes, measurements not counted; 0 = as ``tokens`` says.
        tokens: tokens that are learnt from; 0 = as ``minutes`` says. One of the two is given.
        vocabulary: tokens of the byte-level BPE, the end token among them.
        layers: transformer blocks.
        width: of hidden states.
        inner: width inside the feed-forward layers.
        heads: attention heads.
        window: tokens that the model reads at once.
        batch: windows of a step.
        micro: windows that are computed at once, a memory setting; parts of a step are summed.
        rate: highest learning rate.
        warm: share of the budget over which the rate rises, 0..1; then it falls linearly to zero.
        decay: decoupled weight decay of the matrices.
        optimizer: ``"muon"`` for the matrices of the blocks (the rest by AdamW), or ``"adamw"`` for all.
        precision: ``"bf16"``: a copy of the weights in bfloat16 computes; ``"fp32"``; ``"auto"`` = bf16 where the hardware has it.
        model_dtype: precision in which the model is written.
        measure_every: steps between two measurements on valid, 0 = none.
        seed: of the weights and of the order of the windows.
        device: ``"auto"`` or a torch device.
        licence: of the model, for its card.
        copying: share of the windows that hold texts said twice, for soft compression; 0..1.
        asking: share of the windows that hold questions on what stands before them, with answers; 0..1.
        questions: files of paragraphs with questions, in SQuAD's form.
        chunk: most tokens of a text said twice, and of a chunk that is asked about.
    """

    data: Path
    out: Path
    minutes: float = 0.0
    tokens: int = 0
    vocabulary: int = 16384
    layers: int = 6
    width: int = 320
    inner: int = 864
    heads: int = 5
    window: int = 1024
    batch: int = 8
    micro: int = 8
    rate: float = 4e-3
    warm: float = 0.02
    decay: float = 0.1
    optimizer: str = "muon"
    precision: str = "auto"
    model_dtype: str = "float16"
    measure_every: int = 500
    seed: int = 0
    device: str = "cpu"
    licence: str = ""
    copying: float = 0.0
    asking: float = 0.0
    questions: tuple[Path, ...] = ()
    chunk: int = 96

    def __post_init__(self) -> None:
        """Refuses what cannot be meant.

        Raises:
            UnknownName: an optimizer or a precision that does not exist.
            ValueError: a number out of its range, or not exactly one budget.
        """
        check_choices(self, _KNOWN)
        check_ranges(self, _RANGES)
        if (self.minutes > 0) == (self.tokens > 0):
            raise ValueError(f"minutes is {self.minutes:g} and tokens is {self.tokens}; give one of them, above zero")
        if self.copying + self.asking > 1:
            raise ValueError(f"copying is {self.copying:g} and asking {self.asking:g}; together they take at most 1")
        if self.width % (2 * self.heads):
            raise ValueError(f"width {self.width} makes no even share of {self.heads} heads; choose a multiple of {2 * self.heads}")


_RANGES = (
    ("minutes", 0, math.inf), ("tokens", 0, math.inf), ("vocabulary", 257, 65536), ("layers", 1, math.inf), ("width", 2, math.inf),
    ("inner", 1, math.inf), ("heads", 1, math.inf), ("window", 8, math.inf), ("batch", 1, math.inf), ("micro", 1, math.inf),
    ("rate", 0, 1), ("warm", 0, 0.9), ("decay", 0, 10), ("measure_every", 0, math.inf),
    ("copying", 0, 1), ("asking", 0, 1), ("chunk", 1, math.inf),
)  # fmt: skip
