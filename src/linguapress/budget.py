"""How much may remain, counted by whom, in which string."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from linguapress.counters import TokenCounter, token_counter
from linguapress.errors import InvalidBudget


@dataclass(frozen=True, slots=True)
class Budget:
    """Either ``Budget(tokens=500)`` or ``Budget(rate=0.3)``.

    Attributes:
        tokens: tokens that may remain in the final string.
        rate: share of the original tokens that may remain, 0..1.
        count: what counts tokens; see :func:`linguapress.token_counter`. None = the embedded tokenizer.
        separator: what stands between two passages in the final string; it is counted.

    Raises:
        InvalidBudget: both or none of ``tokens`` and ``rate``, or a value out of range.
    """

    tokens: int | None = None
    rate: float | None = None
    count: object = None
    separator: str = "\n\n"

    def __post_init__(self) -> None:
        """Refuses what cannot be a budget."""
        if (self.tokens is None) == (self.rate is None):
            raise InvalidBudget(f"give exactly one of tokens and rate, got tokens={self.tokens!r} and rate={self.rate!r}")
        if self.tokens is not None and (isinstance(self.tokens, bool) or not isinstance(self.tokens, int) or self.tokens < 0):
            raise InvalidBudget(f"tokens must be a whole number of 0 or more, got {self.tokens!r}")
        if self.rate is not None and (
            isinstance(self.rate, bool) or not isinstance(self.rate, int | float) or not 0 <= self.rate <= 1
        ):
            raise InvalidBudget(f"rate is the share of tokens to keep, between 0 and 1, got {self.rate!r}")

    @property
    def counter(self) -> TokenCounter:
        """The function that counts."""
        return token_counter(self.count)

    def limit(self, tokens_before: int) -> int:
        """Tokens that may remain of ``tokens_before``."""
        return self.tokens if self.tokens is not None else math.floor((self.rate or 0) * tokens_before + 1e-9)


def shares(limit: float, weights: Sequence[float], sizes: Sequence[int]) -> list[float]:
    """Splits ``limit`` by ``weights`` such that no part exceeds its size; what is left over goes to the others.

    Args:
        limit: tokens to hand out.
        weights: wish of each part, 0 or more.
        sizes: most that each part can take, tokens.
    """
    given = [0.0] * len(sizes)
    open_parts = [i for i, (weight, size) in enumerate(zip(weights, sizes, strict=True)) if weight > 0 and size > 0]
    while open_parts and limit > 1e-9:
        per_weight = limit / sum(weights[i] for i in open_parts)
        full = [i for i in open_parts if weights[i] * per_weight >= sizes[i] - given[i]]
        for i in full or open_parts:
            part = sizes[i] - given[i] if full else weights[i] * per_weight
            given[i] += part
            limit -= part
        open_parts = [i for i in open_parts if i not in full] if full else []
    return given
