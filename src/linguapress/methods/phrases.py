"""Phrases without a parser: words up to the next content word's end, cut where a function word or a mark opens a new phrase.

"the eastern tower | of a small town": a new phrase begins before a function word behind a content word, and behind punctuation.
The noun chunks of spaCy, which Selective-Context uses, need a model for each language; this needs a list of English function words,
and elsewhere falls back to punctuation, a largest length and the language's own word cutter.
"""

from __future__ import annotations

import regex

from linguapress.segment import tile, words
from linguapress.text import Span

_WORDS = (
    "a an the this that these those my your his her its our their some any each every no all both either neither such what which "
    "who whom whose where when why how i you he she it we they me him us them myself himself herself itself themselves there "
    "is am are was were be been being has have had having do does did will would shall should can could may might must "
    "about above across after against along among around as at before behind below beneath beside between beyond by despite down "
    "during except for from in inside into like near of off on onto out outside over past per since than through throughout to "
    "toward towards under until up upon via with within without and or but nor so yet if because although though while unless "
    "whereas whether not also then thus however"
)
_FUNCTION = frozenset(_WORDS.split())
_MARK = regex.compile(r"[\p{P}--['’\-/]]\s*$", regex.V1)
_PLAIN = regex.compile(r"[^\w'’]+")
_LONGEST = 6  # words


def phrases(text: str) -> list[Span]:
    """Phrases, tiling the text; each is made of whole words."""
    cuts, length, content = [], 0, False
    for start, end in words(text):
        word = _PLAIN.sub("", text[start:end]).lower()
        function = word in _FUNCTION
        if length and ((function and content) or length >= _LONGEST):
            cuts.append(start)
            length, content = 0, False
        length, content = length + 1, not function
        if _MARK.search(text, start, end) or "\n" in text[start:end]:
            cuts.append(end)
            length, content = 0, False
    return tile(cuts, len(text))
