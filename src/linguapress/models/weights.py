"""Weights and tokenizer of an encoder in memory; imported only when one is first used, since it brings torch."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from linguapress.counters import plain_tokenizer
from linguapress.errors import ModelNotFound
from linguapress.hub import located
from linguapress.models.devices import attention_of, device_of, precision_of
from linguapress.models.embedded import model_folder
from linguapress.models.loading import WINDOW, keep_index, window_of
from linguapress.models.stored import load
from linguapress.scores import Floats


class Weights:
    """A Hugging Face model that is ready to read; see :class:`~linguapress.models.loading.Loaded` for its attributes."""

    def __init__(self, model: Any, tokenizer: Any, device: torch.device, keep: int | None) -> None:
        self.model, self.device, self.keep = model, device, keep
        self.prefix, self.suffix = _frame(tokenizer)
        self.tokenizer = plain_tokenizer(tokenizer.backend_tokenizer)
        self.special = len(self.prefix) + len(self.suffix)
        self.longest = longest_read(model.config, tokenizer)
        self.room = self.longest - self.special
        self.window = window_of(getattr(model.config, WINDOW, None), self.room)
        self.width = int(model.config.hidden_size)
        self.pad = tokenizer.pad_token_id or 0
        self.unknown = -1 if tokenizer.unk_token_id is None else tokenizer.unk_token_id
        self.batch_tokens = 1024 if device.type == "cpu" else 32768

    def forward(self, rows: Sequence[NDArray[np.int64]], length: int) -> tuple[NDArray[np.float16], Floats | None]:
        """States [rows, tokens, width] and p(keep) [rows, tokens], without the special tokens; rows are padded to ``length``."""
        out = self.run(*self.padded(rows, length))
        first = len(self.prefix)
        hidden = out.hidden_states[-1][:, first:].clamp(-65000, 65000).half().cpu().numpy()
        if self.keep is None:
            return hidden, None
        return hidden, out.logits[:, first:].float().softmax(-1)[..., self.keep].cpu().numpy()

    def padded(self, rows: Sequence[NDArray[np.int64]], length: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Ids with their special tokens, and mask, of shape [rows, length]."""
        ids = np.full((len(rows), length), self.pad, dtype=np.int64)
        mask = np.zeros_like(ids)
        for row, tokens in enumerate(rows):
            full = np.concatenate([self.prefix, tokens, self.suffix])
            ids[row, : len(full)], mask[row, : len(full)] = full, 1
        return ids, mask

    @torch.inference_mode()
    def run(self, ids: NDArray[np.int64], mask: NDArray[np.int64]) -> Any:
        """The bare forward pass: what transformers returns."""
        inputs, attended = torch.from_numpy(ids).to(self.device), torch.from_numpy(mask).to(self.device)
        return self.model(input_ids=inputs, attention_mask=attended, output_hidden_states=True)


