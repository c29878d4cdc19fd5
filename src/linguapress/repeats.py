"""Sentences that are said twice, word for word or cut short, as retrieved chunks that overlap have them."""

from __future__ import annotations

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
_KNOWN = 8  # sentences that are remembered for a run of words: what more of them have in common is a phrase
_RUN = 4  # words
_WORD = regex.compile(r"\p{N}+(?:[.,:/]\p{N}+)*|[\p{L}\p{M}\p{N}]+|[<>=≤≥≠±$€£¥₹%‰°#&@+−-]")
_NEGATION = regex.compile(NEGATION)
_STOP = regex.compile(r"[.!?。！？…।؟][\p{Pe}\p{Pf}\"']*$")


def repeats_last(passages: Sequence[Passage], units: Sequence[Units], ratings: Sequence[Floats]) -> list[Floats]:
    """The ratings, those of sentences that stand, whole, in a better rated one lowered by :data:`LAST`.

    Letter case, blanks and punctuation do not count, and a word may be cut at either end; both must negate the same.
    """
    rows: list[Floats] = [np.array(row, dtype=np.float64) for row in ratings]
    places = [(p, u) for p, row in enumerate(rows) for u in range(len(row))]
    said = _Said()
    for p, u in sorted(places, key=lambda place: -rows[place[0]][place[1]]):
        start, end = units[p].spans[u]
        key = " ".join(passages[p].text[start:end].casefold().split())
        if len(key) < _SHORTEST:
            continue
        sentence = _Sentence.of(key)
        if said.before(sentence):
            rows[p][u] -= LAST
        else:
            said.note(sentence)
    return rows


class _Sentence(NamedTuple):
    """A sentence by its words, and whether it ends as sentences do."""

    words: tuple[str, ...]
    text: str
    ended: bool
    negations: tuple[str, ...]

    @classmethod
    def of(cls, text: str) -> _Sentence:
        words = tuple(_WORD.findall(text)) or (text,)
        return cls(words, " ".join(words), _STOP.search(text) is not None, tuple(_NEGATION.findall(text)))

    def stands_in(self, other: _Sentence) -> bool:
        """Whether it is the other one, or what a cut has left of it."""
        first, last = self.words[0], self.words[-1]
        begin = "" if first.isalpha() else " "
        end = " " if self.ended or not last.isalpha() else ""
        part, whole = f"{begin}{self.text}{end}", f" {other.text} "
        return self.negations == other.negations and (whole.endswith(part) if self.ended else part in whole)

    def runs(self) -> set[tuple[str, ...]]:
        """Its runs of words, without those at either end, which may be cut."""
        inner = self.words[1:-1]
        return {inner[at : at + _RUN] for at in range(max(1, len(inner) - _RUN + 1))}


class _Said:
    """What was said so far."""

    def __init__(self) -> None:
        self.texts: set[str] = set()
        self.having: dict[tuple[str, ...], list[_Sentence]] = {}

    def before(self, sentence: _Sentence) -> bool:
        """Whether a sentence repeats one that was said."""
        if sentence.text in self.texts:
            return True
        fewest = min((self.having.get(run, []) for run in sentence.runs()), key=len)
        return any(map(sentence.stands_in, fewest))

    def note(self, sentence: _Sentence) -> None:
        """Remembers that it was said."""
        self.texts.add(sentence.text)
        for run in sentence.runs():
            known = self.having.setdefault(run, [])
            if len(known) < _KNOWN:
                known.append(sentence)
