"""Passages that another one names: the second hop of a question whose words lead to the first one only.

"Where was the director of Jaws born?" says nothing of Steven Spielberg, but a sentence that the question needs does, and a passage
has his name as its title. Such a passage is about as relevant as the one that names it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import regex

from linguapress.excerpts import Excerpt
from linguapress.models.lexical import UNSPACED
from linguapress.scores import Floats

_NOTE = regex.compile(r"\s*\([^()]*\)\s*$")  # "Jaws (film)" is named as "Jaws"
_WORD = regex.compile(r"\w+")
_SHORTEST, _LONGEST = 3, 80  # characters of a title


class Named(NamedTuple):
    """What the passages are worth when those that others name count as much.

    Attributes:
        relevance: logit of each passage, shape [passages].
        chance: probability that a sentence is needed which names the passage in another, 0 where none does; shape [passages].
    """

    relevance: Floats
    chance: Floats


def bridged(query: str, parts: Sequence[Excerpt], needed: Sequence[Floats], relevance: Floats, loss: float) -> Named:
    """The logits of passages (of longer ones: of sections), raised where a sentence that is needed names the passage's title.

    A passage whose title stands in sentence s of passage i gets at least ``relevance[i] + ln needed[s] - loss``. Titles whose
    words are all in the query are passed over: the selector has seen those.

    Args:
        query: the question.
        parts: what was read; a heading with which a part begins, or the one above the whole passage, is its title.
        needed: probability of each unit being needed, 0..1.
        relevance: logit of each passage.
        loss: nats by which the passage that is named comes after the one that names it.
    """
    titles = _titles(query, parts)
    found = Named(np.array(relevance, dtype=np.float64), np.zeros(len(parts)))
    if not titles:
        return found
    pattern = regex.compile("|".join(map(_whole, sorted(titles, key=len, reverse=True))))
    for own, (part, chances) in enumerate(zip(parts, needed, strict=True)):
        for unit, (start, end) in enumerate(part.units.spans):
            if chances[unit] > 0 and unit not in part.units.frame:
                least = relevance[own] + np.log(chances[unit]) - loss
                for title in {match[0] for match in pattern.finditer(part.passage.text, start, end)}:
                    under = own in titles[title]  # then the title is that of its own passage
                    others = [n for n in titles[title] if n != own and not (under and _together(parts[n], part))]
                    found.relevance[others] = np.maximum(found.relevance[others], least)
                    found.chance[others] = np.maximum(found.chance[others], chances[unit])
    return found


def _whole(title: str) -> str:
    """A pattern of the title as whole words, where its script parts words."""
    before, after = (r"(?<!\w)", r"(?!\w)")
    return ("" if UNSPACED.match(title[0]) else before) + regex.escape(title) + ("" if UNSPACED.match(title[-1]) else after)


def _together(one: Excerpt, other: Excerpt) -> bool:
    """Whether two parts are of one passage."""
    return one.section.passage == other.section.passage


def _titles(query: str, parts: Sequence[Excerpt]) -> dict[str, list[int]]:
    """The parts of each title."""
    asked = set(_WORD.findall(query.lower()))
    found: dict[str, list[int]] = {}
    for number, part in enumerate(parts):
        for first in {0, part.section.inner.start} & part.units.frame:
            start, end = part.units.spans[first]
            title = _NOTE.sub("", part.passage.text[start:end].strip(" #*\t\r\n")).strip()
            if _SHORTEST <= len(title) <= _LONGEST and not asked.issuperset(_WORD.findall(title.lower())):
                found.setdefault(title, []).append(number)
    return found