def _frame(tokenizer: Any) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Special tokens before and after a text."""
    framed = tokenizer("a", return_attention_mask=False)
    parts, ids = framed.sequence_ids(0), np.array(framed["input_ids"], dtype=np.int64)
    if 0 in parts:
        return ids[: parts.index(0)], ids[len(parts) - parts[::-1].index(0) :]
    split = next((i for i, token in enumerate(ids) if token == tokenizer.sep_token_id), len(ids))  # it does not know the letter
    return ids[:split], ids[split:]


def longest_read(config: Any, tokenizer: Any) -> int:
    """Tokens that the model reads at once, special ones included."""
    positions = int(getattr(config, "max_position_embeddings", 0) or 0)
    if config.model_type in {"roberta", "xlm-roberta", "camembert", "xlm-roberta-xl", "mpnet"}:
        positions -= (config.pad_token_id or 0) + 1  # their positions are numbered from the padding token on
    known = [size for size in (positions, tokenizer.model_max_length) if 0 < size < 1 << 20]
    return min(known, default=512)


def load_weights(name: str, device_name: str, keep_label: str | int | None, exact: bool = False) -> Weights:
    """Loads an encoder; see :class:`~linguapress.models.encoder.Encoder` for the arguments, :func:`load_model` for ``exact``."""
    model, tokenizer = load_model(name, device_name, exact)
    return Weights(model, tokenizer, model.device, keep_index(model.config, keep_label) if classifies(model) else None)


def classifies(model: Any) -> bool:
    """Whether a Hugging Face model says something about each token."""
    return "TokenClassification" in type(model).__name__


def load_model(name: str, device_name: str, exact: bool = False) -> tuple[Any, Any]:
    """A Hugging Face model and its tokenizer.

    Args:
        name: embedded model, folder or hub name.
        device_name: ``"auto"`` or a torch device.
        exact: float32, whatever the device multiplies fastest.
    """
    from transformers import AutoConfig, AutoModel, AutoModelForTokenClassification

    device, folder = device_of(device_name), located(model_folder(name))
    precision = torch.float32 if exact else precision_of(device)
    with quietly(), told(name):
        config = AutoConfig.from_pretrained(folder)
        labels = any("TokenClassification" in kind for kind in config.architectures or ())
        kind = AutoModelForTokenClassification if labels else AutoModel
        tokenizer = load_tokenizer(folder)
        settings = {"dtype": precision, "attn_implementation": attention_of(device, precision)}
        model, missing = load(kind, folder, **settings)
    check_tokenizer(name, tokenizer)
    check_weights(name, missing)
    check_vocabulary(name, model, tokenizer)
    return model.to(device).eval(), tokenizer


def load_tokenizer(folder: str) -> Any:
    """The tokenizer of a model, just as its ``tokenizer.json`` says where it has one.

    The classes of transformers 5 build it anew and leave out normalizers that they do not know, so that a model would be given
    other tokens than it was trained on ("fi" written as one character, say, would be unknown to it).
    """
    from transformers import AutoTokenizer, PreTrainedTokenizerFast

    try:
        return PreTrainedTokenizerFast.from_pretrained(folder)
    except Exception:  # no such file, or a broken one: each has an error of its own, and what follows tells the user
        return AutoTokenizer.from_pretrained(folder)


def check_tokenizer(name: str, tokenizer: Any) -> None:
    """Refuses a tokenizer that gives no character offsets, or knows no tokens."""
    if not getattr(tokenizer, "is_fast", False):
        raise ModelNotFound(f"the tokenizer of {name!r} gives no character offsets; save a fast one (tokenizer.json) beside it")
    if len(tokenizer) <= len(tokenizer.all_special_tokens):  # what transformers makes of a folder without tokenizer files
        raise ModelNotFound(f"{name!r} holds no tokenizer; copy the checkpoint's tokenizer.json beside the weights")


def check_vocabulary(name: str, model: Any, tokenizer: Any) -> None:
    """Refuses a tokenizer that knows more tokens than the model."""
    rows, tokens = model.get_input_embeddings().weight.shape[0], len(tokenizer)
    if tokens > rows:
        raise ModelNotFound(
            f"the tokenizer of {name!r} knows {tokens} tokens, the model {rows}; put the model's own tokenizer.json there"
        )


def check_weights(name: str, missing: Iterable[str]) -> None:
    """Refuses weights that transformers has filled in with random numbers; nothing here reads the pooler."""
    lacking = sorted(key for key in missing if "pooler" not in key)
    if lacking:
        some = ", ".join(lacking[:3])
        raise ModelNotFound(f"the weights of {name!r} lack {len(lacking)} tensors, such as {some}; fetch the checkpoint again")


@contextmanager
def told(name: str, kind: str = "encoder") -> Iterator[None]:
    """One sentence for whatever is wrong with a checkpoint: every kind of broken file raises a kind of error of its own."""
    try:
        yield
    except Exception as error:
        reason = (str(error).strip() or type(error).__name__).splitlines()[0].rstrip(".:")
        remedy = "give a hub name, or a folder with config.json, model.safetensors and tokenizer.json of one"
        raise ModelNotFound(f"cannot load the {kind} {name!r} ({reason}); {remedy}") from error


@contextmanager
def quietly() -> Iterator[None]:
    """A library prints nothing: transformers would show a bar even for a local folder, and a table of what it lacks."""
    from transformers.utils import logging

    shown, verbosity = logging.is_progress_bar_enabled(), logging.get_verbosity()
    logging.disable_progress_bar()
    logging.set_verbosity_error()
    try:
        yield
    finally:
        logging.set_verbosity(verbosity)
        if shown:
            logging.enable_progress_bar()
