"""Sections of long documents: about as much as a retriever's passage, so that one page does not stand for a whole report."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import accumulate

from linguapress.units import Units

_WHOLE = 1500  # bytes up to which a document is one section; a hundred English words are about 600, as many Chinese ones 500
_LONGEST, _SHORTEST = 1000, 300  # bytes of a section of a longer one, where its units allow it
_HEAD = 120  # characters of a heading that may stand alone


def with_sections(text: str, units: Units) -> Units:
    """The units with the places at which sections of a long text begin: headings rather than blank lines, lines, sentences.

    Args:
        text: a document.
        units: of the text, ascending; those under a heading already bound to it.
    """
    if 4 * len(text) <= _WHOLE:
        return units
    ends = list(accumulate(len(text[start:end].encode("utf-8", "replace")) for start, end in units.spans))
    if not ends or ends[-1] <= _WHOLE:
        return units
    found, begin, before = [], 0, 0
    while ends[-1] - before > _LONGEST and (cut := _cut(text, units, ends, begin, before)):
        found.append(cut)
        begin, before = cut, ends[cut - 1]
    return replace(units, sections=tuple(found))


def _cut(text: str, units: Units, ends: Sequence[int], begin: int, before: int) -> int:
    """Where the section that begins with a unit ends best: the unit behind it, 0 if there is none."""
    best, cut = (-9, False, 0), 0
    for unit in range(begin + 1, len(ends)):
        size = ends[unit - 1] - before
        if size > _LONGEST and cut:
            break
        if size >= _SHORTEST:
            found = (_gap(text, units, unit), ends[-1] - ends[unit - 1] >= _SHORTEST, size)
            best, cut = max((best, cut), (found, unit))
    return cut


def _gap(text: str, units: Units, unit: int) -> int:
    """How far a unit is parted from the one before it."""
    above = text[units.spans[unit - 1].start : units.spans[unit].start]
    lines = min(2, above[len(above.rstrip()) :].count("\n"))
    line = text[units.spans[unit].end - 1] == "\n" and unit in units.needs.get(unit + 1, ())  # a heading that may stand alone
    heading = (unit in units.frame or (line and brief(units, unit))) and unit not in units.verbatim
    return lines + heading - 2 * ({unit - 1, unit} <= units.verbatim)


def brief(units: Units, unit: int) -> bool:
    """Whether a unit is as short as a heading that may stand alone."""
    return units.spans[unit].end - units.spans[unit].start <= _HEAD
