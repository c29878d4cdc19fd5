"""Which sentences of the gold passages a question hangs on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import regex

from linguapress.evaluation.metrics import answer_survives, normal
from linguapress.segment import sentences

_NOTE = regex.compile(r"\s*\([^()]*\)\s*$")  # "Lilu (mythology)" is named as "Lilu"
_UNTOLD = frozenset({"yes", "no"})  # answers that no sentence spells out
_ENGLISH = """
about after all also and any are as at be been before between both but by can could did do does during each for from had has have he
her his how if in into is it its many more most much not of on or other she so some such than that their them then there these they
this those through to was were what when where which while who whom whose why will with would
"""
_FUNCTION_WORDS = frozenset(_ENGLISH.split())


class Source(NamedTuple):
    """A passage as a data set gives it."""

    title: str
    body: str
    gold: bool

    @property
    def text(self) -> str:
        """Title and body as methods get them."""
        return f"{self.title}\n{self.body}" if self.title else self.body


def answering(source: Source, answers: Sequence[str]) -> list[str]:
    """Sentences of a passage, the title among them, that hold an answer, words or parts of words."""
    wanted = [normal(answer) for answer in answers]
    found = (source.text[start:end] for start, end in sentences(source.text))
    return [sentence for sentence in found if any(answer in normal(sentence) for answer in wanted)]


def hop(source: Source, others: Sequence[Source], question: str, answers: Sequence[str]) -> str:
    """The one sentence of a gold passage that the question hangs on; its title is none.

    The first that holds an answer; else the first that names another gold passage; else the one that shares most content words
    with the question, the earliest of several.

    Args:
        source: a gold passage.
        others: the other gold passages of the question.
        question: the query.
        answers: any of them will do.
    """
    found = [source.body[start:end] for start, end in sentences(source.body)]
    told = [answer for answer in answers if normal(answer) not in _UNTOLD]
    titles = [_NOTE.sub("", other.title) for other in others if other.title != source.title]
    named = (sentence for wanted in (told, titles) for sentence in found if answer_survives(sentence, wanted))
    asked = content_words(question)
    return next(named, max(found, key=lambda sentence: len(asked & content_words(sentence)), default=""))


def content_words(text: str) -> set[str]:
    """Normalised words, without English function words."""
    return set(normal(text).split()) - _FUNCTION_WORDS
