"""Likelihood and divergence of any causal language model, without ever holding the logits of all tokens."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy, kl_div, log_softmax
from torch.utils.checkpoint import checkpoint

from linguapress.models.causal_probe import split
from linguapress.training.align_tokens import Batch

_CHUNK = 256  # tokens


class Predictor:
    """A model in its two parts: what makes hidden states, and what makes logits of them with all scales and caps it has."""

    def __init__(self, name: str, model: Any) -> None:
        """Takes the model apart.

        Raises:
            ModelNotFound: it reads ahead.
            BrokenModel: it answers with NaN.
        """
        self.model, self.device = model, model.device
        self._trunk, self._head = split(name, model)

    def nll(self, batch: Batch) -> Tensor:
        """Negative log-likelihood of the targets, summed, nats, float32; logits are computed anew for the gradients."""
        parts = zip(torch.split(self._states(batch), _CHUNK), torch.split(batch.targets, _CHUNK), strict=True)
        losses = [checkpoint(self._loss, *part, use_reentrant=False, preserve_rng_state=False) for part in parts]
        return torch.stack(losses).sum()

    def _loss(self, states: Tensor, targets: Tensor) -> Tensor:
        return cross_entropy(self._head(states).float(), targets, reduction="sum")

    def logits(self, batch: Batch) -> Iterator[Tensor]:
        """What is predicted for the targets, float32, in chunks [tokens, vocabulary]."""
        for states in torch.split(self._states(batch), _CHUNK):
            yield self._head(states).float()

    def _states(self, batch: Batch) -> Tensor:
        """Hidden states [targets, width]."""
        read = batch.ids[:, :-1]
        out = self._trunk(input_ids=read, attention_mask=torch.ones_like(read), use_cache=False)
        states = getattr(out, "last_hidden_state", None)
        found: Tensor = (out.logits if states is None else states)[batch.wanted]
        return found


@torch.no_grad()
def divergence(target: Predictor, small: Predictor, batch: Batch) -> float:
    """KL(target || small) of what is predicted for the targets, summed over tokens, nats.

    Rows that pad a vocabulary beyond the other's have no token, and no part in it.
    """
    total = 0.0
    for theirs, ours in zip(target.logits(batch), small.logits(batch), strict=True):
        size = min(theirs.shape[-1], ours.shape[-1])
        p, q = log_softmax(theirs[:, :size], -1), log_softmax(ours[:, :size], -1)
        total += kl_div(q, p, reduction="sum", log_target=True).item()
    return total
