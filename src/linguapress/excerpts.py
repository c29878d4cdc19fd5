"""Sections of passages as texts of their own, for models that read them, and the way back."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import accumulate, pairwise
from typing import NamedTuple

import numpy as np

from linguapress.scores import UNTOLD, Floats, TokenScores, in_source, unit_of
from linguapress.section_ratings import Section, sections
from linguapress.text import Passage, Span
from linguapress.units import Units


class Excerpt(NamedTuple):
    """A section with what it needs from elsewhere, such as the headings above it.

    Attributes:
        section: which one.
        passage: a passage of the members' text alone; the passage itself where it has one section only.
        units: the members, as ranges of that text.
        kept: the passage that it is of, narrowed to the members: it tells where characters of the text stand in the source.
    """

    section: Section
    passage: Passage
    units: Units
    kept: Passage

    def in_source(self, scores: TokenScores) -> TokenScores:
        """Numbers for tokens of this text's own units, as tokens of the source that the section is of."""
        if self.kept is self.passage:
            return scores
        owner = unit_of(scores.offsets, self.units.spans)
        inner = self.section.inner
        own = np.flatnonzero((owner >= inner.start) & (owner < inner.stop))
        starts, ends = scores.offsets[own, 0], scores.offsets[own, 1] - 1
        return TokenScores(np.stack([in_source(starts, self.kept), in_source(ends, self.kept) + 1], axis=1), scores.values[own])


def excerpts(passages: Sequence[Passage], units: Sequence[Units], chosen: Iterable[int] | None = None) -> list[Excerpt]:
    """The sections of passages as texts; all of them, or those that are chosen by number."""
    parts = sections(units)
    return [_excerpt(passages, units, parts[number]) for number in (range(len(parts)) if chosen is None else chosen)]


def _excerpt(passages: Sequence[Passage], units: Sequence[Units], part: Section) -> Excerpt:
    passage, item = passages[part.passage], units[part.passage]
    if not item.sections:
        return Excerpt(part, passage, item, passage)
    kept = passage.narrow(item.spans[unit] for unit in part.members)
    ends = accumulate(item.spans[unit].end - item.spans[unit].start for unit in part.members)
    spans = [Span(*pair) for pair in pairwise((0, *ends))]
    return Excerpt(part, Passage.whole(passage.index, kept.text), replace(item.within(part.members), spans=spans), kept)


def united(parts: Sequence[Excerpt], rows: Sequence[Floats], units: Sequence[Units]) -> list[Floats]:
    """What was found for the members of sections, by passage: shape [units of the passage], 0 in sections that were not read.

    Args:
        parts: what was read.
        rows: of each part, shape [members].
        units: of the passages.
    """
    found: list[Floats] = [np.zeros(len(item.spans)) for item in units]
    for part, row in zip(parts, rows, strict=True):
        own = part.section.own
        found[part.section.passage][own.start : own.stop] = row[part.section.inner]
    return found


def tokens_of(parts: Sequence[Excerpt], scores: Sequence[TokenScores], count: int) -> list[TokenScores]:
    """What was found for the tokens of sections, as tokens of the sources of ``count`` passages; none of what was not read."""
    rows: list[list[TokenScores]] = [[] for _ in range(count)]
    for part, own in zip(parts, scores, strict=True):
        rows[part.section.passage].append(part.in_source(own))
    return [_joined(row) for row in rows]


def _joined(rows: Sequence[TokenScores]) -> TokenScores:
    if not rows:
        return UNTOLD
    return TokenScores(np.concatenate([row.offsets for row in rows]), np.concatenate([row.values for row in rows]))
