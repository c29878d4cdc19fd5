"""Headings: a sentence without the title above it has often lost its subject."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence, Set
from dataclasses import replace
from math import inf
from typing import NamedTuple

import regex

from linguapress.segment import ENDED
from linguapress.structure import underlined
from linguapress.structure.furniture import furniture
from linguapress.structure.lists import with_leads
from linguapress.structure.outline import COUNTED, Kind, Level, Outline, number, parted
from linguapress.structure.replies import with_questions
from linguapress.structure.speakers import Talk
from linguapress.text import Span
from linguapress.units import Units

_MARKED = regex.compile(r"[ \t]*#{1,6}[ \t]")
_TAGGED = regex.compile(r"<[hH](?P<level>[1-6])(?:\s[^<>]*+)?>\s*", regex.REVERSE)
_ENDED = regex.compile(r"[.,;!?…。！？；]\s*$", regex.REVERSE)
_LABELLED = regex.compile(r"[:：][*_]*\s*$", regex.REVERSE)  # "Alice:" above what she says
_TIMED = regex.compile(r"\d:\d\d")  # "Alice 09:42" is the label of a chat
_NO_TITLE = regex.compile(  # first lines of code, markup, settings, logs
    r"[^\n]*(?:[={}<>;\\]|::|\d\d:\d\d:\d\d)|\s*(?:(?:import|from|package|using|include|require)\b|#|//|/\*|--|\$ )"
    r"|\s*[a-z_][\w.-]*:(?:\s|$)",
)
_LONGEST, _SHORT = 120, 80  # characters of a title, and of a heading further down
_OPENS = regex.compile(rf"{COUNTED}[\"'“‘(]?[\p{{Lu}}\p{{Lo}}\p{{N}}]")
_ITEM = regex.compile(r"[ \t]*(?:[-*+•·–]|\p{N}{1,3}\)|\(?\p{L}\))[ \t]")
_FEW = 3  # words of a heading that says nothing by itself, at most; fewer still where it holds other marks
_SAYS = regex.compile(r"[\p{N}\p{Sc}:：,，、;(（\"“„«'’&=–—]|\p{Lo}{10}| \p{Ll}+ \p{Ll}+")
_RAW = regex.compile(r"://|[^\s\p{Lo}]{32}")  # an address, a checksum
_COLUMNS = regex.compile(r"\S(?:\t| {2,})\S")
_TIGHT = 40  # characters of a heading that no blank line parts from the text above
_PROSE = 60  # characters of a line under a heading, where it does not end like a sentence


class Heading(NamedTuple):
    """What makes a unit the heading of others.

    Attributes:
        level: how far up it stands.
        end: where that ends which it heads, unless a heading that stands as far up ends it before.
        tells: whether it may say something by itself.
    """

    level: Level
    end: float = inf
    tells: bool = False


def headings(text: str, spans: Sequence[Span]) -> list[int]:
    """For each sentence the index of its heading, -1 where it has none; for a heading, that of the one above its level.

    A heading is a Markdown one, or a short line that does not end like a sentence: the first one, or one between a blank line and
    prose.
    """
    talk, under = Talk(text), _underlined(text, spans)
    return _above(spans, _marked(talk, spans) | _plain(talk, spans, under.keys()) | under)


def _above(spans: Sequence[Span], found: Mapping[int, Heading]) -> list[int]:
    """For each unit the index of its heading, -1 where it has none."""
    above: list[int] = []
    open_headings: list[int] = []  # those that hold here, outermost first
    for unit, (start, _) in enumerate(spans):
        heading = found.get(unit)
        while open_headings and _is_over(found[open_headings[-1]], start, heading):
            open_headings.pop()
        above.append(open_headings[-1] if open_headings else -1)
        if heading:
            open_headings.append(unit)
    return above


def _is_over(heading: Heading, start: int, following: Heading | None) -> bool:
    """Whether what a heading stands above ends before a unit, which may be a heading itself."""
    return start >= heading.end or (following is not None and heading.level >= following.level)


def _underlined(text: str, spans: Sequence[Span]) -> dict[int, Heading]:
    return {unit: Heading(Level(Kind.MARKED, rank)) for unit, rank in underlined.levels(text, spans).items()}


def _marked(talk: Talk, spans: Sequence[Span], aside: Set[int] = frozenset()) -> dict[int, Heading]:
    """Headings by the hashes of Markdown or by tags, and the title, which is the first line that is not ``aside``."""
    depths = ((unit, _depth(talk.text, span)) for unit, span in enumerate(spans))
    found = {unit: Heading(Level(Kind.MARKED, depth)) for unit, depth in depths if depth}
    first = next((unit for unit in range(len(spans) - 1) if unit not in aside), -1)
    if first >= 0 and first not in found and _is_title(talk, spans[first]) and not _stamped(talk, [spans[first]]):
        found[first] = Heading(Level(Kind.MARKED))
    return found


def _depth(text: str, span: Span) -> int:
    """Number of hashes of a Markdown heading or of a tag h1 to h6, 0 for anything else."""
    if marked := _MARKED.match(text, *span):
        return marked.group().count("#")
    tagged = _TAGGED.match(text, max(0, span.start - _LONGEST), span.start)
    return int(tagged["level"]) if tagged else 0


def _is_title(talk: Talk, span: Span) -> bool:
    """Whether a first line is a title, which the label of a turn is not."""
    return _like_title(talk.text, *span) and not (_LABELLED.search(talk.text, *span) and talk.turns)


def _like_title(text: str, start: int, end: int) -> bool:
    """Whether a line could be a title by itself."""
    if end - start > _LONGEST or text[end - 1] != "\n" or _ENDED.search(text, start, end):
        return False
    return not _NO_TITLE.match(text, start, end)


def _plain(talk: Talk, spans: Sequence[Span], aside: Set[int]) -> dict[int, Heading]:
    """Headings that nothing marks with their levels, the first line among them if it is numbered as they are; none ``aside``."""
    text, aside = talk.text, aside | _stamped(talk, spans)
    inner = [index for index in range(1, len(spans) - 1) if index not in aside]
    lines = {index for index in inner if _could(text, spans, index)}
    outline = Outline.of(text, spans, lines, {index for index in lines if _tells(text, spans[index])})
    found: set[int] = set()
    for index in reversed(inner):
        if _parts(text, spans, index) or outline.stands(index, found):
            found.add(index)
    title = bool(spans) and _is_title(talk, spans[0])
    flat = title and bool(found) and _flat(text, spans, found | {0})
    if flat or (title and any(number(text, spans[index]) for index in found) and number(text, spans[0])):
        found.add(0)
    level = {index: Level(Kind.PLAIN) if flat else outline.level(index) for index in found}
    return {index: Heading(level[index], tells=index > 0 and _tells(text, spans[index])) for index in found}


def _flat(text: str, spans: Sequence[Span], found: Set[int]) -> bool:
    """Whether passages stand one after the other, each right below its title, and some title comes back: none is that of all."""
    below = all(index == 0 or (parted(text, spans[index - 1]) and _parts(text, spans, index)) for index in found)
    titles = {" ".join(text[slice(*spans[index])].casefold().split()) for index in found}
    return below and 1 not in found and len(titles) < len(found) and not any(parted(text, spans[index]) for index in found)


def _could(text: str, spans: Sequence[Span], index: int) -> bool:
    """Whether a unit is a short line below a blank one that is written like a heading."""
    start, end = spans[index]
    if end - start > _SHORT + 8 or text[start - 1] != "\n" or not parted(text, spans[index - 1]):
        return False
    return _named(text, start, end) and not _LABELLED.search(text, start, end) and _like_title(text, start, end)


def _stamped(talk: Talk, spans: Sequence[Span]) -> set[int]:
    """Units with a time that are labels of turns."""
    timed = {index for index, span in enumerate(spans) if _TIMED.search(talk.text, *span)}
    labels = {turn.label.end for turn in talk.turns} if timed else frozenset()
    return {index for index in timed if spans[index].end in labels}


def _parts(text: str, spans: Sequence[Span], index: int) -> bool:
    """Whether a unit is a short line between a blank line and prose, or, if shorter, between the end of a sentence and prose."""
    (start, end), (below, stop) = spans[index], spans[index + 1]
    if end - start > _SHORT + 8 or text[start - 1] != "\n":
        return False
    line, prose = text[start:end].rstrip(), text[below:stop].rstrip()
    whole = ENDED.search(prose) is not None
    if not parted(text, spans[index - 1]):
        first, last = spans[index - 1]
        if len(line) > _TIGHT or not whole or parted(text, spans[index]) or not ENDED.search(text, first, last):
            return False
    longer = len(prose) > len(line) or line.isupper() or bool(number(text, spans[index]))
    under = (whole or len(prose) >= _PROSE) and longer and not (_MARKED.match(prose) or _ITEM.match(prose))
    return under and _named(text, start, end) and not _LABELLED.search(text, start, end) and _like_title(text, start, end)


def _named(text: str, start: int, end: int) -> bool:
    """Whether a line is short and begins like a heading."""
    line = text[start:end].rstrip()
    return len(line) <= _SHORT and bool(_OPENS.match(line)) and not (_RAW.search(line) or _ITEM.match(line))


def _tells(text: str, span: Span) -> bool:
    """Whether a line may say something by itself, as "Checkout before noon" does: it is more than a few words."""
    line = text[span.start + len(number(text, span)) : span.end].strip()
    return line.count(" ") >= _FEW or _SAYS.search(line) is not None


def with_headings(text: str, units: Units, talk: Talk | None = None) -> Units:
    """Sentences that bring along their heading, which is not kept alone; items what introduces them, answers their question.

    Headers and footers of pages are nobody's heading, and nothing by themselves.
    """
    units = with_questions(text, with_leads(text, units))
    aside = furniture(text, units.spans) - units.forced
    talk, under = talk or Talk(text), _underlined(text, units.spans)
    plain = _plain(talk, units.spans, units.verbatim | aside | under.keys())
    found = _marked(talk, units.spans, aside) | _captions(text, units) | plain | _replies(talk, units) | under
    places = _above(units.spans, {unit: heading for unit, heading in found.items() if unit not in aside})
    above = {unit: heading for unit, heading in enumerate(places) if heading >= 0 and heading not in units.verbatim}
    needs = {**units.needs, **{unit: (*units.needs.get(unit, ()), heading) for unit, heading in above.items()}}
    upper = {above.get(unit) for unit in plain}
    alone = {unit for unit, heading in found.items() if heading.tells and unit not in upper}
    return replace(units, needs=needs, frame=units.frame | aside | (set(above.values()) - units.forced - alone))


def _captions(text: str, units: Units) -> dict[int, Heading]:
    """Lines like headings right above a table in plain text, which is all that they head."""
    found = {}
    for unit in range(1, len(units.spans) - 1):
        last = unit + 1
        if unit in units.verbatim or last not in units.verbatim or not _COLUMNS.search(text, *units.spans[last]):
            continue
        if _could(text, units.spans, unit):
            while last + 1 in units.verbatim:
                last += 1
            found[unit] = Heading(Level(Kind.PART), units.spans[last].end)
    return found


def _replies(talk: Talk, units: Units) -> dict[int, Heading]:
    """Questions on lines of their own, above their answers; none in a dialogue. One that holds its answer says something."""
    starts = [start for start, _ in units.spans] if talk.asked else []
    holding = {bisect_right(starts, question) - 1: answer for question, answer in talk.asked}
    told = ((unit, answer, units.spans[unit].end > answer.start) for unit, answer in holding.items() if unit not in units.verbatim)
    return {unit: Heading(Level(Kind.PART), answer.end, tells) for unit, answer, tells in told}
