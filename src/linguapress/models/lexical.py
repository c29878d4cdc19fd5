"""Lexical relevance: which rare letter groups of the query occur? Needs no model and works in every script."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import regex
from numpy.typing import NDArray

from linguapress.numbered import beneath
from linguapress.scores import Floats, Rating
from linguapress.section_ratings import sectioned, sections
from linguapress.text import Passage
from linguapress.units import Units

_NOT_WORD = regex.compile(r"[^\p{L}\p{N}\p{M}]+")
UNSPACED = regex.compile(r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}]")
_ASCII = {code: chr(code).lower() if chr(code).isalnum() else " " for code in range(128)}  # the same for the usual text, sooner
Counts = NDArray[np.float64]


@dataclass(frozen=True)
class LexicalRelevance:
    """Share of the query's character 2- and 3-grams that a unit holds, weighted by how rare they are among the units.

    A gram weighs ``ln((units + 1) / (units that hold it + 0.5))``; a unit's rating is the weight that it covers / the weight of
    all grams, 0..1. Grams do not cross blanks; 2-grams are used for scripts without blanks, 3-grams (with word edges) elsewhere.
    Units beneath a heading that holds a number of the query gain, see :func:`~linguapress.numbered.beneath`.

    Attributes:
        named: share of what a unit lacks to 1 that it gains there.
    """

    named: float = 0.8

    def rate(self, query: str, passages: Sequence[Passage], units: Sequence[Units]) -> Rating:
        """Rates units and sections, 0..1."""
        grams = sorted(_grams(query))
        pairs = zip(passages, units, strict=True)
        texts = [_normal(passage.text[start:end]) for passage, item in pairs for start, end in item.spans]
        held = _held(texts, grams)
        starts = np.cumsum([0, *(len(item.spans) for item in units)])
        parts = sections(units)
        whole = np.zeros((len(parts), len(grams)))
        at = np.concatenate([np.empty(0, dtype=np.int64), *(starts[part.passage] + np.array(part.members) for part in parts)])
        np.maximum.at(whole, np.repeat(np.arange(len(parts)), [len(part.members) for part in parts]), held[at.astype(np.int64)])
        rows = np.split(_covered(held), starts[1:-1]) if units else []
        named = beneath(query, passages, units)
        rows = [row + self.named * (1 - row) * share for row, share in zip(rows, named, strict=True)]
        ratings = _covered(whole)
        shares = np.array([named[part.passage][list(part.members)].max(initial=0.0) for part in parts], dtype=np.float32)
        return sectioned(rows, ratings + self.named * (1 - ratings) * shares, units)


def _normal(text: str) -> str:
    if text.isascii():
        return f" {' '.join(text.translate(_ASCII).split())} "
    return f" {_NOT_WORD.sub(' ', text.casefold()).strip()} "


def _grams(text: str) -> set[str]:
    grams: set[str] = set()
    for word in _normal(text).split():
        size = 2 if UNSPACED.search(word) else 3
        edged = word if size == 2 else f" {word} "
        grams.update(edged[i : i + size] for i in range(max(1, len(edged) - size + 1)))
    return grams


def _held(texts: Sequence[str], grams: Sequence[str]) -> Counts:
    return np.array([[gram in text for gram in grams] for text in texts], dtype=np.float64).reshape(len(texts), len(grams))


def _covered(held: Counts) -> Floats:
    """Share of the grams' weight that each row holds, shape [rows]."""
    weights = np.maximum(np.log((len(held) + 1) / (held.sum(axis=0) + 0.5)), 1e-6)
    return np.asarray(held @ weights / max(float(weights.sum()), 1e-9), dtype=np.float32)
