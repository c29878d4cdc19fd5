"""Models that answer the same question only once, since every budget asks it again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from linguapress.language import Reader
from linguapress.models.causal_lm import CausalLM
from linguapress.models.memory import Memory
from linguapress.scores import Rating, Relevance, TokenScores
from linguapress.text import Passage
from linguapress.units import Units

if TYPE_CHECKING:
    from linguapress.models.causal_weights import CausalWeights

_Asked = tuple[str, tuple[str, ...], tuple[tuple[int, tuple[int, ...]], ...]]
_QUESTIONS = 8


@dataclass(frozen=True)
class RememberedRelevance:
    """The ratings of the last few questions.

    Attributes:
        inner: rates.
        memory: question, passages, numbers of units and their sections, with the rating.
    """

    inner: Relevance
    memory: dict[_Asked, Rating] = field(default_factory=dict, compare=False)

    def rate(self, query: str, passages: Sequence[Passage], units: Sequence[Units]) -> Rating:
        """The inner rating."""
        key = (query, tuple(passage.text for passage in passages), tuple((len(item.spans), item.sections) for item in units))
        if key not in self.memory:
            if len(self.memory) > _QUESTIONS:
                self.memory.clear()
            self.memory[key] = self.inner.rate(query, passages, units)
        return self.memory[key]

    def forget(self) -> None:
        """Empties the memory."""
        self.memory.clear()


def _memory() -> Memory[tuple[str, str], TokenScores]:
    return Memory(lambda scores: len(scores.values))


@dataclass(frozen=True)
class RememberedLM:
    """The surprisals of recent texts; what depends on what was kept is read anew.

    Attributes:
        inner: reads.
        memory: prefixes and texts, with their surprisals.
    """

    inner: CausalLM
    memory: Memory[tuple[str, str], TokenScores] = field(default_factory=_memory, compare=False)

    @property
    def loaded(self) -> CausalWeights:
        """The inner model's weights."""
        return self.inner.loaded

    def surprisals(self, texts: Sequence[str], prefixes: Sequence[str] | None = None) -> list[TokenScores]:
        """The inner surprisals."""
        heads = [""] * len(texts) if prefixes is None else prefixes
        return self.memory.through(list(zip(heads, texts, strict=True)), self._read)

    def reader(self, texts: Sequence[str], prefixes: Sequence[str] | None = None) -> Reader:
        """The inner reader."""
        return self.inner.reader(texts, prefixes)

    def forget(self) -> None:
        """Empties the memory."""
        self.memory.forget()

    def _read(self, keys: Sequence[tuple[str, str]]) -> list[TokenScores]:
        return self.inner.surprisals([text for _, text in keys], [head for head, _ in keys])
