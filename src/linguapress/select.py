"""Choosing units under a budget that is measured on the final string, never summed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from linguapress.draft import Draft
from linguapress.scores import Floats
from linguapress.stitch import Stitcher
from linguapress.text import Span
from linguapress.units import Units

Rows = Sequence[Sequence[float] | Floats]
Masks = Sequence[NDArray[np.bool_]]
FULL = 0.99  # share of the limit that counts as used
_TRIES = 12  # steps that turn out not to fit, when what is left is filled


def keep_best(draft: Draft, units: Sequence[Units | Sequence[Span]], scores: Rows, *, full: float = FULL) -> Draft:
    """Keeps the longest best-first run of units that fits, then what else fits.

    The token counts of words do not add up (9 % off with a byte-level BPE), so the joined text itself is counted: an estimate
    from its length starts the search, a handful of counts ends it. Ties go to the earlier unit. NaN counts as the lowest score.
    Forced units come first, vital ones next, unless their score is -inf.

    Args:
        draft: passages and limit.
        units: for each passage, parts of its :attr:`~linguapress.Passage.text`; what lies between them is dropped.
        scores: for each passage, one number a unit; larger = keep.
        full: share of the limit at which the search may stop; a stage that others follow needs no exact one.
    """
    whole = [item if isinstance(item, Units) else Units(item) for item in units]
    return Selection(draft, stitchers(draft, whole), scores).fill(full)


def stitchers(draft: Draft, units: Sequence[Units]) -> list[Stitcher]:
    """What renders choices of the units of each passage."""
    return [Stitcher.of(passage.text, item) for passage, item in zip(draft.passages, units, strict=True)]


class Selection:
    """The units of a draft in the order in which they would be kept."""

    def __init__(self, draft: Draft, stitchers: Sequence[Stitcher], scores: Rows) -> None:
        """Ranks the units; see :func:`keep_best`."""
        self.draft, self.stitchers = draft, stitchers
        self.units = [stitcher.units for stitcher in stitchers]
        self.steps = _steps(self.units, scores)
        lengths = [[end - start for start, end in item.spans] for item in self.units]
        self.lengths = [np.array(row, dtype=np.int64) for row in lengths]
        at = [[len(self.steps)] * len(row) for row in lengths]
        sizes = [0]
        for number, (passage, step) in enumerate(self.steps):
            row, own = at[passage], lengths[passage]
            for unit in step:
                row[unit] = number
            sizes.append(sum([own[unit] for unit in step]))
        self.at = [np.array(row, dtype=np.int64) for row in at]
        self.characters: NDArray[np.int64] = np.cumsum(sizes)
        self.rendered: list[tuple[bytes, str] | None] = [None] * len(self.units)

    def fill(self, full: float = FULL) -> Draft:
        """The longest run that fits, and then single steps that still fit, until the share ``full`` of the limit is used."""
        return self.narrowed(self.chosen(full))

    def past(self) -> Draft:
        """The longest run that fits and the step after it, for a finer stage to cut."""
        return self.narrowed(self._first(self.run + 1 if self.draft.limit > 0 else 0))

    @cached_property
    def run(self) -> int:
        """Steps in the longest best-first run that fits."""
        return self._longest_run(FULL) if self.draft.limit > 0 else 0

    def narrowed(self, masks: Masks) -> Draft:
        """The draft of which the masks stay."""
        rows = zip(self.draft.passages, self.stitchers, masks, strict=True)
        return self.draft.having(p.narrow(stitcher.spans(np.flatnonzero(mask).tolist())) for p, stitcher, mask in rows)

    def chosen(self, full: float = FULL) -> Masks:
        """Which units of each passage :meth:`fill` keeps."""
        if self.draft.limit <= 0:
            return self._first(0)
        run = self.run if full == FULL else self._longest_run(full)
        return self._fill_up(self._first(run), range(run, len(self.steps)), full)

    def refilled(self, masks: Masks, of: Masks) -> Masks:
        """The masks with what else fits, best first, of the units that ``of`` names."""
        missing = [
            number
            for number, (passage, step) in enumerate(self.steps)
            if of[passage][step].all() and not masks[passage][step].all()
        ]
        return self._fill_up(masks, missing, FULL)

    def _first(self, number: int) -> Masks:
        """Which units the first ``number`` steps keep."""
        return [at < number for at in self.at]

    def _tokens(self, masks: Masks) -> int:
        """Tokens of the draft that the masks stand for; passages in which nothing changed are not joined anew."""
        texts = [self._text(passage, mask) for passage, mask in enumerate(masks)]
        return self.draft.count(self.draft.separator.join(filter(None, texts)))

    def _text(self, passage: int, mask: NDArray[np.bool_]) -> str:
        key, known = mask.tobytes(), self.rendered[passage]
        if known is None or known[0] != key:
            self.rendered[passage] = known = (key, self.stitchers[passage].render(np.flatnonzero(mask).tolist()))
        return known[1]

    def _longest_run(self, full: float) -> int:
        """Largest number of steps whose text fits: secant steps on characters, safeguarded by bisection."""
        limit, low, high = self.draft.limit, 0, len(self.steps) + 1
        low_tokens, high_tokens = 0.0, float("inf")
        density = self.draft.tokens / max(1, len(self.draft.text))
        guess = self._reaching(limit / max(density, 1e-6))
        for attempt in range(64):
            number = min(max(guess, low + 1), high - 1)
            if number <= low:
                break
            tokens = self._tokens(self._first(number))
            density = tokens / max(1, self.characters[number])
            if tokens <= limit:
                low, low_tokens = number, tokens
                if number == len(self.steps) or tokens >= limit * full:
                    break
            else:
                high, high_tokens = number, tokens
            guess = self._between(low, high, low_tokens, high_tokens, density) if attempt % 6 < 4 else (low + high) // 2
        return low

    def _between(self, low: int, high: int, low_tokens: float, high_tokens: float, density: float) -> int:
        start = float(self.characters[low])
        if np.isfinite(high_tokens) and high_tokens > low_tokens:
            density = (high_tokens - low_tokens) / max(1.0, float(self.characters[high]) - start)
        return self._reaching(start + (self.draft.limit - low_tokens) / max(density, 1e-6))

    def _reaching(self, characters: float) -> int:
        return int(np.searchsorted(self.characters, characters, side="right")) - 1

    def _fill_up(self, masks: Masks, numbers: Sequence[int], full: float) -> Masks:
        """Adds steps while they fit, more and more at a time; a step that cannot fit by its length is not tried."""
        tokens = self._tokens(masks)
        characters = sum(int(sizes[mask].sum()) for sizes, mask in zip(self.lengths, masks, strict=True))
        density = tokens / characters if characters else 0.25
        misses, stride, at = 0, 1, 0
        while at < len(numbers) and misses < _TRIES and tokens < full * self.draft.limit:
            size = self.characters[numbers[at] + 1] - self.characters[numbers[at]]
            if size * density > 2 * (self.draft.limit - tokens) + 2:
                at, stride = at + 1, 1
                continue
            trial = self._with(masks, numbers[at : at + stride])
            if (more := self._tokens(trial)) <= self.draft.limit:
                masks, tokens, at, stride = trial, more, at + stride, 2 * stride
            elif stride > 1:
                stride = 1
            else:
                misses, at = misses + 1, at + 1
        return masks

    def _with(self, masks: Masks, numbers: Iterable[int]) -> Masks:
        """The masks with further steps, and with what these need even when that belongs to a step that was left out."""
        found = list(masks)
        for number in numbers:
            passage, step = self.steps[number]
            if found[passage] is masks[passage]:
                found[passage] = masks[passage].copy()
            found[passage][self.units[passage].company(*step)] = True
        return found


def _steps(units: Sequence[Units], scores: Rows) -> list[tuple[int, list[int]]]:
    """Units best first, each as its passage and itself together with those it needs and that are not there yet."""
    rows = [_row(item, values) for item, values in zip(units, scores, strict=True)]
    ranks = [_ranks(item, row) for item, row in zip(units, rows, strict=True)]
    flat, first = np.concatenate([np.empty(0), *rows]), np.concatenate([np.empty(0), *ranks])
    places = np.lexsort((-flat, first))
    owner = np.repeat(np.arange(len(rows)), [len(row) for row in rows])[places].tolist()
    starts = np.cumsum([0, *(len(row) for row in rows)])
    own = (places - starts[owner]).tolist()
    seen: list[set[int]] = [set() for _ in rows]
    steps = []
    for passage, unit in zip(owner, own, strict=True):
        item, there = units[passage], seen[passage]
        if unit in there or unit in item.frame:
            continue
        needs = item.needs.get(unit)
        step = [unit] if not needs or there.issuperset(needs) else [other for other in item.company(unit) if other not in there]
        there.update(step)
        steps.append((passage, step))
    return steps


def _row(units: Units, values: Sequence[float] | Floats) -> NDArray[np.float64]:
    if len(values) != len(units.spans):
        raise ValueError(f"{len(units.spans)} units need as many scores, got {len(values)}")
    row = np.array(values, dtype=np.float64)
    row[np.isnan(row)] = -np.inf
    return row


def _ranks(units: Units, row: NDArray[np.float64]) -> NDArray[np.float64]:
    """0 for units that the caller forces, 1 for vital ones, 2 for all others and for those that score -inf; shape [units]."""
    ranks = np.full(len(row), 2.0)
    ranks[list(units.vital)] = 1
    ranks[[*units.forced, *np.flatnonzero(row == np.inf)]] = 0
    ranks[row == -np.inf] = 2
    return ranks
