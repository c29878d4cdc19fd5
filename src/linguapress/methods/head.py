"""Baseline: the beginning of the documents, in their order; a sentence that is cut gets its full stop back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from linguapress.compressor import UnitCompressor
from linguapress.scores import Rating, by_place
from linguapress.text import Passage
from linguapress.units import Units


@dataclass(frozen=True)
class Head(UnitCompressor):
    """Keeps the first words, as a naive cut of the context does."""

    name: ClassVar[str] = "head"

    def score(self, passages: Sequence[Passage], units: Sequence[Units], query: str | None) -> Rating:
        """The earlier, the larger."""
        return Rating(by_place(units))
