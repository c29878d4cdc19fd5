"""Weights in float32 that an optimizer changes, and copies of them that compute; a copy may be the weight itself."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch.nn import Parameter

from linguapress.models.devices import precision_of


def precision_named(name: str, device: torch.device) -> torch.dtype:
    """What ``"bf16"``, ``"fp32"`` and ``"auto"`` mean on a device: bfloat16 where the hardware multiplies it."""
    return {"auto": precision_of(device), "bf16": torch.bfloat16, "fp32": torch.float32}[name]


def check_loss(loss: float, step: int) -> None:
    """Raises: ValueError: the loss of a step is no number any more; its gradients would spoil the weights."""
    if not math.isfinite(loss):
        raise ValueError(f"the loss is {loss} at step {step}; choose a lower --learning-rate, or --precision fp32")


def gather(weights: Sequence[Parameter], copies: Sequence[Parameter]) -> None:
    """Adds the gradients of the copies to those of the weights, in float32, since small ones would be lost in bfloat16."""
    for weight, copied in zip(weights, copies, strict=True):
        if copied is not weight and copied.grad is not None:
            weight.grad = copied.grad.float() if weight.grad is None else weight.grad.add_(copied.grad)
            copied.grad = None


@torch.no_grad()
def follow(weights: Sequence[Parameter], copies: Sequence[Parameter]) -> None:
    """Sets the copies to the weights."""
    for weight, copied in zip(weights, copies, strict=True):
        if copied is not weight:
            copied.copy_(weight)
