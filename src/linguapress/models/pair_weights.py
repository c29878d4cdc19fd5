"""Weights and tokenizer of a selector in memory; imported only when one is first used, since it brings torch."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file, save_file
from torch import nn

from linguapress.counters import plain_tokenizer
from linguapress.errors import ModelNotFound
from linguapress.models.devices import attention_of, device_of, precision_of
from linguapress.models.embedded import model_folder
from linguapress.models.pair_model import PairModel
from linguapress.models.provence import PREFIX, load_provence
from linguapress.models.weights import longest_read
from linguapress.scores import Floats

Ids = NDArray[np.int64]
WORDS = "encoder.embeddings.word_embeddings.weight"
SHARED = "words_of"  # entry of the config: the model whose word embeddings are used
_FILE = "model.safetensors"


class PairWeights:
    """A selector that is ready to read.

    Attributes:
        special: special tokens around the two parts.
        longest: tokens that the model reads at once, special ones included.
        longest_question: tokens of the question among them.
        unknown: id of the unknown token, -1 where there is none.
        batch_tokens: tokens in a batch that suit the device.
    """

    def __init__(self, model: nn.Module, tokenizer: Any, device: torch.device, longest: int) -> None:
        self.model, self.device, self.longest = model, device, longest
        frame = tokenizer("a", "b", return_special_tokens_mask=True, return_token_type_ids=True)
        parts = frame.sequence_ids(0)
        first, last = parts.index(0), parts.index(1)
        ids = np.array(frame["input_ids"], dtype=np.int64)
        self._frame = ids[:first], ids[first + 1 : last], ids[last + 1 :]
        types = frame["token_type_ids"]
        self._types = types[first], types[last - 1], types[last]  # of the question, of what parts them, of the passage
        self.tokenizer = plain_tokenizer(tokenizer.backend_tokenizer)
        self.special = sum(map(len, self._frame))
        self.longest_question = self.longest // 3
        self.pad = tokenizer.pad_token_id or 0
        self.unknown = -1 if tokenizer.unk_token_id is None else tokenizer.unk_token_id
        self.batch_tokens = 2048 if device.type == "cpu" else 32768

    def ids(self, texts: Sequence[str]) -> list[Any]:
        """Encodings without special tokens."""
        return list(self.tokenizer.encode_batch(list(texts), add_special_tokens=False))

    def question(self, text: str) -> Ids:
        """Tokens of the question, of a long one the beginning and the end."""
        found = np.asarray(self.ids([text])[0].ids, dtype=np.int64)
        if len(found) <= self.longest_question:
            return found
        half = self.longest_question // 2
        return np.concatenate([found[:half], found[half - self.longest_question :]])

    @torch.inference_mode()
    def forward(self, question: Ids, rows: Sequence[Ids], length: int) -> tuple[Floats, Floats]:
        """Relevance [rows] and p(needed) [rows, tokens of the passage]; pairs are padded to ``length``."""
        before = np.concatenate([self._frame[0], question, self._frame[1]])
        parted = len(self._frame[0]) + len(question)
        ids = np.full((len(rows), length), self.pad, dtype=np.int64)
        mask, types, inside = np.zeros_like(ids), np.zeros_like(ids), np.zeros(ids.shape, dtype=bool)
        types[:, :parted], types[:, parted : len(before)] = self._types[0], self._types[1]
        for row, tokens in enumerate(rows):
            full = np.concatenate([before, tokens, self._frame[2]])
            ids[row, : len(full)], mask[row, : len(full)] = full, 1
            types[row, len(before) : len(full)] = self._types[2]
            inside[row, len(before) : len(before) + len(tokens)] = True
        out = self.model(*(torch.from_numpy(array).to(self.device) for array in (ids, mask, types, inside)))
        return out.relevance.float().cpu().numpy(), out.need[:, len(before) :].float().sigmoid().cpu().numpy()


def load_pair_weights(name: str, device_name: str) -> PairWeights:
    """Loads what :func:`save_selector` wrote, or an OpenProvence checkpoint."""
    device = device_of(device_name)
    precision = precision_of(device)
    if name.startswith(PREFIX):
        provence, tokenizer, longest = load_provence(name.removeprefix(PREFIX), device, precision)
        return PairWeights(provence.eval(), tokenizer, device, longest)
    try:
        model, tokenizer = _loaded(Path(model_folder(name)), attention_of(device, precision))
    except (OSError, ValueError, RuntimeError, SafetensorError) as error:
        raise ModelNotFound(
            f"cannot load the selector {name!r}: {error}; name a folder that `linguapress train select` has written"
        ) from error
    return PairWeights(model.to(device, precision).eval(), tokenizer, device, longest_pair(model, tokenizer))


def longest_pair(model: PairModel, tokenizer: Any) -> int:
    """Tokens that a pair may have, special ones included; selectors are trained on passages, and more is read in windows."""
    return min(longest_read(model.encoder.config, tokenizer), 512)


def _loaded(folder: Path, attention: str | None) -> tuple[PairModel, Any]:
    from transformers import AutoConfig, AutoModel, AutoTokenizer

    shared = json.loads((folder / "config.json").read_text(encoding="utf-8")).get(SHARED)
    weights = load_file(folder / _FILE)
    if shared:
        weights[WORDS] = _word_embeddings(Path(model_folder(shared)))
    model = PairModel(AutoModel.from_config(AutoConfig.from_pretrained(folder), attn_implementation=attention))
    model.load_state_dict(weights)
    tokenizer = AutoTokenizer.from_pretrained(model_folder(shared) if shared else folder)
    known, needed = len(tokenizer), int(model.encoder.config.vocab_size)
    if 2 * known < needed or not tokenizer.is_fast:  # what transformers makes of a missing file
        raise ValueError(f"its tokenizer is slow, or knows too few tokens: {known} of {needed}")
    return model, tokenizer


def _word_embeddings(folder: Path) -> torch.Tensor:
    """The word embeddings alone of the model in a folder."""
    with safe_open(folder / _FILE, "pt") as file:
        for name in file.keys():  # noqa: SIM118 - the file is no mapping
            if WORDS.endswith(name.removeprefix("bert.")):
                found: torch.Tensor = file.get_tensor(name)
                return found
    raise ValueError(f"{folder} has no word embeddings to share")


def save_selector(model: PairModel, tokenizer: Any, folder: Path, words_of: str | None) -> None:
    """Writes a selector in half precision; without its word embeddings when they are those of ``words_of``."""
    folder.mkdir(parents=True, exist_ok=True)
    model.encoder.config.save_pretrained(folder)
    weights = {name: value.detach().half().contiguous().cpu() for name, value in model.state_dict().items()}
    if words_of:
        del weights[WORDS]
        settings = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        (folder / "config.json").write_text(json.dumps({**settings, SHARED: words_of}, indent=1), encoding="utf-8")
    else:
        tokenizer.save_pretrained(folder)
    save_file(weights, folder / _FILE)
