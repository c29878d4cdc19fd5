"""Weights and tokenizer of an encoder in memory; imported only when one is first used, since it brings torch."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from linguapress.counters import plain_tokenizer
from linguapress.errors import ModelNotFound
from linguapress.models.devices import attention_of, device_of, precision_of
from linguapress.models.embedded import model_folder
from linguapress.scores import Floats


class Weights:
    """A model that is ready to read.

    Attributes:
        tokenizer: a ``tokenizers.Tokenizer``.
        keep: number of the output that means keep; None = no such head.
        special: special tokens around each window.
        longest: tokens that the model reads at once, special ones included.
        room: the same without the special ones.
        width: numbers in a hidden state.
        unknown: id of the unknown token, -1 where there is none.
        batch_tokens: tokens in a batch that suit the device.
    """

    def __init__(self, model: Any, tokenizer: Any, device: torch.device, keep: int | None) -> None:
        self.model, self.device, self.keep = model, device, keep
        empty = tokenizer("", return_attention_mask=False)["input_ids"]
        self.tokenizer = plain_tokenizer(tokenizer.backend_tokenizer)
        split = next((i for i, token in enumerate(empty) if token == tokenizer.sep_token_id), len(empty))
        self.prefix, self.suffix = np.array(empty[:split], dtype=np.int64), np.array(empty[split:], dtype=np.int64)
        self.special = len(empty)
        self.longest = longest_read(model.config, tokenizer)
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
            full = np.concatenate([self.prefix, tokens, self.suffix])
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


def longest_read(config: Any, tokenizer: Any) -> int:
    """Tokens that the model reads at once, special ones included."""
    positions = int(getattr(config, "max_position_embeddings", 0) or 0)
    if config.model_type in {"roberta", "xlm-roberta", "camembert", "xlm-roberta-xl", "mpnet"}:
        positions -= (config.pad_token_id or 0) + 1  # their positions are numbered from the padding token on
    known = [size for size in (positions, tokenizer.model_max_length) if 0 < size < 1 << 20]
    return min(known, default=512)


def load_weights(name: str, device_name: str, keep_label: str | int | None) -> Weights:
    """Loads an encoder; see :class:`~linguapress.models.encoder.Encoder` for the arguments."""
    from transformers import AutoConfig, AutoModel, AutoModelForTokenClassification, AutoTokenizer

    device, folder = device_of(device_name), model_folder(name)
    precision = precision_of(device)
    try:
        config = AutoConfig.from_pretrained(folder)
        classifies = any("TokenClassification" in kind for kind in config.architectures or ())
        kind = AutoModelForTokenClassification if classifies else AutoModel
        tokenizer = AutoTokenizer.from_pretrained(folder)
        with _no_progress_bar():
            model = kind.from_pretrained(folder, dtype=precision, attn_implementation=attention_of(device, precision))
    except (OSError, ValueError) as error:
        raise ModelNotFound(f"cannot load the encoder {name!r}: {error}") from error
    if not getattr(tokenizer, "is_fast", False):
        raise ModelNotFound(f"the tokenizer of {name!r} gives no character offsets; a fast tokenizer is needed")
    return Weights(model.to(device).eval(), tokenizer, device, _keep_index(config, keep_label) if classifies else None)


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


@contextmanager
def _no_progress_bar() -> Iterator[None]:
    """A library prints nothing: transformers would show a bar even for a local folder."""
    from transformers.utils import logging

    shown = logging.is_progress_bar_enabled()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        if shown:
            logging.enable_progress_bar()
