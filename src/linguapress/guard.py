"""What must survive, and what must stay whole, whatever a model thinks of it."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass, replace
from functools import lru_cache

import regex

from linguapress.draft import Draft
from linguapress.segment import Splitter, join_blank, tile
from linguapress.structure.block import Block
from linguapress.structure.blocks import blocks
from linguapress.structure.json_blocks import Grain
from linguapress.structure.names import names
from linguapress.structure.negation import NEGATION, denials
from linguapress.text import Span
from linguapress.units import Units

_NUMBER = r"\p{N}+"
_ASIDE = regex.compile(
    r"\*\*(?![\s*])[^*\n]{1,60}(?<!\s)\*\*|(?<!\w)__(?![\s_])[^_\n]{1,60}(?<!\s)__(?!\w)|(?<!\])\((?![\s)])[^()\n]{1,48}\)|（[^（）\n]{1,24}）"
)
_KEYED = regex.compile(  # the key of a number, a yes or a no: "Rating: 4.3"
    r"(?m)^[ \t]*(?:[-*+•][ \t]+)?\p{L}[\p{L}\p{N} /()-]{0,30}:[ \t]+(?:[$€£]?\p{N}|(?i:yes|no|not|none|never|true|false)\b)\S*+"
)
_WHOLE_NUMBER = r"(?<![\w.,:/-])(?:(?!\p{N})[\w.,:/-])*+\p{N}[\w.,:/%-]*(?<!\p{P})"
_TERM = r"[$€£¥]?(?:\p{N}++(?:[.,]\p{N}++)*+|\.\p{N}++)%?"
_OPERATION = rf"[ \t]?[-+*/×·÷=<>≤≥≈^−–][ \t]?{_TERM}"
_CALCULATION = regex.compile(rf"(?<!\S)[-+*/×÷=−][ \t]{_TERM}(?:{_OPERATION})*+|(?<![\w.,]){_TERM}(?:{_OPERATION})++")


@dataclass(frozen=True, slots=True)
class Guard:
    """What selection may not tear.

    Attributes:
        numbers: words with a digit survive where words are dropped, and calculations such as "1,000 - 480 = 520" are not torn.
        negations: so do negations (some twenty languages), with what they negate ("not covered", "won't sell").
        names: names of two to four capitalised words stay whole where words are dropped: "Los Angeles" does not become "Angeles".
            Where not even part of a sentence fits a budget, they go like any words.
        keep: regular expressions; what they match survives at every stage, as long as the unit that holds it fits, and is
            never split.
        structure: fenced code, Markdown links and lines of link lists stay whole, and so do short brackets and emphasis; table and
            CSV rows bring their header; lines of code without fences, YAML, XML and logs stay whole and bring those that they are
            nested in; what is kept of a JSON value still parses.
    """

    numbers: bool = True
    negations: bool = True
    keep: tuple[str, ...] = ()
    structure: bool = True
    names: bool = True

    def __post_init__(self) -> None:
        """Refuses patterns that do not compile."""
        if not isinstance(self.keep, tuple):
            raise TypeError(f"keep takes a tuple of patterns, got {self.keep!r}")
        for pattern in self.keep:
            try:
                regex.compile(pattern)
            except regex.error as error:
                raise ValueError(f"pattern {pattern!r} does not compile: {error}; use regex.escape for plain strings") from error

    @classmethod
    def off(cls) -> Guard:
        """No guard at all."""
        return cls(numbers=False, negations=False, structure=False, names=False)

    @property
    def coarse(self) -> Guard:
        """The guard of stages that drop sentences or passages: a number does not save its whole sentence."""
        return _coarse(self)

    def units(self, text: str, split: Splitter) -> Units:
        """Units of ``text``: those of ``split``, but nothing whole is torn, and with what each needs."""
        spans = join_blank(text, split(text))
        found = blocks(text) if self.structure else []
        protected = _matches(self.keep, text)
        together = [*protected, *self._together(text)]
        vital = [start for start, _ in _matches(self._vital, text)]
        if not (found or together):
            return Units(spans, vital=_holding(spans, vital))
        joints = {cut for block in found for cut in (block.start, *block.cuts)}  # a block is torn nowhere else anyway
        spans = _untorn(text, spans, found, together, joints)
        places = [place for start, end in protected for place in (start, *(cut for cut in joints if start < cut < end))]
        return _bound(spans, found, _holding(spans, places), _holding(spans, vital))

    def _together(self, text: str) -> Iterator[Span]:
        """Words that are not parted: calculations, keys and their values, negations and what they negate, names, brackets."""
        if self.numbers:
            yield from (Span(*match.span()) for match in _CALCULATION.finditer(text))
            yield from (Span(*match.span()) for match in _KEYED.finditer(text))
        if self.negations:
            yield from denials(text)
        if self.names:
            yield from names(text)
        if self.structure:
            yield from (Span(*match.span()) for match in _ASIDE.finditer(text))

    @property
    def _vital(self) -> tuple[str, ...]:
        return (*((_NUMBER,) if self.numbers else ()), *((NEGATION,) if self.negations else ()))

    def reported(self, before: Draft, after: Draft) -> Draft:
        """``after``, with a warning when the budget left no room for something guarded."""
        lost = self._guarded(before) - self._guarded(after)
        if not lost:
            return after
        some = ", ".join(repr(part) for part in list(lost)[:3])
        return after.warning(f"the budget of {before.limit} tokens left no room for {lost.total()} guarded parts, such as {some}")

    def _guarded(self, draft: Draft) -> Counter[str]:
        found: Counter[str] = Counter()
        patterns = (*self.keep, *((_WHOLE_NUMBER,) if self.numbers else ()), *((NEGATION,) if self.negations else ()))
        for passage in draft.passages:
            found.update(passage.text[start:end] for start, end in _matches(patterns, passage.text))
        return found


def divided(text: str, split: Splitter, grain: Grain) -> Units:
    """Units of ``text`` that tear no structure, however finely that is divided; nothing else is guarded."""
    found = blocks(text, grain)
    joints = {cut for block in found for cut in (block.start, *block.cuts)}
    return _bound(_untorn(text, join_blank(text, split(text)), found, (), joints), found, frozenset(), frozenset())


@lru_cache(maxsize=64)
def _coarse(guard: Guard) -> Guard:
    return replace(guard, numbers=False, negations=False, names=False)


@lru_cache(maxsize=64)
def _compiled(patterns: tuple[str, ...]) -> tuple[regex.Pattern[str], ...]:
    return tuple(regex.compile(pattern) for pattern in patterns)


def _matches(patterns: tuple[str, ...], text: str) -> list[Span]:
    """What the patterns match, each by itself; what lies inside of another match is not told again."""
    every = {Span(*match.span()) for pattern in _compiled(patterns) for match in pattern.finditer(text) if match.group()}
    found: list[Span] = []
    for span in sorted(every, key=lambda span: (span.start, -span.end)):
        if not found or span.end > found[-1].end:
            found.append(span)
    return found


def _untorn(text: str, spans: Sequence[Span], found: Sequence[Block], protected: Sequence[Span], joints: Set[int]) -> list[Span]:
    """The spans, cut where blocks are cut, and neither inside of these nor inside of what is protected."""
    cuts = {start for start, _ in spans}
    for block in found:
        cuts.difference_update(range(block.start + 1, block.end))
        cuts.update(block.cuts)
    for start, end in protected:
        cuts.difference_update(cut for cut in range(start + 1, end) if cut not in joints)
    return join_blank(text, tile(cuts, len(text)))


def _holding(spans: Sequence[Span], places: Sequence[int]) -> frozenset[int]:
    """Indexes of the units that hold the given characters."""
    starts = [start for start, _ in spans]
    return frozenset(bisect_right(starts, place) - 1 for place in places)


def _bound(spans: Sequence[Span], found: Sequence[Block], forced: frozenset[int], vital: frozenset[int]) -> Units:
    """Units with the bonds of the blocks that they lie in."""
    if not found:
        return Units(spans, {}, forced, vital)
    starts = [start for start, _ in spans]

    def holder(place: int) -> int:  # blanks at the start of the text belong to the unit behind them
        return bisect_right(starts, place) - 1

    needs: dict[int, tuple[int, ...]] = {}
    for start, company in (bond for block in found for bond in block.needs.items()):
        needs[holder(start)] = tuple(dict.fromkeys((*needs.get(holder(start), ()), *map(holder, company))))
    frame = _holding(spans, [start for block in found for start in block.frame])
    inside = [start for block in found if block.verbatim for start in (block.start, *block.cuts) if start < block.end]
    verbatim = _holding(spans, inside)
    return Units(spans, needs, forced - frame, vital - frame, frame, verbatim)
