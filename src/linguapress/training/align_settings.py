"""Everything that the alignment of a small causal language model depends on."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

from linguapress.models.embedded import CAUSAL, model_folder
from linguapress.training.choices import DTYPES, PRECISIONS, check_choices, check_ranges

_KNOWN = {"precision": PRECISIONS, "model_dtype": DTYPES}


@dataclass(frozen=True, slots=True)
class AlignSettings:
    """Everything that a run depends on.

    Attributes:
        data: JSON-lines files, gzipped or not, of records with ``instruction``, ``input`` (optional) and ``output``.
        out: folder for the model, the checkpoint, ``metrics.json``, ``log.jsonl`` and the model card.
        base: causal language model to start from: ``"lm"``, a local folder or a hub name.
        target: causal language model with the same tokenizer that the divergence is measured from; empty = not measured.
        lora_rank: rank of low-rank adapters (arXiv 2106.09685) on all linear layers but the head; 0 = all weights are tuned.
        lora_alpha: their scale is ``lora_alpha / lora_rank``.
        epochs: rounds over the pairs, at most.
        batch: pairs of a step.
        micro: pairs that are computed at once, a memory setting; parts of a step are summed.
        rate: highest learning rate.
        warm: share of the steps over which the rate rises, 0..1; then it falls linearly to zero.
        decay: decoupled weight decay.
        window: tokens that are read at once; longer outputs are cut. 0 = as many as the model and the target can.
        dev_share: share of the pairs that are held out, by a hash of their instructions.
        measure_every: steps between two measurements on held-out pairs, 0 = after each epoch.
        patience: measurements without a better one after which training ends; the best weights are taken. 0 = all epochs, the
            last weights.
        precision: ``"bf16"``: a copy of the weights in bfloat16 computes (adapters stay in float32); ``"fp32"``; ``"auto"`` =
            bf16 where the hardware has it.
        model_dtype: precision in which the model is written.
        seed: of the order of the pairs, of the adapters and of dropout.
        device: ``"auto"`` or a torch device.
        licence: of the model, for its card.
        questions: JSON-lines files of questions with passages, which are learnt as well, or instead
            (:func:`~linguapress.training.align_questions.question_pairs`).
    """

    data: tuple[Path, ...]
    out: Path
    base: str = CAUSAL
    target: str = ""
    lora_rank: int = 0
    lora_alpha: float = 16.0
    epochs: int = 3
    batch: int = 16
    micro: int = 4
    rate: float = 1e-4
    warm: float = 0.05
    decay: float = 0.0
    window: int = 0
    dev_share: float = 0.1
    measure_every: int = 0
    patience: int = 2
    precision: str = "auto"
    model_dtype: str = "float16"
    seed: int = 0
    device: str = "cpu"
    licence: str = ""
    questions: tuple[Path, ...] = ()

    def __post_init__(self) -> None:
        """Refuses what cannot be meant.

        Raises:
            UnknownName: a precision that does not exist.
            ValueError: no data, a number out of its range, or a model that would overwrite the one that it starts from.
        """
        check_choices(self, _KNOWN)
        check_ranges(self, _RANGES)
        if not self.data and not self.questions:
            raise ValueError("no pairs to learn from; give a file of them, questions, or instructions that a teacher answers")
        if not 0 < self.dev_share < 1:
            raise ValueError(f"dev_share is {self.dev_share:g}; it lies between 0 and 1, such as 0.1")
        if Path(model_folder(self.base)).resolve() == self.out.resolve():
            raise ValueError(f"the model would be written over the one that it starts from, {self.base!r}; choose another --out")


_RANGES = (
    ("lora_rank", 0, math.inf), ("lora_alpha", 1e-6, math.inf), ("epochs", 1, math.inf), ("batch", 1, math.inf),
    ("micro", 1, math.inf), ("rate", 0, 1), ("warm", 0, 0.9), ("decay", 0, 10), ("window", 0, math.inf),
    ("measure_every", 0, math.inf), ("patience", 0, math.inf),
)  # fmt: skip
