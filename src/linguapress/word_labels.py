"""Which words of each document were kept: labels for training, or for looking."""

from __future__ import annotations

from linguapress.compression import Compression
from linguapress.segment import words
from linguapress.text import Passage


def word_labels(compression: Compression) -> list[list[tuple[str, bool]]]:
    """Every word of every document, and whether it was kept.

    Args:
        compression: of any method.

    Returns:
        One list for each document, in the order in which the caller gave them, those dropped whole included. Words come without
        the blanks around them; a word counts as kept when its first character is.
    """
    passages = sorted((*compression.passages, *compression.dropped), key=lambda passage: passage.index)
    return [_labels(passage) for passage in passages]


def _labels(passage: Passage) -> list[tuple[str, bool]]:
    spans, at, found = passage.spans, 0, []
    for start, end in words(passage.source):
        word = passage.source[start:end]
        first = start + len(word) - len(word.lstrip())
        while at < len(spans) and spans[at].end <= first:
            at += 1
        if word.strip():
            found.append((word.strip(), at < len(spans) and spans[at].start <= first))
    return found
