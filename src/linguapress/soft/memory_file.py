"""Memories as safetensors: tensors by name, everything else as JSON in the header."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from linguapress.errors import InvalidMemory
from linguapress.soft.memory import Layers, Maker, Memory, Source

if TYPE_CHECKING:
    from torch import Tensor

FORMAT = "linguapress-memory/1"
_REMEDY = "compress the text again"


def pack(memory: Memory) -> bytes:
    """The bytes of a memory."""
    from safetensors.torch import save

    facts = {
        "positions": memory.positions,
        "next_position": memory.next_position,
        "source": asdict(memory.source),
        "maker": asdict(memory.maker),
    }
    tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in memory.tensors().items()}
    return save(tensors, {FORMAT: json.dumps(facts, sort_keys=True)})  # one entry: safetensors shuffles several


def unpack(data: bytes) -> Memory:
    """The memory of some bytes.

    Raises:
        InvalidMemory: they are cut off, or hold something else.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load

    try:
        tensors = load(data)
    except (SafetensorError, ValueError, KeyError) as error:
        raise InvalidMemory(f"{len(data)} bytes hold no whole memory ({error}); {_REMEDY}") from error
    header = json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")]).get("__metadata__") or {}
    if FORMAT not in header:
        raise InvalidMemory(f"{len(data)} bytes are no {FORMAT!r}, but tensors of something else; {_REMEDY}")
    try:
        return _memory(tensors, json.loads(header[FORMAT]))
    except (KeyError, TypeError, ValueError) as error:
        raise InvalidMemory(f"the header of the memory is damaged ({error!r}); {_REMEDY}") from error


def _memory(tensors: Mapping[str, Tensor], facts: dict[str, Any]) -> Memory:
    embeddings = tensors.get("embeddings")
    layers: Layers = ()
    if embeddings is None:
        layers = tuple((tensors[f"key.{n}"], tensors[f"value.{n}"]) for n in range(len(tensors) // 2))
    positions = tuple(int(position) for position in facts["positions"])
    source, maker = Source(**facts["source"]), Maker(**facts["maker"])
    return Memory(layers, embeddings, positions, int(facts["next_position"]), source, maker)
