"""A prompt of texts and memories, laid out: what is read in which order, and at which positions."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor

from linguapress.errors import InvalidPrompt, UnsupportedModel
from linguapress.segment import encodable
from linguapress.soft.language_model import FrozenLM
from linguapress.soft.memory import Layers, Memory
from linguapress.soft.places import LAYOUTS, Layout, Places, placed

Segment = str | Memory | Sequence[int] | Tensor
"""A text, a memory, tokens, or input embeddings [tokens, width]."""
Prompt = str | Sequence[Segment]
Target = str | Sequence[int]


@dataclass(frozen=True, slots=True)
class Stage:
    """Key-values that are put in, and the embeddings that are read behind them.

    Attributes:
        memories: key-values, each tensor [heads, k, head width]; moved to where they stand.
        inputs: embeddings [tokens, width].
        positions: of all inputs.
    """

    memories: list[Layers] = field(default_factory=list)
    inputs: list[Tensor] = field(default_factory=list)
    positions: list[int] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Laid:
    """A prompt that is ready to be read.

    Attributes:
        stages: in order; each but the first has memories, each ends in inputs.
        following: next free position.
        scored: the last tokens read, those of the target.
    """

    stages: list[Stage]
    following: int
    scored: list[int]


def lay_out(lm: FrozenLM, prompt: Prompt, layout: Layout = "spread", target: Target = ()) -> Laid:
    """Lays out a prompt.

    A prompt that begins with a text begins as the tokenizer begins every text, BOS or not; texts side by side are one.

    Args:
        lm: the model that will read it.
        prompt: segments in order.
        layout: where memories of key-values stand; see :func:`~linguapress.soft.places.placed`.
        target: what follows the prompt and is scored; tokenized together with a text before it.

    Raises:
        InvalidPrompt: nothing to read at the end, something else than segments, or longer than the window.
        WrongModel: a memory of another model.
        UnsupportedModel: a memory would have to be moved, and cannot be.
    """
    if layout not in LAYOUTS:
        raise InvalidPrompt(f"unknown layout {layout!r}; use one of {', '.join(LAYOUTS)}")
    segments, scored = _tokenized(lm, _joined(prompt), target)
    stages, at = [Stage()], 0
    for piece in _embedded(lm, segments):
        at = _put(lm, stages, piece, layout, at)
    _check(lm, stages[-1], at, len(scored))
    return Laid(stages, at, scored)


def _joined(prompt: Prompt) -> list[Segment]:
    """The segments, with texts side by side made one."""
    if isinstance(prompt, Memory | Tensor):
        raise InvalidPrompt(f"a prompt is a list of segments, not one {type(prompt).__name__}; put it in a list")
    segments = [prompt] if isinstance(prompt, str) else list(prompt)
    for segment in segments:
        if not (isinstance(segment, str | Memory | Tensor) or _are_ids(segment)):
            raise InvalidPrompt(f"a {type(segment).__name__} is no segment; give texts, memories, token ids or embeddings")
    joined: list[Segment] = []
    for segment in segments:
        if isinstance(segment, str) and joined and isinstance(joined[-1], str):
            joined[-1] += segment
        else:
            joined.append(segment)
    return joined


def _are_ids(segment: object) -> bool:
    return isinstance(segment, Sequence) and all(isinstance(token, int) for token in segment)


def _tokenized(lm: FrozenLM, segments: Sequence[Segment], target: Target) -> tuple[list[Segment], list[int]]:
    """Segments with the target behind them, and the tokens of the target."""
    rest, last = list(segments), ""
    if rest and isinstance(rest[-1], str):
        last = str(rest.pop())
    ids, scored = _tail(lm, last, target) if isinstance(target, str) else ([*lm.tokens(last), *target], list(target))
    starts = segments and isinstance(segments[0], str)
    return [*([lm.start] if starts else []), *rest, ids], scored


def _tail(lm: FrozenLM, text: str, target: str) -> tuple[list[int], list[int]]:
    """Tokens of a text and its target, cut as one text; and those of them that hold something of the target."""
    encoded = lm.tokenizer.encode(encodable(text + target), add_special_tokens=False)
    scored = sum(end > len(text) for _, end in encoded.offsets)
    return list(encoded.ids), list(encoded.ids[len(encoded.ids) - scored :])


def _embedded(lm: FrozenLM, segments: Iterable[Segment]) -> Iterable[Memory | Tensor]:
    """Memories as they are, everything else as embeddings; what is empty is left out."""
    for segment in segments:
        if isinstance(segment, Memory):
            segment.check(lm.fingerprint, lm.tokenizer_fingerprint)
            yield segment
        elif isinstance(segment, Tensor):
            if segment.ndim != 2 or segment.shape[1] != lm.width:
                raise InvalidPrompt(f"embeddings are [tokens, {lm.width}], not {list(segment.shape)}; give token ids as a list")
            yield segment
        elif ids := lm.tokens(segment) if isinstance(segment, str) else segment:
            known = lm.model.get_input_embeddings().weight.shape[0]
            if not 0 <= min(ids) <= max(ids) < known:
                raise InvalidPrompt(
                    f"{lm.name!r} knows tokens 0 to {known - 1}, not {min(ids)} or {max(ids)}; use its own tokenizer"
                )
            yield lm.embed(ids)


def _put(lm: FrozenLM, stages: list[Stage], piece: Memory | Tensor, layout: Layout, at: int) -> int:
    """Adds a piece at position ``at`` to the stages; the position behind it."""
    if isinstance(piece, Memory) and piece.embeddings is None:
        if stages[-1].inputs:
            stages.append(Stage())
        layers, following = _placed(lm, piece, layout, at)
        stages[-1].memories.append(layers)
        return following
    embeddings = piece if isinstance(piece, Tensor) else piece.tensors()["embeddings"]
    stages[-1].inputs.append(embeddings.to(lm.device, lm.dtype))
    stages[-1].positions.extend(range(at, at + len(embeddings)))
    return at + len(embeddings)


def _placed(lm: FrozenLM, memory: Memory, layout: Layout, at: int) -> tuple[Layers, int]:
    """Key-values on the model's device, where they stand in the prompt, and the position behind them."""
    layers = tuple((keys.to(lm.device, lm.dtype), values.to(lm.device, lm.dtype)) for keys, values in memory.layers)
    if not lm.placed:
        if layout == "parallel" and at:
            raise UnsupportedModel(f"{lm.name!r} counts slots and knows no positions, so nothing is parallel; use layout='spread'")
        return layers, at + memory.k
    places = placed(layout, memory.positions, memory.next_position, at)
    return _moved(lm, layers, memory.positions, places), places.following


def _moved(lm: FrozenLM, layers: Layers, made: Sequence[int], places: Places) -> Layers:
    by = torch.tensor(places.positions) - torch.tensor(made)
    if not by.any():
        return layers
    if not lm.movable:
        raise UnsupportedModel(
            f"keys of {lm.name!r} cannot be moved to other positions; let one memory begin the prompt, or use layout='parallel'"
        )
    turns = zip(layers, lm.rotations, strict=True)
    return tuple((keys if rotation is None else rotation.move(keys, by), values) for (keys, values), rotation in turns)


def _check(lm: FrozenLM, last: Stage, following: int, scored: int) -> None:
    read = len(last.positions)
    if read <= scored:
        raise InvalidPrompt("a prompt ends in a text or in tokens, and there is none here that could be continued; add one")
    if following > lm.window:
        raise InvalidPrompt(
            f"the prompt ends at position {following}, {lm.name!r} reads {lm.window}; give less, or use layout='contiguous'"
        )
