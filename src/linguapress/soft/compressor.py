"""Soft compression: an adapted copy of a model reads a text and memory tokens behind it, and what becomes of those is kept."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any, ClassVar, TypeVar

import torch
from torch import Tensor
from torch.nn import Parameter

from linguapress.errors import InvalidDocuments
from linguapress.soft.adapter import Adapter
from linguapress.soft.batches import batches
from linguapress.soft.encoder import Encoded, Part, encode
from linguapress.soft.fingerprints import of_tensors
from linguapress.soft.joining import joined, on_cpu
from linguapress.soft.language_model import FrozenLM
from linguapress.soft.memory import Layers, Maker, Memory
from linguapress.soft.places import Places, memory_places
from linguapress.soft.prompt import Segment
from linguapress.soft.settings import PAPER, SoftSettings

C = TypeVar("C", bound="SoftCompressor")


class SoftCompressor(ABC):
    """From texts to memories; a function of the text alone, which never sees a query.

    Attributes:
        method: name of the method, saved with the weights.
        lm: the model that memories are made for, and that makes them.
        settings: what the compressor is made with.
        adapter: low-rank weights, which are on while a text is encoded.
        tokens: embeddings of the memory tokens [k, width], float32.
        trigger: embedding [1, width] that asks for the text; None where BOS does.
    """

    method: ClassVar[str]
    defaults: ClassVar[dict[str, Any]] = {}
    places_parts: ClassVar[bool] = True  # one behind the other, since keys carry their positions; else each at 0

    def __init__(self, lm: FrozenLM, settings: SoftSettings) -> None:
        """An untrained compressor; puts adapters on ``lm``, which are off whenever it is read.

        Raises:
            ValueError: parts that are longer than the model reads.
            UnsupportedModel: a model that has adapters already, or for which there are none.
            MissingExtra: peft is not installed.
        """
        room = _room(lm, settings)
        if settings.longest > room:
            beside = f"{lm.name!r} reads {max(room, 0)} tokens beside k={settings.k} memory tokens"
            raise ValueError(f"longest is {settings.longest}, and {beside}; give less of either")
        self.lm, self.settings = lm, settings
        self.adapter = Adapter(lm, settings, self._tensors)
        generator = torch.Generator().manual_seed(settings.seed)
        self.tokens = Parameter(_initial(lm, settings, generator, settings.k))
        self.trigger = Parameter(_initial(lm, settings, generator, 1)) if self._needs_trigger() else None

    @classmethod
    def new(cls: type[C], lm: FrozenLM, *, preset: str = "default", **changes: Any) -> C:
        """An untrained compressor.

        Args:
            lm: the model; it gets adapters, which are off whenever it is read.
            preset: ``"default"``, or ``"paper"``: as the published code of 500xCompressor.
            changes: other :class:`~linguapress.soft.settings.SoftSettings`; ``longest`` is 500, or what the model can read.

        Raises:
            ValueError: an unknown preset, or settings that make no compressor.
            UnsupportedModel: a model that has adapters already, or for which there are none.
            MissingExtra: peft is not installed.
        """
        presets: dict[str, dict[str, Any]] = {"default": cls.defaults, "paper": PAPER}
        if preset not in presets:
            raise ValueError(f"unknown preset {preset!r}; use one of {', '.join(presets)}")
        settings = SoftSettings(**{**presets[preset], **changes})
        if "longest" not in changes:
            settings = replace(settings, longest=max(1, min(settings.longest, _room(lm, settings))))
        return cls(lm, settings)

    def compress(self, texts: Sequence[str], batch_size: int = 8, k: int | None = None) -> list[Memory]:
        """One memory for each text, on the CPU.

        A text that is longer than ``settings.longest`` tokens is read in equal parts, each for itself; its memory holds k slots
        of each part, in order.

        Args:
            texts: of any length.
            batch_size: parts read at once; changes nothing but speed and memory.
            k: the first so many memory tokens alone, for a compressor that was trained with several numbers; None = all.

        Raises:
            ValueError: more memory tokens than there are, or none.
            InvalidDocuments: texts that are not a sequence of strings.
            UnsupportedModel: a text behind the last position that the model knows.
        """
        if isinstance(texts, str | Iterator) or not all(isinstance(text, str) for text in texts):
            raise InvalidDocuments(f"texts are a list of strings, not {texts!r:.40}; put a single text in a list")
        parts = [self.parts(self.lm.tokens(text), k) for text in texts]
        encoded = iter(self._encode_all([part for some in parts for part in some], batch_size, k))
        maker = replace(self._maker(), adapter=self.fingerprint)
        pieces = [[next(encoded) for _ in some] for some in parts]
        return [joined(text, some, maker) for text, some in zip(texts, pieces, strict=True)]

    def parts(self, ids: Sequence[int], k: int | None = None) -> list[Part]:
        """Equal parts of at most ``longest`` tokens, each behind the one before it; at least one, even of no tokens."""
        count = max(1, -(-len(ids) // self.settings.longest))
        bounds = [len(ids) * n // count for n in range(count + 1)]
        parts, at = [], 0
        for first, last in pairwise(bounds):
            parts.append(Part(ids[first:last], at))
            at = self._places(parts[-1], self._count(k)).following if self.places_parts else 0
        return parts

    def encode(self, parts: Sequence[Part], k: int | None = None) -> list[Memory]:
        """Memories of one batch, on the model's device, without a fingerprint of the adapter; gradients flow back from them.

        Args:
            parts: tokens and where they stand.
            k: memory tokens, the first ones; None = all.

        Raises:
            ValueError: more memory tokens than there are, or none.
            UnsupportedModel: a part behind the last position that the model knows.
        """
        count = self._count(k)
        places = [self._places(part, count) for part in parts]
        encoded = encode(self.lm, self.adapter, self.tokens[:count], parts, places, self.settings.anchored)
        return [self._memory(one, place, len(part.ids)) for one, place, part in zip(encoded, places, parts, strict=True)]

    def regenerating(self, memory: Memory) -> list[Segment]:
        """The prompt that asks for the text of a memory."""
        return [memory, self.asking]

    @property
    def asking(self) -> Segment:
        """What asks for the text, behind its memory: BOS, or a learned embedding."""
        return self.lm.begin if self.trigger is None else self.trigger

    def parameters(self) -> dict[str, Parameter]:
        """What is trained, by name: memory tokens, trigger, adapter."""
        return {**self.embeddings(), **self.adapter.weights}

    def embeddings(self) -> dict[str, Parameter]:
        """Trained embeddings by name: memory tokens, trigger."""
        return {"tokens": self.tokens} | ({} if self.trigger is None else {"trigger": self.trigger})

    def train(self, mode: bool = True) -> None:
        """Whether dropout of the adapter applies."""
        self.adapter.train(mode)

    @property
    def fingerprint(self) -> str:
        """Of method, settings, memory tokens and adapter, as they are now."""
        return of_tensors(self.parameters().items(), self.method, self.settings)

    def save_pretrained(self, folder: str | Path) -> None:
        """Writes adapter (by peft's names), memory tokens and settings to a folder; not the model itself."""
        from linguapress.soft.checkpoint import save

        save(self, Path(folder))

    @classmethod
    def from_pretrained(cls: type[C], folder: str | Path, lm: FrozenLM | None = None) -> C:
        """The compressor of a folder.

        Args:
            folder: that :meth:`save_pretrained` has written.
            lm: the model that it was made for; None = loaded by the name that it had then.

        Raises:
            ModelNotFound: files that are missing or damaged.
            WrongModel: another model, tokenizer or method.
        """
        from linguapress.soft.checkpoint import load

        return load(cls, Path(folder), lm)

    @abstractmethod
    def _tensors(self, states: Tensor, layers: Layers) -> Sequence[Tensor]:
        """Which tensors of a forward pass are kept."""

    @abstractmethod
    def _memory(self, encoded: Encoded, places: Places, tokens: int) -> Memory:
        """The memory of a part of so many tokens."""

    def _needs_trigger(self) -> bool:
        return self.lm.bos is None

    def _count(self, k: int | None) -> int:
        if k is not None and not 1 <= k <= self.settings.k:
            raise ValueError(f"k is {k}; this compressor has 1 to {self.settings.k} memory tokens")
        return k or self.settings.k

    def _places(self, part: Part, k: int) -> Places:
        """Where the memory tokens of a part stand, and the part or prompt behind them."""
        return memory_places(self.settings.positions, len(part.ids), k).shifted(part.at)

    def _maker(self) -> Maker:
        return Maker(self.lm.fingerprint, self.lm.tokenizer_fingerprint, "")

    @torch.no_grad()
    def _encode_all(self, parts: Sequence[Part], batch_size: int, k: int | None) -> list[Memory]:
        """Memories of any number of parts in their order, on the CPU; parts of about one length are read together."""
        found: dict[int, Memory] = {}
        for numbers in batches(sorted(range(len(parts)), key=lambda n: len(parts[n].ids)), batch_size):
            found.update(zip(numbers, map(on_cpu, self.encode([parts[number] for number in numbers], k)), strict=True))
        return [found[number] for number in range(len(parts))]


def _room(lm: FrozenLM, settings: SoftSettings) -> int:
    """Most tokens that can be encoded at once."""
    return lm.window - (0 if settings.positions == "uniform" and lm.placed else settings.k)


def _initial(lm: FrozenLM, settings: SoftSettings, generator: torch.Generator, rows: int) -> Tensor:
    """Embeddings [rows, width] by chance, as large as those of the model, or standard normal."""
    normal = torch.randn(rows, lm.width, generator=generator)
    if settings.init == "embeddings":
        table = lm.model.get_input_embeddings().weight
        some = table[:: max(1, len(table) // 4096)].float().cpu()
        normal = normal * some.std() + some.mean()
    return normal.to(lm.device)
