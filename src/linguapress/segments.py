"""Parts of a text that are compressed differently, given as character ranges: the text itself carries no tags."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

from linguapress.text import Span

_TAG = re.compile(r"(?P<close></llmlingua\b)?(?(close)|<llmlingua\b)(?P<settings>[^>]*)(?P<end>>?)", re.IGNORECASE)
_SETTINGS = re.compile(r"(?:\s*,\s*(?:rate\s*=\s*(?:\d+\.?\d*|\.\d+)|compress\s*=\s*(?:true|false)))*\s*", re.IGNORECASE)
_RATE = re.compile(r"rate\s*=\s*([\d.]+)", re.IGNORECASE)
_WHOLE = re.compile(r"compress\s*=\s*false", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Segment:
    """A part of a document with a rule of its own.

    Attributes:
        start: its first character.
        end: behind its last character.
        rate: largest share of its tokens that may be kept, 0..1; None = no limit but that of the whole budget.
        whole: kept byte for byte.

    Raises:
        ValueError: an empty range, a rate out of range, or both rules at once.
    """

    start: int
    end: int
    rate: float | None = None
    whole: bool = False

    def __post_init__(self) -> None:
        """Refuses what cannot be a segment."""
        if not 0 <= self.start < self.end:
            raise ValueError(f"a segment needs 0 <= start < end, got {self.start} and {self.end}")
        if self.rate is not None and not 0 <= self.rate <= 1:
            raise ValueError(f"the rate of a segment is the share of its tokens to keep, between 0 and 1, got {self.rate!r}")
        if self.rate is not None and self.whole:
            raise ValueError(f"a segment has a rate or is kept whole, not both; got rate={self.rate!r} and whole=True")

    @property
    def span(self) -> Span:
        """Its range of characters."""
        return Span(self.start, self.end)


class Tagged(NamedTuple):
    """A text without its tags, and what they said."""

    text: str
    segments: tuple[Segment, ...]


def ordered(segments: Iterable[Segment], length: int) -> tuple[Segment, ...]:
    """Segments of a text of ``length`` characters, ascending.

    Raises:
        ValueError: two overlap, or one reaches beyond the text.
    """
    found = tuple(sorted(segments, key=lambda segment: segment.span))
    for first, second in pairwise(found):
        if second.start < first.end:
            raise ValueError(f"segments must not overlap, got {tuple(first.span)} and {tuple(second.span)}")
    if found and found[-1].end > length:
        raise ValueError(f"segment {tuple(found[-1].span)} reaches beyond the text of {length} characters")
    return found


def parse_tags(tagged: str) -> Tagged:
    """Turns the tags of LLMLingua into segments: ``<llmlingua, rate=0.4>...</llmlingua>``, ``<llmlingua, compress=False>...``.

    Text outside of tags stays, under the budget alone; so does a body that holds "<".

    Raises:
        ValueError: a tag that is not closed, or says what nobody knows.
    """
    tags = list(_TAG.finditer(tagged))
    for number, tag in enumerate(tags):
        alone = number % 2 == 0 and number + 1 == len(tags)
        if alone or bool(tag["close"]) != number % 2 or not tag["end"] or (tag["close"] and tag["settings"]):
            raise ValueError(f"the tag {tag.group():.80} has no partner; write <llmlingua, rate=0.4>text</llmlingua>, not nested")
    parts: list[str] = []
    segments: list[Segment] = []
    position = length = 0
    for opener, closer in zip(tags[::2], tags[1::2], strict=True):
        before, body = tagged[position : opener.start()], tagged[opener.end() : closer.start()]
        rate, whole = _rule(opener["settings"])
        start = length + len(before)
        position, length = closer.end(), start + len(body)
        segments += [Segment(start, length, rate, whole)] if body else []
        parts += before, body
    return Tagged("".join((*parts, tagged[position:])), tuple(segments))


def _rule(settings: str) -> tuple[float | None, bool]:
    """The rate of a segment, and whether it is kept whole."""
    if not _SETTINGS.fullmatch(settings):
        raise ValueError(f"cannot read the settings {settings!r}; write <llmlingua, rate=0.4> or <llmlingua, compress=False>")
    rate, whole = _RATE.search(settings), bool(_WHOLE.search(settings))
    return float(rate[1]) if rate and not whole else None, whole
