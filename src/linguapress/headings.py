"""Headings: a sentence without the title above it has often lost its subject."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import regex

from linguapress.text import Span
from linguapress.units import Units

_MARKED = regex.compile(r"[ \t]*#{1,6}[ \t]")
_ENDED = regex.compile(r"[.,;!?…。！？；]\s*$", regex.REVERSE)
_LONGEST = 120  # characters


def headings(text: str, spans: Sequence[Span]) -> list[int]:
    """For each sentence the index of its heading, -1 where it has none.

    A heading is a Markdown one, or a short first line that does not end like a sentence.
    """
    found, current = [], -1
    for index, (start, end) in enumerate(spans):
        found.append(current)
        title = index == 0 and len(spans) > 1 and end - start <= _LONGEST and text[start:end].endswith("\n")
        if _MARKED.match(text, start, end) or (title and not _ENDED.search(text, start, end)):
            current = index
    return found


def with_headings(text: str, units: Units) -> Units:
    """Sentences that bring their heading along; a heading alone says nothing and is not kept."""
    above = {index: heading for index, heading in enumerate(headings(text, units.spans)) if heading >= 0}
    if not above:
        return units
    needs = {**units.needs, **{index: (*units.needs.get(index, ()), heading) for index, heading in above.items()}}
    alone = {heading for heading in above.values() if heading not in above}
    return replace(units, needs=needs, frame=units.frame | alone, forced=units.forced - alone)
