"""An encoder that ONNX Runtime runs; nothing here imports torch, which makes the first result come soon."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

from linguapress.counters import plain_tokenizer
from linguapress.errors import ModelNotFound
from linguapress.models.loading import keep_index, window_of
from linguapress.models.onnx_session import Ids, OnnxSession
from linguapress.scores import Floats


class OnnxWeights:
    """An export that is ready to read; see :class:`~linguapress.models.loading.Loaded`."""

    def __init__(self, session: OnnxSession, tokenizer: Tokenizer, keep: int | None) -> None:
        about = session.about
        self._session, self.tokenizer, self.keep = session, plain_tokenizer(tokenizer), keep
        self._prefix, self._suffix = np.array(about["prefix"], dtype=np.int64), np.array(about["suffix"], dtype=np.int64)
        self._pad = int(about["pad"])
        self.special = len(self._prefix) + len(self._suffix)
        self.longest, self.width, self.unknown = int(about["longest"]), int(about["width"]), int(about["unknown"])
        self.room = self.longest - self.special
        self.window = window_of(about.get("window"), self.room)
        self.batch_tokens = 1 if session.alone else 32768

    def forward(self, rows: Sequence[Ids], length: int) -> tuple[NDArray[np.float16], Floats | None]:
        """States [rows, tokens, width] and p(keep) [rows, tokens], without the special tokens before a row."""
        size = length - len(self._prefix)
        states = np.zeros((len(rows), size, self.width), dtype=np.float16)
        keep = np.zeros((len(rows), size), dtype=np.float32)
        groups = [[at] for at in range(len(rows))] if self._session.alone else [list(range(len(rows)))]
        for group in groups:
            hidden, *logits = (out[:, len(self._prefix) :] for out in self.run(*self.padded([rows[at] for at in group], length)))
            states[group, : hidden.shape[1]] = hidden
            if self.keep is not None:
                keep[group, : hidden.shape[1]] = _softmax(logits[0])[..., self.keep]
        return states, keep if self.keep is not None else None

    def padded(self, rows: Sequence[Ids], length: int) -> tuple[Ids, Ids]:
        """Ids with their special tokens, and mask: of shape [rows, length], or as long as the row that is run alone."""
        full = [np.concatenate([self._prefix, row, self._suffix]) for row in rows]
        length = len(full[0]) if self._session.alone else length
        ids = np.stack([np.pad(row, (0, length - len(row)), constant_values=self._pad) for row in full])
        return ids, np.stack([np.arange(length) < len(row) for row in full]).astype(np.int64)

    def run(self, ids: Ids, mask: Ids) -> Sequence[Floats]:
        """The bare forward pass: hidden states, and logits where there is a head."""
        return self._session.run({"input_ids": ids, "attention_mask": mask})


def load_onnx(graph: Path, device: str, keep_label: str | int | None) -> OnnxWeights:
    """Loads an export; see :class:`~linguapress.models.encoder.Encoder` for the arguments."""
    session = OnnxSession(graph, device, "encoder")
    labels = session.about["labels"]
    keep = keep_index(SimpleNamespace(id2label=labels), keep_label) if labels else None
    return OnnxWeights(session, tokenizer_of(graph.parent), keep)


def tokenizer_of(folder: Path) -> Tokenizer:
    """The tokenizer of an export."""
    try:
        return Tokenizer.from_str((folder / "tokenizer.json").read_text("utf-8"))
    except Exception as error:  # the library raises nothing more precise
        raise ModelNotFound(f"{folder} is no complete export: {error}; write it again with: linguapress export") from error


def _softmax(logits: Floats) -> Floats:
    weights = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return np.asarray(weights / weights.sum(axis=-1, keepdims=True), dtype=np.float32)
