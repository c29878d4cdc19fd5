"""Baseline: words at random."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from linguapress.compressor import UnitCompressor
from linguapress.scores import Rating
from linguapress.text import Passage
from linguapress.units import Units


@dataclass(frozen=True)
class RandomWords(UnitCompressor):
    """Keeps words by chance; the same text and seed give the same words.

    Attributes:
        seed: start of the random numbers.
    """

    name: ClassVar[str] = "random_words"
    seed: int = 0

    def score(self, passages: Sequence[Passage], units: Sequence[Units], query: str | None) -> Rating:
        """Random numbers, seeded by each document's text."""
        seeds = [(self.seed, zlib.crc32(passage.source.encode("utf-8", "replace"))) for passage in passages]
        return Rating([np.random.default_rng(seed).random(len(item.spans)) for seed, item in zip(seeds, units, strict=True)])
