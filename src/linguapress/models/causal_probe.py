"""What a causal language model can do is tried out, not told from its name: architectures are many, and new ones come."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from linguapress.errors import BrokenModel, ModelNotFound
from linguapress.models.causal_cache import Feed
from linguapress.models.sound import broken

if TYPE_CHECKING:
    from linguapress.models.causal_weights import CausalWeights

Head = Callable[[torch.Tensor], torch.Tensor]
_EXACT, _ROUNDED = 1e-3, 5e-2  # tolerated difference in float32 and in shorter floats, as a share of the largest number


@torch.inference_mode()
def split(name: str, model: Any) -> tuple[Any, Head]:
    """What makes hidden states, and what makes logits [tokens, vocabulary] of hidden states [tokens, width].

    The head is the model's own forward function with the trunk taken out: scales, biases and soft caps of its logits apply. Where
    that does not give the model's logits, the trunk is the whole model: all logits are in memory then, the numbers are the same.

    Raises:
        ModelNotFound: the logits of a token depend on tokens behind it.
        BrokenModel: they are NaN.
    """
    ids = _some_ids(model.config, 6)[None].repeat(2, 1)
    ids[1, -1] = ids[1, 0]
    inputs = {"input_ids": ids.to(model.device), "attention_mask": torch.ones_like(ids).to(model.device)}
    logits = model(**inputs, use_cache=False).logits
    if logits.isnan().any():
        raise BrokenModel(broken(name))
    if not _alike(logits[0, :-1], logits[1, :-1]):
        raise ModelNotFound(f"{name!r} reads ahead, so it is no causal language model; give one such as GPT-2, Llama or Qwen")
    try:
        head = _head(model)
        if _alike(head(model.base_model(**inputs, use_cache=False).last_hidden_state[0]), logits[0]):
            return model.base_model, head
    except Exception:  # whatever an unknown architecture makes of it: the whole model does work, as has just been seen
        pass
    return model, lambda states: states


def carries_on(weights: CausalWeights, config: Any) -> bool:
    """Whether reading on from key-values, in rows of different length, gives what reading all at once gives."""
    ids = _some_ids(config, 12).numpy()
    rows = [ids[:9], ids[4:9], ids[5:12]]
    whole = weights.score([Feed.after(row[:2], row[2:], len(row) - 4) for row in rows])
    try:
        heads = [row[:-2] for row in rows]
        past = weights.remember(heads)
        feeds = [
            Feed.after(head, row[-2:], 0, n, np.arange(len(head) - 1))
            for n, (head, row) in enumerate(zip(heads, rows, strict=True))
        ]
        parts, _ = weights.forward(feeds, past)
    except Exception:  # no cache, or one of another kind: everything is read anew then
        return False
    dtype = torch.float32 if weights.exact else torch.bfloat16
    return _alike(torch.from_numpy(np.concatenate(parts)).to(dtype), torch.from_numpy(np.concatenate(whole)).to(dtype))


def _head(model: Any) -> Head:
    rest = copy.copy(model)
    rest._modules = {**model._modules, model.base_model_prefix: _Given()}

    def head(states: torch.Tensor) -> torch.Tensor:
        return rest(inputs_embeds=states[None], use_cache=False).logits[0]  # type: ignore[no-any-return]

    return head


class _Given(torch.nn.Module):
    """Stands where the trunk stood, and returns the states that it is given."""

    @property
    def decoder(self) -> _Given:
        """OPT calls the decoder of its trunk."""
        return self

    def forward(self, *ignored: Any, inputs_embeds: torch.Tensor, **more: Any) -> _Output:
        """The states, as a trunk returns them."""
        return _Output(inputs_embeds)


class _Output:
    """What a trunk returns, with nothing in it but states."""

    def __init__(self, states: torch.Tensor) -> None:
        self.last_hidden_state = states

    def __getitem__(self, _: int) -> torch.Tensor:
        return self.last_hidden_state

    def __getattr__(self, name: str) -> None:
        """Caches, attentions and whatever else an architecture asks for: none."""


def _some_ids(config: Any, count: int) -> torch.Tensor:
    """Different tokens from all over the vocabulary."""
    return torch.linspace(1, config.get_text_config().vocab_size - 1, count).long()


def _alike(one: torch.Tensor, other: torch.Tensor) -> bool:
    share = _EXACT if one.dtype in (torch.float32, torch.float64) else _ROUNDED
    return bool((one - other).float().abs().nan_to_num().max() <= share * other.float().abs().nan_to_num(0, 0, 0).max())
