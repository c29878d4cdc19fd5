"""Sentences that are said twice, word for word or cut short, as retrieved chunks that overlap have them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import regex

from linguapress.guard import NEGATION
from linguapress.scores import Floats
from linguapress.text import Passage
from linguapress.units import Units

LAST = 100.0  # more than any two ratings differ
_SHORTEST = 30  # characters from which a repeated sentence counts as a repetition
_ALIKE = 0.75  # share of a sentence's runs of three words that a better one must have
_KNOWN = 8  # sentences that are remembered for a run of words: what more of them have in common is a phrase
_WORD = regex.compile(r"[\p{L}\p{M}\p{N}]+")
_NEGATION = regex.compile(NEGATION)


def repeats_last(passages: Sequence[Passage], units: Sequence[Units], ratings: Sequence[Floats]) -> list[Floats]:
    """The ratings, those of sentences that say nothing but what a better rated one says lowered by :data:`LAST`.

    It says nothing else if it has no word that the other has not, three in four of its runs of three words are there too, and
    the same is negated in both.
    """
    rows: list[Floats] = [np.array(row, dtype=np.float64) for row in ratings]
    places = [(p, u) for p, row in enumerate(rows) for u in range(len(row))]
    said = _Said()
    for p, u in sorted(places, key=lambda place: -rows[place[0]][place[1]]):
        start, end = units[p].spans[u]
        if said.again(passages[p].text[start:end]):
            rows[p][u] -= LAST
    return rows


class _Sentence(NamedTuple):
    """A sentence by its words."""

    words: frozenset[str]
    ends: tuple[str, ...]
    runs: frozenset[tuple[str, ...]]
    negations: tuple[str, ...]

    @classmethod
    def of(cls, text: str) -> _Sentence:
        """Takes a text in small letters apart."""
        words = _WORD.findall(text)
        runs = frozenset(zip(words, words[1:], words[2:], strict=False))
        return cls(frozenset(words), (*words[:1], *words[-1:]), runs, tuple(_NEGATION.findall(text)))

    def says_no_more_than(self, other: _Sentence) -> bool:
        """Whether it has no word of its own but what a cut has left of one, and negates nothing else."""
        own = self.words - other.words
        return self.negations == other.negations and all(self._cut_from(other, word) for word in own)

    def _cut_from(self, other: _Sentence, word: str) -> bool:
        if not word.isalpha() or word not in self.ends:
            return False
        return any(whole.endswith(word) if word == self.ends[0] else whole.startswith(word) for whole in other.words)


class _Said:
    """What was said so far."""

    def __init__(self) -> None:
        self.whole: set[str] = set()
        self.sentences: list[_Sentence] = []
        self.having: dict[tuple[str, ...], list[int]] = {}

    def again(self, text: str) -> bool:
        """Whether a sentence repeats one that was said; if not, it has been said now."""
        key = " ".join(text.casefold().split())
        if len(key) < _SHORTEST:
            return False
        sentence = _Sentence.of(key)
        if key in self.whole or self._repeated(sentence):
            return True
        self.whole.add(key)
        for run in sentence.runs:
            known = self.having.setdefault(run, [])
            if len(known) < _KNOWN:
                known.append(len(self.sentences))
        self.sentences.append(sentence)
        return False

    def _repeated(self, sentence: _Sentence) -> bool:
        shared = Counter(number for run in sentence.runs for number in self.having.get(run, ()))
        enough = (self.sentences[number] for number, count in shared.items() if count >= _ALIKE * len(sentence.runs))
        return any(map(sentence.says_no_more_than, enough))
