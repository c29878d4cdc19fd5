"""Everything that the training of a keep head depends on."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from linguapress.models.embedded import model_folder
from linguapress.training.choices import DTYPES, PRECISIONS, check_choices, check_ranges
from linguapress.training.corpus import DataSet

_KNOWN = {"precision": PRECISIONS, "model_dtype": DTYPES}


@dataclass(frozen=True, slots=True)
class KeepSettings:
    """Everything that a run depends on; the defaults, one data set and ``hold`` are those of the model that is shipped.

    Attributes:
        base: encoder to start from: ``"mini"``, ``"all-MiniLM-L6-v2"`` (extra ``train``), a local folder or a hub name; a keep
            model goes on with its head.
        data: data sets, mixed by their weights; texts have the fields text, compressed, source.
        out: folder for the checkpoint, ``metrics.json``, ``log.jsonl`` and the model card.
        hold: files of further texts, unlabelled, whose embeddings are held as well.
        hold_weight: weight of holding the embeddings against the cross entropy; 0 = they may move.
        epochs: rounds over the data, at most.
        batch: texts that a process reads at once.
        rate: highest learning rate; it rises over the first twentieth of the steps, then falls linearly.
        window: tokens; longer texts are cut at sentence ends into parts that fit (fewer where the model reads fewer).
        smoothing: label smoothing.
        layer_decay: learning rate of each layer as a share of the rate of the layer above.
        average: decay of the exponential average of the weights, 0 = the last weights are taken.
        seed: of the order of the texts, of the new head and of dropout.
        device: ``"auto"`` or a torch device.
        accumulate: batches of a process that make a step; a step sees ``batch * accumulate * processes`` labelled texts.
        precision: ``"bf16"``: a copy of the weights in bfloat16 computes, the optimizer changes those in float32; ``"fp32"``;
            ``"auto"`` = bf16 where the hardware multiplies it.
        freeze_words: leaves the word embeddings as they are, bit for bit.
        words_of: model whose word embeddings replace those of ``base`` before training; empty = none.
        patience: epochs without a better F1 on dev after which training ends; the best weights are kept. 0 = all epochs, the
            last weights.
        teachers: keep models whose soft probabilities, on average, are learnt as well.
        teacher_weight: weight of the KL divergence from the teachers.
        unlabelled: files of further texts for the teacher (JSON lines, or .txt with a text a line).
        extra: unlabelled texts (``hold`` and ``unlabelled``) in a step for each labelled one.
        model_dtype: precision in which the model is written.
        licence: of the model, for its card.
    """

    base: str
    data: tuple[DataSet, ...]
    out: Path
    hold: tuple[Path, ...] = ()
    hold_weight: float = 2.0
    epochs: int = 6
    batch: int = 12
    rate: float = 2e-4
    window: int = 320
    smoothing: float = 0.03
    layer_decay: float = 1.0
    average: float = 0.995
    seed: int = 0
    device: str = "cpu"
    accumulate: int = 1
    precision: str = "auto"
    freeze_words: bool = False
    words_of: str = ""
    patience: int = 0
    teachers: tuple[str, ...] = ()
    teacher_weight: float = 1.0
    unlabelled: tuple[Path, ...] = ()
    extra: float = 0.25
    model_dtype: str = "float16"
    licence: str = ""

    def __post_init__(self) -> None:
        """Refuses what cannot be meant.

        Raises:
            UnknownName: a precision that does not exist.
            ValueError: no data, a number out of its range, unlabelled texts that nothing is learnt from, or a model that would
                overwrite one that the run reads, or lie among its data.
        """
        check_choices(self, _KNOWN)
        if not self.data:
            raise ValueError("no data to learn from; give at least one folder with train.jsonl and dev.jsonl")
        check_ranges(self, _RANGES)
        if self.unlabelled and not self.teachers:
            raise ValueError("unlabelled texts are learnt from a teacher; name a keep model as teacher, or leave them out")
        check_apart(self.out, (self.base, self.words_of, *self.teachers))
        if any(item.folder.resolve() == self.out.resolve() for item in self.data):
            raise ValueError(f"the model would be written into {self.out}, a folder of the data; choose another --out")


_RANGES = (
    ("epochs", 1, math.inf), ("batch", 1, math.inf), ("accumulate", 1, math.inf), ("patience", 0, math.inf), ("rate", 0, 1),
    ("window", 16, math.inf), ("smoothing", 0, 0.5), ("layer_decay", 0, 1), ("average", 0, 1), ("extra", 0, 64),
    ("hold_weight", 0, math.inf), ("teacher_weight", 0, math.inf),
)  # fmt: skip


def check_apart(out: Path, models: Iterable[str]) -> None:
    """Raises: ValueError: a model would be written over one that its training reads."""
    for name in filter(None, models):
        if Path(model_folder(name)).resolve() == out.resolve():
            raise ValueError(f"the model would be written over {name!r}, which the run reads; choose another --out")
