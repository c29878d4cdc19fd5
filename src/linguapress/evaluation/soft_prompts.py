"""What a model is given in place of a text: its memory, and the controls that tell what the memory is worth.

Controls: another text's memory (``wrong``), nothing (``none``), memories of numbers by chance with the moments of real ones
(``random``), the first k tokens of the text itself (``cut``), mean states of k equal pieces of it as embeddings (``mean``), and the
whole text (``text``). A memory of key-values has more bytes than the text that it stands for, so ``text`` is also the text cut to
equal bytes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import torch
from torch import Tensor

from linguapress.soft.compressor import SoftCompressor
from linguapress.soft.encoder import Part
from linguapress.soft.memory import Memory
from linguapress.soft.prompt import Segment

CONTROLS = ("memory", "wrong", "none", "random", "cut", "mean", "text")
Segments = list[Segment]


@torch.no_grad()
def given(press: SoftCompressor, chunks: Sequence[Sequence[int]], k: int, seed: int = 0) -> dict[str, list[Segments]]:
    """The beginning of a prompt for each chunk, by control.

    Args:
        press: the compressor.
        chunks: tokens of texts; each is given on its own, and memories are made together.
        k: memory tokens.
        seed: of the random memories.
    """
    memories = press.encode([Part(chunk) for chunk in chunks], k)
    return {
        "memory": [[memory] for memory in memories],
        "wrong": [[memory] for memory in [*memories[1:], memories[0]]],
        "none": [[] for _ in chunks],
        "random": [[memory] for memory in by_chance(memories, seed)],
        "cut": [[[*press.lm.begin, *chunk[:k]]] for chunk in chunks],
        "mean": [[pooled(press, chunk, k)] for chunk in chunks],
        "text": [[[*press.lm.begin, *chunk]] for chunk in chunks],
    }


def by_chance(memories: Sequence[Memory], seed: int) -> list[Memory]:
    """Memories of normal numbers, each with the mean and the spread that real ones have there."""
    generator = torch.Generator().manual_seed(seed)
    names = list(memories[0].tensors())
    drawn = {name: _drawn([memory.tensors()[name] for memory in memories], generator) for name in names}
    return [_filled(memory, {name: drawn[name][row] for name in names}) for row, memory in enumerate(memories)]


def _drawn(tensors: Sequence[Tensor], generator: torch.Generator) -> Tensor:
    """As many tensors by chance as there are, with the mean and the spread of each of their numbers."""
    real = torch.stack(list(tensors))
    noise = torch.randn(real.shape, generator=generator).to(real.device, real.dtype)
    spread = real.std(0, keepdim=True) if len(real) > 1 else torch.zeros_like(real)
    return real.mean(0, keepdim=True) + noise * spread


def _filled(memory: Memory, tensors: dict[str, Tensor]) -> Memory:
    if memory.embeddings is not None:
        return replace(memory, embeddings=tensors["embeddings"])
    layers = tuple((tensors[f"key.{n}"], tensors[f"value.{n}"]) for n in range(len(memory.layers)))
    return replace(memory, layers=layers)


def pooled(press: SoftCompressor, chunk: Sequence[int], k: int) -> Tensor:
    """Mean last states of the untouched model over k equal pieces of a text [k, width], as large as embeddings are; not trained.

    Fewer rows where the text has fewer tokens.
    """
    lm = press.lm
    ones = torch.ones(1, len(chunk), dtype=torch.long, device=lm.device)
    states, _ = lm.read(lm.embed(chunk)[None], ones.cumsum(1) - 1, ones)
    rows = torch.stack([piece.mean(0) for piece in torch.tensor_split(states[0], min(k, len(chunk)))])
    table = lm.model.get_input_embeddings().weight
    size = table.float().norm(dim=-1).mean() / rows.float().norm(dim=-1).mean().clamp_min(1e-6)
    found: Tensor = (rows * size).to(lm.dtype)
    return found
