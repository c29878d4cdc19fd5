"""Relevance by embeddings of an encoder that pools by the mean, every unit embedded within its document."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from linguapress.models.embedded import EMBEDDED
from linguapress.models.encoder import Encoder, shared_encoder
from linguapress.models.legibility import legibility
from linguapress.scores import Floats, Rating, unit_of, within
from linguapress.text import Passage
from linguapress.units import Units


@dataclass(frozen=True)
class EmbeddingRelevance:
    """Cosine of the query with each passage and with each of its units.

    The document is read once and its token states are pooled by unit, so that a sentence is embedded in its context ("late
    chunking", arXiv 2409.04701): one pass gives both levels.

    Attributes:
        model: ``"mini"``, or folder or hub name of an encoder whose embeddings are means of its last hidden states.
        device: ``"auto"`` or a torch device.
    """

    model: str = EMBEDDED
    device: str = "auto"

    @property
    def encoder(self) -> Encoder:
        """The encoder, shared by all who name the same model."""
        return shared_encoder(self.model, self.device)

    def rate(self, query: str, passages: Sequence[Passage], units: Sequence[Units]) -> Rating:
        """Cosines, -1..1; a unit without a token gets -1."""
        asked, *readings = self.encoder.read([query, *(passage.source for passage in passages)])
        direction = _unit_length(asked.states.astype(np.float32).mean(axis=0)) if len(asked.states) else None
        of_passages, of_units = [], []
        for reading, passage, item in zip(readings, passages, units, strict=True):
            if direction is None or not len(reading.states):
                of_passages.append(-1.0)
                of_units.append(np.full(len(item.spans), -1.0, dtype=np.float32))
            else:
                states = reading.states.astype(np.float32)
                of_passages.append(float(_unit_length(states.mean(axis=0)) @ direction))
                of_units.append(_cosines(states, unit_of(within(reading.offsets, passage), item.spans), direction, len(item.spans)))
        return Rating(of_units, np.array(of_passages, dtype=np.float32))

    def legibility(self, texts: Sequence[str]) -> Floats:
        """How well the vocabulary fits each text, 0..1; see :func:`~linguapress.models.legibility.legibility`."""
        pairs = zip(self.encoder.read(texts), texts, strict=True)
        return np.array([legibility(text, reading.offsets, reading.unknown) for reading, text in pairs], dtype=np.float32)


def _cosines(states: Floats, owner: NDArray[np.int64], direction: Floats, units: int) -> Floats:
    """Cosine of each unit's mean state with the query, shape [units].

    Args:
        states: shape [tokens, width].
        owner: the unit of each token, ascending, -1 for none; shape [tokens].
        direction: shape [width], length 1.
        units: how many there are.
    """
    cosines = np.full(units, -1.0, dtype=np.float32)
    owned = owner >= 0
    starts = np.flatnonzero(np.diff(owner[owned], prepend=-1))
    if len(starts):
        sums = np.add.reduceat(states if owned.all() else states[owned], starts, axis=0)
        cosines[owner[owned][starts]] = (sums @ direction) / np.maximum(np.linalg.norm(sums, axis=1), 1e-6)
    return cosines


def _unit_length(vector: Floats) -> Floats:
    return np.asarray(vector / max(float(np.linalg.norm(vector)), 1e-6), dtype=np.float32)
