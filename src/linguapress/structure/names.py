"""Names of several words, which are not torn: half a name is another's."""

from __future__ import annotations

from collections.abc import Iterator

import regex

from linguapress.text import Span

_MOST = 4  # capitalised words of a name; a longer run is a headline
_FIRST_WORDS = """
    The A An This That These Those It Its He She His Her Hers They Their We Our You Your I My In On At By For From To Of
    With Under Over Into As And But Or Nor So If When While After Before Since Until During Although Though Because Both
    Then There Here Now Also However Some Many Most All Each Every Such What Who Whom Whose Which Where Why How Is Are Was
    Were Be Do Does Did Has Have Had Can Could Would Might Must Should Not No Yes Der Die Das Ein Eine Im Am
"""  # written with a capital only because a sentence begins with them
_OPENING = frozenset(_FIRST_WORDS.split())
_LETTERS = r"(?:['’-]?[\p{L}\p{M}\p{N}]++)"
_FIRST, _LATER = rf"\p{{Lu}}(?:\.|{_LETTERS}++)", rf"\p{{Lu}}(?:\.|{_LETTERS}*+)"  # "I" begins no name, but ends "World War I"
_INSIDE = r"(?:of|the|de|de[ ]la|del|du|des|di|da|do|dos|van|von|der|den|van[ ]der|von[ ]der|zu|bin|al|y)"
_BLANK = "[ \u00a0]"
_RUN = regex.compile(rf"(?<![\p{{L}}\p{{N}}]){_FIRST}(?:{_BLANK}(?:{_INSIDE}{_BLANK})?{_LATER})*+")
_CAPITALISED = regex.compile(rf"(?<![\p{{L}}\p{{N}}]){_LATER}")


def names(text: str) -> Iterator[Span]:
    """Runs of two to four capitalised words, with initials and with "of", "van der" and the like inside; by letters alone."""
    for run in _RUN.finditer(text):
        if run.group().isalpha():  # one word
            continue
        words = list(_CAPITALISED.finditer(text, run.start(), run.end()))
        while len(words) > 1 and (words[0].group() in _OPENING or len(words[0].group()) == 1):
            del words[0]
        if 1 < len(words) <= _MOST:
            yield Span(words[0].start(), run.end())
