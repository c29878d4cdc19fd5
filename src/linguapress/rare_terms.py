"""Rare terms: what a question calls by a name, number or code that hardly any sentence holds, no probability should drop."""

from __future__ import annotations

from collections.abc import Sequence

import regex

from linguapress.scores import Floats
from linguapress.text import Passage
from linguapress.units import Units

TERM = regex.compile(r"[\p{L}\p{M}\p{N}]++(?:[.'’_-][\p{L}\p{M}\p{N}]++)*+")
_DIGIT = regex.compile(r"\p{N}")
_CAPITAL = regex.compile(r"(?<=.)\p{Lu}", regex.S)  # inside of a word
_RARE, _SHORTEST = 2, 2  # units that hold a term, at most; its characters, at least


def rare_terms(query: str) -> list[str]:
    """Words of a question that are no common ones: with digits, with capitals inside, or with a capital that opens no sentence.

    Where most words have capitals these say nothing.
    """
    words = [word for word in TERM.findall(query) if len(word) >= _SHORTEST]
    named = [bool(_CAPITAL.search(word)) or (place > 0 and word[0].isupper()) for place, word in enumerate(words)]
    plain = len(words) == 1 or 2 * sum(named) <= len(words)
    found = (word for word, name in zip(words, named, strict=True) if _DIGIT.search(word) or (plain and name))
    return list(dict.fromkeys(map(str.casefold, found)))


def unmet(
    query: str, passages: Sequence[Passage], units: Sequence[Units], ratings: Sequence[Floats], kept: Sequence[Sequence[int]]
) -> list[tuple[int, int]]:
    """Passage and unit for each rare term that one or two units hold and no kept one does: the best rated of them.

    Of a heading, which says nothing alone, it is the best rated of the units beneath it.
    """
    chosen = [set(row) for row in kept]
    found = []
    for holding in _holding(rare_terms(query), passages, units):
        if len(holding) > _RARE or any(unit in chosen[row] for row, unit in holding):
            continue
        telling = [(row, told) for row, unit in holding for told in _telling(units[row], unit)]
        if telling:
            found.append(max(telling, key=lambda place: ratings[place[0]][place[1]]))
    return found


def _telling(units: Units, unit: int) -> list[int]:
    """The unit itself, or those that bring it along if it is nothing alone."""
    return [other for other, needs in units.needs.items() if unit in needs] if unit in units.frame else [unit]


def _holding(terms: Sequence[str], passages: Sequence[Passage], units: Sequence[Units]) -> list[list[tuple[int, int]]]:
    """For each term passage and unit of those that hold it as a whole word; one more than are rare says enough."""
    found: dict[str, list[tuple[int, int]]] = {term: [] for term in terms}
    if not terms:
        return []
    whole = regex.compile(r"(?<![\p{L}\p{N}])\L<terms>(?![\p{L}\p{N}])", regex.I, terms=terms)
    for row, (passage, item) in enumerate(zip(passages, units, strict=True)):
        for unit, (start, end) in enumerate(item.spans):
            for term in {match.casefold() for match in whole.findall(passage.text, start, end)} & found.keys():
                if len(found[term]) <= _RARE:
                    found[term].append((row, unit))
    return list(found.values())
