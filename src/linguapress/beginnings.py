"""The last resort: words of the best units, where no whole one fits."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from linguapress.draft import Draft
from linguapress.scores import Floats, TokenScores, unit_of
from linguapress.segment import words
from linguapress.select import Rows, keep_best
from linguapress.units import Units


def beginnings(draft: Draft, units: Sequence[Units], scores: Rows, tokens: Sequence[TokenScores] = ()) -> Draft:
    """Words of the best units, when no whole unit fits: the first ones, or the ones around the best of ``tokens``."""
    finer = [words(passage.text) for passage in draft.passages]
    owners = [unit_of(np.array(spans, dtype=np.int64).reshape(-1, 2), item.spans) for spans, item in zip(finer, units, strict=True)]
    values = [np.asarray([*row, -np.inf])[owner] for row, owner in zip(_places(scores), owners, strict=True)]
    told = any(row.values.any() for row in tokens)
    if told:
        peaks = [row.peak(passage, spans) for row, passage, spans in zip(tokens, draft.passages, finer, strict=True)]
        values = [row - away for row, away in zip(values, map(_distances, owners, peaks), strict=True)]
    cut = keep_best(draft, finer, values)
    part = "what is around the answer" if told else "the beginning"
    return cut.warning(f"no whole unit fits {draft.limit} tokens; {part} of the best one was kept") if cut.text else cut


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
