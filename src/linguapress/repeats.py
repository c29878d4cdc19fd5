"""Sentences that are said twice."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from linguapress.scores import Floats
from linguapress.text import Passage
from linguapress.units import Units

LAST = 100.0  # more than any two ratings differ
_SHORTEST = 30  # characters from which a repeated sentence counts as a repetition


def repeats_last(passages: Sequence[Passage], units: Sequence[Units], ratings: Sequence[Floats]) -> list[Floats]:
    """The ratings, those of sentences that say word for word what a better rated one says lowered by :data:`LAST`."""
    rows: list[Floats] = [np.array(row, dtype=np.float64) for row in ratings]
    places = [(p, u) for p, row in enumerate(rows) for u in range(len(row))]
    seen: set[str] = set()
    for p, u in sorted(places, key=lambda place: -rows[place[0]][place[1]]):
        start, end = units[p].spans[u]
        words_of_it = " ".join(passages[p].text[start:end].casefold().split())
        if len(words_of_it) >= _SHORTEST and words_of_it in seen:
            rows[p][u] -= LAST
        seen.add(words_of_it)
    return rows
