"""A bidirectional encoder read once for each text: hidden states for embeddings, keep probabilities from the same pass."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Sequence
from functools import lru_cache
from importlib import resources
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from linguapress.errors import ModelNotFound
from linguapress.models.devices import device_of, precision_of
from linguapress.models.windows import Window, batches, past_blanks, windows
from linguapress.scores import Floats, Offsets
from linguapress.segment import encodable

States = NDArray[np.float16]
EMBEDDED = "mini"
_OVERLAP = 64
_REMEMBERED = 1 << 16  # tokens whose states are kept for texts that come again


class Reading(NamedTuple):
    """What an encoder makes of one text.

    Attributes:
        offsets: shape [tokens, 2], characters; special tokens are left out.
        states: shape [tokens, width], float16, last hidden layer.
        keep: shape [tokens], p(keep); empty when the model has no such head.
        unknown: share of tokens outside the vocabulary, 0..1.
    """

    offsets: Offsets
    states: NDArray[np.float16]
    keep: Floats
    unknown: float


def shared_encoder(model: str, device: str = "auto", keep_label: str | int | None = None) -> Encoder:
    """The one encoder of that name in this process; nothing is loaded until it reads."""
    return _shared(model, device, keep_label)


@lru_cache(maxsize=8)
def _shared(model: str, device: str, keep_label: str | int | None) -> Encoder:
    return Encoder(model, device, keep_label)


class Encoder:
    """A Hugging Face encoder with a fast tokenizer, with or without a token classification head.

    Safe to call from several threads. Remembers the readings of recent texts, since the same chunks are retrieved again.
    """

    def __init__(self, model: str, device: str = "auto", keep_label: str | int | None = None, batch_tokens: int = 0) -> None:
        """Notes what to load; see :meth:`read`.

        Args:
            model: ``"mini"``, a local folder, or a hub name.
            device: ``"auto"`` or a torch device.
            keep_label: name or number of the label that means keep; None = found in ``id2label``.
            batch_tokens: tokens in a batch; 0 = 1,024 on a CPU, 32,768 elsewhere. Results do not depend on it.
        """
        self.name, self.device_name, self.keep_label, self.batch_tokens = model, device, keep_label, batch_tokens
        self._lock = threading.Lock()
        self._loaded: _Loaded | None = None
        self._memory: OrderedDict[str, Reading] = OrderedDict()
        self._held = 0

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickles the settings, not the weights."""
        return Encoder, (self.name, self.device_name, self.keep_label, self.batch_tokens)

    @property
    def loaded(self) -> _Loaded:
        """Model and tokenizer, loaded on first use."""
        if self._loaded is None:
            with self._lock:
                if self._loaded is None:
                    self._loaded = _load(self.name, self.device_name, self.keep_label)
        return self._loaded

    def read(self, texts: Sequence[str]) -> list[Reading]:
        """Reads texts of any length, in overlapping windows where they are long.

        Returns:
            One reading for each text, in order.
        """
        found = {text: self._recall(text) for text in texts}
        missing = [text for text, reading in found.items() if reading is None]
        fresh = dict(zip(missing, self._read(missing), strict=True)) if missing else {}
        for text, reading in fresh.items():
            self._remember(text, reading)
        return [found[text] or fresh[text] for text in texts]

    def forget(self) -> None:
        """Empties the memory of readings (benchmarks of cold texts need it)."""
        with self._lock:
            self._memory.clear()
            self._held = 0

    def _recall(self, text: str) -> Reading | None:
        with self._lock:
            reading = self._memory.get(text)
            if reading is not None:
                self._memory.move_to_end(text)
            return reading

    def _remember(self, text: str, reading: Reading) -> None:
        size = len(reading.offsets) + 1
        with self._lock:
            if size > _REMEMBERED or text in self._memory:
                return
            self._memory[text] = reading
            self._held += size
            while self._held > _REMEMBERED:
                _, old = self._memory.popitem(last=False)
                self._held -= len(old.offsets) + 1

    def _read(self, texts: Sequence[str]) -> list[Reading]:
        model = self.loaded
        encoded = model.tokenizer.encode_batch([encodable(text) for text in texts], add_special_tokens=False)
        ids = [np.asarray(item.ids, dtype=np.int64) for item in encoded]
        offsets = [np.asarray(item.offsets, dtype=np.int64).reshape(-1, 2) for item in encoded]
        states = [np.zeros((len(row), model.width), dtype=np.float16) for row in ids]
        keep = [np.zeros(len(row) if model.keep is not None else 0, dtype=np.float32) for row in ids]
        todo = [w for text, row in enumerate(ids) if len(row) for w in windows(text, len(row), model.room, _OVERLAP)]
        for length, batch in batches(todo, model.special, self.batch_tokens or model.batch_tokens, model.longest):
            hidden, probability = model.forward([ids[w.text][w.start : w.end] for w in batch], length)
            for row, window in enumerate(batch):
                _place(states, keep, window, hidden[row], probability[row] if probability is not None else None)
        unknown = [float(np.mean(row == model.unknown)) if len(row) else 0.0 for row in ids]
        spans = [past_blanks(text, row) for text, row in zip(texts, offsets, strict=True)]
        return [Reading(*parts) for parts in zip(spans, states, keep, unknown, strict=True)]


