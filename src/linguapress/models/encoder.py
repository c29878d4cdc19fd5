"""A bidirectional encoder that reads each window of a text once: hidden states for embeddings, keep probabilities beside them."""

from __future__ import annotations

import threading
from bisect import bisect_right
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
from linguapress.scores import UNTOLD, Floats, Offsets, TokenScores
from linguapress.segment import encodable
from linguapress.text import Span

States = NDArray[np.float16]
_OVERLAP = 64
_CUT = 1 << 18  # tokens whose ids and places are remembered: 24 bytes each
_KEPT = 1 << 20  # tokens whose keep probabilities are: 12 bytes each, where the states of one take 768


class Reading(NamedTuple):
    """What an encoder makes of one text.

    Attributes:
        offsets: shape [tokens, 2], characters; special tokens are left out.
        states: shape [tokens, width], float16, last hidden layer; 0 where the text was not read.
        keep: shape [tokens], p(keep), rounded as a record keeps it; 0 where the text was not read, empty when the model has no such
            head.
        unknown: share of all tokens outside the vocabulary, 0..1.
        read: shape [tokens], which of them were read.
    """

    offsets: Offsets
    states: States
    keep: Floats
    unknown: float
    read: NDArray[np.bool_]


class Cut(NamedTuple):
    """One text as an encoder reads it.

    Attributes:
        ids: its tokens, special ones left out; shape [tokens].
        offsets: their characters; shape [tokens, 2].
        windows: what is read at once.
    """

    ids: NDArray[np.int64]
    offsets: Offsets
    windows: list[Window]

    def within(self, spans: Sequence[Span]) -> list[Window]:
        """The windows that stand for some character of ascending spans."""
        ends = [end for _, end in spans]
        bounds = ((w, self.offsets[w.keep_from, 0], self.offsets[w.keep_to - 1, 1]) for w in self.windows)
        places = ((w, bisect_right(ends, start), end) for w, start, end in bounds)
        return [w for w, at, end in places if at < len(spans) and spans[at][0] < end]


