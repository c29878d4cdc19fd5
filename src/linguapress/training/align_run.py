"""The loop of an alignment: weights, optimizer, place in the schedule and the best weights so far."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from linguapress.jsonl import append_jsonl
from linguapress.models.devices import device_of
from linguapress.training.align_loss import Predictor
from linguapress.training.align_measure import nats_per_token
from linguapress.training.align_model import Learner
from linguapress.training.align_settings import AlignSettings
from linguapress.training.align_tokens import Row, collate
from linguapress.training.checkpoint import read_state, write_state
from linguapress.training.clock import Clock, slope
from linguapress.training.copies import check_loss, descend, precision_named


class Run:
    """Training that can be left and taken up again.

    Attributes:
        clock: how much is done.
        history: steps at which was measured, the start among them, with nats per token on held-out pairs.
        best: the weights that were best on held-out pairs; empty where the last ones are taken.
    """

    def __init__(self, settings: AlignSettings, steps: int, digest: str) -> None:
        """A run of so many steps on the pairs of that checksum, from the start."""
        self.settings, self.device, self._digest = settings, device_of(settings.device), digest
        wanted = precision_named(settings.precision, self.device)
        self.learner = Learner(settings, self.device, wanted)
        self.predictor = Predictor(settings.base, self.learner.model)
        fused = self.device.type in ("cpu", "cuda")
        self._optimizer = torch.optim.AdamW(self.learner.copies.weights, lr=settings.rate, weight_decay=settings.decay, fused=fused)
        self.clock = Clock(steps, 0.0)
        self.history: list[tuple[int, float]] = []
        self.best: dict[str, Tensor] = {}
        self._losses: list[float] = []

    @property
    def over(self) -> bool:
        """Whether all steps are done, or the last measurements brought nothing."""
        return self.clock.over or (bool(self.settings.patience) and self._vain() >= self.settings.patience)

    def _vain(self) -> int:
        """Measurements since the best."""
        nats = [value for _, value in self.history]
        return len(nats) - 1 - nats.index(min(nats)) if nats else 0

    @property
    def chosen(self) -> int:
        """The step whose weights are taken."""
        return min(self.history, key=lambda item: item[1])[0] if self.settings.patience else self.clock.step

    def update(self, rows: Sequence[Row]) -> dict[str, float]:
        """One step; its mean loss in nats per token and its learning rate.

        Raises:
            ValueError: the loss is no number any more.
        """
        rate = self.settings.rate * slope(self.clock, self.settings.warm)
        torch.manual_seed((self.settings.seed << 32) + self.clock.step)  # of dropout
        self.learner.model.train()
        with self.clock.ticking():
            loss = self._gradients(rows)
            descend(self.learner.copies.weights, [self._optimizer], rate)
            self.learner.copies.follow()
        self._losses.append(loss)
        return {"loss": loss, "rate": rate}

    def _gradients(self, rows: Sequence[Row]) -> float:
        """Sums the gradients of the parts of a step; the mean loss."""
        count, total = sum(row.tokens + row.ends for row in rows), 0.0
        for at in range(0, len(rows), self.settings.micro):
            batch = collate(rows[at : at + self.settings.micro], self.device, with_ends=True)
            loss = self.predictor.nll(batch) / count
            loss.backward()  # type: ignore[no-untyped-call]
            self.learner.copies.gather()
            total += loss.item()
        check_loss(total, self.clock.step + 1)
        return total

    def measure(self, held: Sequence[Row]) -> float:
        """Nats per token on held-out pairs, noted in the history and in the log; keeps the weights where they are the best."""
        self.learner.model.eval()
        nats = nats_per_token(self.predictor, held, self.settings.micro)
        better = nats < min((value for _, value in self.history), default=math.inf)
        self.history.append((self.clock.step, nats))
        if self.settings.patience and better:
            self.best = self.learner.state()
        loss = {"loss": sum(self._losses) / len(self._losses)} if self._losses else {}
        row = {"step": self.clock.step, "seconds": round(self.clock.seconds, 1), **loss, "held_out": {"nats_per_token": nats}}
        append_jsonl(self.settings.out / "log.jsonl", [row])
        self._losses = []
        return nats

    def settle(self) -> None:
        """Takes the best weights, where they were kept."""
        self.learner.restore(self.best)

    def save(self) -> None:
        """Writes all that a later process needs to go on."""
        state = {
            "step": self.clock.step, "seconds": self.clock.seconds, "losses": self._losses, "history": self.history,
            "best": self.best, "weights": self.learner.state(), "optimizer": self._optimizer.state_dict(), "pairs": self._digest,
        }  # fmt: skip
        write_state(self.settings.out / "checkpoint.pt", self.settings, state)

    def resume(self) -> None:
        """Goes on where an interrupted run was saved.

        Raises:
            ValueError: it had other settings, or learnt from other pairs.
        """
        file = self.settings.out / "checkpoint.pt"
        state: dict[str, Any] | None = read_state(file, self.settings, str(self.device))
        if state is None:
            return
        if state["pairs"] != self._digest:
            raise ValueError(f"{file} was written by a run on other pairs; remove it or choose another --out")
        self.learner.restore(state["weights"])
        self._optimizer.load_state_dict(state["optimizer"])
        self.clock.step, self.clock.seconds, self._losses = state["step"], state["seconds"], state["losses"]
        self.history, self.best = [tuple(item) for item in state["history"]], state["best"]
