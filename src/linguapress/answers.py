"""Worked examples: what is kept of one shows what its answer looks like."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import replace

import regex

from linguapress.units import Units

# Ends of demonstrations that are their answer: "The answer is 7.", "#### 7", a last short line with a label.
_ANSWERS = (
    regex.compile(r"\b(?i:(?:so )?(?:the )?(?:final )?answer is)\b[^\n]{1,60}\s*\Z"),
    regex.compile(r"#{2,4}[ \t]*[^\n]{1,40}\s*\Z"),
    regex.compile(r"^[ \t]*[^\s:][^\n:]{0,24}+:[ \t]*[^\n]{1,60}\s*\Z", regex.M),
)
_LOOK = 120  # characters at the end in which an answer begins


def with_answer(text: str, units: Units) -> Units:
    """Units that bring along those of the answer at the end of the text; an answer alone shows nothing and is not kept."""
    begin = max(0, len(text.rstrip()) - _LOOK)
    found = next(filter(None, (pattern.search(text, begin) for pattern in _ANSWERS)), None)
    if not found:
        return units
    first = bisect_left([start for start, _ in units.spans], found.start())
    answer = range(first, len(units.spans))
    if not (first and answer):
        return units
    company = {unit: (first,) for unit in range(first)} | {first: tuple(answer[1:])}
    needs = {**units.needs, **{unit: (*units.needs.get(unit, ()), *others) for unit, others in company.items() if others}}
    alone = frozenset(answer)
    return replace(units, needs=needs, frame=units.frame | (alone - units.forced), vital=units.vital - alone)
