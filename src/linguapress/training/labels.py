"""Keep labels from an extractive compression: which characters of the text did the teacher keep?"""

from __future__ import annotations

import regex

from linguapress.text import Span

_WORD = regex.compile(r"\S+")
_EDGE = regex.compile(r"^\W+|\W+$")
_MATCH = 4096  # one more matched word outweighs any number of breaks in a passage shorter than this


def align(text: str, compressed: str) -> list[Span]:
    """Words of ``text`` that ``compressed`` keeps, by the alignment with the most words and, among those, the fewest breaks.

    Leftmost matching is often wrong because titles and names recur; a kept phrase is nearly always contiguous. Case and
    edge punctuation may differ, as teachers slip there (LLMLingua-2, arXiv 2403.12968, section 4.2, matches with a window).

    Returns:
        One span for each kept word, ascending.
    """
    spans = word_spans(text)
    source = [_normal(text[start:end]) for start, end in spans]
    target = [_normal(match.group()) for match in _WORD.finditer(compressed)]
    return [spans[index] for index in _aligned(source, target)]


def word_spans(text: str) -> list[Span]:
    """Blank-separated words, the unit in which teachers' compressions are labelled."""
    return [Span(*match.span()) for match in _WORD.finditer(text)]


def _normal(word: str) -> str:
    return (_EDGE.sub("", word) or word).casefold()


def _aligned(source: list[str], target: list[str]) -> list[int]:
    """Indexes into ``source`` of the best common sub-sequence, ascending."""
    columns = len(target) + 1
    best = [[0] * columns for _ in range(len(source) + 1)]  # of the two prefixes: matches * _MATCH - breaks
    paired = [[-1] * columns for _ in range(len(source) + 1)]  # the same, with their last words matched; -1 = not
    for i, word in enumerate(source, 1):
        above, row, diagonal, pairs = best[i - 1], best[i], paired[i - 1], paired[i]
        for j in range(1, columns):
            value = max(above[j], row[j - 1])
            if word == target[j - 1]:
                pairs[j] = max(diagonal[j - 1] + _MATCH if diagonal[j - 1] >= 0 else -1, above[j - 1] + _MATCH - 1)
                value = max(value, pairs[j])
            row[j] = value
    return _trace(best, paired)


def _trace(best: list[list[int]], paired: list[list[int]]) -> list[int]:
    i, j, run, kept = len(best) - 1, len(best[0]) - 1, False, []
    while i > 0 and j > 0:
        if run or best[i][j] == paired[i][j]:
            kept.append(i - 1)
            run = paired[i - 1][j - 1] >= 0 and paired[i][j] == paired[i - 1][j - 1] + _MATCH
            i, j = i - 1, j - 1
        elif best[i - 1][j] == best[i][j]:
            i -= 1
        else:
            j -= 1
    return kept[::-1]
