"""What an encoder needs of a model in memory, and the loading of one: what runs it is imported when it is asked for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from linguapress.errors import ModelNotFound
from linguapress.models.runtimes import graph_of
from linguapress.scores import Floats

if TYPE_CHECKING:
    from tokenizers import Tokenizer


WINDOW = "reading_window"  # entry of an encoder's config
_KEEP = {"keep", "preserve"}
_SECOND = {"label_1", "1", "true"}  # names that mean keep only where there are two labels, as in the checkpoints of Microsoft


class Loaded(Protocol):
    """An encoder that is ready to read, whatever runs it.

    Attributes:
        tokenizer: cuts texts into tokens, without special ones.
        keep: number of the output that means keep; None = no such head.
        special: special tokens around each window.
        longest: tokens that the model reads at once, special ones included.
        room: the same without the special ones.
        window: tokens of a window of a longer text.
        width: numbers in a hidden state.
        unknown: id of the unknown token, -1 where there is none.
        batch_tokens: tokens in a batch that suit the device.
    """

    tokenizer: Tokenizer
    keep: int | None
    special: int
    longest: int
    room: int
    window: int
    width: int
    unknown: int
    batch_tokens: int

    def forward(self, rows: Sequence[NDArray[np.int64]], length: int) -> tuple[NDArray[np.float16], Floats | None]:
        """States [rows, tokens, width] and p(keep) [rows, tokens], without the special tokens before a row.

        Args:
            rows: ids of tokens.
            length: tokens of the longest row and its special ones, rounded up; what follows a shorter row means nothing.
        """
        ...

    def padded(self, rows: Sequence[NDArray[np.int64]], length: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Ids with their special tokens and the mask, as :meth:`run` takes them."""
        ...

    def run(self, ids: NDArray[np.int64], mask: NDArray[np.int64]) -> Any:
        """The bare forward pass, to measure what is lost around it."""
        ...


def load_encoder(name: str, device: str, keep_label: str | int | None, runtime: str = "auto") -> Loaded:
    """Loads an encoder; see :class:`~linguapress.models.encoder.Encoder` for the arguments."""
    graph = graph_of(name, runtime)
    if graph is not None:
        from linguapress.models.onnx_weights import load_onnx

        return load_onnx(graph, device, keep_label)
    from linguapress.models.weights import load_weights  # brings torch, seconds

    return load_weights(name, device, keep_label, exact=runtime == "torch-float32")


def window_of(configured: object, room: int) -> int:
    """Tokens of a window of a long text: what the config of a model says it was trained on, or all that it reads at once.

    Raises:
        ModelNotFound: the config holds something else than a number of tokens.
    """
    if configured is None:
        return room
    if not isinstance(configured, int) or isinstance(configured, bool) or configured < 1:
        raise ModelNotFound(f"{WINDOW} in the model's config is a number of tokens, 1 or more, got {configured!r}")
    return min(configured, room)


def keep_index(config: Any, label: str | int | None) -> int:
    """Number of the label that means keep."""
    names = {int(number): str(name) for number, name in config.id2label.items()}
    if label is not None:
        found = [number for number, name in names.items() if label in (number, name)]
    else:
        known = _KEEP | (_SECOND if len(names) == 2 else set())
        found = [number for number, name in names.items() if name.casefold() in known]
    if len(found) != 1:
        raise ModelNotFound(f"which of the labels {sorted(names.values())} means keep? give keep_label, its name or number")
    return found[0]
