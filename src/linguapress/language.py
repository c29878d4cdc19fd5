"""What methods ask of a causal language model; surprisal is -ln p(token | what precedes it), in nats."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from linguapress.scores import Floats, Offsets, TokenScores


class Reader(Protocol):
    """Texts side by side, read segment by segment, each given what was kept of those before (LLMLingua, Algorithm 2)."""

    @property
    def offsets(self) -> Sequence[Offsets]:
        """Characters of the tokens of each text, shape [tokens, 2] each."""
        ...

    def read(self, ends: Sequence[int]) -> list[Floats]:
        """Surprisals of the tokens of each text from where it stands up to token number ``ends[i]``, shape [tokens read] each."""
        ...

    def advance(self, kept: Sequence[NDArray[np.bool_]]) -> None:
        """Moves past what was read; of that, the marked tokens stay in the context. One mask a text, shape [tokens read]."""
        ...


class LanguageModel(Protocol):
    """A causal language model with a tokenizer that knows where its tokens stand."""

    def surprisals(self, texts: Sequence[str], prefixes: Sequence[str] | None = None) -> list[TokenScores]:
        """Surprisal of each token of each text, given its prefix, which is not part of the result.

        Args:
            texts: of any length.
            prefixes: one for each text; None = none.
        """
        ...

    def reader(self, texts: Sequence[str], prefixes: Sequence[str] | None = None) -> Reader:
        """A reader of the texts, at their beginning; of each prefix everything stays in the context."""
        ...
