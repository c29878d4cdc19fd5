"""Methods on the strings of :mod:`linguapress.evaluation.rate_distortion_markov`; the chain itself is their language model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from linguapress.budget import Budget
from linguapress.compressor import Compressor
from linguapress.evaluation.rate_distortion_markov import MEASURES, STAY, chances, distortions, number_of, strings
from linguapress.guard import Guard
from linguapress.language import Reader
from linguapress.methods.head import Head
from linguapress.methods.llmlingua import LLMLingua
from linguapress.methods.random_words import RandomWords
from linguapress.methods.selective_context import SelectiveContext
from linguapress.scores import Floats, Offsets, TokenScores
from linguapress.segment import words

_LETTERS = "oi"  # bits as words, which no guard takes for numbers


@dataclass(frozen=True)
class ChainModel:
    """The chain as a language model: a token is a bit, and its surprisal is exact."""

    def surprisals(self, texts: Sequence[str], prefixes: Sequence[str] | None = None) -> list[TokenScores]:
        """Surprisal of each bit, given the one before it."""
        heads = prefixes or [""] * len(texts)
        return [
            TokenScores(_offsets(text), surprisals(head.split()[-1:], text.split()))
            for text, head in zip(texts, heads, strict=True)
        ]

    def reader(self, texts: Sequence[str], prefixes: Sequence[str] | None = None) -> Reader:
        """A reader that sees the last bit that was kept."""
        return ChainReader(texts, prefixes or [""] * len(texts))


class ChainReader:
    """Reads strings side by side, given what was kept of them."""

    def __init__(self, texts: Sequence[str], prefixes: Sequence[str]) -> None:
        """Begins at the beginning."""
        self.offsets: Sequence[Offsets] = [_offsets(text) for text in texts]
        self._bits = [text.split() for text in texts]
        self._before = [prefix.split()[-1:] for prefix in prefixes]
        self._at = [0] * len(texts)
        self._ends: Sequence[int] = self._at

    def read(self, ends: Sequence[int]) -> list[Floats]:
        """Surprisals up to the ends."""
        self._ends = ends
        rows = zip(self._bits, self._before, self._at, ends, strict=True)
        return [surprisals(before, bits[at:end]) for bits, before, at, end in rows]

    def advance(self, kept: Sequence[NDArray[np.bool_]]) -> None:
        """Moves to the ends."""
        for row, mask in enumerate(kept):
            read = self._bits[row][self._at[row] : self._ends[row]]
            self._before[row] = [*self._before[row], *(bit for bit, stays in zip(read, mask, strict=True) if stays)][-1:]
        self._at = list(self._ends)


def surprisals(before: Sequence[str], bits: Sequence[str]) -> Floats:
    """-ln p of each bit given the one before it, nats; the first one is a coin where nothing is before it."""
    row = [*before, *bits]
    after = [-np.log(STAY if row[at] == row[at - 1] else 1 - STAY) if at else np.log(2) for at in range(len(row))]
    return np.array(after[len(before) :], dtype=np.float32)


def _offsets(text: str) -> Offsets:
    return np.array([(at, at + 1) for at, letter in enumerate(text) if letter in _LETTERS], dtype=np.int64).reshape(-1, 2)


def _count(text: str) -> int:
    return len(text.split())


METHODS: Mapping[str, Compressor] = MappingProxyType(
    {
        "head": Head(),
        "random_words": RandomWords(),
        "selective_context": SelectiveContext(ChainModel(), words, guard=Guard.off()),
        "llmlingua": LLMLingua(ChainModel(), guard=Guard.off(), documents=None, segment=2),
    }
)


def compressed(press: Compressor, length: int, rate: float) -> list[str]:
    """What a method leaves of every string of a length, as zeros and ones."""
    texts = [" ".join(_LETTERS[bit] for bit in row) for row in strings(length).tolist()]
    found = press.compress_batch([[text] for text in texts], budget=Budget(rate=rate, count=_count))
    return ["".join(str(_LETTERS.index(letter)) for letter in out.text.split()) for out in found]


def measured(method: str, lengths: range, rate: float) -> dict[str, Any]:
    """Mean rate and distortions of a method over all strings, each length equally likely, and over all queries."""
    found: dict[str, Any] = {"method": method, "asked": rate, "rate": 0.0, **dict.fromkeys(MEASURES, 0.0)}
    for length in lengths:
        left = compressed(METHODS[method], length, rate)
        share = chances(length) / len(lengths)
        found["rate"] += float(share @ [len(bits) / length for bits in left])
        for measure in MEASURES:
            each = [distortions(length, len(bits), measure)[:, row, number_of(bits)].mean() for row, bits in enumerate(left)]
            found[measure] += float(share @ each)
    return found
