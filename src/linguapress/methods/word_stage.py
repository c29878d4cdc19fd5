"""Words inside sentences that have been rated: the last stage of methods that go from coarse to fine.

What is kept of a sentence keeps its numbers and negations, and a passage its heading; a sentence of which only scraps would be
left gives way to better ones.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from linguapress.draft import Draft
from linguapress.guard import Guard
from linguapress.methods.llmlingua2 import keep_of_units
from linguapress.repeats import LAST
from linguapress.scores import UNTOLD, Floats, KeepClassifier, TokenScores, in_source
from linguapress.segment import words
from linguapress.select import Masks, Selection, stitchers
from linguapress.structure.item_labels import opening
from linguapress.text import Passage
from linguapress.units import Units

ROUGHLY = 0.95  # share of its room that a stage uses when another follows
_NEAR, _NEIGHBOURS = 0.6, 4  # share of what a word's tokens add that the next word gets, and how many words get such a share


class Sentences(NamedTuple):
    """Sentences of one passage: units of its text, their ratings, where they begin in its source, and what its tokens add."""

    units: Units
    ratings: Floats
    starts: NDArray[np.int64]
    tokens: TokenScores = UNTOLD

    @classmethod
    def of(cls, passage: Passage, units: Units, ratings: Floats, tokens: TokenScores = UNTOLD) -> Sentences:
        """Notes where the units of the passage's text begin in its source, of which ``tokens`` are."""
        starts = np.array([start for start, _ in units.spans], dtype=np.int64)
        return cls(units, np.asarray(ratings), in_source(starts, passage), tokens)


class _Words(NamedTuple):
    """Words of one narrowed passage, their sentences, and how much they are worth."""

    units: Units
    owner: NDArray[np.int64]
    values: Floats


