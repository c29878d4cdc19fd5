"""What the models of a compressor remember, and the time that they take."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, fields, is_dataclass
from typing import Any, TypeAlias

from linguapress.evaluation.remembered import RememberedLM, RememberedRelevance
from linguapress.models.embeddings import EmbeddingRelevance
from linguapress.models.encoder import Encoder
from linguapress.models.pair_reader import PairReader
from linguapress.models.pair_relevance import PairRelevance
from linguapress.models.token_classifier import TokenClassifier

Forgetful: TypeAlias = Encoder | PairReader | RememberedLM | RememberedRelevance


@dataclass
class Clock:
    """Seconds that the models spent in their forward passes."""

    seconds: float = 0.0


def readers(compressors: Iterable[Any]) -> list[Forgetful]:
    """Whatever reads texts for the compressors and remembers them, each once."""
    found = (_reader(part) for compressor in compressors for part in _parts(compressor))
    return list({id(reader): reader for reader in found if reader is not None}.values())


@contextmanager
def forward_clock(forgetful: Iterable[Forgetful]) -> Iterator[Clock]:
    """Counts the time of every forward pass of those whose weights are known; they are loaded first."""
    clock = Clock()
    with ExitStack() as stack:
        for reader in forgetful:
            if not isinstance(reader, RememberedRelevance):
                stack.enter_context(_timed(reader.loaded, clock))
        yield clock


def _parts(value: Any) -> Iterator[Any]:
    """A dataclass and all that its fields hold, itself first."""
    if isinstance(value, tuple):
        for item in value:
            yield from _parts(item)
    elif is_dataclass(value):
        yield value
        for item in fields(value):
            yield from _parts(getattr(value, item.name))


def _reader(part: Any) -> Forgetful | None:
    if isinstance(part, RememberedLM | RememberedRelevance):
        return part
    if isinstance(part, PairRelevance):
        return part.reader
    return part.encoder if isinstance(part, EmbeddingRelevance | TokenClassifier) else None


@contextmanager
def _timed(loaded: Any, clock: Clock) -> Iterator[None]:
    forward = loaded.forward

    def timed(*args: Any, **more: Any) -> Any:
        start = time.perf_counter()
        try:
            return forward(*args, **more)
        finally:
            clock.seconds += time.perf_counter() - start

    loaded.forward = timed
    try:
        yield
    finally:
        loaded.forward = forward
