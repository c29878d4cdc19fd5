"""Weights in float32 that an optimizer changes, and copies of them that compute; a copy may be the weight itself."""

from __future__ import annotations

import copy
import math
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import Parameter
from torch.optim import Optimizer

from linguapress.models.devices import precision_of


def precision_named(name: str, device: torch.device) -> torch.dtype:
    """What ``"bf16"``, ``"fp32"`` and ``"auto"`` mean on a device: bfloat16 where the hardware multiplies it."""
    return {"auto": precision_of(device), "bf16": torch.bfloat16, "fp32": torch.float32}[name]


def check_loss(loss: float, step: int) -> None:
    """Raises: ValueError: the loss of a step is no number any more; its gradients would spoil the weights."""
    if not math.isfinite(loss):
        raise ValueError(f"the loss is {loss} at step {step}; choose a lower --learning-rate, or --precision fp32")


def descend(weights: Sequence[Parameter], optimizers: Sequence[Optimizer], rate: float | None = None) -> None:
    """One step of the optimizers, the gradients clipped to a norm of 1; without a rate at that of their schedules."""
    nn.utils.clip_grad_norm_(weights, 1.0)
    for optimizer in optimizers:
        if rate is not None:
            for group in optimizer.param_groups:
                group["lr"] = rate
        optimizer.step()
        optimizer.zero_grad()


class Copies:
    """Weights in float32 that optimizers change, and copies of them in the model that computes; a copy may be the weight itself.

    Attributes:
        master: has the weights.
        names: of those that are trained.
        weights: these.
        average: an exponential average of each; the weights themselves where none is kept.
    """

    def __init__(self, master: Any, model: Any, decay: float = 0.0) -> None:
        """Those of ``master`` and of ``model``, with averages of that decay; 0 = none."""
        self.master, self._decay = master, decay
        self.names = [name for name, weight in master.named_parameters() if weight.requires_grad]
        self.weights: list[Parameter] = [master.get_parameter(name) for name in self.names]
        self._copies: list[Parameter] = [model.get_parameter(name) for name in self.names]
        self.average: Sequence[Tensor] = [weight.detach().clone() for weight in self.weights] if decay else self.weights

    def gather(self) -> None:
        """Adds the gradients of the copies to those of the weights, in float32, since small ones would be lost in bfloat16."""
        for weight, copied in zip(self.weights, self._copies, strict=True):
            if copied is not weight and copied.grad is not None:
                weight.grad = copied.grad.float() if weight.grad is None else weight.grad.add_(copied.grad)
                copied.grad = None

    @torch.no_grad()
    def follow(self, step: int = 0) -> None:
        """Sets the copies to the weights, and moves the averages towards them, after so many steps."""
        decay = min(self._decay, (1 + step) / (10 + step))
        for weight, copied, average in zip(self.weights, self._copies, self.average, strict=True):
            if copied is not weight:
                copied.copy_(weight)
            if average is not weight:
                average.lerp_(weight, 1 - decay)

    @torch.no_grad()
    def averaged(self) -> Any:
        """The model with the averages as weights."""
        model = copy.deepcopy(self.master)
        for name, average in zip(self.names, self.average, strict=True):
            model.get_parameter(name).copy_(average)
        return model

    def state(self) -> dict[str, Any]:
        """What :meth:`restore` takes."""
        return {"model": self.master.state_dict(), **({"average": self.average} if self._decay else {})}

    @torch.no_grad()
    def restore(self, state: Mapping[str, Any]) -> None:
        """Sets the weights, their copies and averages."""
        self.master.load_state_dict(state["model"])
        self.follow()
        if self._decay:
            for average, saved in zip(self.average, state["average"], strict=True):
                average.copy_(saved)
