"""The one value that moves through compressors."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from linguapress.counters import TokenCounter
from linguapress.text import Passage
from linguapress.unit_scores import UnitScores


class Stage(NamedTuple):
    """What one step of a compressor removed.

    Attributes:
        name: the step.
        tokens_in: tokens of the draft before.
        tokens_out: tokens of the draft after.
        milliseconds: wall time of the step.
    """

    name: str
    tokens_in: int
    tokens_out: int
    milliseconds: float


@dataclass(frozen=True, slots=True)
class Draft:
    """Passages on their way to the reader.

    Attributes:
        passages: what is kept so far, in the order in which it will be sent.
        query: the question, None when there is none.
        limit: tokens that may remain in :attr:`text`.
        count: the reader's token counter.
        separator: what stands between two passages in :attr:`text`.
        stages: what earlier steps removed.
        warnings: sentences for the user.
        scores: what steps thought of the units of documents, by the index of the document; also of those that are gone.
    """

    passages: tuple[Passage, ...]
    query: str | None
    limit: int
    count: TokenCounter
    separator: str = "\n\n"
    stages: tuple[Stage, ...] = ()
    warnings: tuple[str, ...] = ()
    scores: Mapping[int, UnitScores] = field(default_factory=dict, repr=False, compare=False)

    @property
    def text(self) -> str:
        """The string that would be sent now."""
        return self.separator.join(passage.text for passage in self.passages)

    @property
    def tokens(self) -> int:
        """Tokens of :attr:`text`."""
        return self.count(self.text)

    def having(self, passages: Iterable[Passage]) -> Draft:
        """The same draft with other passages; those that keep nothing are left out."""
        return replace(self, passages=tuple(passage for passage in passages if passage.text))

    def warning(self, *sentences: str) -> Draft:
        """The same draft with further warnings, none of them twice."""
        return replace(self, warnings=tuple(dict.fromkeys((*self.warnings, *sentences))))

    def allowing(self, limit: int) -> Draft:
        """The same draft with another limit."""
        return replace(self, limit=limit)
