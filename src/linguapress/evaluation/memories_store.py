"""Memories of the chunks of :mod:`linguapress.evaluation.memories` in files, and how long it took to make them."""

from __future__ import annotations

import gc
from collections.abc import Callable, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

import torch

from linguapress.evaluation.memories_cases import KEYS
from linguapress.evaluation.workers import Clocks
from linguapress.soft import FrozenLM, Icae, Maker, Memory, Source, XCompressor

Make = Callable[[str], Memory]
_METHODS = {"500x": XCompressor, "icae": Icae}


class Stored(NamedTuple):
    """The memories of all chunks.

    Attributes:
        paths: one file a chunk.
        seconds: on the wall and of the processor that it took to make each of them, alone.
        slots: that the memory of the first chunk takes of the model's context.
    """

    paths: list[Path]
    seconds: list[list[float]]
    slots: int


def sides_of(slots: Sequence[int]) -> list[str]:
    """What is stored: both methods with each number of memory tokens, and the key-values of all tokens."""
    return [*(f"{method}-{k}" for method in _METHODS for k in slots), KEYS]


def store(side: str, model: str, device: str, chunks: Sequence[str], folder: Path) -> Stored:
    """Makes and writes the memories of all chunks; the compressors are untrained, which changes no time and no size.

    Args:
        side: one of :func:`sides_of`.
        model: folder or hub name of the language model.
        device: that it runs on.
        chunks: texts.
        folder: to write to.
    """
    lm = FrozenLM.load(model, device)
    make = _maker(side, lm, longest=max(len(lm.tokens(chunk)) for chunk in chunks))
    make(chunks[0])
    paths: list[Path] = []
    seconds: list[list[float]] = []
    slots: list[int] = []
    for number, chunk in enumerate(chunks):
        start = Clocks.now()
        memory = make(chunk)
        seconds.append(start.passed())
        slots.append(memory.k)
        paths.append(folder / f"{side}-{number}.safetensors")
        memory.save(paths[-1])
    gc.collect()  # a compressor and its model hold on to each other
    return Stored(paths, seconds, slots[0])


def _maker(side: str, lm: FrozenLM, longest: int) -> Make:
    method, _, k = side.partition("-")
    if side == KEYS:
        return lambda text: key_values(lm, text)
    press: Any = _METHODS[method].new(lm, k=int(k), longest=longest)
    return lambda text: press.compress([text])[0]


@torch.no_grad()
def key_values(lm: FrozenLM, text: str) -> Memory:
    """The key-values of all tokens of a text, as a memory: nothing is compressed, and prefill is saved all the same."""
    ids = lm.tokens(text)
    ones = torch.ones(1, len(ids), dtype=torch.long, device=lm.device)
    _, layers = lm.read(lm.embed(ids)[None], ones.cumsum(1) - 1, ones)
    alone = tuple((keys[0].cpu(), values[0].cpu()) for keys, values in layers)
    source = Source(sha256(text.encode()).hexdigest(), len(ids))
    places = tuple(range(len(ids))) if lm.placed else ()
    return Memory(alone, None, places, len(ids), source, Maker(lm.fingerprint, lm.tokenizer_fingerprint, ""))
