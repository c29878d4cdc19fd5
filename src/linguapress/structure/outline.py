"""Levels among headings that nothing marks: by their numbers, by capitals, and by whether their words come back."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence, Set
from dataclasses import dataclass
from enum import IntEnum
from typing import NamedTuple

import regex

from linguapress.segment import ENDED
from linguapress.text import Span

_SEVERAL = 2  # headings in capitals, from which these stand above others; times that a heading comes back
_LETTERS = 4  # of a heading in capitals, at least
_BRIEF, _LINES = 60, 4  # characters of a line and lines between a title and the first of the headings that come back
_LINE = regex.compile(r"[^\n]*\n")
_CLOSES = regex.compile(  # what stands above a name at the end of a letter
    r"(?i:(?:(?:with|kind|best|warm|kindest|warmest|many|all|viele|liebe|beste|mit|freundlichen|herzliche) )*+"
    r"(?:regards|wishes|thanks|thank you|cheers|best|love|sincerely|cordially|respectfully|yours|gr(?:ü|u)(?:ß|ss)en?"
    r"|saludos|cordialement|saluti)\b)"
)
_LISTED = regex.compile(r"(?:[IVX]{1,5}|\p{L})[.)]\s")
COUNTED = r"(?:\p{N}+(?:\.\p{N}+)*\.?[ \t]+)?+"  # the number of a section, if there is one
_COUNTED = regex.compile(COUNTED)


class Kind(IntEnum):
    """What makes a line a heading: the kinds that stand further up come first."""

    MARKED = 0  # by hashes, a tag, a line beneath; the title
    PLAIN = 1  # by its place alone
    SMALL = 2  # by its place, and not in capitals where others are
    AGAIN = 3  # by its place, and its words come back
    PART = 4  # a question, a caption: it heads no more than an answer, a table


class Level(NamedTuple):
    """How far up a heading stands: by its kind, and by its depth among those of this kind."""

    kind: Kind
    depth: int = 0


def number(text: str, span: Span) -> str:
    """The number of a section at the beginning of a line, empty where there is none."""
    found = _COUNTED.match(text, span.start, span.end)
    return found.group() if found else ""


def parted(text: str, span: Span) -> bool:
    """Whether a blank line follows."""
    part = text[span.start : span.end]
    return part[len(part.rstrip()) :].count("\n") > 1


@dataclass(frozen=True, slots=True)
class Outline:
    """Which lines of a document that could be headings stand above which.

    Attributes:
        text: the document.
        spans: its units.
        lines: the indexes of those that are a short line below a blank one.
        again: the lines whose words come back, such as "Method" of one recipe after the other.
        capitals: the others that are written in capitals, unless only one is.
        leading: the lines with the first words that come back: "Ingredients".
    """

    text: str
    spans: Sequence[Span]
    lines: Set[int]
    again: Set[int]
    capitals: Set[int]
    leading: Set[int]

    @classmethod
    def of(cls, text: str, spans: Sequence[Span], lines: Set[int], telling: Set[int]) -> Outline:
        """The outline of a document.

        Args:
            text: the document.
            spans: its units.
            lines: those that could be headings.
            telling: those among them that say something by themselves, and so are titles even where they come back.
        """
        counted = {line: number(text, spans[line]) for line in lines}
        names = {line: " ".join(text[spans[line].start + len(counted[line]) : spans[line].end].split()) for line in lines}
        brief = {line: name for line, name in names.items() if not (counted[line] or _LISTED.match(name) or line in telling)}
        words = {line: name.casefold() for line, name in brief.items()}
        times = Counter(words.values())
        again = {line for line, word in words.items() if times[word] >= _SEVERAL}
        shouted = {line for line, name in names.items() if line not in again and name.isupper() and _lettered(name)}
        first = words[min(again)] if again else ""
        leading = {line for line in again if words[line] == first}
        return cls(text, spans, lines, again, shouted if len(shouted) >= _SEVERAL else frozenset(), leading)

    def stands(self, index: int, found: Set[int]) -> bool:
        """Whether a line is a heading by its place: above short lines, or above a heading that is found already."""
        if index not in self.lines:
            return False
        if (index in self.again or index in self.capitals) and self._listed(index):
            return True
        section = number(self.text, self.spans[index]).rstrip(" \t.")
        if section:
            return index + 1 in found and number(self.text, self.spans[index + 1]).startswith(f"{section}.")
        return self._leads(index)

    def level(self, index: int) -> Level:
        """The level of a heading that nothing marks."""
        if section := number(self.text, self.spans[index]).rstrip(" \t."):
            return Level(Kind.PLAIN, section.count("."))
        if index in self.again:
            return Level(Kind.AGAIN)
        return Level(Kind.SMALL if self.capitals and index not in self.capitals else Kind.PLAIN)

    def _listed(self, index: int) -> bool:
        """Whether at least two lines without a blank one between them follow, the first of them not in capitals."""
        first = _LINE.match(self.text, self.spans[index + 1].start)
        second = _LINE.match(self.text, first.end()) if first else None
        if first is None or first.group().isupper() or _CLOSES.match(self.text, *self.spans[index]):
            return False
        return bool(second.group().strip()) if second else first.end() < len(self.text)

    def _leads(self, index: int) -> bool:
        """Whether the first of the headings that come back follows at once, or after a few brief lines that belong to the title."""
        if not parted(self.text, self.spans[index]) and index - 1 in self.lines and parted(self.text, self.spans[index - 1]):
            return False  # "Serves 4" between a title and "Ingredients"
        for line in range(index + 1, min(index + 2 + _LINES, len(self.spans))):
            if line in self.leading:
                return True
            start, end = self.spans[line]
            if (
                (line in self.lines and parted(self.text, self.spans[line]))
                or end - start > _BRIEF
                or ENDED.search(self.text, start, end)
                or self.text[end - 1] != "\n"
            ):
                return False
        return False


def _lettered(name: str) -> bool:
    return sum(map(str.isalpha, name)) >= _LETTERS
