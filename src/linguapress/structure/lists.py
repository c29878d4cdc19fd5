"""Lists: an item says something else without the line that introduces it ("We never store:")."""

from __future__ import annotations

from dataclasses import replace

import regex

from linguapress.units import Units

_ITEM = regex.compile(r"(?P<indent>[ \t>]*)(?:(?P<bullet>[-*+•·–])|(?P<number>\d{1,3}[.)])|(?P<letter>\(?[a-z]\)))[ \t]")
_LEADS = regex.compile(r"[:：][*_]*[ \t]*\r?\n\s*$", regex.REVERSE)
_LONGEST = 120  # characters of a lead that says nothing alone


def with_leads(text: str, units: Units) -> Units:
    """Sentences of list items that bring along the line above that ends in a colon, and such items those that they are nested in.

    A short lead alone says nothing and is not kept.
    """
    if ":" not in text and "：" not in text:
        return units
    found: dict[int, int] = {}
    open_leads: list[tuple[int, int]] = []  # indentation and index of the leads that hold here, outermost first
    kinds: dict[tuple[int, int], str | None] = {}  # of the marks of a lead's items, by indentation
    for index, (start, end) in enumerate(units.spans):
        begins = start == 0 or text[start - 1] == "\n"
        item = _ITEM.match(text, start, end) if begins else None
        indent = len(item["indent"].expandtabs(4)) if item else -1
        if begins and (item or not text[start].isspace()):
            open_leads = [lead for lead in open_leads if item and lead[0] < indent]
            while item and open_leads and kinds.setdefault((open_leads[-1][1], indent), item.lastgroup) != item.lastgroup:
                open_leads.pop()  # "(a)" and "(b)" belong to it, "9." does not
        if index in units.verbatim:
            open_leads = []
            continue
        if open_leads:
            found[index] = open_leads[-1][1]
        if _LEADS.search(text, start, end):
            open_leads.append((indent, index))
    return units if not found else _bound(units, found)


def _bound(units: Units, leads: dict[int, int]) -> Units:
    short = {lead for lead in leads.values() if units.spans[lead].end - units.spans[lead].start <= _LONGEST}
    needs = {**units.needs, **{index: (*units.needs.get(index, ()), lead) for index, lead in leads.items()}}
    return replace(units, needs=needs, frame=units.frame | (short - units.forced))
