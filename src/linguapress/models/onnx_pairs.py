"""A selector that ONNX Runtime runs; nothing here imports torch."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from linguapress.errors import ModelNotFound
from linguapress.models.onnx_session import OnnxSession
from linguapress.models.onnx_weights import tokenizer_of
from linguapress.models.pair_frame import Frame, Ids, Pairs
from linguapress.models.sentence_odds import SentenceOdds
from linguapress.scores import Floats

INPUTS = ("input_ids", "attention_mask", "token_type_ids", "inside")


class OnnxPairs(Pairs):
    """An export that is ready to read."""

    def __init__(self, session: OnnxSession, folder: Path) -> None:
        about = session.about
        parts = tuple(np.array(part, dtype=np.int64) for part in about["frame"])
        numbers = {name: int(about[name]) for name in ("pad", "unknown", "longest")}
        frame = Frame(parts, tuple(about["types"]), **numbers, odds=SentenceOdds.of(about))  # type: ignore[arg-type]
        super().__init__(tokenizer_of(folder), frame)
        self._session = session
        self.batch_tokens = 1 if session.alone else 32768

    def forward(self, question: Ids, rows: Sequence[Ids], length: int) -> tuple[Floats, Floats, Floats]:
        """See :meth:`Pairs.forward`."""
        before = self.before(question)
        relevance = np.zeros(len(rows), dtype=np.float32)
        need, answer = np.zeros((2, len(rows), length - before), dtype=np.float32)
        for taken, size in self._batches(question, rows, length):
            inputs: Sequence[NDArray[Any]] = self.arrays(question, rows[taken], size)
            found = self._session.run(dict(zip(INPUTS, inputs, strict=True)))
            if len(found) < 3:
                raise ModelNotFound(f"{self._session.folder} is of an older linguapress; write it again with: linguapress export")
            relevance[taken], need[taken, : size - before] = found[0], _sigmoid(found[1][:, before:])
            answer[taken, : size - before] = found[2][:, before:]
        return relevance, need, answer

    def _batches(self, question: Ids, rows: Sequence[Ids], length: int) -> list[tuple[slice, int]]:
        """Rows and their length: each alone and as long as it is, or all of them padded to ``length``."""
        if not self._session.alone:
            return [(slice(len(rows)), length)]
        return [(slice(at, at + 1), self.special + len(question) + len(row)) for at, row in enumerate(rows)]


def load_onnx_pairs(graph: Path, device: str) -> OnnxPairs:
    """Loads the export of a selector."""
    return OnnxPairs(OnnxSession(graph, device, "selector"), graph.parent)


def _sigmoid(logits: Floats) -> Floats:
    return np.asarray(1 / (1 + np.exp(-logits.clip(-80, 80))), dtype=np.float32)
