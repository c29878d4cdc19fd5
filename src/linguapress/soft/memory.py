"""What stands for a text: key-values or embeddings of a few memory tokens, for one given language model."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from linguapress.errors import InvalidMemory, WrongModel
from linguapress.soft.byte_store import write_whole

if TYPE_CHECKING:
    from torch import Tensor

Layers = tuple[tuple["Tensor", "Tensor"], ...]


@dataclass(frozen=True, slots=True)
class Source:
    """The text that a memory stands for.

    Attributes:
        sha256: of the text in UTF-8, hexadecimal.
        tokens: of the whole text, in the model's tokenizer, without special ones; nothing was cut off.
        parts: how many pieces the text was read in, one after the other and each for itself; k memory tokens stand for each.
    """

    sha256: str
    tokens: int
    parts: int = 1


@dataclass(frozen=True, slots=True)
class Maker:
    """Fingerprints of what made a memory, each 16 hexadecimal digits.

    Attributes:
        model: of the language model's weights and rotations, without any adapter.
        tokenizer: of its tokenizer.
        adapter: of the adapter and the memory tokens.
    """

    model: str
    tokenizer: str
    adapter: str


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Memory:
    """Slots that a language model reads in place of a text; k of them, on the CPU, without a batch dimension.

    Attributes:
        layers: keys and values of each layer, each [heads, k, head width]; empty for embeddings.
        embeddings: input embeddings [k, width]; None for key-values.
        positions: that the keys carry, ascending; empty where keys carry none (embeddings, or a model without position ids).
        next_position: where the model goes on behind the memory, if the memory begins the prompt.
        source: the text.
        maker: the model and the adapter.
    """

    layers: Layers
    embeddings: Tensor | None
    positions: tuple[int, ...]
    next_position: int
    source: Source
    maker: Maker

    def __post_init__(self) -> None:
        """Refuses tensors that do not belong together.

        Raises:
            InvalidMemory: not exactly one kind of tensors, no slots, or tensors that disagree in their number.
        """
        if bool(self.layers) == (self.embeddings is not None):
            raise InvalidMemory("a memory holds either key-values or embeddings; give exactly one of them")
        shapes = [tuple(t.shape) for t in self.tensors().values()]
        if self.embeddings is None and any(len(shape) != 3 for shape in shapes):
            raise InvalidMemory(f"keys and values have shape [heads, k, head width], not {shapes[0]}; drop the batch dimension")
        sizes = {shape[-2] for shape in shapes if len(shape) > 1}
        if len(sizes) != 1 or len(self.positions) not in (0, *sizes):
            raise InvalidMemory(f"{len(self.positions)} positions and tensors of {sorted(sizes)} slots do not make one memory")
        if sizes == {0}:
            raise InvalidMemory("a memory of no slots stands for nothing; leave it out")

    def __repr__(self) -> str:
        """Its size; not its numbers."""
        kind = "embeddings" if self.embeddings is not None else f"key-values of {len(self.layers)} layers"
        return f"Memory({self.k} slots for {self.source.tokens} tokens, {kind}, {self.nbytes:,} bytes)"

    @property
    def k(self) -> int:
        """Slots: what the memory takes of the model's context."""
        first = self.layers[0][0] if self.embeddings is None else self.embeddings
        return int(first.shape[-2])

    @property
    def nbytes(self) -> int:
        """Bytes of the tensors."""
        return sum(tensor.numel() * tensor.element_size() for tensor in self.tensors().values())

    @property
    def ratio(self) -> float:
        """Tokens of the text for each slot; only for display."""
        return self.source.tokens / self.k

    def tensors(self) -> dict[str, Tensor]:
        """The tensors by name: ``key.0``, ``value.0`` ... or ``embeddings``."""
        if self.embeddings is not None:
            return {"embeddings": self.embeddings}
        names = ("key", "value")
        return {f"{name}.{n}": t for n, pair in enumerate(self.layers) for name, t in zip(names, pair, strict=True)}

    def check(self, model: str, tokenizer: str) -> None:
        """Refuses to be read by a model that did not make it: its numbers mean nothing there.

        Args:
            model: fingerprint of the language model.
            tokenizer: fingerprint of its tokenizer.

        Raises:
            WrongModel: the memory was made with another one.
        """
        for kind, mine, other in (("model", self.maker.model, model), ("tokenizer", self.maker.tokenizer, tokenizer)):
            if mine != other:
                hint = ", or load it in float32 or bfloat16" if kind == "model" else ""
                raise WrongModel(
                    f"the memory was made with the {kind} {mine}, this is {other}; compress the text with this one{hint}"
                )

    def to_bytes(self) -> bytes:
        """The memory in the safetensors format."""
        from linguapress.soft.memory_file import pack

        return pack(self)

    @staticmethod
    def from_bytes(data: bytes) -> Memory:
        """The memory that :meth:`to_bytes` has written, bit for bit.

        Raises:
            InvalidMemory: the bytes are cut off, or hold something else.
        """
        from linguapress.soft.memory_file import unpack

        return unpack(data)

    def save(self, path: str | Path) -> None:
        """Writes :meth:`to_bytes` to a file, as a whole or not at all; its name conventionally ends in ``.safetensors``."""
        write_whole(Path(path), self.to_bytes())

    @staticmethod
    def load(path: str | Path) -> Memory:
        """The memory of a file.

        Raises:
            InvalidMemory: the file is cut off, or holds something else.
        """
        return Memory.from_bytes(Path(path).read_bytes())
