"""Names of several words, which are not torn: half a name is another's."""

from __future__ import annotations

from collections.abc import Iterator

import regex

from linguapress.text import Span

_MOST = 4  # capitalised words of a name; a longer run is a headline
_OPENING = (  # words that are written with a capital only because a sentence begins with them
    "The|An?|This|That|These|Those|It|Its|He|She|His|Her|Hers|They|Their|We|Our|You|Your|I|My|In|On|At|By|For|From|To|Of|With|Under|Over|"
    "Into|As|And|But|Or|Nor|So|If|When|While|After|Before|Since|Until|During|Although|Though|Because|Both|Then|There|Here|Now|Also|"
    "However|Some|Many|Most|All|Each|Every|Such|What|Who|Whom|Whose|Which|Where|Why|How|Is|Are|Was|Were|Be|Do|Does|Did|Has|Have|Had|Can|"
    "Could|Would|Might|Must|Should|Not|No|Yes|Der|Die|Das|Ein|Eine|Im|Am"
)
_LETTERS = r"(?:['’-]?[\p{L}\p{M}\p{N}])"
_FIRST, _LATER = rf"\p{{Lu}}(?:\.|{_LETTERS}++)", rf"\p{{Lu}}(?:\.|{_LETTERS}*+)"  # "I" begins no name, but ends "World War I"
_INSIDE = r"(?:of|the|de|de[ ]la|del|du|des|di|da|do|dos|van|von|der|den|van[ ]der|von[ ]der|zu|bin|al|y)"
_BLANK = "[ \u00a0]"
_NAME = regex.compile(
    rf"(?<![\p{{L}}\p{{N}}])(?!(?:{_OPENING}){_BLANK}){_FIRST}(?:{_BLANK}(?:{_INSIDE}{_BLANK})?{_LATER})*+",
)
_CAPITALISED = regex.compile(rf"(?<![\p{{L}}\p{{N}}]){_LATER}")


def names(text: str) -> Iterator[Span]:
    """Runs of two to four capitalised words, with initials and with "of", "van der" and the like inside; by letters alone."""
    for match in _NAME.finditer(text):
        if 1 < len(_CAPITALISED.findall(match.group())) <= _MOST:
            yield Span(*match.span())
