"""Answers to prompts with references, piece by piece, and what they cost."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

from linguapress.soft.decoding import Decoding
from linguapress.soft.language_model import FrozenLM
from linguapress.soft.places import Layout
from linguapress.soft.prompt import Laid, lay_out
from linguapress.soft.resolving import Resolved, resolve
from linguapress.soft.sampling import Sampling
from linguapress.soft.shelf import MemoryShelf
from linguapress.soft.splice import SoftReader


@dataclass(frozen=True, slots=True)
class AnswerSettings:
    """How to answer.

    Attributes:
        most: tokens of an answer.
        sampling: None = the likeliest tokens.
        stop: texts at which the answer ends; they are not part of it.
        layout: where memories stand; see :meth:`SoftReader.generate`.
    """

    most: int = 256
    sampling: Sampling | None = None
    stop: tuple[str, ...] = ()
    layout: Layout = "spread"

    def __post_init__(self) -> None:
        """Refuses what no answer can come of.

        Raises:
            ValueError: no tokens, or a stop text that is empty.
        """
        if self.most < 1:
            raise ValueError(f"an answer of {self.most} tokens is none; give at least 1")
        if "" in self.stop:
            raise ValueError("a stop text is empty, and would end every answer before it begins; leave it out")

    @classmethod
    def named(
        cls, *, max_tokens: int, temperature: float, top_p: float, seed: int, layout: Layout, stop: str | Sequence[str]
    ) -> AnswerSettings:
        """The settings by the names that chat models have for them; a temperature of 0 = the likeliest tokens.

        Raises:
            ValueError: numbers out of range.
        """
        sampling = Sampling(temperature, top_p, seed) if temperature else None
        return cls(max_tokens, sampling, (stop,) if isinstance(stop, str) else tuple(stop), layout)


@dataclass(frozen=True, slots=True)
class Usage:
    """What an answer has cost.

    Attributes:
        input_tokens: read; a memory counts its slots.
        output_tokens: generated.
        memories: in the prompt.
        missing: references that were read as text, since there was no memory.
        unsigned: texts that look like references; none of this shelf, and read as they are.
        slots: of all memories.
        source_tokens: of the texts that the memories stand for.
        finish: why the answer ends: the model or a stop text ended it, or the most tokens or the window were reached.
    """

    input_tokens: int
    output_tokens: int
    memories: int
    missing: int
    unsigned: int
    slots: int
    source_tokens: int
    finish: Literal["stop", "length"]

    @property
    def ratio(self) -> float | None:
        """Tokens of the texts for each slot; None without memories."""
        return self.source_tokens / self.slots if self.slots else None

    def report(self) -> dict[str, int | float | None]:
        """What memories have saved, ready for JSON."""
        return {
            "memories": self.memories, "missing": self.missing, "unsigned": self.unsigned, "slots": self.slots,
            "source_tokens": self.source_tokens, "ratio": self.ratio,
        }  # fmt: skip


class Piece(NamedTuple):
    """Text of an answer; the last piece, maybe empty, has the usage."""

    text: str
    usage: Usage | None = None


def pieces(shelf: MemoryShelf, prompt: str, settings: AnswerSettings | None = None) -> Iterator[Piece]:
    """The answer of the shelf's model to a prompt, piece by piece; joined, that of :meth:`SoftReader.generate`.

    Args:
        shelf: resolves the references.
        prompt: with references.
        settings: None = the usual.

    Raises:
        InvalidPrompt: a prompt that cannot be read, or a reference that was cut or is lost.
        UnsupportedModel: a memory would have to be moved, and cannot be.
    """
    settings, lm = settings or AnswerSettings(), shelf.press.lm
    resolved = resolve(shelf, prompt)
    laid = lay_out(lm, resolved.segments, settings.layout)
    heard = _Heard(lm, settings.stop)
    for (token,) in SoftReader(lm).decode([laid], settings.most, settings.sampling):
        if text := heard.told(token):
            yield Piece(text)
        if heard.stopped:
            break
    yield Piece(heard.rest(), _usage(resolved, laid, heard, settings.most, lm.window))


def answer(shelf: MemoryShelf, prompt: str, settings: AnswerSettings | None = None) -> tuple[str, Usage]:
    """The whole answer of :func:`pieces`, and what it has cost."""
    said = list(pieces(shelf, prompt, settings))
    usage = next(piece.usage for piece in reversed(said) if piece.usage)
    return "".join(piece.text for piece in said), usage


class _Heard:
    """Text of the tokens so far; what may still become a stop text is held back."""

    def __init__(self, lm: FrozenLM, stops: Sequence[str]) -> None:
        self._decoding, self._stops = Decoding(lm), stops
        self.tokens = 0
        self._open = ""
        self.stopped = False

    def told(self, token: int | None) -> str:
        """The text that is certain now, and was not before; nothing any more behind a stop text."""
        if token is None:
            return ""
        self.tokens += 1
        self._hear(self._decoding.add(token))
        certain = len(self._open) - (0 if self.stopped else self._held())
        new, self._open = self._open[:certain], self._open[certain:]
        return new

    def rest(self) -> str:
        """What was held back, now that nothing more comes."""
        if not self.stopped:
            self._hear(self._decoding.rest())
        return self._open

    def _hear(self, text: str) -> None:
        self._open += text
        ends = [at for stop in self._stops if (at := self._open.find(stop)) >= 0]
        if ends:
            self.stopped, self._open = True, self._open[: min(ends)]

    def _held(self) -> int:
        """Characters at the end that may be the beginning of a stop text."""
        sizes = (n for stop in self._stops for n in range(1, len(stop)) if self._open.endswith(stop[:n]))
        return max(sizes, default=0)


def _usage(resolved: Resolved, laid: Laid, heard: _Heard, most: int, window: int) -> Usage:
    put = sum(layers[0][0].shape[-2] for stage in laid.stages for layers in stage.memories)
    said, memories = heard.tokens, resolved.memories
    full = said >= most or laid.following + said >= window
    return Usage(
        input_tokens=put + sum(len(stage.positions) for stage in laid.stages),
        output_tokens=said,
        memories=len(memories),
        missing=resolved.missing,
        unsigned=resolved.unsigned,
        slots=sum(memory.k for memory in memories),
        source_tokens=sum(memory.source.tokens for memory in memories),
        finish="length" if full and not heard.stopped else "stop",
    )
