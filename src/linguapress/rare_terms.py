"""Rare terms: what a question calls by a name, number or code that hardly any sentence holds, no probability should drop."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import regex

from linguapress.scores import Floats
from linguapress.text import Passage
from linguapress.units import Units

_TERM = regex.compile(r"[\p{L}\p{M}\p{N}]++(?:[.'’_-][\p{L}\p{M}\p{N}]++)*+")
_TELLS = regex.compile(r"\p{N}|(?<=.)\p{Lu}", regex.S)  # a code, or capitals
_RARE = 2  # units that hold a term, at most


def rare_terms(query: str) -> list[str]:
    """Words of a question that are no common ones: with digits, with capitals inside, or with a capital that opens no sentence."""
    found = (
        match for match in _TERM.finditer(query) if _TELLS.search(match.group()) or (match.start() and match.group()[0].isupper())
    )
    return list(dict.fromkeys(match.group().casefold() for match in found))


def unmet(
    query: str, passages: Sequence[Passage], units: Sequence[Units], ratings: Sequence[Floats], kept: Sequence[Sequence[int]]
) -> list[tuple[int, int]]:
    """Passage and unit for each rare term that one or two units hold and no kept one does: the best rated of them.

    Of a heading, which says nothing alone, it is the best rated of the units beneath it.
    """
    chosen = [set(row) for row in kept]
    found = []
    for term in rare_terms(query):
        holding = list(_holding(term, passages, units))
        if len(holding) > _RARE or any(unit in chosen[row] for row, unit in holding):
            continue
        telling = [(row, told) for row, unit in holding for told in _telling(units[row], unit)]
        if telling:
            found.append(max(telling, key=lambda place: ratings[place[0]][place[1]]))
    return found


def _telling(units: Units, unit: int) -> list[int]:
    """The unit itself, or those that bring it along if it is nothing alone."""
    return [other for other, needs in units.needs.items() if unit in needs] if unit in units.frame else [unit]


def _holding(term: str, passages: Sequence[Passage], units: Sequence[Units]) -> Iterator[tuple[int, int]]:
    """Passage and unit of units that hold a term as a whole word; one more than are rare says enough."""
    whole = regex.compile(rf"(?<![\p{{L}}\p{{N}}]){regex.escape(term)}(?![\p{{L}}\p{{N}}])", regex.I)
    count = 0
    for row, (passage, item) in enumerate(zip(passages, units, strict=True)):
        for unit, (start, end) in enumerate(item.spans):
            if whole.search(passage.text, start, end):
                yield row, unit
                count += 1
                if count > _RARE:
                    return
