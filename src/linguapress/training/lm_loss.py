"""Cross entropy over a large vocabulary, without ever holding the logits of all tokens."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

_CHUNK = 256  # tokens; 16 MB of float32 at 16k words: memory that stays mapped, at 32 MB it costs a CPU four times the time
_TINY = torch.finfo(torch.float32).tiny


class _HeadLoss(torch.autograd.Function):
    """Computes the gradients along with the loss, chunk by chunk: no logits are kept, none are computed twice."""

    @staticmethod
    def forward(ctx: Any, hidden: Tensor, weight: Tensor, targets: Tensor) -> Tensor:
        loss = hidden.new_zeros((), dtype=torch.float32)
        of_hidden = torch.empty_like(hidden)
        of_weight = torch.zeros_like(weight, dtype=torch.float32)  # in float32, since many chunks are added
        for at in range(0, len(hidden), _CHUNK):
            part, right = hidden[at : at + _CHUNK], targets[at : at + _CHUNK, None]
            chances = (part @ weight.T).float().softmax(-1)
            loss -= chances.gather(1, right).clamp_min(_TINY).log().sum()
            chances.scatter_add_(1, right, chances.new_full(right.shape, -1.0))
            slope = chances.to(weight.dtype)
            of_hidden[at : at + _CHUNK] = slope @ weight
            of_weight += slope.T @ part
        ctx.save_for_backward(of_hidden, of_weight.to(weight.dtype))
        return loss

    @staticmethod
    def backward(ctx: Any, scale: Tensor) -> tuple[Tensor, Tensor, None]:
        of_hidden, of_weight = ctx.saved_tensors
        return of_hidden * scale.to(of_hidden.dtype), of_weight * scale.to(of_weight.dtype), None


def head_loss(hidden: Tensor, weight: Tensor, targets: Tensor) -> Tensor:
    """Negative log-likelihood of the targets, summed over tokens, nats, float32.

    Args:
        hidden: states before the head [tokens, width].
        weight: of the head [vocabulary, width].
        targets: token ids [tokens].
    """
    return _HeadLoss.apply(hidden, weight, targets)  # type: ignore[no-any-return, no-untyped-call]


@torch.no_grad()
def target_nll(hidden: Tensor, weight: Tensor, targets: Tensor) -> Tensor:
    """Negative log-likelihood of each target [tokens], nats, float32."""
    parts = zip(torch.split(hidden, _CHUNK), torch.split(targets, _CHUNK), strict=True)
    found = [torch.nn.functional.cross_entropy((h @ weight.T).float(), t, reduction="none") for h, t in parts]
    return torch.cat(found) if found else hidden.new_zeros(0, dtype=torch.float32)
