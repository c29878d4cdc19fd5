"""The training loop of a soft compressor: what is trained, its optimizer and its place in the schedule."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from linguapress.jsonl import append_jsonl
from linguapress.soft.compressor import SoftCompressor
from linguapress.training.checkpoint import read_state, write_state
from linguapress.training.clock import Clock, slope
from linguapress.training.copies import check_loss, descend
from linguapress.training.muon import Muon
from linguapress.training.processes import Processes, sum_gradients
from linguapress.training.soft_loss import Losses
from linguapress.training.soft_material import Item
from linguapress.training.soft_settings import SoftTraining

_COUNTS = 3  # another series of random numbers than that of the items


class Run:
    """Training that can be left and taken up again, in one process or in several.

    Attributes:
        clock: how much is done.
        history: what was measured, by step.
    """

    def __init__(self, press: SoftCompressor, settings: SoftTraining, processes: Processes) -> None:
        self.press, self.settings, self.processes = press, settings, processes
        self.weights = list(press.parameters().values())
        self._optimizers = _optimizers(press, settings)
        self._losses = Losses(press, settings)
        self.clock = Clock(settings.steps, settings.minutes * 60)
        self.history: list[dict[str, float]] = []
        self._sums: dict[str, list[float]] = {}

    def update(self, items: Sequence[Item]) -> dict[str, float]:
        """One step; its mean losses in nats per token and its learning rate.

        Raises:
            ValueError: a loss is no number any more.
        """
        settings, step = self.settings, self.clock.step
        rate = settings.rate * self._slope()
        torch.manual_seed((settings.seed << 32) + step * self.processes.count + self.processes.index)  # of dropout
        k = settings.counts[int(np.random.default_rng([settings.seed, step, _COUNTS]).integers(len(settings.counts)))]
        self.press.train()
        with self.clock.ticking():
            found = self._gradients(items[self.processes.index :: self.processes.count], k)
            sum_gradients(self.processes, self.weights)
            descend(self.weights, self._optimizers, rate)
        if settings.minutes:  # one clock for all, so that all end with the same step
            self.clock.seconds = self.processes.first(self.clock.seconds)
        self.press.train(False)
        check_loss(sum(found.values()), step + 1)
        for name, value in found.items():
            self._sums.setdefault(name, []).append(value)
        return {**found, "rate": rate}

    def _slope(self) -> float:
        if self.settings.schedule == "linear":
            return slope(self.clock, self.settings.warm)
        return min(1.0, max(self.clock.share(1), 1e-3) / self.settings.warm) if self.settings.warm else 1.0

    def _gradients(self, items: Sequence[Item], k: int) -> dict[str, float]:
        """Sums the gradients of the parts of a step, over all processes; the mean loss of each kind.

        Each part counts by its share of the items of the step, so that no part must wait for the sizes of the others.
        """
        weights = self._losses.weights
        sums = torch.zeros(len(weights) + 1, dtype=torch.float64)
        for at in range(0, len(items), self.settings.micro):
            part = items[at : at + self.settings.micro]
            terms = self._losses(part, k)
            means = torch.stack([terms[name].mean() for name in weights])
            loss = (means * means.new_tensor(list(weights.values()))).sum() * (len(part) / self.settings.batch)
            loss.backward()  # type: ignore[no-untyped-call]
            sums += torch.tensor([*(means.detach() * len(part)).tolist(), len(part)], dtype=torch.float64)
        shared = sums.float().to(self.press.lm.device)
        self.processes.totals([shared])
        *totals, count = shared.tolist()
        return {name: total / count for name, total in zip(weights, totals, strict=True)}

    def note(self, measured: dict[str, float]) -> None:
        """Writes the mean losses since the last line next to what was measured."""
        means = {name: sum(values) / len(values) for name, values in self._sums.items()}
        row = {"step": self.clock.step, "seconds": round(self.clock.seconds, 1), **means, "held_out": measured}
        self.history.append({"step": float(self.clock.step), **measured})
        self._sums = {}
        if self.processes.index == 0:
            append_jsonl(self.settings.out / "log.jsonl", [row])

    def save(self) -> None:
        """Writes all that a later process needs to go on."""
        if self.processes.index:
            return
        weights = {name: weight.detach() for name, weight in self.press.parameters().items()}
        state = {
            "step": self.clock.step, "seconds": self.clock.seconds, "history": self.history, "sums": self._sums,
            "weights": weights, "optimizers": [optimizer.state_dict() for optimizer in self._optimizers],
        }  # fmt: skip
        write_state(self.settings.out / "checkpoint.pt", self.settings, state)

    @torch.no_grad()
    def resume(self) -> None:
        """Goes on where an interrupted run was saved.

        Raises:
            ValueError: it had other settings.
        """
        state: dict[str, Any] | None = read_state(self.settings.out / "checkpoint.pt", self.settings, str(self.press.lm.device))
        if state is None:
            return
        saved: dict[str, Tensor] = state["weights"]
        for name, weight in self.press.parameters().items():
            weight.copy_(saved[name])
        for optimizer, state_of in zip(self._optimizers, state["optimizers"], strict=True):
            optimizer.load_state_dict(state_of)
        self.clock.step, self.clock.seconds = state["step"], state["seconds"]
        self.history, self._sums = state["history"], state["sums"]


def _optimizers(press: SoftCompressor, settings: SoftTraining) -> list[torch.optim.Optimizer]:
    """AdamW for embeddings; for the matrices of the adapter Muon, or AdamW too."""
    fused = press.lm.device.type in ("cpu", "cuda")
    words, matrices = list(press.embeddings().values()), list(press.adapter.weights.values())
    muon = settings.optimizer == "muon"
    adam = torch.optim.AdamW(words if muon else words + matrices, lr=settings.rate, weight_decay=0.0, fused=fused)
    return [adam, Muon(matrices, settings.rate, 0.0)] if muon else [adam]
