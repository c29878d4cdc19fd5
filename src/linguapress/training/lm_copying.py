"""Copies in the training windows of a language model, so that it learns to say again what it has read.

Soft compression asks the untouched model for a text it holds in memory; a model that cannot copy a text which it *sees* has nothing
to offer there (500xCompressor, arXiv 2408.03094, section 3.2 rests on a large pretrained model, which can).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from linguapress.training.lm_tokens import END_ID, Tokens, Windows

_SHORTEST = 8  # tokens of a text that is copied
_SALT = 1  # another series of random numbers than that of the windows


class CopyingWindows:
    """Windows of a stream, a share of which hold texts said twice: end token, text, end token, the same text, and so on."""

    def __init__(self, windows: Windows, tokens: Tokens, share: float, longest: int, seed: int) -> None:
        """Takes note of the stream.

        Args:
            windows: the plain windows.
            tokens: the stream that texts are drawn from.
            share: of the windows with copies, 0..1.
            longest: tokens of a copied text.
            seed: which texts a step copies depends on it and the step alone.

        Raises:
            ValueError: the stream has fewer tokens than a text.
        """
        self._words = tokens[tokens != END_ID]
        if share and len(self._words) < longest:
            raise ValueError(f"{len(self._words)} tokens hold no text of {longest}; give more text, or a smaller --chunk")
        self._windows, self._share, self._longest, self._seed = windows, share, longest, seed

    def of_step(self, step: int) -> NDArray[np.int64]:
        """Tokens [batch, window + 1] of a step, plain windows first; their number is the share rounded at random."""
        rows = self._windows.of_step(step)
        draws = np.random.default_rng([self._seed, step, _SALT])
        count = int(len(rows) * self._share + draws.random()) if self._share else 0
        for row in rows[len(rows) - count :]:
            row[:] = self._copies(len(row), draws)
        return rows

    def _copies(self, length: int, draws: np.random.Generator) -> NDArray[np.int64]:
        parts: list[NDArray[np.uint16]] = []
        end = np.array([END_ID], np.uint16)
        while sum(map(len, parts)) < length:
            size = int(draws.integers(min(_SHORTEST, self._longest), self._longest + 1))
            start = int(draws.integers(len(self._words) - size + 1))
            text = self._words[start : start + size]
            parts += [end, text, end, text]
        return np.concatenate(parts)[:length].astype(np.int64)


@torch.no_grad()
def copy_accuracy(model: Any, documents: Sequence[Tokens], size: int, batch: int = 16) -> dict[str, float]:
    """How well a model says a text again that it has just read.

    Args:
        model: a causal LM of transformers.
        documents: token ids of texts; the first ``size`` of each are copied, shorter ones are left out.
        size: tokens of a text.
        batch: texts read at once.

    Returns:
        ``texts``, ``accuracy``: share of tokens that are the likeliest ones in the copy, and ``without``: the same share where
        the text was not read before. NaN where there is no text.
    """
    texts = [document[:size].astype(np.int64) for document in documents if len(document) >= size]
    if not texts:
        return {"texts": 0, "accuracy": float("nan"), "without": float("nan")}
    ends = np.full((len(texts), 1), END_ID)
    rows = torch.from_numpy(np.hstack([ends, np.stack(texts), ends, np.stack(texts)]))
    right = []
    for part in torch.split(rows, batch):
        ids = part.to(model.device)
        found = model(input_ids=ids[:, :-1], use_cache=False).logits.argmax(-1)
        right.append((found == ids[:, 1:]).float().cpu())
    shares = torch.cat(right)
    return {"texts": len(texts), "accuracy": float(shares[:, -size:].mean()), "without": float(shares[:, :size].mean())}
