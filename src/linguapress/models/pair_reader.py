"""Questions and passages read together, passages of any length."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from linguapress.models.embedded import SELECTOR
from linguapress.models.fingerprints import written
from linguapress.models.legibility import legibility
from linguapress.models.memory import Memory
from linguapress.models.pair_frame import Pairs, load_pairs
from linguapress.models.runtimes import checked_runtime
from linguapress.models.sound import check_numbers
from linguapress.models.windows import batches, past_blanks, windows
from linguapress.scores import Floats, Offsets
from linguapress.segment import encodable

if TYPE_CHECKING:
    from linguapress.models.pair_weights import PairWeights
    from linguapress.models.sentence_odds import SentenceOdds

_OVERLAP = 96


class PairReading(NamedTuple):
    """What a selector makes of one passage for one question.

    Attributes:
        offsets: shape [tokens, 2], characters of the passage.
        need: shape [tokens], p(needed to answer).
        answer: shape [tokens], logit of being part of the answer; only differences within one question mean something.
        relevance: logit of the passage; only differences between passages of one question mean something.
        unknown: share of tokens outside the vocabulary, 0..1.
    """

    offsets: Offsets
    need: Floats
    answer: Floats
    relevance: float
    unknown: float


class _Legible(NamedTuple):
    """How well the vocabulary fits a text, 0..1, and in how many tokens."""

    share: float
    tokens: int


def shared_pair_reader(model: str = SELECTOR, device: str = "auto", runtime: str = "auto") -> PairReader:
    """The one reader of that name in this process, however its defaults are spelled; nothing is loaded until it reads.

    Of a folder that was written anew it is a new one.
    """
    return _shared(model, device, runtime, written(model))


@lru_cache(maxsize=4)
def _shared(model: str, device: str, runtime: str, _: object) -> PairReader:
    return PairReader(model, device, runtime=runtime)


class PairReader:
    """A selector that ``linguapress train select`` has written, or the embedded one. Safe to call from several threads."""

    def __init__(self, model: str = SELECTOR, device: str = "auto", batch_tokens: int = 0, runtime: str = "auto") -> None:
        """Notes what to load; see :meth:`read`.

        Args:
            model: ``"select"``, or a folder.
            device: ``"auto"`` or a torch device.
            batch_tokens: tokens in a batch; 0 = what suits runtime and device. Results do not depend on it.
            runtime: what runs the model, see :func:`~linguapress.models.runtimes.graph_of`.
        """
        self.name, self.device_name, self.batch_tokens = model, device, batch_tokens
        self.runtime = checked_runtime(runtime)
        self._lock = threading.Lock()
        self._loaded: Pairs | None = None
        self._memory: Memory[tuple[str, str], PairReading] = Memory(lambda reading: len(reading.offsets))
        self._legible: Memory[str, _Legible] = Memory(lambda found: found.tokens)

    @classmethod
    def of(cls, weights: PairWeights) -> PairReader:
        """A reader of a model in memory."""
        reader = cls("", str(weights.device))
        reader._loaded = weights
        return reader

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickles the settings, not the weights."""
        if not self.name:
            raise TypeError("a reader of a model in memory cannot be pickled; save the model and name its folder")
        return PairReader, (self.name, self.device_name, self.batch_tokens, self.runtime)

    @property
    def loaded(self) -> Pairs:
        """Model and tokenizer, loaded on first use."""
        if self._loaded is None:
            with self._lock:
                if self._loaded is None:
                    self._loaded = load_pairs(self.name, self.device_name, self.runtime)
        return self._loaded

    @property
    def odds(self) -> SentenceOdds:
        """What makes the probability that a sentence is needed of a reading."""
        return self.loaded.frame.odds

    def read(self, question: str, passages: Sequence[str]) -> list[PairReading]:
        """Reads each passage together with the question; one that is too long in windows, the best of which counts.

        Of a question that would fill more than a third of the model's window the beginning and the end are read.

        Raises:
            ModelNotFound: the model cannot be loaded.
            BrokenModel: it answers with NaN.
        """
        return self._memory.through([(question, passage) for passage in passages], self._read)

    def forget(self) -> None:
        """Empties the memory of readings (benchmarks of cold texts need it)."""
        self._memory.forget()
        self._legible.forget()

    def fits(self, question: str) -> bool:
        """Whether the question is read whole."""
        return len(self.loaded.ids([encodable(question)])[0].ids) <= self.loaded.longest_question

    def legibility(self, texts: Sequence[str]) -> Floats:
        """How well the vocabulary fits each text, 0..1; see :func:`~linguapress.models.legibility.legibility`."""
        return np.array([found.share for found in self._legible.through(texts, self._spelled)], dtype=np.float32)

    def _spelled(self, texts: Sequence[str]) -> list[_Legible]:
        encoded = self.loaded.ids([encodable(text) for text in texts])
        unknown = [float(np.mean(np.asarray(item.ids) == self.loaded.unknown)) if item.ids else 0.0 for item in encoded]
        offsets = [np.asarray(item.offsets, dtype=np.int64).reshape(-1, 2) for item in encoded]
        rows = zip(texts, offsets, unknown, strict=True)
        return [_Legible(legibility(text, places, share), len(places)) for text, places, share in rows]

    def _read(self, pairs: Sequence[tuple[str, str]]) -> list[PairReading]:
        model = self.loaded
        question = model.question(encodable(pairs[0][0]))
        encoded = model.ids([encodable(passage) for _, passage in pairs])
        ids = [np.asarray(item.ids, dtype=np.int64) for item in encoded]
        offsets = [np.asarray(item.offsets, dtype=np.int64).reshape(-1, 2) for item in encoded]
        need = [np.zeros(len(row), dtype=np.float32) for row in ids]
        answer = [np.zeros(len(row), dtype=np.float32) for row in ids]
        relevance = np.full(len(ids), -np.inf, dtype=np.float32)
        extra = model.special + len(question)
        spans = [past_blanks(passage, row) for (_, passage), row in zip(pairs, offsets, strict=True)]
        rows = [(number, pairs[number][1], row) for number, row in enumerate(spans) if len(row)]
        todo = [window for row in rows for window in windows(*row, model.longest - extra, _OVERLAP)]
        for length, batch in batches(todo, extra, self.batch_tokens or model.batch_tokens, model.longest):
            logits, *scores = model.forward(question, [ids[w.text][w.start : w.end] for w in batch], length)
            check_numbers(self.name, "selector", [logits])
            for row, window in enumerate(batch):
                read = slice(window.keep_from - window.start, window.keep_to - window.start)
                for found, values in zip((need, answer), scores, strict=True):
                    found[window.text][window.keep_from : window.keep_to] = values[row, read]
                relevance[window.text] = max(relevance[window.text], logits[row])
        check_numbers(self.name, "selector", need)
        unknown = [float(np.mean(row == model.unknown)) if len(row) else 0.0 for row in ids]
        return [PairReading(*parts) for parts in zip(spans, need, answer, map(float, relevance), unknown, strict=True)]
