"""The next token: the likeliest one, or one by chance."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True, slots=True)
class Sampling:
    """Tokens by chance.

    Attributes:
        temperature: above 0; smaller = closer to the likeliest token.
        top_p: only the likeliest tokens whose probabilities sum up to this take part, 0..1.
        seed: every prompt has its own generator with it, so that the batch it is in changes nothing.
    """

    temperature: float = 1.0
    top_p: float = 1.0
    seed: int = 0

    def __post_init__(self) -> None:
        """Refuses what is no distribution.

        Raises:
            ValueError: temperature or top_p out of range.
        """
        if not self.temperature > 0:
            raise ValueError(f"temperature is {self.temperature}; give one above 0, or no sampling for the likeliest token")
        if not 0 < self.top_p <= 1:
            raise ValueError(f"top_p is {self.top_p}; give one above 0 and at most 1")

    def generators(self, rows: int) -> list[torch.Generator]:
        """One generator a row."""
        return [torch.Generator().manual_seed(self.seed) for _ in range(rows)]


def pick(logits: Tensor, sampling: Sampling | None, generators: Sequence[torch.Generator]) -> list[int]:
    """One token for each row.

    Args:
        logits: [rows, vocabulary].
        sampling: None = the likeliest.
        generators: one a row; not used for the likeliest.
    """
    if sampling is None:
        return [int(token) for token in logits.argmax(-1).tolist()]
    chances, tokens = (logits.cpu().float() / sampling.temperature).softmax(-1).sort(descending=True)
    chances[chances.cumsum(-1) - chances >= sampling.top_p] = 0
    drawn = [torch.multinomial(row, 1, generator=each) for row, each in zip(chances, generators, strict=True)]
    return [int(tokens[row, place]) for row, place in enumerate(drawn)]
