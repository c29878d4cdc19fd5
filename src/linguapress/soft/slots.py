"""Key-values of several prompts at once: rows of different length, none with a gap inside."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import pad

from linguapress.soft.memory import Layers


@dataclass(frozen=True, slots=True, eq=False)
class Slots:
    """What has been read.

    Attributes:
        layers: keys and values [rows, heads, slots, head width] of each layer; nothing before the first.
        mask: 1 for slots that are seen [rows, slots].
    """

    layers: Layers
    mask: Tensor

    @classmethod
    def none(cls, rows: int, device: torch.device) -> Slots:
        """Nothing read yet."""
        return cls((), torch.zeros(rows, 0, dtype=torch.long, device=device))

    def put(self, memories: Sequence[Sequence[Layers]]) -> Slots:
        """The slots with memories behind them, any number a row.

        Args:
            memories: of each row, in order, each tensor [heads, k, head width].
        """
        some = next((layers for row in memories for layers in row), None)
        if some is None:
            return self
        empty = tuple((keys[:, :0], values[:, :0]) for keys, values in some)
        rows = [_joined([empty, *row]) for row in memories]
        mask = stacked([torch.ones(len(row[0][0][0]), dtype=torch.long, device=self.mask.device) for row in rows])
        layers = tuple(
            tuple(_stacked_slots(list(column)) for column in zip(*layer, strict=True)) for layer in zip(*rows, strict=True)
        )
        return self._followed(layers, mask)  # type: ignore[arg-type]

    def _followed(self, layers: Layers, mask: Tensor) -> Slots:
        before = self.layers or tuple((keys[:, :, :0], values[:, :, :0]) for keys, values in layers)
        both = zip(before, layers, strict=True)
        joined = tuple((torch.cat([k, more_k], 2), torch.cat([v, more_v], 2)) for (k, v), (more_k, more_v) in both)
        return Slots(joined, torch.cat([self.mask, mask], 1)).aligned()

    def aligned(self) -> Slots:
        """The same slots with all padding on the left: masks of sliding layers count slots, so that a gap would cost some."""
        longest = int(self.mask.sum(1).max()) if self.mask.numel() else 0
        if not bool((self.mask[:, 1:] < self.mask[:, :-1]).any()):
            cut = self.mask.shape[1] - longest
            return Slots(tuple((k[:, :, cut:], v[:, :, cut:]) for k, v in self.layers), self.mask[:, cut:]) if cut else self
        order = self.mask.argsort(dim=1, stable=True)[:, self.mask.shape[1] - longest :]
        rows = torch.arange(len(order), device=order.device)[:, None]
        layers = tuple((_gathered(keys, rows, order), _gathered(values, rows, order)) for keys, values in self.layers)
        return Slots(layers, self.mask.gather(1, order))


def stacked(rows: Sequence[Tensor]) -> Tensor:
    """Tensors [length, ...] of different length as one [rows, longest, ...], zeros behind the shorter ones."""
    longest = max(len(row) for row in rows)
    return torch.stack([pad(row, (0, 0) * (row.ndim - 1) + (0, longest - len(row))) for row in rows])


def _stacked_slots(rows: Sequence[Tensor]) -> Tensor:
    """Tensors [heads, slots, head width] as one [rows, heads, slots, head width], zeros behind the shorter ones."""
    return stacked([row.transpose(0, 1) for row in rows]).transpose(1, 2)


def _joined(memories: Sequence[Layers]) -> Layers:
    """One memory behind the other."""
    return tuple(
        (torch.cat([k for k, _ in layer], 1), torch.cat([v for _, v in layer], 1)) for layer in zip(*memories, strict=True)
    )


def _gathered(tensor: Tensor, rows: Tensor, slots: Tensor) -> Tensor:
    return tensor[rows, :, slots].transpose(1, 2)
