"""Keys moved to other positions: rotary embeddings turn pairs of numbers by an angle that grows with the position."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import torch
from torch import Tensor

Pairing = Literal["halves", "neighbours"]
_EXACT, _ROUNDED = 1e-3, 5e-2  # tolerated error in float32 and in shorter floats, as a share of the largest number


@dataclass(frozen=True, slots=True, eq=False)
class Rotation:
    """How the keys of one layer turn with their position.

    Attributes:
        frequencies: radians a position, one a pair [pairs]; no pairs = the layer knows no positions.
        pairing: number i with number i + pairs (Llama), or number 2i with number 2i + 1 (GPT-J).
    """

    frequencies: Tensor
    pairing: Pairing = "halves"

    def move(self, keys: Tensor, by: Tensor) -> Tensor:
        """Keys [..., slots, head width] as they would be ``by`` [slots] positions further on; computed in float32."""
        pairs = len(self.frequencies)
        angles = by.to(keys.device, torch.float32)[:, None] * self.frequencies.to(keys.device, torch.float32)
        turned, rest = keys[..., : 2 * pairs].float(), keys[..., 2 * pairs :]
        one, other = _split(turned, self.pairing)
        cos, sin = angles.cos(), angles.sin()
        moved = _joined(one * cos - other * sin, other * cos + one * sin, self.pairing)
        return torch.cat([moved.to(keys.dtype), rest], dim=-1)


def find_rotation(model: Any, here: Tensor, there: Tensor, by: int) -> Rotation | None:
    """The rotation that takes keys to where they are ``by`` positions further on, found by trial; None if there is none.

    Args:
        model: whose frequencies are tried.
        here: keys of a layer [heads, slots, head width].
        there: keys of the same embeddings, ``by`` positions further on.
        by: positions.
    """
    shift = torch.full((here.shape[-2],), by)
    tried = (Rotation(f, pairing) for f in _frequencies(model, here) for pairing in ("halves", "neighbours"))
    return next((r for r in tried if alike(r.move(here, shift), there)), None)


def alike(one: Tensor, other: Tensor) -> bool:
    """Equal up to rounding."""
    share = _EXACT if one.dtype in (torch.float32, torch.float64) else _ROUNDED
    largest = other.float().abs().max().clamp(min=1e-6)
    return bool((one - other).float().abs().max() <= share * largest)


def _frequencies(model: Any, keys: Tensor) -> Iterator[Tensor]:
    """None at all, those that the model has in its buffers, those of a table that has none (GPT-J)."""
    yield torch.zeros(0)
    width = keys.shape[-1]
    yield from (f.clone() for name, f in model.named_buffers() if name.endswith("inv_freq") and 2 * len(f) <= width)
    turning = int(getattr(model.config.get_text_config(), "rotary_dim", None) or width)
    yield 10000.0 ** (-torch.arange(0, min(turning, width) // 2 * 2, 2, dtype=torch.float32) / turning)


def _split(numbers: Tensor, pairing: Pairing) -> Sequence[Tensor]:
    return numbers.chunk(2, dim=-1) if pairing == "halves" else (numbers[..., ::2], numbers[..., 1::2])


def _joined(one: Tensor, other: Tensor, pairing: Pairing) -> Tensor:
    return torch.cat([one, other], dim=-1) if pairing == "halves" else torch.stack([one, other], dim=-1).flatten(-2)