@dataclass(frozen=True)
class WordStage:
    """Drops words: the less their sentence is worth and the lower their keep probability, the sooner.

    Where tokens were rated as well, the words that they are in are dropped later, and so are those around them.

    Attributes:
        keep: gives each token its keep probability.
        guard: what is not torn.
        keep_weight: how much one unit of log-odds of keeping weighs against the sentence's rating.
        scrap: share of a sentence's characters below which what is left of it counts as a scrap.
    """

    keep: KeepClassifier
    guard: Guard
    keep_weight: float
    scrap: float

    def reduce(self, draft: Draft, found: Mapping[int, Sentences]) -> Draft:
        """Drops words until the draft fits; a second round takes scraps of sentences last.

        What is a scrap even then goes where a better sentence is kept, and leaves its room to what else is kept.

        Args:
            draft: passages that are too long together.
            found: the rated sentences of each, by the index of the passage.
        """
        plain = [self._plain(passage, found[passage.index]) for passage in draft.passages]
        keep = keep_of_units(self.keep, draft.passages, plain)
        rows = [self._row(p, item, odds, found[p.index]) for p, item, odds in zip(draft.passages, plain, keep, strict=True)]
        rendering = stitchers(draft, [row.units for row in rows])
        first = Selection(draft, rendering, [row.values for row in rows]).chosen(ROUGHLY)
        values = [row.values - LAST * self._scraps(row, kept) for row, kept in zip(rows, first, strict=True)]
        choice = Selection(draft, rendering, values)
        masks = choice.chosen()
        stay = self._sound(rows, masks, [found[passage.index].ratings for passage in draft.passages])
        if all(own.all() for own in stay):
            return choice.narrowed(masks)
        whole = [_with_company(row.units, kept & own) for row, kept, own in zip(rows, masks, stay, strict=True)]
        begun = [own & _begun(row, kept) for row, kept, own in zip(rows, whole, stay, strict=True)]
        return choice.narrowed(choice.refilled(whole, begun))

    def _sound(self, rows: Sequence[_Words], masks: Masks, ratings: Sequence[Floats]) -> list[NDArray[np.bool_]]:
        """Which words may stay, shape [words] for each passage: those of no scrap, of one that is the best there is, or forced."""
        scraps = [self._scraps(row, kept) & _begun(row, kept) for row, kept in zip(rows, masks, strict=True)]
        worth = [own[row.owner] for row, own in zip(rows, ratings, strict=True)]
        for row, own in zip(rows, worth, strict=True):
            own[list(row.units.frame)] = -np.inf  # a heading alone is worth nothing
        left = zip(worth, masks, scraps, strict=True)
        best = max((own[kept & ~scrap].max(initial=-np.inf) for own, kept, scrap in left), default=-np.inf)
        forced = [np.isin(row.owner, row.owner[list(row.units.forced)]) for row in rows]
        return [~scrap | (own > best) | must for own, scrap, must in zip(worth, scraps, forced, strict=True)]

    def _plain(self, passage: Passage, found: Sentences) -> Units:
        """Words; what was verbatim in the whole passage is not torn either where little of it is left to tell."""
        units = self.guard.units(passage.text, words)
        if not found.units.verbatim:
            return units
        owner = _owner(passage, units, found).tolist()
        same = (unit for unit in range(1, len(owner)) if owner[unit] == owner[unit - 1])
        return units.glued(unit for unit in same if owner[unit] in found.units.verbatim)

    def _row(self, passage: Passage, plain: Units, keep: Floats, found: Sentences) -> _Words:
        owner = _owner(passage, plain, found)
        units, odds = _bound(plain, owner, found), log_odds(keep)
        if self.guard.structure:
            units = _labelled(passage.text, units, owner, found)
        odds[list(units.verbatim)] = 0  # the classifier has read no tables
        return _Words(units, owner, found.ratings[owner] + self.keep_weight * odds + _added(passage, plain, found.tokens))

    def _scraps(self, row: _Words, kept: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Which words belong to sentences of which too little is kept, shape [words]."""
        sizes = np.array([end - start for start, end in row.units.spans])
        total = np.bincount(row.owner, weights=sizes, minlength=1)
        left = np.bincount(row.owner, weights=sizes * kept, minlength=1)
        return (left < self.scrap * total)[row.owner]


def _begun(row: _Words, kept: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Which words belong to sentences of which something is kept, shape [words]."""
    return np.asarray(np.bincount(row.owner, weights=kept, minlength=1) > 0)[row.owner]


def _with_company(units: Units, kept: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """What is kept, without headings of nothing, shape [words]."""
    found = np.zeros_like(kept)
    found[units.company(*(unit for unit in np.flatnonzero(kept).tolist() if unit not in units.frame))] = True
    return found


def _owner(passage: Passage, units: Units, found: Sentences) -> NDArray[np.int64]:
    """The sentence that each word is of, shape [words]."""
    starts = in_source(np.array([start for start, _ in units.spans], dtype=np.int64), passage)
    return np.maximum(np.searchsorted(found.starts, starts, side="right") - 1, 0)


def _added(passage: Passage, plain: Units, tokens: TokenScores) -> Floats:
    """What the tokens of a passage's source add to its words, shape [words]: the most, or a share of a neighbour's."""
    most = tokens.peak(passage, plain.spans)
    found = most.copy()
    for distance in range(1, min(_NEIGHBOURS, len(most) - 1) + 1):
        share = _NEAR**distance
        np.maximum(found[distance:], share * most[:-distance], out=found[distance:])
        np.maximum(found[:-distance], share * most[distance:], out=found[:-distance])
    found[list(plain.verbatim)] = 0
    return found


def log_odds(probability: Floats) -> Floats:
    """ln(p / (1 - p)), between those of 0.01 and 0.99."""
    clipped = np.clip(probability, 0.01, 0.99)
    return np.asarray(np.log(clipped / (1 - clipped)))


def _bound(units: Units, owner: NDArray[np.int64], found: Sentences) -> Units:
    """Words that bring along the numbers and negations of their sentence, and the words of its heading.

    Each word needs only the first of a group, and that one the others, so that a row of ten thousand numbers stays cheap.
    """
    members: dict[int, list[int]] = {}
    vital: dict[int, list[int]] = {}
    for word, sentence in enumerate(owner.tolist()):
        members.setdefault(sentence, []).append(word)
        if word in units.vital:
            vital.setdefault(sentence, []).append(word)
    headings = {sentence: members[sentence] for sentence in found.units.frame if sentence in members}
    needs = dict(units.needs)
    for first, *others in (*vital.values(), *headings.values()):
        needs[first] = (*needs.get(first, ()), *others)
    for sentence, words_of_it in members.items():
        above = [headings[heading][0] for heading in found.units.needs.get(sentence, ()) if heading in headings]
        company = (*vital.get(sentence, ())[:1], *above)
        for word in words_of_it if company else ():
            needs[word] = (*needs.get(word, ()), *(above if word in units.verbatim else company))
    alone = {word for words_of_it in headings.values() for word in words_of_it if word not in units.verbatim}
    return replace(units, needs=needs, vital=frozenset(), frame=units.frame | (alone - units.forced))


def _labelled(text: str, units: Units, owner: NDArray[np.int64], found: Sentences) -> Units:
    """Words that bring along the bullet, the number and the label with which their sentence begins a line, kept for them alone."""
    needs = dict(units.needs)
    alone: set[int] = set()
    bounds = [*(np.flatnonzero(np.diff(owner, prepend=-1)).tolist() if len(owner) else ()), len(owner)]
    for first, last in pairwise(bounds):
        if int(owner[first]) in found.units.frame or not units.verbatim.isdisjoint(range(first, last)):
            continue
        stop = opening(text, units.spans[first].start, units.spans[last - 1].end)
        behind = next((word for word in range(first, last) if units.spans[word].start >= stop), last)
        if first < behind < last:
            alone.update(word for word in range(first, behind) if units.spans[word].end <= stop)
            needs[first] = (*needs.get(first, ()), *range(first + 1, behind))
            needs |= {word: (*needs.get(word, ()), first) for word in range(behind, last)}
    return replace(units, needs=needs, frame=units.frame | (alone - units.forced)) if alone else units
