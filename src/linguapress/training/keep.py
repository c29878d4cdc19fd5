"""Training of a keep head on teachers' compressions, with the encoder's embeddings held where they were.

The token classifier of LLMLingua-2 (arXiv 2403.12968, section 4.3): a linear head on a bidirectional encoder, cross entropy on
keep / drop. Departures: a second loss keeps mean-pooled sentence and passage vectors close to those of the frozen original,
so that one checkpoint serves as token classifier and as embedder; passages are joined at random, so that long contexts occur;
the weights that are saved are an exponential average.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional
from transformers import AutoModel, AutoModelForTokenClassification, AutoTokenizer

from linguapress.models.encoder import Encoder
from linguapress.scores import Floats, TokenScores, unit_of
from linguapress.segment import sentences
from linguapress.text import Span
from linguapress.training.checkpoint import plain, read_state, write_state
from linguapress.training.corpus import Labelled, joined, read_distilled, read_plain
from linguapress.training.metrics import always_keep_f1, keep_report, random_words, word_table

LABELS = {0: "drop", 1: "keep"}
IGNORED = -100
Progress = Callable[[int, int, dict[str, float]], None]


@dataclass(frozen=True, slots=True)
class KeepSettings:
    """Everything that a run depends on.

    Attributes:
        base: encoder to start from, a local folder or a hub name.
        data: folder with ``train.jsonl`` and ``dev.jsonl`` (fields text, compressed, source).
        out: folder for the checkpoint and ``metrics.json``.
        hold: JSON-lines files of further texts whose embeddings are held; none = only the training texts.
        hold_weight: weight of the holding loss against the cross entropy.
        batch: texts in a step (a quarter as many again from ``hold``).
        window: tokens, longer texts are cut.
        smoothing: label smoothing.
        layer_decay: learning rate of each layer as a share of the rate of the layer above.
        average: decay of the exponential average of the weights.
    """

    base: str
    data: Path
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


@dataclass(frozen=True, slots=True)
class Batch:
    """Tensors of one step, padded to the longest text: [texts, tokens]; ``pools`` is [vectors, texts * tokens]."""

    ids: Tensor
    mask: Tensor
    labels: Tensor
    pools: Tensor


def train(settings: KeepSettings, progress: Progress = lambda step, total, figures: None) -> dict[str, Any]:
    """Trains, evaluates on ``dev.jsonl``, and writes the model and ``metrics.json``; returns the metrics.

    An interrupted run goes on from its last epoch when it is started again with the same settings.
    """
    torch.manual_seed(settings.seed)
    examples = read_distilled(settings.data / "train.jsonl")
    held = [text for path in settings.hold for text in read_plain(path)]
    tokenizer = AutoTokenizer.from_pretrained(settings.base)
    model = AutoModelForTokenClassification.from_pretrained(
        settings.base, num_labels=2, id2label=LABELS, label2id={name: i for i, name in LABELS.items()},
        attention_probs_dropout_prob=0.0,  # keeps the fused attention kernel
    ).to(settings.device)  # fmt: skip
    run = _Run(settings, model, len(examples))
    run.resume()
    while run.epoch < settings.epochs:
        rng = random.Random(settings.seed * 1000 + run.epoch)
        for batch in _batches(settings, tokenizer, examples, held, rng):
            progress(run.step, run.total, run.update(batch))
        run.epoch += 1
        run.save()
    return _finish(settings, run.averaged(), tokenizer, examples)


class _Run:
    """Model, frozen original, optimizer and average, with their place in the schedule."""

    def __init__(self, settings: KeepSettings, model: Any, examples: int) -> None:
        self.settings, self.model = settings, model
        self.original = AutoModel.from_pretrained(settings.base).to(settings.device).eval().requires_grad_(False)
        self.optimizer = torch.optim.AdamW(_groups(model, settings), weight_decay=0.01)
        self.total = max(1, settings.epochs * examples * 10 // (settings.batch * 14))  # joining leaves about 10/14 of the texts
        self.schedule = torch.optim.lr_scheduler.LambdaLR(self.optimizer, self._share)
        self.average = {name: value.detach().clone().float() for name, value in model.state_dict().items()}
        self.step = self.epoch = 0

    def _share(self, step: int) -> float:
        warm = max(1, self.total // 20)
        return min((step + 1) / warm, max(0.02, (self.total - step) / max(1, self.total - warm)))

    def update(self, batch: Batch) -> dict[str, float]:
        """One optimizer step; the losses."""
        self.model.train()
        kind = torch.device(self.settings.device).type
        with torch.autocast(kind, torch.bfloat16):
            hidden = self.model.base_model(input_ids=batch.ids, attention_mask=batch.mask).last_hidden_state
            logits = self.model.classifier(self.model.dropout(hidden))
            with torch.no_grad():
                target = self.original(input_ids=batch.ids, attention_mask=batch.mask).last_hidden_state
        keep = functional.cross_entropy(
            logits.float().flatten(0, 1), batch.labels.flatten(), ignore_index=IGNORED, label_smoothing=self.settings.smoothing
        )
        held = 1 - functional.cosine_similarity(_pooled(hidden, batch), _pooled(target, batch)).mean()
        (keep + self.settings.hold_weight * held).backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        self.optimizer.step()
        self.optimizer.zero_grad()
        self.schedule.step()
        self.step += 1
        self._average()
        return {"keep": float(keep.detach()), "hold": float(held.detach())}

    def _average(self) -> None:
        decay = min(self.settings.average, (1 + self.step) / (10 + self.step))
        for name, value in self.model.state_dict().items():
            self.average[name].lerp_(value.detach().float(), 1 - decay)

    def averaged(self) -> Any:
        self.model.load_state_dict({k: self.average[k].to(v.dtype) for k, v in self.model.state_dict().items()})
        return self.model.eval()

    def _state_file(self) -> Path:
        return self.settings.out / "checkpoint.pt"

    def save(self) -> None:
        state = {
            "step": self.step, "epoch": self.epoch, "average": self.average, "model": self.model.state_dict(),
            "optimizer": self.optimizer.state_dict(), "schedule": self.schedule.state_dict(),
        }  # fmt: skip
        write_state(self._state_file(), self.settings, state)

    def resume(self) -> None:
        state = read_state(self._state_file(), self.settings, self.settings.device)
        if state is None:
            return
        self.model.load_state_dict(state["model"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.schedule.load_state_dict(state["schedule"])
        self.average, self.step, self.epoch = state["average"], state["step"], state["epoch"]


def _groups(model: Any, settings: KeepSettings) -> list[dict[str, Any]]:
    """Parameters by layer, the lower the slower."""
    layers = int(model.config.num_hidden_layers)

    def depth(name: str) -> int:
        parts = name.split(".")
        numbers = [int(part) for part in parts if part.isdigit()]
        return layers if name.startswith("classifier") else numbers[0] + 1 if numbers else 0

    groups: dict[int, list[nn.Parameter]] = {}
    for name, parameter in model.named_parameters():
        groups.setdefault(depth(name), []).append(parameter)
    return [{"params": group, "lr": settings.rate * settings.layer_decay ** (layers - at)} for at, group in groups.items()]


def _pooled(hidden: Tensor, batch: Batch) -> Tensor:
    return batch.pools @ hidden.float().flatten(0, 1)


def _batches(
    settings: KeepSettings, tokenizer: Any, examples: Sequence[Labelled], held: Sequence[str], rng: random.Random
) -> Iterator[Batch]:
    """Steps of one epoch: labelled texts of like length, and next to them a quarter as many unlabelled ones."""
    texts = joined(examples, rng)
    size, pool = settings.batch, settings.batch * 16
    steps = []
    for start in range(0, len(texts), pool):
        by_length = sorted(texts[start : start + pool], key=lambda example: len(example.text))
        steps += [by_length[at : at + size] for at in range(0, len(by_length), size)]
    rng.shuffle(steps)
    for step in steps:
        extra = [Labelled("", text, ()) for text in rng.sample(held, min(len(held), size // 4))]
        yield _collate(settings, tokenizer, step, extra)


def _collate(settings: KeepSettings, tokenizer: Any, labelled: Sequence[Labelled], extra: Sequence[Labelled]) -> Batch:
    examples = [*labelled, *extra]
    encoded = tokenizer(
        [example.text for example in examples], truncation=True, max_length=settings.window, padding=True,
        return_offsets_mapping=True, return_tensors="pt",
    )  # fmt: skip
    offsets = encoded.pop("offset_mapping").numpy()
    labels = np.full(offsets.shape[:2], IGNORED)
    width, rows = offsets.shape[1], []
    for row, example in enumerate(examples):
        real = offsets[row, :, 1] > offsets[row, :, 0]
        if row < len(labelled):
            labels[row] = np.where(real, unit_of(offsets[row], example.kept) >= 0, IGNORED)
        units = [unit_of(offsets[row], sentences(example.text)), np.where(encoded["attention_mask"][row].numpy() > 0, 0, -1)]
        for owner in units:
            for unit in range(owner.max() + 1):
                members = np.flatnonzero(owner == unit)
                if len(members):
                    pool = np.zeros((len(examples), width), dtype=np.float32)
                    pool[row, members] = 1 / len(members)
                    rows.append(pool.ravel())
    tensors = encoded["input_ids"], encoded["attention_mask"], torch.from_numpy(labels), torch.from_numpy(np.stack(rows))
    return Batch(*(tensor.to(settings.device) for tensor in tensors))


def _finish(settings: KeepSettings, model: Any, tokenizer: Any, train_set: Sequence[Labelled]) -> dict[str, Any]:
    """Writes the model in half precision and measures what was written."""
    model.half().save_pretrained(settings.out)
    tokenizer.save_pretrained(settings.out)
    written = Encoder(str(settings.out), settings.device)

    def score(example: Labelled, words: list[Span]) -> Floats:
        (reading,) = written.read([example.text])
        return TokenScores(reading.offsets, reading.keep).pool(words, empty=0.0)

    dev = read_distilled(settings.data / "dev.jsonl")
    metrics = {
        "settings": plain(settings),
        "dev": keep_report(dev, score),
        "baselines": {
            "always keep": {"f1": always_keep_f1(dev)},
            "random words": keep_report(dev, random_words(settings.seed))["all"],
            "word table": keep_report(dev, word_table(train_set))["all"],
        },
    }
    (settings.out / "metrics.json").write_text(json.dumps(metrics, indent=2), encoding="utf-8")
    return metrics
