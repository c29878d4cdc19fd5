"""Where memory tokens stand: positions of the encoder's memory tokens, and of segments in a prompt."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple

import numpy as np

Rule = Literal["uniform", "continue", "reference"]
Layout = Literal["spread", "contiguous", "parallel"]
RULES: tuple[Rule, ...] = ("uniform", "continue", "reference")
LAYOUTS: tuple[Layout, ...] = ("spread", "contiguous", "parallel")


class Places(NamedTuple):
    """Positions of k memory tokens, and the one behind them."""

    positions: tuple[int, ...]
    following: int

    def shifted(self, by: int) -> Places:
        """The same places further on."""
        return Places(tuple(position + by for position in self.positions), self.following + by)


def memory_places(rule: Rule, tokens: int, k: int) -> Places:
    """Where k memory tokens stand that are read behind a text at positions 0 ... tokens - 1.

    Args:
        rule: ``"uniform"``: spread over the text, so that each stands for the tokens around it (EPL, arXiv 2409.14364, section
            3); ``"continue"``: behind the text, and the decoder behind them; ``"reference"``: behind the text, but the decoder
            at k, as in the published code of 500xCompressor.
        tokens: of the text.
        k: memory tokens.
    """
    behind = tuple(range(tokens, tokens + k))
    if rule == "uniform" and tokens:
        margin = (tokens / k - 1) / 2  # half of what one memory token stands for, less itself
        even = np.linspace(margin, tokens - 1 - margin, k).round().clip(0, tokens - 1)
        return Places(tuple(int(position) for position in even), tokens)
    return Places(behind, k if rule == "reference" else tokens + k)


def placed(layout: Layout, keys: Sequence[int], following: int, at: int) -> Places:
    """Where the slots of a memory stand in a prompt whose next free position is ``at``.

    Args:
        layout: ``"spread"``: as they were made, moved on by ``at``; ``"contiguous"``: one behind the other from ``at`` on;
            ``"parallel"``: exactly as they were made, whatever else is in the prompt.
        keys: positions that the slots carry.
        following: position behind the memory where it begins a prompt.
        at: next free position.
    """
    if layout == "spread":
        return Places(tuple(keys), following).shifted(at)
    if layout == "contiguous":
        return Places(tuple(range(at, at + len(keys))), at + len(keys))
    return Places(tuple(keys), max(at, following))
