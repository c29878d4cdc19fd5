"""Can a model read this text? Told by how its vocabulary spells it."""

from __future__ import annotations

from itertools import islice

import numpy as np
import regex
from numpy.typing import NDArray

from linguapress.scores import Offsets

# Letters a token at which a language counts as spelled out, and as read. Of all English passages of the training data 95 % have
# 3.2 and more, of Spanish ones 95 % less than 3.2; Chinese, Arabic, Russian and Thai have 1.0 to 1.3.
_SPELLED, _READ = 2.6, 3.3
_LOOKED_AT, _AMONG = 256, 2048  # tokens of words, and tokens at the beginning of the text among which they are looked for
_FEWEST = 8  # tokens of words; in a text with fewer those of addresses and identifiers count as well
# addresses, identifiers and numbers, which are of no language
_RAW = regex.compile(r"(?<!\S)(?=[^\s/_@=\\\d]*+[/_@=\\\d]|[^\s.]++\.\S)\S++")


def legibility(text: str, offsets: Offsets, unknown: float) -> float:
    """How well a vocabulary fits a text, 0..1: by letters a token of its words, and by the share of unknown tokens.

    A vocabulary that spells a language in short pieces comes from training that saw little of it.

    Args:
        text: the text.
        offsets: its tokens, shape [tokens, 2].
        unknown: share of tokens outside the vocabulary, 0..1.
    """
    looked = offsets[:_AMONG]
    lengths = _lengths(text, looked[_worded(text, looked)])
    if len(lengths) < _FEWEST:
        lengths = _lengths(text, looked)
    usual, weight = 4.0, 6  # a few rare names in a short text prove nothing
    mean = (sum(lengths) + usual * weight) / (len(lengths) + weight)
    fit = min(1.0, max(0.0, (mean - _SPELLED) / (_READ - _SPELLED)))
    return float(fit * max(0.0, 1 - 4 * unknown))


def _worded(text: str, offsets: Offsets) -> NDArray[np.bool_]:
    """Which tokens are of words, shape [tokens]."""
    raw = np.zeros(int(offsets.max(initial=0)) + 1, dtype=np.bool_)
    for match in _RAW.finditer(text, 0, len(raw) - 1):
        raw[slice(*match.span())] = True
    return ~raw[offsets[:, 0]]


def _lengths(text: str, offsets: Offsets) -> list[int]:
    """Letters of the first tokens that are nothing else."""
    return list(islice((end - start for start, end in offsets.tolist() if text[start:end].isalpha()), _LOOKED_AT))
