"""A training run of a keep head: weights, optimizer and average, with their place in the schedule."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from linguapress.jsonl import append_jsonl
from linguapress.models.devices import attention_of
from linguapress.models.loading import WINDOW
from linguapress.models.weights import Weights, check_vocabulary
from linguapress.training.checkpoint import read_state, write_state
from linguapress.training.clock import linear
from linguapress.training.copies import Copies, check_loss, descend, precision_named
from linguapress.training.keep_data import Batch, Step, collate, room_of
from linguapress.training.keep_loss import Amounts, amounts, hold_loss, keep_loss, teacher_loss
from linguapress.training.keep_model import (
    depth,
    encoder_tokenizer,
    in_precision,
    load_classifier,
    load_original,
    take_words,
    write_model,
)
from linguapress.training.keep_settings import KeepSettings
from linguapress.training.processes import Processes, sum_gradients


class Run:
    """Weights in float32 that the optimizer changes, and the model that computes: the same, or a copy in bfloat16.

    Attributes:
        step: steps done.
        epoch: epochs done.
        within: steps done of the epoch that is under way.
        history: F1 on dev after each epoch, where it is measured.
    """

    def __init__(self, settings: KeepSettings, processes: Processes, data: str = "") -> None:
        """A run at its beginning, on the data of that checksum."""
        self.settings, self.processes, self.device, self._data = settings, processes, processes.device, data
        wanted = precision_named(settings.precision, self.device)
        attention = attention_of(self.device, wanted)
        self.tokenizer = encoder_tokenizer(settings.base)
        torch.manual_seed(settings.seed)
        self.master = load_classifier(settings.base, attention).to(self.device)
        check_vocabulary(settings.base, self.master, self.tokenizer)
        if settings.words_of:
            take_words(self.master, settings.words_of)
        if settings.freeze_words:
            self.master.get_input_embeddings().requires_grad_(False)
        self.model: Any = self.master if wanted == torch.float32 else in_precision(self.master, wanted)
        self.original = (
            in_precision(load_original(settings.base, attention), wanted).to(self.device) if settings.hold_weight else None
        )
        self.copies = Copies(self.master, self.model, settings.average)
        self.reader = Weights(self.model, self.tokenizer, self.device, keep=1)
        setattr(self.master.config, WINDOW, room_of(settings, self.reader))
        self.total = self.step = self.epoch = self.within = 0
        self.history: list[float] = []
        self.sums: dict[str, list[float]] = {}

    def prepare(self, total: int) -> None:
        """Makes the optimizer and its schedule of ``total`` steps; goes on where an interrupted run was saved.

        Raises:
            ValueError: that run had other settings, or learnt from other data.
        """
        self.total = total
        self.optimizer = torch.optim.AdamW(self._groups(), weight_decay=0.01, fused=self.device.type in ("cpu", "cuda"))
        self.schedule = torch.optim.lr_scheduler.LambdaLR(self.optimizer, lambda step: linear(step, total))
        state = read_state(self._state_file(), self.settings, str(self.device), self._data)
        if state is not None:
            self._restore(state)

    def _groups(self) -> list[dict[str, Any]]:
        """Parameters by layer, the lower the slower."""
        groups: dict[int, list[Tensor]] = {}
        for name, weight in zip(self.copies.names, self.copies.weights, strict=True):
            groups.setdefault(depth(name, self.master), []).append(weight)
        top, decay = int(self.master.config.num_hidden_layers), self.settings.layer_decay
        return [{"params": group, "lr": self.settings.rate * decay ** (top - at)} for at, group in groups.items()]

    def update(self, step: Step) -> dict[str, float]:
        """One optimizer step; its losses, each the mean over all that the step holds, in all processes.

        Raises:
            ValueError: a loss is no number any more.
        """
        torch.manual_seed((self.settings.seed << 32) + self.step * self.processes.count + self.processes.index)  # of dropout
        self.model.train()
        mine = [part for part in step[self.processes.index :: self.processes.count] if part.texts]
        batches = [collate(part, self.reader, with_sentences=self.original is not None) for part in mine]
        sizes = torch.tensor([[0, 0, 0], *map(amounts, batches)], dtype=torch.float64).sum(0).float().to(self.device)
        self.processes.totals([sizes])
        there = Amounts(*(max(1, int(size)) for size in sizes.tolist()))
        sums = torch.zeros(3, device=self.device)
        for batch in batches:
            found = self._losses(batch.to(self.device), there)
            (found @ found.new_tensor(self._weights())).backward()  # type: ignore[no-untyped-call]
            self.copies.gather()
            sums += found.detach()
        self.processes.totals([sums])
        losses = sums.tolist()
        check_loss(sum(losses), self.step + 1)
        self._descend()
        return self._noted(losses)

    def _weights(self) -> tuple[float, float, float]:
        settings = self.settings
        return 1.0, settings.hold_weight, settings.teacher_weight if settings.teachers else 0.0

    def _losses(self, batch: Batch, there: Amounts) -> Tensor:
        """What a batch adds to the mean losses of its step: keep, hold, teacher."""
        out = self.model(input_ids=batch.ids, attention_mask=batch.mask, output_hidden_states=self.original is not None)
        zero = out.logits.new_zeros((), dtype=torch.float32)
        keep = keep_loss(out.logits, batch, self.settings.smoothing) / there.keep
        taught = teacher_loss(out.logits, batch) / there.teacher if self.settings.teachers else zero
        if self.original is None:
            return torch.stack([keep, zero, taught])
        with torch.no_grad():
            target = self.original(input_ids=batch.ids, attention_mask=batch.mask, output_hidden_states=True).hidden_states[-1]
        return torch.stack([keep, hold_loss(out.hidden_states[-1], target, batch) / there.hold, taught])

    def _descend(self) -> None:
        """Sums the gradients of all processes, changes the weights, and the copies and the average after them."""
        sum_gradients(self.processes, self.copies.weights)
        descend(self.copies.weights, [self.optimizer])
        self.schedule.step()
        self.step, self.within = self.step + 1, self.within + 1
        self.copies.follow(self.step)

    def _noted(self, losses: Sequence[float]) -> dict[str, float]:
        named = dict(zip(("keep", "hold", "teacher"), losses, strict=True))
        figures = {name: named[name] for name, weight in zip(named, self._weights(), strict=True) if weight}
        for name, value in figures.items():
            self.sums.setdefault(name, []).append(value)
        return figures

    def write(self, folder: Path) -> None:
        """Writes the averaged model with its tokenizer."""
        write_model(self.copies.averaged(), self.tokenizer, folder, self.settings.model_dtype)

    def end_epoch(self, measured: Callable[[], float] | None) -> None:
        """Counts the epoch, notes its mean losses and its F1 on dev, and saves."""
        self.epoch, self.within = self.epoch + 1, 0
        if measured is not None:
            self.history.append(self.processes.first(measured() if self.processes.index == 0 else None))
        means = {name: sum(values) / len(values) for name, values in self.sums.items()}
        self.sums = {}
        if self.processes.index == 0:
            f1 = {"f1": self.history[-1]} if self.history else {}
            append_jsonl(self.settings.out / "log.jsonl", [{"epoch": self.epoch, "step": self.step, "losses": means, **f1}])
        self.save()

    def _state_file(self) -> Path:
        return self.settings.out / "checkpoint.pt"

    def save(self) -> None:
        """Writes all that a later process needs to go on."""
        if self.processes.index:
            return
        state = {
            "step": self.step, "epoch": self.epoch, "within": self.within, "history": self.history, "sums": self.sums,
            **self.copies.state(), "optimizer": self.optimizer.state_dict(), "schedule": self.schedule.state_dict(),
        }  # fmt: skip
        write_state(self._state_file(), self.settings, state, self._data)

    def _restore(self, state: dict[str, Any]) -> None:
        self.copies.restore(state)
        self.optimizer.load_state_dict(state["optimizer"])
        self.schedule.load_state_dict(state["schedule"])
        for name in ("step", "epoch", "within", "history", "sums"):
            setattr(self, name, state[name])
