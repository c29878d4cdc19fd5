"""Numbers that a question names and a heading holds ("What changed in 5.0.2?"): they speak of all that stands beneath."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import regex

from linguapress.scores import Floats
from linguapress.text import Passage
from linguapress.units import Units

_FEW = 3  # headings that hold a number, up to which it tells them from others
_AMOUNT = regex.compile(  # a decimal that counts something: "2.1 percent"
    r"(?<!\b(?i:section|clause|chapter|article|paragraph|version|release|v|abschnitt|kapitel|artikel)\.? |§ ?)(?<![\p{L}\p{N}.])"
    r"\p{N}++[.,]\p{N}++(?=[ ]?(?:%|\p{L}|\p{Sc}))"
)
_CODE = regex.compile(  # digits with letters, or parted by marks: E3, 5.0.2, 2023-11-03, CVE-2023-4863
    r"(?<![\p{L}\p{N}])(?=[\p{L}._/:-]{0,24}+\p{N})(?:(?=\p{N}++\p{L}|\p{L}++\p{N})[\p{L}\p{N}]++(?:[._/:-][\p{L}\p{N}]++)*+"
    r"|[\p{L}\p{N}]++(?:[._/:-][\p{L}\p{N}]++)++)(?![\p{L}\p{N}])"
)


def beneath(query: str, passages: Sequence[Passage], units: Sequence[Units]) -> list[Floats]:
    """For each unit the share of the query's numbers that a heading above it holds, 0..1; shape [units of the passage].

    Numbers are those that few headings hold, of all passages together.
    """
    found = [np.zeros(len(item.spans), dtype=np.float32) for item in units]
    codes = {match.group().casefold() for match in _CODE.finditer(_AMOUNT.sub("", query))}
    if not codes:
        return found
    holding: dict[str, list[tuple[int, int]]] = defaultdict(list)
    for number, (passage, item) in enumerate(zip(passages, units, strict=True)):
        for unit in _headings(item):
            line = passage.text[slice(*item.spans[unit])]
            for code in codes & {match.group().casefold() for match in _CODE.finditer(line)}:
                holding[code].append((number, unit))
    telling = [place for places in holding.values() if len(places) <= _FEW for place in places]
    needing = {number: _needing(units[number]) for number in {number for number, _ in telling}}
    for number, unit in telling:
        found[number][_below(needing[number], unit)] += 1 / len(codes)
    return found


def _headings(units: Units) -> Iterator[int]:
    """Units that are nothing without those that need them."""
    yield from sorted(units.frame - units.verbatim)


def _needing(units: Units) -> dict[int, list[int]]:
    """For each unit those that need it."""
    found: dict[int, list[int]] = {}
    for unit, others in units.needs.items():
        for other in others:
            found.setdefault(other, []).append(unit)
    return found


def _below(needing: Mapping[int, Sequence[int]], heading: int) -> list[int]:
    """A heading and the units that need it, directly or not."""
    seen, places = {heading}, [heading]
    while places:
        more = [unit for unit in needing.get(places.pop(), ()) if unit not in seen]
        seen.update(more)
        places += more
    return sorted(seen)
