"""Muon: momentum whose singular values are made equal, for the matrices of the hidden layers (Jordan et al., 2024).

The update is scaled to the size of AdamW's, as in Liu et al. (arXiv 2502.16982, section 2.2), so that both take one learning rate.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor

_COEFFICIENTS = (3.4445, -4.7750, 2.0315)  # of the quintic that pushes singular values towards 1
_ROUNDS = 5


class Muon(torch.optim.Optimizer):
    """For two-dimensional weights; those of one shape are computed together."""

    def __init__(self, weights: Sequence[Tensor], lr: float, weight_decay: float = 0.1, momentum: float = 0.95) -> None:
        super().__init__(list(weights), {"lr": lr, "weight_decay": weight_decay, "momentum": momentum})

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> None:  # type: ignore[override]
        """Changes the weights."""
        for group in self.param_groups:
            shapes: dict[tuple[int, ...], list[Tensor]] = {}
            for weight in group["params"]:
                if weight.grad is not None:
                    shapes.setdefault(tuple(weight.shape), []).append(weight)
            for weights in shapes.values():
                self._update(weights, group)

    def _update(self, weights: Sequence[Tensor], group: dict[str, Any]) -> None:
        ahead = torch.stack([self._momentum(weight, group["momentum"]) for weight in weights])
        size = 0.2 * max(ahead.shape[-2:]) ** 0.5
        for weight, change in zip(weights, orthogonal(ahead).to(weights[0].dtype), strict=True):
            weight.mul_(1 - group["lr"] * group["weight_decay"]).add_(change, alpha=-group["lr"] * size)

    def _momentum(self, weight: Tensor, momentum: float) -> Tensor:
        """The gradient with Nesterov's look ahead."""
        state = self.state[weight]
        if "momentum" not in state:
            state["momentum"] = torch.zeros_like(weight)
        gradient = weight.grad if weight.grad is not None else torch.zeros_like(weight)
        running: Tensor = state["momentum"]
        running.lerp_(gradient, 1 - momentum)
        ahead: Tensor = gradient.lerp(running, momentum)
        return ahead


def orthogonal(matrices: Tensor) -> Tensor:
    """The nearest matrices whose singular values are about 1 (0.7 to 1.2), by Newton-Schulz iteration in bfloat16.

    Args:
        matrices: [count, rows, columns].
    """
    wide = matrices.shape[-2] <= matrices.shape[-1]
    found: Tensor = (matrices if wide else matrices.mT).contiguous()
    found = (found / (torch.linalg.matrix_norm(found, keepdim=True) + 1e-12)).bfloat16()
    a, b, c = _COEFFICIENTS
    for _ in range(_ROUNDS):
        square = found @ found.mT
        found = a * found + (b * square + c * square @ square) @ found
    return found if wide else found.transpose(-2, -1)
