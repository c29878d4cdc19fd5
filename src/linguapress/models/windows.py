"""Long texts in windows, and windows in batches whose results do not depend on one another."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import regex

from linguapress.scores import Offsets
from linguapress.segment import STOPS

ROUND = 16
_STOPS = frozenset(STOPS)


class Window(NamedTuple):
    """Tokens ``start:end`` of text number ``text``, of which ``keep_from:keep_to`` are taken from this window."""

    text: int
    start: int
    end: int
    keep_from: int
    keep_to: int


def windows(text: int, source: str, offsets: Offsets, size: int, overlap: int) -> Iterator[Window]:
    """Windows of at most ``size`` tokens that end where paragraphs, lines or sentences do; where nothing ends they overlap.

    Args:
        text: number of the text.
        source: the text.
        offsets: of its tokens, each beginning at a character that is not blank; shape [tokens, 2].
        size: most tokens of a window.
        overlap: most tokens that two windows share.
    """
    if len(offsets) <= size:
        yield Window(text, 0, len(offsets), 0, len(offsets))
        return
    ends, half = _ends(source, offsets), min(overlap, size // 2) // 2
    start, torn = 0, 0
    while len(offsets) - (start - torn) > size:
        most = start - torn + size
        cut = max(range(start + (most - start + 2) // 3, most + 1), key=lambda token: (ends[token], token))
        tears = half if not ends[cut] else 0
        cut -= tears
        yield Window(text, start - torn, cut + tears, start, cut)
        start, torn = cut, tears
    yield Window(text, start - torn, len(offsets), start, len(offsets))


def _ends(source: str, offsets: Offsets) -> list[int]:
    """What ends before each token: 3 a paragraph, 2 a line, 1 a sentence, 0 nothing."""
    found = [0] * len(offsets)
    bounds = offsets.tolist()
    for token, ((_, end), (start, _)) in enumerate(pairwise(bounds), start=1):
        if "\n" in (gap := source[end:start]):
            found[token] = 1 + min(2, gap.count("\n"))
        elif source[end - 1 : end] in _STOPS and (gap or not source[end - 1].isascii()):
            found[token] = 1
    return found


def batches(items: Sequence[Window], extra: int, batch_tokens: int, longest: int) -> Iterator[tuple[int, list[Window]]]:
    """Groups of windows that are padded to the same length, with that length; long ones first.

    A window is padded to the next multiple of 16 of its own length, whatever else is in the batch, so that the same text gives
    the same bits in any company and at any batch size.

    Args:
        items: windows in any order.
        extra: special tokens that each window gains.
        batch_tokens: most tokens in a batch, padding counted.
        longest: most tokens that the model reads.
    """
    groups: dict[int, list[Window]] = defaultdict(list)
    for item in items:
        padded = -(-(item.end - item.start + extra) // ROUND) * ROUND
        groups[min(padded, longest)].append(item)
    for length in sorted(groups, reverse=True):
        rows = max(1, batch_tokens // length)
        for at in range(0, len(groups[length]), rows):
            yield length, groups[length][at : at + rows]


def past_blanks(text: str, offsets: Offsets) -> Offsets:
    """Offsets that begin at a character that is not blank; some tokenizers count the blank before a word to it."""
    if not any(text[start].isspace() for start in offsets[:, 0].tolist()):
        return offsets
    blank = np.zeros(len(text) + 1, dtype=bool)
    for match in regex.finditer(r"\s+", text):
        blank[match.start() : match.end()] = True
    position = np.where(blank, len(text), np.arange(len(text) + 1))
    following = np.minimum.accumulate(position[::-1])[::-1]
    return np.stack([np.minimum(following[offsets[:, 0]], offsets[:, 1]), offsets[:, 1]], axis=1)
