"""Sentences that open with a pronoun: without the sentence before, nobody knows whom they speak of."""

from __future__ import annotations

from dataclasses import replace

import regex

from linguapress.units import Units

_LEANS = regex.compile(
    r"\W{0,3}(?:He|She|It|They|His|Her|Hers|Its|Their|Theirs|This|That|These|Those|Such|Both|The (?:former|latter|same)|"
    r"(?:However|Therefore|Thus|Hence|Then|Also|But|And|So|In addition|As a result),? "
    r"(?:he|she|it|they|his|her|its|their|this|these))\b"
)


def with_subjects(text: str, units: Units) -> Units:
    """Sentences that open with a pronoun, in English, bring the one before; where a heading names the subject they do not.

    Args:
        text: the passage.
        units: its sentences, those under a heading already bound to it.
    """
    needs = dict(units.needs)
    for index in range(1, len(units.spans)):
        start, end = units.spans[index]
        if not needs.get(index) and index - 1 not in units.frame and _LEANS.match(text, start, end):
            needs[index] = (index - 1,)
    return replace(units, needs=needs)
