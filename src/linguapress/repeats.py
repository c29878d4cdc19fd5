"""Sentences that are said twice, word for word or cut short, as retrieved chunks that overlap have them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import regex

from linguapress.scores import Floats
from linguapress.segment import ENDED
from linguapress.structure.negation import NEGATION
from linguapress.structure.speakers import speakers
from linguapress.text import Passage
from linguapress.units import Units

LAST = 100.0  # more than any two ratings differ
_SHORTEST = 30  # characters from which a repeated sentence counts as a repetition
_KNOWN = 8  # sentences that are remembered for a run of words: what more of them have in common is a phrase
_RUN = 4  # words
_OTHERS = 64  # speakers and headings of the same sentence that are remembered
_WORD = regex.compile(r"\p{N}+(?:[.,:/]\p{N}+)*|[\p{L}\p{M}\p{N}]+|[<>=≤≥≠±$€£¥₹%‰°#&@+−-]")
_NEGATION = regex.compile(NEGATION)


def unrepeated(
    passages: Sequence[Passage], units: Sequence[Units], ratings: Sequence[Floats], *, parts: bool = False
) -> tuple[list[list[int]], list[Floats]]:
    """Which units of each passage stay, and their ratings: a sentence that a better rated one says as well goes.

    One that stands in a longer sentence goes only with ``parts``; else it comes last, for the longer one may not fit. Letter case,
    blanks and punctuation do not count, and a word may be cut at either end; both must negate the same. Units that are forced or
    that others need stay, and so does what another speaker of a dialogue says.
    """
    rows = [np.array(row, dtype=np.float64) for row in ratings]
    order = [np.nan_to_num(row, nan=-np.inf, posinf=np.inf, neginf=-np.inf) for row in rows]
    stay = [set(range(len(row))) for row in rows]
    places = [(p, u) for p, row in enumerate(rows) for u in range(len(row))]
    said, who = _Said(), [speakers(passage.text, item.spans) for passage, item in zip(passages, units, strict=True)]
    for p, u in sorted(places, key=lambda place: -order[place[0]][place[1]]):
        start, end = units[p].spans[u]
        key = " ".join(passages[p].text[start:end].casefold().split())
        if len(key) < _SHORTEST:
            continue
        sentence = _Sentence.of(key, who[p][u], p, _heading(passages[p].text, units[p], u))
        if said.before(sentence):
            stay[p].discard(u)
        elif said.again(sentence):
            if parts:
                stay[p].discard(u)
            rows[p][u] -= LAST
    kept = [item.company(*numbers, *item.forced) for item, numbers in zip(units, stay, strict=True)]
    return kept, [row[numbers] for row, numbers in zip(rows, kept, strict=True)]


def _heading(text: str, units: Units, unit: int) -> str | None:
    """What stands above a sentence and is nothing without it: a heading, the line that introduces a list."""
    above = [other for other in units.needs.get(unit, ()) if other in units.frame and other < unit]
    return " ".join(text[slice(*units.spans[max(above)])].casefold().split()) if above else None


class _Sentence(NamedTuple):
    """A sentence by its words, whether it ends as sentences do, and who says it where, as far as known."""

    whole: str
    words: tuple[str, ...]
    text: str
    ended: bool
    speaker: str | None
    passage: int
    heading: str | None

    @classmethod
    def of(cls, whole: str, speaker: str | None, passage: int, heading: str | None) -> _Sentence:
        """Takes a sentence in small letters apart."""
        words = tuple(_WORD.findall(whole)) or (whole,)
        return cls(whole, words, " ".join(words), ENDED.search(whole) is not None, speaker, passage, heading)

    def goes_for(self, other: _Sentence) -> bool:
        """Whether what is said here is said there as well: by the same speaker, and of the same, as far as known.

        Under different headings of one passage a sentence says different things ("This is deprecated.").
        """
        same = self.speaker is None or other.speaker in (None, self.speaker)
        headed = self.heading is None or other.heading in (None, self.heading)
        return same and (headed or self.passage != other.passage)

    def stands_in(self, other: _Sentence) -> bool:
        """Whether it is the other one, or what a cut has left of it."""
        first, last = self.words[0], self.words[-1]
        begin = "" if first.isalpha() else " "
        end = " " if self.ended or not last.isalpha() else ""
        part, whole = f"{begin}{self.text}{end}", f" {other.text} "
        cut = whole.endswith(part) if self.ended else part in whole
        return cut and self.goes_for(other) and _NEGATION.findall(self.whole) == _NEGATION.findall(other.whole)

    def runs(self) -> list[tuple[str, ...]]:
        """Its runs of words, without the words at either end, which may be cut; one where there are fewer."""
        inner = self.words[1:-1]
        return list(zip(*(inner[at:] for at in range(_RUN)), strict=False)) or [inner]


class _Said:
    """What was said so far."""

    def __init__(self) -> None:
        self.texts: dict[str, list[_Sentence]] = {}
        self.having: dict[tuple[str, ...], list[_Sentence]] = {}

    def before(self, sentence: _Sentence) -> bool:
        """Whether a sentence was said in these words."""
        return any(map(sentence.goes_for, self.texts.get(sentence.text, ())))

    def again(self, sentence: _Sentence) -> bool:
        """Whether a sentence stands in one that was said; if not, it has been said now."""
        known = [self.having.setdefault(run, []) for run in sentence.runs()]
        rarest: list[_Sentence] = min(known, key=len)
        if any(map(sentence.stands_in, rarest)):
            return True
        same = self.texts.setdefault(sentence.text, [])
        if len(same) < _OTHERS:
            same.append(sentence)
        for sentences in known:
            if len(sentences) < _KNOWN:
                sentences.append(sentence)
        return False
