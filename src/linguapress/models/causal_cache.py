"""Keys and values of tokens that a causal language model has read, and what is read after them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from torch import Tensor

Ids = NDArray[np.int64]
NONE: Ids = np.zeros(0, dtype=np.int64)


class Feed(NamedTuple):
    """One row of a forward pass.

    Attributes:
        ids: tokens to read, at least one.
        targets: what the last of them are followed by; their surprisals are wanted.
        positions: of the tokens to read.
        row: row of the key-values in which the tokens before them stand.
        slots: where those stand in that row, in order.
    """

    ids: Ids
    targets: Ids
    positions: Ids
    row: int = 0
    slots: Ids = NONE

    @classmethod
    def after(cls, head: Ids, tokens: Ids, scored: int, row: int = 0, slots: Ids = NONE) -> Feed:
        """Tokens behind a head whose first ``len(slots)`` tokens are read already; those from ``scored`` on are scored."""
        ids = np.concatenate([head[len(slots) :], tokens[:-1]])
        return cls(ids, tokens[scored:], np.arange(len(slots), len(slots) + len(ids)), row, slots)


class KeyValues:
    """Keys and values of every layer, each of shape [rows, heads, slots, width]."""

    def __init__(self, layers: Sequence[tuple[Tensor, Tensor]]) -> None:
        """Keys and values, one pair a layer."""
        self.layers = layers

    @classmethod
    def of(cls, cache: Any) -> KeyValues:
        """What a cache of transformers holds after a forward pass."""
        return cls([(layer.keys, layer.values) for layer in cache.layers])

    def cache(self) -> Any:
        """A fresh cache of transformers; a forward pass appends to it, and leaves this object as it is."""
        from transformers import DynamicCache

        cache = DynamicCache()
        for number, (keys, values) in enumerate(self.layers):
            cache.update(keys, values, number)
        return cache

    def select(self, feeds: Sequence[Feed]) -> KeyValues:
        """The key-values before each feed, one row a feed, moved to the right so that nothing stands between them and the feed.

        Masks of transformers count slots, not positions: a gap would shorten the window of a sliding layer.
        """
        held = max(len(feed.slots) for feed in feeds)
        rows = [feed.row for feed in feeds]
        if all(np.array_equal(feed.slots, np.arange(held)) for feed in feeds):
            return self._beginnings(rows, held)
        import torch

        index = np.zeros((len(feeds), held), dtype=np.int64)
        for row, feed in enumerate(feeds):
            index[row, held - len(feed.slots) :] = feed.slots
        device = self.layers[0][0].device
        slots, row_of = torch.from_numpy(index).to(device), torch.tensor(rows, device=device)[:, None]
        return KeyValues([(_gathered(keys, row_of, slots), _gathered(values, row_of, slots)) for keys, values in self.layers])

    def _beginnings(self, rows: Sequence[int], held: int) -> KeyValues:
        """The first slots of some rows, without a copy where possible."""
        layers = [(keys[:, :, :held], values[:, :, :held]) for keys, values in self.layers]
        if len(set(rows)) == 1:
            first, copies = slice(rows[0], rows[0] + 1), (len(rows), -1, -1, -1)
            return KeyValues([(keys[first].expand(copies), values[first].expand(copies)) for keys, values in layers])
        if list(rows) == list(range(len(layers[0][0]))):
            return KeyValues(layers)
        return KeyValues([(keys[list(rows)], values[list(rows)]) for keys, values in layers])


def _gathered(tensor: Tensor, rows: Tensor, slots: Tensor) -> Tensor:
    return tensor[rows, :, slots].transpose(1, 2)