def _place(states: Sequence[States], keep: Sequence[Floats], window: Window, hidden: States, probability: Floats | None) -> None:
    taken = slice(window.keep_from, window.keep_to)
    seen = slice(window.keep_from - window.start, window.keep_to - window.start)
    states[window.text][taken] = hidden[seen]
    if probability is not None:
        keep[window.text][taken] = probability[seen]


class _Loaded:
    """Weights and tokenizer in memory."""

    def __init__(self, model: Any, tokenizer: Any, device: torch.device, keep: int | None) -> None:
        self.model, self.device, self.keep = model, device, keep
        self.tokenizer = tokenizer.backend_tokenizer
        self.tokenizer.no_truncation()
        self.tokenizer.no_padding()
        self.tokenizer.encode_special_tokens = True  # a document that spells out "[SEP]" holds text
        empty = tokenizer("", return_attention_mask=False)["input_ids"]
        split = next((i for i, token in enumerate(empty) if token == tokenizer.sep_token_id), len(empty))
        self.prefix, self.suffix = empty[:split], empty[split:]
        self.special = len(empty)
        self.longest = _longest(model.config, tokenizer)
        self.room = self.longest - self.special
        self.width = int(model.config.hidden_size)
        self.pad = tokenizer.pad_token_id or 0
        self.unknown = -1 if tokenizer.unk_token_id is None else tokenizer.unk_token_id
        self.batch_tokens = 1024 if device.type == "cpu" else 32768

    @torch.inference_mode()
    def forward(self, rows: Sequence[NDArray[np.int64]], length: int) -> tuple[NDArray[np.float16], Floats | None]:
        """States [rows, tokens, width] and p(keep) [rows, tokens], without the special tokens; rows are padded to ``length``."""
        ids = np.full((len(rows), length), self.pad, dtype=np.int64)
        mask = np.zeros_like(ids)
        for row, tokens in enumerate(rows):
            full = [*self.prefix, *tokens.tolist(), *self.suffix]
            ids[row, : len(full)], mask[row, : len(full)] = full, 1
        out = self.model(
            input_ids=torch.from_numpy(ids).to(self.device), attention_mask=torch.from_numpy(mask).to(self.device),
            output_hidden_states=True,
        )  # fmt: skip
        first = len(self.prefix)
        hidden = out.hidden_states[-1][:, first:].clamp(-65000, 65000).half().cpu().numpy()
        if self.keep is None:
            return hidden, None
        return hidden, out.logits[:, first:].float().softmax(-1)[..., self.keep].cpu().numpy()


def _longest(config: Any, tokenizer: Any) -> int:
    """Tokens that the model reads at once, special ones included."""
    positions = int(getattr(config, "max_position_embeddings", 0) or 0)
    if config.model_type in {"roberta", "xlm-roberta", "camembert", "xlm-roberta-xl", "mpnet"}:
        positions -= (config.pad_token_id or 0) + 1  # their positions are numbered from the padding token on
    known = [size for size in (positions, tokenizer.model_max_length) if 0 < size < 1 << 20]
    return min(known, default=512)


def model_folder(model: str) -> str:
    """The folder of an embedded model, or the name unchanged."""
    return str(resources.files("linguapress").joinpath("assets", EMBEDDED)) if model == EMBEDDED else model


def _load(name: str, device_name: str, keep_label: str | int | None) -> _Loaded:
    from transformers import AutoConfig, AutoModel, AutoModelForTokenClassification, AutoTokenizer

    device, folder = device_of(device_name), model_folder(name)
    try:
        config = AutoConfig.from_pretrained(folder)
        classifies = any("TokenClassification" in kind for kind in config.architectures or ())
        kind = AutoModelForTokenClassification if classifies else AutoModel
        tokenizer = AutoTokenizer.from_pretrained(folder)
        model = kind.from_pretrained(folder, dtype=precision_of(device))
    except (OSError, ValueError) as error:
        raise ModelNotFound(f"cannot load the encoder {name!r}: {error}") from error
    if not getattr(tokenizer, "is_fast", False):
        raise ModelNotFound(f"the tokenizer of {name!r} gives no character offsets; a fast tokenizer is needed")
    return _Loaded(model.to(device).eval(), tokenizer, device, _keep_index(config, keep_label) if classifies else None)


def _keep_index(config: Any, label: str | int | None) -> int:
    """Number of the label that means keep."""
    names = {int(number): str(name) for number, name in config.id2label.items()}
    if label is not None:
        found = [number for number, name in names.items() if label in (number, name)]
    else:
        found = [number for number, name in names.items() if name.casefold() in {"keep", "preserve", "label_1", "1", "true"}]
    if len(found) != 1:
        raise ModelNotFound(f"which of the labels {sorted(names.values())} means keep? give keep_label")
    return found[0]

