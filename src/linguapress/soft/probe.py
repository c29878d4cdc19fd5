"""What a language model can do with memories is tried out, not told from its name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from linguapress.soft.memory import Layers
from linguapress.soft.rotation import Rotation, alike, find_rotation

if TYPE_CHECKING:
    from linguapress.soft.language_model import FrozenLM

_SLOTS, _FAR = 6, 100
_ORIGINAL = "original_max_position_embeddings"
_LENGTH_DEPENDENT = {"dynamic", "longrope"}  # frequencies that change once a prompt is longer than the trained length


@torch.no_grad()
def carries_on(lm: FrozenLM) -> bool:
    """Whether reading on from nothing but key-values gives what reading all at once gives."""
    inputs, half = _inputs(lm), _SLOTS // 2
    try:
        whole, _ = _read(lm, inputs)
        _, past = _read(lm, inputs[:, :half])
        parts, layers = _read(lm, inputs[:, half:], half, past)
    except Exception:  # no cache, or one of another kind: each architecture has an error of its own
        return False
    return bool(layers) and all(_held(keys) and _held(values) for keys, values in layers) and alike(parts, whole[:, half:])


@torch.no_grad()
def rotations_of(lm: FrozenLM) -> tuple[Rotation | None, ...]:
    """How the keys of each layer are moved to other positions, None where they cannot be."""
    inputs, far = _inputs(lm), min(_FAR, (lm.reach or lm.window) - _SLOTS)
    if far < 1:
        return (None,)
    (_, here), (_, there) = _read(lm, inputs), _read(lm, inputs, far)
    return tuple(_rotation(lm, one, other, far) for one, other in zip(here, there, strict=True))


def reach_of(lm: FrozenLM) -> int | None:
    """Most positions that can be read at all: those of a table, or of frequencies that hold; None = any number."""
    if not lm.placed:
        return None
    text = lm.model.config.get_text_config()
    rope = getattr(text, "rope_parameters", None) or getattr(text, "rope_scaling", None) or {}
    if _LENGTH_DEPENDENT & {str(value) for value in _values(rope)}:
        return min(int(getattr(text, _ORIGINAL, None) or rope.get(_ORIGINAL) or lm.window), lm.window)
    endless = any(name.endswith("inv_freq") for name, _ in lm.model.named_buffers())
    return None if endless else lm.window


def _values(rope: dict[str, Any]) -> list[Any]:
    """Values of settings, some of which are settings of one kind of layer."""
    return [value for item in rope.values() for value in (_values(item) if isinstance(item, dict) else [item])]


def _rotation(lm: FrozenLM, here: tuple[Tensor, Tensor], there: tuple[Tensor, Tensor], far: int) -> Rotation | None:
    (keys, values), (far_keys, far_values) = here, there
    return find_rotation(lm.model, keys[0], far_keys[0], far) if alike(values, far_values) else None


def _held(tensor: Any) -> bool:
    return isinstance(tensor, Tensor) and tensor.ndim == 4 and tensor.shape[-2] == _SLOTS


def _inputs(lm: FrozenLM) -> Tensor:
    """Embeddings of different tokens from all over the vocabulary [1, slots, width]."""
    rows = lm.model.get_input_embeddings().weight.shape[0]
    return lm.embed(torch.linspace(1, rows - 1, _SLOTS).long().tolist())[None]


def _read(lm: FrozenLM, inputs: Tensor, at: int = 0, past: Layers = ()) -> tuple[Tensor, Layers]:
    tokens = inputs.shape[1]
    slots = past[0][0].shape[-2] if past else 0
    positions = torch.arange(at, at + tokens, device=lm.device)[None]
    return lm.read(inputs, positions, torch.ones(1, slots + tokens, dtype=torch.long, device=lm.device), past)
