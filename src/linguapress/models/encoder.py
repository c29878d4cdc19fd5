"""A bidirectional encoder read once for each text: hidden states for embeddings, keep probabilities from the same pass."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from functools import cached_property, lru_cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from linguapress.errors import ModelNotFound
from linguapress.models.fingerprints import fingerprint, written
from linguapress.models.loading import Loaded, load_encoder
from linguapress.models.memory import Memory
from linguapress.models.runtimes import checked_runtime
from linguapress.models.sound import check_numbers
from linguapress.models.windows import Window, batches, past_blanks, windows
from linguapress.notes import probabilities, rounded_odds
from linguapress.scores import Floats, Offsets, TokenScores
from linguapress.segment import encodable

States = NDArray[np.float16]
_OVERLAP = 64
_KEPT = 1 << 20  # tokens whose keep probabilities are remembered: 20 bytes each, where a whole reading takes 800


class Reading(NamedTuple):
    """What an encoder makes of one text.

    Attributes:
        offsets: shape [tokens, 2], characters; special tokens are left out.
        states: shape [tokens, width], float16, last hidden layer.
        keep: shape [tokens], p(keep), rounded as a record keeps it; empty when the model has no such head.
        unknown: share of tokens outside the vocabulary, 0..1.
    """

    offsets: Offsets
    states: NDArray[np.float16]
    keep: Floats
    unknown: float

    @property
    def scores(self) -> TokenScores:
        """p(keep) of its tokens."""
        return TokenScores(self.offsets, self.keep)


class Cut(NamedTuple):
    """Texts as an encoder reads them.

    Attributes:
        ids: tokens of each text, special ones left out; shape [tokens].
        offsets: their characters; shape [tokens, 2].
        windows: what is read at once.
    """

    ids: list[NDArray[np.int64]]
    offsets: list[Offsets]
    windows: list[Window]


def shared_encoder(model: str, device: str = "auto", keep_label: str | int | None = None, runtime: str = "auto") -> Encoder:
    """The one encoder of that name in this process, however its defaults are spelled; nothing is loaded until it reads.

    Of a folder that was written anew it is a new one.
    """
    return _shared(model, device, keep_label, runtime, written(model))


@lru_cache(maxsize=8)
def _shared(model: str, device: str, keep_label: str | int | None, runtime: str, _: object) -> Encoder:
    return Encoder(model, device, keep_label, runtime=runtime)


class Encoder:
    """A Hugging Face encoder with a fast tokenizer, with or without a token classification head.

    Safe to call from several threads. Remembers the readings of recent texts, since the same chunks are retrieved again.
    """

    def __init__(
        self, model: str, device: str = "auto", keep_label: str | int | None = None, batch_tokens: int = 0, runtime: str = "auto"
    ) -> None:
        """Notes what to load; see :meth:`read`.

        Args:
            model: ``"mini"``, a local folder, or a hub name.
            device: ``"auto"`` or a torch device.
            keep_label: name or number of the label that means keep; None = found in ``id2label``.
            batch_tokens: tokens in a batch; 0 = what suits runtime and device. Results do not depend on it.
            runtime: what runs the model, see :func:`~linguapress.models.runtimes.graph_of`.
        """
        self.name, self.device_name, self.keep_label, self.batch_tokens = model, device, keep_label, batch_tokens
        self.runtime = checked_runtime(runtime)
        self._lock = threading.Lock()
        self._loaded: Loaded | None = None
        self._memory: Memory[str, Reading] = Memory(lambda reading: len(reading.offsets))
        self._kept: Memory[str, TokenScores] = Memory(lambda scores: len(scores.offsets), _KEPT)

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickles the settings, not the weights."""
        return Encoder, (self.name, self.device_name, self.keep_label, self.batch_tokens, self.runtime)

    @property
    def loaded(self) -> Loaded:
        """Model and tokenizer, loaded on first use."""
        if self._loaded is None:
            with self._lock:
                if self._loaded is None:
                    self._loaded = load_encoder(self.name, self.device_name, self.keep_label, self.runtime)
        return self._loaded

    @cached_property
    def fingerprint(self) -> bytes:
        """Which model it is, told by its files; those of a hub name come with the weights."""
        try:
            return fingerprint(self.name, self.keep_label)
        except ModelNotFound:
            _ = self.loaded
            return fingerprint(self.name, self.keep_label)

    def read(self, texts: Sequence[str]) -> list[Reading]:
        """Reads texts of any length, in windows where they are long.

        Returns:
            One reading for each text, in order.

        Raises:
            ModelNotFound: the model cannot be loaded.
            BrokenModel: it answers with NaN.
        """
        return self._memory.through(texts, self._read)

    def keep_probabilities(self, texts: Sequence[str]) -> list[TokenScores]:
        """p(keep) of the tokens of each text; remembered of more texts, and of longer ones, than whole readings are.

        Raises:
            ModelNotFound: the model cannot be loaded, or has no head that tells what to keep.
            BrokenModel: it answers with NaN.
        """
        if self.loaded.keep is None:
            raise ModelNotFound(f"{self.name!r} is no token classifier; give a model with a keep label")
        return self._kept.through(texts, lambda missing: [reading.scores for reading in self.read(missing)])

    def forget(self) -> None:
        """Empties the memory of readings (benchmarks of cold texts need it)."""
        self._memory.forget()
        self._kept.forget()

    def cut(self, texts: Sequence[str]) -> Cut:
        """Tokens of the texts, and the windows in which they are read.

        A text that the model reads at once is one window; windows of a longer one are no longer than those that it was trained on.
        """
        model = self.loaded
        encoded = model.tokenizer.encode_batch([encodable(text) for text in texts], add_special_tokens=False)
        ids = [np.asarray(item.ids, dtype=np.int64) for item in encoded]
        bounds = [np.asarray(item.offsets, dtype=np.int64).reshape(-1, 2) for item in encoded]
        offsets = [past_blanks(text, row) for text, row in zip(texts, bounds, strict=True)]
        sizes = [model.room if len(row) <= model.room else model.window for row in ids]
        rows = zip(texts, offsets, sizes, strict=True)
        todo = [w for number, row in enumerate(rows) if len(row[1]) for w in windows(number, *row, _OVERLAP)]
        return Cut(ids, offsets, todo)

    def _read(self, texts: Sequence[str]) -> list[Reading]:
        model = self.loaded
        ids, offsets, todo = self.cut(texts)
        states = [np.zeros((len(row), model.width), dtype=np.float16) for row in ids]
        keep = [np.zeros(len(row) if model.keep is not None else 0, dtype=np.float32) for row in ids]
        for length, batch in batches(todo, model.special, self.batch_tokens or model.batch_tokens, model.longest):
            hidden, probability = model.forward([ids[w.text][w.start : w.end] for w in batch], length)
            for row, window in enumerate(batch):
                _place(states, keep, window, hidden[row], probability[row] if probability is not None else None)
        check_numbers(self.name, "encoder", _telling(states) if model.keep is None else keep)
        keep = [probabilities(rounded_odds(row)) for row in keep]
        unknown = [float(np.mean(row == model.unknown)) if len(row) else 0.0 for row in ids]
        readings = [Reading(*parts) for parts in zip(offsets, states, keep, unknown, strict=True)]
        for text, reading in zip(texts, readings, strict=True) if model.keep is not None else ():
            self._kept.remember(text, reading.scores)
        return readings


def _telling(states: Sequence[States]) -> list[States]:
    """Numbers that are NaN where any is: one of each token, since norms spread it, and all of a token, since weights recur."""
    return [part for row in states for part in (row[:, :1], row[:1])]


def _place(states: Sequence[States], keep: Sequence[Floats], window: Window, hidden: States, probability: Floats | None) -> None:
    taken = slice(window.keep_from, window.keep_to)
    seen = slice(window.keep_from - window.start, window.keep_to - window.start)
    states[window.text][taken] = hidden[seen]
    if probability is not None:
        keep[window.text][taken] = probability[seen]
