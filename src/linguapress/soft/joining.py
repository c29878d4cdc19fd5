"""The memories of the parts of a text, made one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from hashlib import sha256

import torch

from linguapress.segment import encodable
from linguapress.soft.memory import Maker, Memory, Source


def on_cpu(memory: Memory) -> Memory:
    """A copy that does not hold on to the batch it comes from."""
    layers = tuple((keys.to("cpu", copy=True), values.to("cpu", copy=True)) for keys, values in memory.layers)
    embeddings = None if memory.embeddings is None else memory.embeddings.to("cpu", copy=True)
    return replace(memory, layers=layers, embeddings=embeddings)


def joined(text: str, parts: Sequence[Memory], maker: Maker) -> Memory:
    """One memory of all parts of a text, their slots in order; each part stands where it was encoded."""
    source = Source(sha256(encodable(text).encode()).hexdigest(), sum(part.source.tokens for part in parts), len(parts))
    positions = tuple(position for part in parts for position in part.positions)
    embeddings = [part.embeddings for part in parts if part.embeddings is not None]
    layers = tuple(
        (torch.cat([keys for keys, _ in layer], 1), torch.cat([values for _, values in layer], 1))
        for layer in zip(*(part.layers for part in parts), strict=True)
    )
    following = parts[-1].next_position if positions else sum(part.k for part in parts)
    return Memory(layers, torch.cat(embeddings) if embeddings else None, positions, following, source, maker)
