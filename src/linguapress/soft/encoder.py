"""The encoder of soft compression: the adapted model reads texts, and memory tokens behind each of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from linguapress.errors import UnsupportedModel
from linguapress.soft.adapter import Adapter
from linguapress.soft.language_model import FrozenLM
from linguapress.soft.memory import Layers
from linguapress.soft.places import Places, memory_places
from linguapress.soft.slots import stacked


class Part(NamedTuple):
    """Tokens that are encoded at once.

    Attributes:
        ids: the tokens, at most ``longest``.
        at: position of the first of them.
    """

    ids: Sequence[int]
    at: int = 0


class Encoded(NamedTuple):
    """What became of the memory tokens of one part: states [k, width], keys and values [heads, k, head width] of each layer."""

    states: Tensor
    layers: Layers


def encode(
    lm: FrozenLM, adapter: Adapter, tokens: Tensor, parts: Sequence[Part], places: Sequence[Places], anchored: bool = False
) -> Iterator[Encoded]:
    """Encodes a batch in one forward pass without logits; no token sees padding, which stands behind the memory tokens.

    Args:
        lm: the model.
        adapter: is on meanwhile.
        tokens: embeddings of the memory tokens [k, width].
        parts: the texts.
        places: where the memory tokens of each stand.
        anchored: whether to each memory token one of the text is added, evenly spread over it (SAC, arXiv 2510.08907).

    Raises:
        UnsupportedModel: a part behind the last position that the model knows.
    """
    at = [[*range(part.at, part.at + len(part.ids)), *place.positions] for part, place in zip(parts, places, strict=True)]
    _check_reach(lm, max(map(max, at)))
    inputs = [_input(lm, tokens, part, anchored) for part in parts]
    positions = stacked([torch.tensor(row, dtype=torch.long) for row in at]).to(lm.device)
    mask = stacked([torch.ones(len(row), dtype=torch.long) for row in inputs]).to(lm.device)
    with adapter.on():
        states, layers = lm.read(stacked(inputs), positions, mask)
    for row, part in enumerate(parts):
        slots = slice(len(part.ids), len(part.ids) + len(tokens))
        yield Encoded(states[row, slots], tuple((keys[row, :, slots], values[row, :, slots]) for keys, values in layers))


def _input(lm: FrozenLM, tokens: Tensor, part: Part, anchored: bool) -> Tensor:
    """Embeddings of a part and the memory tokens behind it [tokens, width]."""
    words, memory = lm.embed(part.ids), tokens.to(lm.device, lm.dtype)
    if anchored and len(part.ids):
        memory = memory + words[list(memory_places("uniform", len(part.ids), len(tokens)).positions)]
    return torch.cat([words, memory])


def _check_reach(lm: FrozenLM, last: int) -> None:
    if lm.reach is not None and last >= lm.reach:
        remedy = "cut the text, and compress each piece for itself"
        raise UnsupportedModel(f"a text reaches position {last}, {lm.name!r} knows positions up to {lm.reach - 1}; {remedy}")
