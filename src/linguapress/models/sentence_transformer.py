"""Relevance by any sentence-transformers model (extra ``sentence-transformers``)."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import numpy as np

from linguapress.errors import MissingExtra, ModelNotFound
from linguapress.excerpts import excerpts
from linguapress.hub import located
from linguapress.models.fingerprints import written
from linguapress.scores import Floats, Rating
from linguapress.section_ratings import sectioned
from linguapress.text import Passage
from linguapress.units import Units

_LOADING = threading.Lock()


@dataclass(frozen=True)
class SentenceTransformerRelevance:
    """Cosine of the query with each section and with each unit, embedded on its own.

    Attributes:
        model: folder or hub name of a ``SentenceTransformer``.
        device: ``"auto"`` or a torch device.
        batch_size: texts in a batch.
    """

    model: str
    device: str = "auto"
    batch_size: int = 32

    def rate(self, query: str, passages: Sequence[Passage], units: Sequence[Units]) -> Rating:
        """Cosines, -1..1."""
        texts = _texts(passages, units)
        model = _loaded("SentenceTransformer", self.model, self.device)
        asked = model.encode_query([query], normalize_embeddings=True, show_progress_bar=False)[0]
        vectors = model.encode_document(texts, batch_size=self.batch_size, normalize_embeddings=True, show_progress_bar=False)
        return _rating(np.asarray(vectors @ asked, dtype=np.float32), units)


@dataclass(frozen=True)
class CrossEncoderRelevance:
    """Scores of a cross-encoder that reads the query together with each section and each unit.

    Attributes:
        model: folder or hub name of a ``CrossEncoder`` with one output.
        device: ``"auto"`` or a torch device.
        batch_size: pairs in a batch.
    """

    model: str
    device: str = "auto"
    batch_size: int = 32

    def rate(self, query: str, passages: Sequence[Passage], units: Sequence[Units]) -> Rating:
        """Probabilities, 0..1."""
        pairs = [(query, text) for text in _texts(passages, units)]
        model = _loaded("CrossEncoder", self.model, self.device)
        logits = model.predict(pairs, batch_size=self.batch_size, show_progress_bar=False, apply_softmax=False)
        values = np.asarray(logits, dtype=np.float32)
        if values.ndim != 1:
            raise ModelNotFound(f"the cross-encoder {self.model!r} has {values.shape[-1]} outputs, one is needed")
        return _rating(values, units)


@dataclass(frozen=True)
class CrossEncoderSelector:
    """A cross-encoder as a selector: a sentence is needed as probably as it is relevant by itself.

    Attributes:
        relevance: the cross-encoder.
    """

    relevance: CrossEncoderRelevance

    def rate(self, query: str, passages: Sequence[Passage], units: Sequence[Units]) -> Rating:
        """Log-odds of passages, probabilities of units."""
        rating = self.relevance.rate(query, passages, units)
        chance = np.clip(np.asarray(rating.passages, dtype=np.float64), 1e-6, 1 - 1e-6)
        return replace(rating, passages=np.log(chance / (1 - chance)), sections=None)

    def legibility(self, texts: Sequence[str]) -> Floats:
        """1 for every text; whoever names a model knows its languages."""
        return np.ones(len(texts), dtype=np.float32)


def _texts(passages: Sequence[Passage], units: Sequence[Units]) -> list[str]:
    """All sections, then all units."""
    parts = [passage.text[start:end] for passage, item in zip(passages, units, strict=True) for start, end in item.spans]
    return [*(read.passage.text for read in excerpts(passages, units)), *parts]


def _rating(values: Floats, units: Sequence[Units]) -> Rating:
    count = len(values) - sum(len(item.spans) for item in units)
    rows = np.split(values[count:], np.cumsum([len(item.spans) for item in units])[:-1]) if units else []
    return sectioned(rows, values[:count], units)


@lru_cache(maxsize=4)
def _load(kind: str, name: str, device: str, _: object) -> Any:
    try:
        import sentence_transformers
    except ImportError as error:
        raise MissingExtra("sentence-transformers", "sentence-transformers") from error
    from linguapress.models.devices import device_of

    folder = located(name, "sentence-transformers")
    try:
        return getattr(sentence_transformers, kind)(folder, device=str(device_of(device)))
    except (OSError, ValueError) as error:
        raise ModelNotFound(f"cannot load the {kind} {name!r}: {error}") from error


def _loaded(kind: str, name: str, device: str) -> Any:
    with _LOADING:
        return _load(kind, name, device, written(name))
