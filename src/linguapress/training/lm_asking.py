"""Questions in the training windows of a language model, so that it learns to answer from what it has read."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from linguapress.soft.questions import Asked, Cut, among, cut, read_questions
from linguapress.training.lm_tokens import END_ID

_SALT = 2  # another series of random numbers than those of plain windows and copies
_ALONE, _MOST = 0.6, 4  # share of questions on one chunk; most chunks of the others


class Source(Protocol):
    """What gives the windows of a step."""

    def of_step(self, step: int) -> NDArray[np.int64]:
        """Tokens [batch, window + 1]."""


class AskingWindows:
    """Windows of which a share holds questions: end token, chunks, question, answer, and so on."""

    def __init__(self, windows: Source, tokenizer: Any, files: Sequence[Path], share: float, size: int, seed: int) -> None:
        """Reads the questions.

        Args:
            windows: other windows.
            tokenizer: of the ``tokenizers`` library.
            files: paragraphs with questions; those of the training part are asked.
            share: of the windows with questions, 0..1.
            size: most tokens of a chunk.
            seed: which questions a step asks depends on it and the step alone.

        Raises:
            ValueError: a share above zero, and no question with an answer that fits a chunk.
        """
        self._windows, self._tokenizer, self._share, self._size, self._seed = windows, tokenizer, share, size, seed
        self._asked: list[Asked] = list(read_questions(files, "train")) if share else []
        if share and not any(cut(tokenizer, asked, size, np.random.default_rng(0)) for asked in self._asked):
            raise ValueError(
                f"the files of questions hold none to learn from whose answer fits {size} tokens; give paragraphs with questions, "
                "a larger --chunk, or --asking 0"
            )

    def of_step(self, step: int) -> NDArray[np.int64]:
        """Tokens [batch, window + 1] of a step, windows with questions first; their number is the share rounded at random."""
        rows = self._windows.of_step(step)
        draws = np.random.default_rng([self._seed, step, _SALT])
        for row in rows[: int(len(rows) * self._share + draws.random()) if self._share else 0]:
            row[:] = self._questions(len(row), draws)
        return rows

    def _questions(self, length: int, draws: np.random.Generator) -> NDArray[np.int64]:
        found: list[int] = []
        while len(found) < length:
            chunks = 1 if draws.random() < _ALONE else int(draws.integers(2, _MOST + 1))
            cuts = [one for one in (self._draw(draws) for _ in range(chunks)) if one]
            if cuts:
                some = among(cuts[0], cuts[1:], draws)
                found += [END_ID, *(token for context in some.contexts for token in context), *some.prompt, *some.answer]
        return np.array(found[:length], np.int64)

    def _draw(self, draws: np.random.Generator) -> Cut | None:
        return cut(self._tokenizer, self._asked[int(draws.integers(len(self._asked)))], self._size, draws)
