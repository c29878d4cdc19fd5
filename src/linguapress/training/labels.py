"""Keep labels from an extractive compression: which characters of the text did the teacher keep?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import regex
from numpy.typing import NDArray

from linguapress.segment import words
from linguapress.text import Span
from linguapress.training.wording import Word, alike, respelled, words_of

_BLOCK = regex.compile(r"\S+")
_UNSPACED = regex.compile(r"[\p{Han}\p{Hiragana}\p{Katakana}ー\p{Thai}]")
_HIRAGANA = regex.compile(r"\p{Hiragana}")
_ENDING = 0.25  # weight of a letter of an ending
_EXACT, _LESS, _BREAK = 1 << 40, 1 << 20, 1  # one exact word outweighs all rewordings and marks, one of these all breaks
_NEVER = np.int64(-1 << 60)
_HALF = 0.5  # a word is kept when more of its letters are
_Table = NDArray[np.bool_]
_Integers = NDArray[np.int64]


class Alignment(NamedTuple):
    """A text and its compression, word by word.

    Attributes:
        pairs: indexes into ``source`` and ``target`` of the words that belong together, both ascending.
        source: words of the text.
        target: words of the compression, with the punctuation that touches them.
    """

    pairs: list[tuple[int, int]]
    source: list[Word]
    target: list[Word]


def align(text: str, compressed: str) -> list[Span]:
    """Words of ``text`` that ``compressed`` keeps.

    Of all alignments in order: the one with the most equal words, among those with the most reworded ones (see ``wording``),
    among those with the fewest breaks, since titles and names recur and a kept phrase is nearly always contiguous. Words that
    the teacher added match nothing. (LLMLingua-2, arXiv 2403.12968, section 3.2, searches a window to both sides instead.)

    Returns:
        Those of :func:`word_spans` of which more than half of the letters are kept, ascending.
    """
    return kept_words(text, alignment(text, compressed))


def word_spans(text: str) -> list[Span]:
    """The unit in which teachers' compressions are labelled: blank-separated words; phrases in scripts that write no blanks."""
    spans = []
    for match in _BLOCK.finditer(text):
        start, block = match.start(), match.group()
        parts = [Span(0, len(block))] if not _UNSPACED.search(block) else words(block)
        spans += [Span(start + a, start + b) for a, b in parts]
    return spans


def kept_words(text: str, found: Alignment) -> list[Span]:
    """Those of :func:`word_spans` of which more than half of the letters stand in a pair of the alignment."""
    matched = {index for index, _ in found.pairs}
    spans, at, result = word_spans(text), 0, []
    for span in spans:
        letters = kept = 0.0
        while at < len(found.source) and found.source[at].span.start < span.end:
            weight = _weight(text, found.source[at].span)
            letters, kept, at = letters + weight, kept + weight * (at in matched), at + 1
        if kept > _HALF * letters:
            result.append(span)
    return result


def _weight(text: str, span: Span) -> float:
    """Letters, those of Japanese endings and particles counted less: who keeps 議論 keeps 議論しました."""
    return _ENDING if _HIRAGANA.match(text, span.start) else float(span.end - span.start)


def alignment(text: str, compressed: str) -> Alignment:
    """The best alignment, see :func:`align`; time grows with the product of the two lengths."""
    source = words_of(text)
    target = respelled(text, source, words_of(compressed, attached=True))
    if not source or not target:
        return Alignment([], source, target)
    return Alignment(_best(*_weights(source, target)), source, target)


def _weights(source: Sequence[Word], target: Sequence[Word]) -> tuple[_Integers, _Integers]:
    """What a pair is worth, by key: shape [different source keys, target words]; and the row of each source word."""
    rows = {key: row for row, key in enumerate(dict.fromkeys(word.key for word in source))}
    columns: dict[str, list[int]] = {}
    for column, word in enumerate(target):
        columns.setdefault(word.key, []).append(column)
    weights = np.zeros((len(rows), len(target)), dtype=np.int64)
    marks = {word.key for word in source if word.mark}
    for key in rows.keys() & columns.keys():
        weights[rows[key], columns[key]] = _LESS if key in marks else _EXACT
    lettered = [key for key in rows if key not in marks]
    for key, others in alike((word.key for word in target if not word.mark), lettered).items():
        for other in others:
            weights[rows[other], columns[key]] = _LESS
    return weights, np.array([rows[word.key] for word in source])


def _best(weights: _Integers, rows: _Integers) -> list[tuple[int, int]]:
    """The heaviest alignment, by dynamic programming over the source's words, all target words at once.

    ``best[j]`` is the worth of the two prefixes, ``last[j]`` the same where the last source word is in a pair: a pair goes on
    from ``last`` without a break, from ``best`` with one.
    """
    size = len(rows), weights.shape[1]
    taken: _Table = np.zeros(size, dtype=bool)
    here, runs = taken.copy(), taken.copy()
    best, last = np.zeros(size[1] + 1, dtype=np.int64), np.full(size[1] + 1, _NEVER)
    for i, row in enumerate(rows):
        worth = weights[row]
        if not worth.any():
            last = np.full_like(last, _NEVER)
            continue
        runs[i] = last[:-1] >= best[:-1] - _BREAK
        paired = worth + np.where(worth > 0, np.maximum(last[:-1], best[:-1] - _BREAK), _NEVER)
        last = np.concatenate(([_NEVER], np.maximum.accumulate(paired)))
        here[i] = paired == last[1:]
        taken[i] = last[1:] >= best[1:]
        best = np.maximum(best, last)
    return _trace(taken, here, runs)


def _trace(taken: _Table, here: _Table, runs: _Table) -> list[tuple[int, int]]:
    """Pairs, read from the end.

    Args:
        taken: the source word is in a pair with one of the target words up to this one.
        here: with this one.
        runs: the source word before it is in a pair as well.
    """
    pairs: list[tuple[int, int]] = []
    bound, i, j = False, taken.shape[0] - 1, taken.shape[1] - 1
    while i >= 0 and j >= 0:
        if bound or taken[i, j]:
            while not here[i, j]:
                j -= 1
            pairs.append((i, j))
            bound, j = bool(runs[i, j]), j - 1
        i -= 1
    return pairs[::-1]
