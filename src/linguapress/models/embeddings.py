"""Relevance by embeddings of an encoder that pools by the mean, every unit embedded within its document."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from linguapress.models.embedded import EMBEDDED
from linguapress.models.encoder import Encoder, Reading, States, shared_encoder
from linguapress.models.legibility import legibility
from linguapress.notes import Notes, UnitNote, cosines
from linguapress.scores import Floats, Rating, unit_of, within
from linguapress.section_ratings import Section, by_passage, sectioned, sections, spread
from linguapress.text import Passage, Span
from linguapress.units import Units


@dataclass(frozen=True)
class EmbeddingRelevance:
    """Cosine of the query with each passage and with each of its units.

    The document is read once and its token states are pooled by unit, so that a sentence is embedded in its context ("late
    chunking", arXiv 2409.04701): one pass gives both levels.

    Attributes:
        model: ``"mini"``, or folder or hub name of an encoder whose embeddings are means of its last hidden states.
        device: ``"auto"`` or a torch device.
        runtime: what runs the model, see :func:`~linguapress.models.runtimes.graph_of`.
    """

    model: str = EMBEDDED
    device: str = "auto"
    runtime: str = "auto"

    @property
    def encoder(self) -> Encoder:
        """The encoder, shared by all who name the same model."""
        return shared_encoder(self.model, self.device, runtime=self.runtime)

    def rate(self, query: str, passages: Sequence[Passage], units: Sequence[Units]) -> Rating:
        """Cosines, -1..1; -1 without a token. A section's vector is the mean of the tokens that its units hold."""
        return self.rate_some(query, passages, units, range(len(sections(units))))

    def rate_some(self, query: str, passages: Sequence[Passage], units: Sequence[Units], chosen: Collection[int]) -> Rating:
        """Reads chosen sections, given by number; the others, and their units, count as the lowest that was found."""
        parts = sections(units)
        (asked,) = self.encoder.read([query])
        notes = self._notes(_narrowed(passages, units, [parts[number] for number in chosen]), passages, units)
        trust = np.array([note.legibility for note in notes], dtype=np.float32)
        trust *= min(1.0, 2 * legibility(query, asked.offsets, asked.unknown))  # a query is short, and often a rare name
        vector = asked.states.astype(np.float32).sum(axis=0)
        direction = vector / max(float(np.linalg.norm(vector)), 1e-6)
        rows, whole = cosines(notes, direction)
        if any(item.sections for item in units):
            _, whole = cosines([notes[part.passage].only(part.members) for part in parts], direction)
        if len(chosen) < len(parts):
            rows, whole = _with_lowest(rows, whole, units, chosen)
        return replace(sectioned(rows, whole, units), trust=trust)

    def fingerprints(self) -> frozenset[bytes]:
        """The one of its encoder."""
        return frozenset({self.encoder.fingerprint})

    def notes(self, passages: Sequence[Passage], units: Sequence[Units]) -> list[Notes]:
        """Mean states of the units, to be kept with the text."""
        whole = [passage.spans for passage in passages]
        return [(replace(note, model=self.encoder.fingerprint),) for note in self._notes(whole, passages, units)]

    def _notes(self, parts: Sequence[Sequence[Span]], passages: Sequence[Passage], units: Sequence[Units]) -> list[UnitNote]:
        """Notes from the records, of those that have one; of the others, parts of their sources are read together."""
        known = [
            passage.prepared.unit_note(self.encoder.fingerprint, item) if passage.prepared else None
            for passage, item in zip(passages, units, strict=True)
        ]
        unread = [(passage.source, spans) for passage, spans, note in zip(passages, parts, known, strict=True) if note is None]
        read = iter(self.encoder.read([source for source, _ in unread], [spans for _, spans in unread]))
        return [
            self._note(next(read), passage, item) if note is None else note
            for passage, item, note in zip(passages, units, known, strict=True)
        ]

    def _note(self, reading: Reading, passage: Passage, units: Units) -> UnitNote:
        owner = np.where(reading.read, unit_of(within(reading.offsets, passage), units.spans), -1)
        counts, means = _means(reading.states, owner, len(units.spans))
        return UnitNote.of(units, counts, means, legibility(passage.source, reading.offsets, reading.unknown))


def _narrowed(passages: Sequence[Passage], units: Sequence[Units], chosen: Sequence[Section]) -> list[tuple[Span, ...]]:
    """Where the members of sections stand in the source of each passage."""
    members: list[set[int]] = [set() for _ in passages]
    for part in chosen:
        members[part.passage].update(part.members)
    rows = zip(passages, units, members, strict=True)
    return [passage.narrow(item.spans[unit] for unit in sorted(kept)).spans for passage, item, kept in rows]


def _with_lowest(
    rows: Sequence[Floats], whole: Floats, units: Sequence[Units], chosen: Collection[int]
) -> tuple[list[Floats], Floats]:
    """Cosines of units and sections, in which those of sections that are not chosen are the lowest of the others."""
    read = np.zeros(len(whole), dtype=bool)
    read[list(chosen)] = True
    masks = spread(by_passage(read, units), units)
    least = _least(np.concatenate([row[mask] for row, mask in zip(rows, masks, strict=True)]))
    return [np.where(mask, row, least) for row, mask in zip(rows, masks, strict=True)], np.where(read, whole, _least(whole[read]))


def _least(values: Floats) -> np.float32:
    """The lowest cosine of what has tokens."""
    return np.float32(values[values > -1].min(initial=1.0))


def _means(states: States, owner: NDArray[np.int64], units: int) -> tuple[NDArray[np.int64], Floats]:
    """Tokens of each unit, shape [units], and their mean state, shape [units, width]; 0 for a unit without tokens.

    Args:
        states: shape [tokens, width].
        owner: the unit of each token, ascending, -1 for none; shape [tokens].
        units: how many there are.
    """
    owned = owner >= 0
    counts = np.bincount(owner[owned], minlength=units)
    means = np.zeros((units, states.shape[1]), dtype=np.float32)
    starts = np.flatnonzero(np.diff(owner[owned], prepend=-1))
    if len(starts):
        sums = np.add.reduceat(states[owned], starts, axis=0, dtype=np.float32)
        means[counts > 0] = sums / counts[counts > 0, None]
    return counts, means
