"""Lines that come back on every page of a document with the number of the page: nobody asks for them."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import regex

from linguapress.segment import ENDED
from linguapress.text import Span

_OFTEN = 3  # pages
_PAGE = 200  # characters of a page, on average at least
_LONGEST = 120  # characters of such a line
_PROSE = 40  # characters of a line of prose, at least
_STEP = 3  # pages that may lie between two of such lines
_MARKED = regex.compile(r"\s*(?:[-–—|·][ \t]*\d|[-–—|·]?[ \t]*(?i:page|pg?\.|seite|página|pagina|стр\.)[ ]?\d)")
_AROUND = r"[ \t\f]*+[-–—|·]?[ \t]*+"
_NUMBER = r"(?P<page>\d{1,4})"
_CALLED = rf"(?i:page|pg?\.|seite|página|pagina|стр\.)[ ]?{_NUMBER}(?:[ ]?(?:/|of|von|de|di|sur|из)[ ]?\d{{1,4}})?"
_NUMBERED = regex.compile(
    rf"{_AROUND}(?:{_CALLED}|{_NUMBER}){_AROUND}$"
    rf"|{_AROUND}(?:{_CALLED}|{_NUMBER})(?:[ \t]{{2,}}|\t|[ ][|·][ ])(?P<text>\S.*)$"
    rf"|{_AROUND}(?P<text>\S.*\S)(?:[ \t]{{2,}}|\t|[ ][|·][ ])(?:{_CALLED}|{_NUMBER}){_AROUND}$"
)


def furniture(text: str, spans: Sequence[Span]) -> set[int]:
    """Units that are running headers or footers: single lines between blank ones, alike but for a number that grows."""
    found: dict[str, list[tuple[int, int]]] = {}
    for unit, (start, end) in enumerate(spans):
        line = text[start:end].strip()
        if len(line) <= _LONGEST and "\n" not in line and (match := _NUMBERED.match(line)) and _alone(text, start, end):
            found.setdefault(" ".join((match["text"] or "").split()), []).append((unit, int(match["page"])))
    pages = (lines for words, lines in found.items() if _on_pages(lines, spans) and _part_no_parts(text, spans, words, lines))
    return {unit for lines in pages for unit, _ in lines}


def _part_no_parts(text: str, spans: Sequence[Span], words: str, lines: Sequence[tuple[int, int]]) -> bool:
    """Whether lines are no headings ("Exercise  1", "2"): they say more, stand at the end, or text runs on over one of them."""
    (last, _), marked = lines[-1], any(_MARKED.match(text, *spans[unit]) for unit, _ in lines)
    if " " in words or marked or last == len(spans) - 1:
        return True
    return any(
        "\f" in text[max(0, start - 2) : end + 2] or _runs_on(text, start) for start, end in (spans[unit] for unit, _ in lines)
    )


def _runs_on(text: str, start: int) -> bool:
    """Whether what stands above a line is a line of prose that does not end like a sentence."""
    above = text[max(0, start - _LONGEST) : start].rstrip().rpartition("\n")[2]
    return len(above) >= _PROSE and not ENDED.search(above)


def _alone(text: str, start: int, end: int) -> bool:
    """Whether blank lines stand before and behind a line, or the ends of a page or of the text."""
    part, above = text[start:end], text[max(0, start - 80) : start]
    before = not above.strip() or above[len(above.rstrip()) :].count("\n") > 1 or "\f" in above[-2:]
    behind = part[len(part.rstrip()) :]
    return before and (end == len(text) or behind.count("\n") > 1 or "\f" in behind)


def _on_pages(lines: Sequence[tuple[int, int]], spans: Sequence[Span]) -> bool:
    """Whether lines count pages: upwards, and far enough from each other."""
    (first, _), (last, _) = lines[0], lines[-1]
    far = spans[last].start - spans[first].start >= _PAGE * (len(lines) - 1)
    return len(lines) >= _OFTEN and far and all(0 < page - before <= _STEP for (_, before), (_, page) in pairwise(lines))