class _Seen(NamedTuple):
    """One window: its states, shape [tokens, width], and p(keep), shape [tokens] or none."""

    states: States
    keep: Floats


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

    Safe to call from several threads. Remembers what it has read lately, since the same chunks are retrieved again.
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
        self._cuts: Memory[str, Cut] = Memory(lambda cut: len(cut.ids), _CUT)
        self._seen: Memory[bytes, _Seen] = Memory(lambda seen: len(seen.states))  # by the ids of a window
        self._kept: Memory[bytes, Floats] = Memory(len, _KEPT)

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

    def read(self, texts: Sequence[str], parts: Sequence[Sequence[Span]] | None = None) -> list[Reading]:
        """Reads texts of any length, in windows where they are long.

        Args:
            texts: what to read.
            parts: ascending spans of each text; windows of it that hold none of them are not read. None = everything is.

        Returns:
            One reading for each text, in order. What was read does not depend on what else was.

        Raises:
            ModelNotFound: the model cannot be loaded.
            BrokenModel: it answers with NaN.
        """
        cuts, rows = self._chosen(texts, parts)
        found = iter(self._seen.through([_ids(cut, w) for cut, row in zip(cuts, rows, strict=True) for w in row], self._read))
        return [self._reading(cut, row, [next(found) for _ in row]) for cut, row in zip(cuts, rows, strict=True)]

    def keep_probabilities(self, texts: Sequence[str], parts: Sequence[Sequence[Span]] | None = None) -> list[TokenScores]:
        """p(keep) of the tokens that were read of each text; remembered of more than whole readings are.

        Args:
            texts: as for :meth:`read`.
            parts: as for :meth:`read`.

        Raises:
            ModelNotFound: the model cannot be loaded, or has no head that tells what to keep.
            BrokenModel: it answers with NaN.
        """
        if self.loaded.keep is None:
            raise ModelNotFound(f"{self.name!r} is no token classifier; give a model with a keep label")
        cuts, rows = self._chosen(texts, parts)
        keys = [_ids(cut, w) for cut, row in zip(cuts, rows, strict=True) for w in row]
        found = iter(self._kept.through(keys, lambda missing: [seen.keep for seen in self._seen.through(missing, self._read)]))
        scores = []
        for cut, row in zip(cuts, rows, strict=True):
            values = [next(found)[_taken(w)] for w in row]
            offsets = [cut.offsets[w.keep_from : w.keep_to] for w in row]
            scores.append(TokenScores(np.concatenate(offsets), np.concatenate(values)) if row else UNTOLD)
        return scores

    def forget(self) -> None:
        """Empties the memory of readings (benchmarks of cold texts need it)."""
        for memory in (self._cuts, self._seen, self._kept):
            memory.forget()

    def cut(self, texts: Sequence[str]) -> list[Cut]:
        """Tokens of the texts, and the windows in which they are read.

        A text that the model reads at once is one window; windows of a longer one are no longer than those that it was trained on.
        """
        model = self.loaded
        encoded = model.tokenizer.encode_batch([encodable(text) for text in texts], add_special_tokens=False)
        return [self._cut(text, item) for text, item in zip(texts, encoded, strict=True)]

    def _cut(self, text: str, encoded: Any) -> Cut:
        model, ids = self.loaded, np.asarray(encoded.ids, dtype=np.int64)
        offsets = past_blanks(text, np.asarray(encoded.offsets, dtype=np.int64).reshape(-1, 2))
        size = model.room if len(ids) <= model.room else model.window
        return Cut(ids, offsets, list(windows(0, text, offsets, size, _OVERLAP)) if len(ids) else [])

    def _chosen(self, texts: Sequence[str], parts: Sequence[Sequence[Span]] | None) -> tuple[list[Cut], list[list[Window]]]:
        """The texts cut, and what is to be read of each."""
        cuts = self._cuts.through(texts, self.cut)
        if parts is None:
            return cuts, [cut.windows for cut in cuts]
        return cuts, [cut.within(spans) for cut, spans in zip(cuts, parts, strict=True)]

    def _read(self, keys: Sequence[bytes]) -> list[_Seen]:
        """Reads windows, each given by its ids."""
        model, rows = self.loaded, [np.frombuffer(key, dtype=np.int64) for key in keys]
        found: dict[int, _Seen] = {}
        todo = [Window(number, 0, len(row), 0, len(row)) for number, row in enumerate(rows)]
        for length, batch in batches(todo, model.special, self.batch_tokens or model.batch_tokens, model.longest):
            hidden, probability = model.forward([rows[w.text] for w in batch], length)
            for at, (number, _, end, _, _) in enumerate(batch):
                keep = np.empty(0, dtype=np.float32) if probability is None else probability[at, :end]
                found[number] = _Seen(hidden[at, :end].copy(), np.array(keep, dtype=np.float32))
        seen = [found[number] for number in range(len(rows))]
        check_numbers(self.name, "encoder", _telling([s.states for s in seen]) if model.keep is None else [s.keep for s in seen])
        seen = [_Seen(states, probabilities(rounded_odds(keep))) for states, keep in seen]
        for key, (_, keep) in zip(keys, seen, strict=True) if model.keep is not None else ():
            self._kept.remember(key, keep)
        return seen

    def _reading(self, cut: Cut, row: Sequence[Window], seen: Sequence[_Seen]) -> Reading:
        """What the windows say of their text."""
        model, tokens = self.loaded, len(cut.ids)
        unknown = float(np.mean(cut.ids == model.unknown)) if tokens else 0.0
        if len(row) == len(cut.windows) == 1:
            return Reading(cut.offsets, *seen[0], unknown, np.ones(tokens, dtype=bool))
        states = np.zeros((tokens, model.width), dtype=np.float16)
        keep = np.zeros(tokens if model.keep is not None else 0, dtype=np.float32)
        read = np.zeros(tokens, dtype=bool)
        for window, (hidden, probability) in zip(row, seen, strict=True):
            own = slice(window.keep_from, window.keep_to)
            states[own], read[own] = hidden[_taken(window)], True
            if model.keep is not None:
                keep[own] = probability[_taken(window)]
        return Reading(cut.offsets, states, keep, unknown, read)


def _ids(cut: Cut, window: Window) -> bytes:
    """What is read of a text at once, as a key."""
    return cut.ids[window.start : window.end].tobytes()


def _taken(window: Window) -> slice:
    """Which tokens of a window are taken from it."""
    return slice(window.keep_from - window.start, window.keep_to - window.start)


def _telling(states: Sequence[States]) -> list[States]:
    """Numbers that are NaN where any is: one of each token, since norms spread it, and all of a token, since weights recur."""
    return [part for row in states for part in (row[:, :1], row[:1])]
