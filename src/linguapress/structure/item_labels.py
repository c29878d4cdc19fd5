"""How items begin: a bullet, marks of quotation, a number, a short label. Without these nobody knows whose the rest is."""

from __future__ import annotations

import regex

_INDENT = 40  # characters before a nested item
_BULLET = r"[ \t>]{0,40}(?:(?:[-*+•·–]|\(?(?:\d{1,3}|[a-z])[.)])[ \t]+)?"
_NAMED = r"(?:§§?|Art(?:icle|ikel)?\.?|Section|Clause|Rule|Step)[ \t]?\d{1,4}(?:\.\d{1,3})*+[a-z]?"
_CLAUSE = rf"(?:(?:{_NAMED}|\d{{1,3}}(?:\.\d{{1,3}}){{1,6}}+)[.):]?[ \t]+)?"
_WORD = r"[^\s:：!?;]{1,30}(?<!\.)"
_LABEL = (
    r"(?:(?:`[^`\n]{1,60}`|\*\*[^*\n]{1,60}\*\*)(?:[ \t]?\([^()\n]{1,30}\))?(?:[ \t]?[:：]|[ \t][-–—])(?=\s)[ \t]*"
    rf"|[*_]{{0,3}}{_WORD}(?:[ \t]{_WORD}){{0,4}}(?:[ \u00a0]?:[*_]{{0,3}}(?=\s)|[*_]{{0,3}}：)[ \t]*)?"
)
_OPENING = regex.compile(_BULLET + _CLAUSE + _LABEL)


def opening(text: str, start: int, end: int) -> int:
    """Where the bullet, "> ", the number and the label end with which a sentence begins a line; ``start`` where there are none.

    A label is up to five words, or code, and a colon. Nothing but a label has none: it is what is said.
    """
    before = text[max(0, start - _INDENT) : start].rstrip(" \t>")
    if before and before[-1] != "\n":
        return start
    found = _OPENING.match(text, start, end)
    stop = found.end() if found else start
    return stop if text[stop:end].strip() else start
