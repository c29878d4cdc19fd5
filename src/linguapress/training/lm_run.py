"""The training loop of a small causal language model: its weights, optimizers and place in the schedule."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from linguapress.jsonl import append_jsonl
from linguapress.models.devices import device_of
from linguapress.training.checkpoint import read_state, write_state
from linguapress.training.clock import Clock, slope
from linguapress.training.copies import Copies, check_loss, descend, precision_named
from linguapress.training.lm_loss import head_loss
from linguapress.training.lm_model import new_model
from linguapress.training.lm_settings import LmSettings
from linguapress.training.muon import Muon


class Run:
    """Weights in float32 that the optimizers change, and the model that computes: the same, or a copy in bfloat16.

    Attributes:
        clock: how much is done.
        losses: nats per token of the steps since the last line of the log.
    """

    def __init__(self, settings: LmSettings, vocabulary: int, data: str = "") -> None:
        """A run at its beginning, on the texts of that checksum."""
        self.settings, self.device, self._data = settings, device_of(settings.device), data
        wanted = precision_named(settings.precision, self.device)
        self.master = new_model(settings, vocabulary).to(self.device)
        self.model = self.master if wanted == torch.float32 else copy.deepcopy(self.master).to(wanted)
        self.copies = Copies(self.master, self.model)
        self.optimizers = self._optimizers()
        self.clock = Clock.of(settings)
        self.losses: list[float] = []

    def _optimizers(self) -> list[torch.optim.Optimizer]:
        """One for the matrices of the blocks, and AdamW for the embeddings and the norms."""
        inner = [weight for name, weight in self.master.named_parameters() if weight.dim() == 2 and ".layers." in name]
        words = [self.master.get_input_embeddings().weight]
        norms = [weight for weight in self.copies.weights if weight.dim() < 2]
        rate, decay, muon = self.settings.rate, self.settings.decay, self.settings.optimizer == "muon"
        groups: list[dict[str, Any]] = [{"params": words if muon else words + inner}, {"params": norms, "weight_decay": 0.0}]
        fused = self.device.type in ("cpu", "cuda")
        adam = torch.optim.AdamW(groups, lr=rate, betas=(0.9, 0.95), weight_decay=decay, fused=fused)
        return [adam, Muon(inner, rate, decay)] if muon else [adam]

    def update(self, windows: NDArray[np.int64]) -> dict[str, float]:
        """One step on tokens [batch, window + 1]; its mean loss in nats per token and its learning rate.

        Raises:
            ValueError: the loss is no number any more.
        """
        rate = self.settings.rate * slope(self.clock, self.settings.warm)
        with self.clock.ticking():
            loss = self._gradients(torch.from_numpy(windows).to(self.device))
            check_loss(loss, self.clock.step + 1)
            descend(self.copies.weights, self.optimizers, rate)
            self.copies.follow()
        self.losses.append(loss)
        return {"loss": loss, "rate": rate}

    def _gradients(self, windows: Tensor) -> float:
        """Sums the gradients of the parts of a step in float32; the mean loss."""
        total = windows.new_zeros((), dtype=torch.float32)
        count = windows[:, 1:].numel()
        for part in torch.split(windows, self.settings.micro):
            hidden = self.model.model(input_ids=part[:, :-1], use_cache=False).last_hidden_state
            loss = head_loss(hidden.flatten(0, 1), self.model.lm_head.weight, part[:, 1:].flatten()) / count
            loss.backward()  # type: ignore[no-untyped-call]
            self.copies.gather()
            total += loss.detach()
        return total.item()

    def log(self, figures: Mapping[str, Any]) -> None:
        """Writes the mean loss since the last line next to what was measured."""
        clock, mean = self.clock, sum(self.losses) / max(1, len(self.losses))
        tokens = clock.step * self.settings.batch * self.settings.window
        row = {"step": clock.step, "tokens": tokens, "seconds": round(clock.seconds, 1), "loss": mean, **figures}
        append_jsonl(self.settings.out / "log.jsonl", [row])
        self.losses = []

    def save(self) -> None:
        """Writes all that a later process needs to go on."""
        state = {
            "step": self.clock.step, "seconds": self.clock.seconds, "losses": self.losses, **self.copies.state(),
            "optimizers": [optimizer.state_dict() for optimizer in self.optimizers],
        }  # fmt: skip
        write_state(self.settings.out / "checkpoint.pt", self.settings, state, self._data)

    def resume(self) -> None:
        """Goes on where an interrupted run was saved.

        Raises:
            ValueError: it had other settings, or learnt from other texts.
        """
        state = read_state(self.settings.out / "checkpoint.pt", self.settings, str(self.device), self._data)
        if state is None:
            return
        self.copies.restore(state)
        for optimizer, saved in zip(self.optimizers, state["optimizers"], strict=True):
            optimizer.load_state_dict(saved)
        self.clock.step, self.clock.seconds, self.losses = state["step"], state["seconds"], state["losses"]
