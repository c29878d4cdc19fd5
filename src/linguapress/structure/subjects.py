"""Sentences that open with a pronoun, or say "the latter": without a sentence before, nobody knows whom they speak of."""

from __future__ import annotations

from dataclasses import replace

import regex

from linguapress.units import Units

_LEANS = regex.compile(
    r"\W{0,3}(?:(He|His)|(She|Hers?)|(Its?)|(They|Theirs?)|This|That|These|Those|Such|Both|The (?:former|latter|same)|"
    r"(?:However|Therefore|Thus|Hence|Then|Also|But|And|So|In addition|As a result),? "
    r"(?:(he|his)|(she|her)|(its?)|(they|their)|this|these))\b"
)
_LATTER = regex.compile(  # of two that the sentence itself does not name
    r"(?:(?!\b(?:and|or|than|from|between)\b)[^,;:()\n]|\n(?!\s*\n))*?\b[Tt]he latter\b"
    r"(?! (?:half|parts?|stages?|days|years|portion|end|decades?)\b)"
)
_WHO = 4  # he, she, it and they, in that order, at the head of a sentence and behind another word


def with_subjects(text: str, units: Units) -> Units:
    """Sentences that open with a pronoun, in English, bring the one before; where a heading names the subject they do not.

    Of several in a row that open with the same pronoun, each brings the one before the first of them, which names their subject. No
    heading tells what "the latter" is.

    Args:
        text: the passage.
        units: its sentences, those under a heading already bound to it.
    """
    needs = dict(units.needs)
    before = None
    for index, (start, end) in enumerate(units.spans):
        opening = _LEANS.match(text, start, end)
        who = (opening.lastindex - 1) % _WHO if opening and opening.lastindex else None
        if opening and index and not needs.get(index) and index - 1 not in units.frame:
            named = needs.get(index - 1, ()) if who is not None and who == before else (index - 1,)
            needs |= {index: named} if named else {}
        elif index and index - 1 not in units.frame and _LATTER.match(text, start, end):
            needs[index] = (*needs.get(index, ()), index - 1)
        before = who
    return replace(units, needs=needs)
