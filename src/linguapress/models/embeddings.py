"""Relevance by embeddings of an encoder that pools by the mean, every unit embedded within its document."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from linguapress.models.encoder import EMBEDDED, Encoder, Reading, shared_encoder
from linguapress.scores import Floats, Rating, unit_of, within
from linguapress.text import Passage
from linguapress.units import Units

_SPELLED, _READ = 1.6, 2.4  # characters a token at which a script counts as spelled out, and as read


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
                of_passages.append(float(_unit_length(reading.states.astype(np.float32).mean(axis=0)) @ direction))
                of_units.append(_cosines(reading, passage, item, direction))
        return Rating(of_units, np.array(of_passages, dtype=np.float32))

    def legibility(self, texts: Sequence[str]) -> Floats:
        """How well the vocabulary fits each text, 0..1: by characters a token, and by the share of unknown tokens.

        A vocabulary that spells a script letter by letter comes from training that saw little of it.
        """
        return np.array([_legibility(reading) for reading in self.encoder.read(texts)], dtype=np.float32)


def _cosines(reading: Reading, passage: Passage, units: Units, direction: Floats) -> Floats:
    owner = unit_of(within(reading.offsets, passage), units.spans)
    owned = owner >= 0
    starts = np.flatnonzero(np.diff(owner[owned], prepend=-1))
    if not len(starts):
        return np.full(len(units.spans), -1.0, dtype=np.float32)
    sums = np.add.reduceat(reading.states[owned].astype(np.float32), starts, axis=0)
    cosines = np.full(len(units.spans), -1.0, dtype=np.float32)
    cosines[owner[owned][starts]] = (sums @ direction) / np.maximum(np.linalg.norm(sums, axis=1), 1e-6)
    return cosines


def _legibility(reading: Reading) -> float:
    if not len(reading.offsets):
        return 1.0
    characters = float((reading.offsets[:, 1] - reading.offsets[:, 0]).mean())
    fit = min(1.0, max(0.0, (characters - _SPELLED) / (_READ - _SPELLED)))
    return fit * max(0.0, 1 - 4 * reading.unknown)


def _unit_length(vector: Floats) -> Floats:
    return np.asarray(vector / max(float(np.linalg.norm(vector)), 1e-6), dtype=np.float32)
