"""Relevance by a selector that reads the question and a passage together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from linguapress.models.embedded import SELECTOR
from linguapress.models.pair_reader import PairReader, shared_pair_reader
from linguapress.models.sentence_odds import sentence_evidence, sentence_shares
from linguapress.scores import Floats, Rating, TokenScores, within
from linguapress.text import Passage
from linguapress.units import Units


@dataclass(frozen=True)
class PairRelevance:
    """Relevance logit of each passage, and the mean probability of each unit's tokens of being needed.

    Attributes:
        model: ``"select"`` (embedded), or a folder that ``linguapress train select`` has written.
        device: ``"auto"`` or a torch device.
        runtime: what runs the model, see :func:`~linguapress.models.runtimes.graph_of`.
    """

    model: str = SELECTOR
    device: str = "auto"
    runtime: str = "auto"

    @property
    def reader(self) -> PairReader:
        """The model, shared by all who name the same one."""
        return shared_pair_reader(self.model, self.device, self.runtime)

    def rate(self, query: str, passages: Sequence[Passage], units: Sequence[Units]) -> Rating:
        """Logits of passages (-inf for one without a token) and the mean need of units, 0..1 (0 for a unit without a token).

        ``needed`` is the probability of a unit being needed, by all that the selector says. The tokens' numbers are logits of being
        part of the answer.
        """
        readings = self.reader.read(query, [passage.source for passage in passages])
        rows, needed = [], []
        for reading, passage, item in zip(readings, passages, units, strict=True):
            offsets = within(reading.offsets, passage)
            shares = sentence_shares(reading, offsets, item.spans)
            rows.append(np.nan_to_num(shares))
            needed.append(self.reader.odds.chances(sentence_evidence(reading, offsets, item.spans, shares)))
        whole = np.array([reading.relevance for reading in readings], dtype=np.float32)
        cut = () if self.reader.fits(query) else ("the query is too long for the selector; its beginning and its end were read",)
        return Rating(rows, whole, cut, needed, tokens=[TokenScores(reading.offsets, reading.answer) for reading in readings])

    def legibility(self, texts: Sequence[str]) -> Floats:
        """How well the vocabulary fits each text, 0..1; see :func:`~linguapress.models.legibility.legibility`."""
        return self.reader.legibility(texts)
