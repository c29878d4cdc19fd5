"""The last resort, where no whole unit fits: valid parts of structured units, and words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from linguapress.draft import Draft
from linguapress.guard import divided
from linguapress.scores import Floats, TokenScores, unit_of
from linguapress.segment import words
from linguapress.select import Rows, Selection, stitchers
from linguapress.structure.json_blocks import FINER
from linguapress.text import Span
from linguapress.units import Units

_LOOKS = 256  # structured units, and parts of each, among which one that fits is looked for; the others are taken to have none
_WIDEST = 100  # characters of a token, at most


class _Parts(NamedTuple):
    """Parts of one passage, each with the unit that it is of, whether that is structured, and its worth, shape [parts]."""

    units: Units
    owner: NDArray[np.int64]
    structured: NDArray[np.bool_]
    values: Floats

    def only(self, chosen: NDArray[np.bool_]) -> _Parts:
        """The chosen parts, and those that they need."""
        kept = self.units.company(*np.flatnonzero(chosen).tolist())
        return _Parts(self.units.only(kept), self.owner[kept], self.structured[kept], self.values[kept])

    def chained(self) -> _Parts:
        """The same, each part needing its neighbour on the way to the best one of its unit; no punctuation is adjusted."""
        rising, level = np.diff(self.values) > 0, np.diff(self.owner) == 0
        before = {part + 1: (part,) for part in np.flatnonzero(level & ~rising).tolist()}
        after = {part: (part + 1,) for part in np.flatnonzero(level & rising).tolist()}
        return self._replace(units=Units(self.units.spans, before | after, verbatim=frozenset(range(len(self.owner)))))


def beginnings(draft: Draft, units: Sequence[Units], scores: Rows, tokens: Sequence[TokenScores] = ()) -> Draft:
    """Words of the best units, when no whole unit fits: the first ones, or the ones around the best of ``tokens``.

    Of JSON, tables and code smaller parts are kept that are valid by themselves, or, where the best of them does not fit, such with
    strings cut short. They are torn only where there is nothing else to send.
    """
    places, peaked = _places(scores), tokens if any(row.values.any() for row in tokens) else ()
    part, texts = "what is around the answer" if peaked else "the beginning", [passage.text for passage in draft.passages]
    none = f"no whole unit fits {draft.limit} tokens;"
    structured = any(item.verbatim for item in units)
    smallest, aim = None, None
    for grain in FINER if structured else ():
        finer = _valued(draft, units, [divided(text, words, grain) for text in texts], places, peaked)
        aim = aim or _aim(finer)
        cut, smaller, reached = _filled(draft, _possible(draft, finer), aim)
        if cut.text and (reached or smallest is None):
            short = ", with strings cut short" if grain.string is not None else ""
            kept = f"a smaller part of the best one was kept{short}" if smaller else f"{part} of the best one was kept"
            smallest = cut.warning(f"{none} {kept}")
        if reached and smallest is not None:
            return smallest
    if smallest is not None:
        return smallest
    plain = _valued(draft, units, [Units(words(text)) for text in texts], places, peaked)
    cut, torn, _ = _filled(draft, _best(plain) if structured else plain)
    if structured and not cut.text:
        cut, torn, _ = _filled(draft, plain)
    told = "; this JSON, table or code is torn and no longer valid" if torn else ""
    return cut.warning(f"{none} {part} of the best one was kept{told}") if cut.text else cut


def _best(parts: Sequence[_Parts]) -> list[_Parts]:
    """The parts of the best unit, fit to be cut at their ends only, and none of the others."""
    tops = [row.values.max(initial=-np.inf) for row in parts]
    best = int(np.argmax(tops))
    owner = parts[best].owner[np.flatnonzero(parts[best].values == tops[best])[:1]]
    return [row.only(np.isin(row.owner, owner) & (number == best)).chained() for number, row in enumerate(parts)]


def _valued(
    draft: Draft, units: Sequence[Units], finer: Sequence[Units], places: Rows, tokens: Sequence[TokenScores]
) -> list[_Parts]:
    """Parts that are worth as much as their unit, with ``tokens`` the less the further they stand from its highest peak."""
    spans = [np.array(item.spans, dtype=np.int64).reshape(-1, 2) for item in finer]
    owners = [unit_of(row, own.spans) for row, own in zip(spans, units, strict=True)]
    values = [np.asarray([*row, -np.inf])[owner] for row, owner in zip(places, owners, strict=True)]
    for own, owner, row in zip(units, owners, values, strict=True):
        row[np.isin(owner, list(own.frame & own.verbatim))] = -np.inf  # a bracket is nothing by itself
    if tokens:
        peaks = [row.peak(passage, item.spans) for row, passage, item in zip(tokens, draft.passages, finer, strict=True)]
        values = [row - away for row, away in zip(values, map(_distances, owners, peaks), strict=True)]
    structured = [np.isin(owner, list(own.verbatim)) for owner, own in zip(owners, units, strict=True)]
    rows = zip(finer, owners, structured, values, strict=True)
    return [_Parts(*row).only(row[1] >= 0) for row in rows]


def _aim(parts: Sequence[_Parts]) -> tuple[int, Span] | None:
    """Where the best part is that is something by itself, the longest of equals: its passage, and its place there."""
    rows = [(row, own, part) for row, own in enumerate(parts) for part in range(len(own.owner)) if part not in own.units.frame]
    best = max(rows, key=lambda item: (item[1].values[item[2]], _length(item[1].units, [item[2]])), default=None)
    return (best[0], Span(*best[1].units.spans[best[2]])) if best else None


def _filled(draft: Draft, parts: Sequence[_Parts], aim: tuple[int, Span] | None = None) -> tuple[Draft, bool, bool]:
    """What fits of the parts, whether any of it is of structured units, and whether any is of the ``aim``."""
    selection = Selection(draft, stitchers(draft, [row.units for row in parts]), [row.values for row in parts])
    masks = selection.chosen()
    structured = any(row.structured[mask].any() for row, mask in zip(parts, masks, strict=True))
    return selection.narrowed(masks), structured, aim is not None and _holds(parts[aim[0]].units, masks[aim[0]], aim[1])


def _holds(units: Units, mask: NDArray[np.bool_], place: Span) -> bool:
    """Whether any of the chosen units begins in a place."""
    return any(place.start <= units.spans[unit].start < place.end for unit in np.flatnonzero(mask).tolist())


def _possible(draft: Draft, parts: Sequence[_Parts]) -> list[_Parts]:
    """The parts without those of structured units of which nothing fits: they would only stand before what does."""
    rendering = stitchers(draft, [row.units for row in parts])
    fitting = [~row.structured for row in parts]
    groups = [(row, group) for row, own in enumerate(parts) for group in _groups(own)]
    for row, group in sorted(groups, key=lambda pair: -parts[pair[0]].values[pair[1]].max())[:_LOOKS]:
        item = parts[row].units
        shortest = sorted(group, key=lambda part: _length(item, [part]))[:_LOOKS]
        text = rendering[row].render(min(map(item.company, shortest), key=lambda units: _length(item, units)))
        if len(text) <= _WIDEST * draft.limit and draft.count(text) <= draft.limit:
            fitting[row][group] = True
    return [row.only(chosen) for row, chosen in zip(parts, fitting, strict=True)]


def _groups(parts: _Parts) -> list[list[int]]:
    """The parts of each structured unit that are something by themselves."""
    found: dict[int, list[int]] = {}
    for part in np.flatnonzero(parts.structured).tolist():
        if part not in parts.units.frame:
            found.setdefault(int(parts.owner[part]), []).append(part)
    return list(found.values())


def _length(units: Units, chosen: Sequence[int]) -> int:
    return sum(units.spans[unit].end - units.spans[unit].start for unit in chosen)


def _places(scores: Rows) -> list[Floats]:
    """Scores with one between any two units, the earlier of equal ones the better; -inf stays."""
    if not scores:
        return []
    flat = np.nan_to_num(np.concatenate([np.empty(0), *scores]), nan=-np.inf, posinf=np.inf, neginf=-np.inf)
    places = np.empty(len(flat))
    places[np.argsort(-flat, kind="stable")] = -np.arange(len(flat))
    return np.split(np.where(flat == -np.inf, flat, places), np.cumsum([len(row) for row in scores])[:-1])


def _distances(owner: NDArray[np.int64], peaks: Floats) -> Floats:
    """How far each word stands from the highest peak of its unit, 0 to less than 1, shape [words]; 0 for words of none."""
    found = np.zeros(len(owner))
    inside = np.flatnonzero(owner >= 0)
    for places in np.split(inside, np.flatnonzero(np.diff(owner[inside])) + 1):
        if len(places):
            found[places] = np.abs(places - places[np.argmax(peaks[places])]) / (len(owner) + 1)
    return found
