"""The token classifier that is trained: any encoder of transformers with a new head, and how it is written."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from torch import nn
from transformers import AutoConfig, AutoModel, AutoModelForTokenClassification

from linguapress.errors import ModelNotFound
from linguapress.models.embedded import model_folder
from linguapress.models.minilm import original
from linguapress.models.stored import load
from linguapress.models.weights import check_tokenizer, load_tokenizer, quietly, told

LABELS = {0: "drop", 1: "keep"}
ORIGINAL = "all-MiniLM-L6-v2"
_FAILURES = (OSError, ValueError, KeyError, RuntimeError, SafetensorError)


def encoder_folder(name: str) -> str:
    """The folder of an embedded encoder, or of the one that the extra ``train`` brings, or the name unchanged.

    Raises:
        MissingExtra: it is that of the extra, which is not installed.
    """
    return original() if name == ORIGINAL else model_folder(name)


def encoder_tokenizer(name: str) -> Any:
    """The tokenizer of an encoder, read as whoever runs the model reads it.

    Raises:
        ModelNotFound: there is none, or it gives no character offsets.
    """
    with told(name):
        tokenizer = load_tokenizer(encoder_folder(name))
    check_tokenizer(name, tokenizer)
    return tokenizer


def load_classifier(name: str, attention: str | None) -> Any:
    """The encoder in float32 with a head for drop and keep: its own if it has one of two labels, else a random one.

    Attention loses nothing by dropout: that keeps its fused kernel, and was measured to be no worse.

    Raises:
        ModelNotFound: it cannot be loaded.
    """
    labels: dict[str, Any] = {"num_labels": 2, "id2label": LABELS, "label2id": {name: number for number, name in LABELS.items()}}
    return _loaded(AutoModelForTokenClassification, name, attention, ignore_mismatched_sizes=True, **labels)


def load_original(name: str, attention: str | None) -> Any:
    """The encoder alone, frozen.

    Raises:
        ModelNotFound: it cannot be loaded.
    """
    return _loaded(AutoModel, name, attention).eval().requires_grad_(False)


def _loaded(kind: Any, name: str, attention: str | None, **settings: Any) -> Any:
    folder = encoder_folder(name)
    labels = {key: settings.pop(key) for key in ("num_labels", "id2label", "label2id") if key in settings}
    try:
        config = AutoConfig.from_pretrained(folder, **labels)
        for key in ("attention_probs_dropout_prob", "attention_dropout"):
            if hasattr(config, key):
                setattr(config, key, 0.0)
        with quietly():
            return load(kind, folder, config=config, dtype=torch.float32, attn_implementation=attention, **settings)[0]
    except _FAILURES as error:
        raise ModelNotFound(f"cannot load the encoder {name!r}: {error}") from error


def take_words(model: Any, name: str) -> None:
    """Replaces the word embeddings by those of another model.

    Raises:
        ModelNotFound: it has others than ``model`` can use.
    """
    theirs, ours = load_original(name, None).get_input_embeddings().weight, model.get_input_embeddings().weight
    if theirs.shape != ours.shape:
        raise ModelNotFound(f"the word embeddings of {name!r} have shape {list(theirs.shape)}, not {list(ours.shape)}")
    with torch.no_grad():
        ours.copy_(theirs)


def in_precision(model: nn.Module, dtype: torch.dtype) -> nn.Module:
    """A copy whose weights have another precision; buffers, such as those of rotary positions, keep theirs."""
    result = copy.deepcopy(model)
    for weight in result.parameters():
        weight.data = weight.data.to(dtype)
    return result


def depth(name: str, model: Any) -> int:
    """Height of a parameter: 0 = embeddings, 1 = the first layer, one more for each; the head is as high as the last layer."""
    layers = int(model.config.num_hidden_layers)
    if "embed" in name:
        return 0
    numbers = [int(part) for part in name.split(".") if part.isdigit()]
    return min(numbers[0] + 1, layers) if numbers and name.startswith(model.base_model_prefix) else layers


def write_model(model: nn.Module, tokenizer: Any, folder: Path, dtype: str) -> None:
    """Writes safetensors, config and tokenizer."""
    folder.mkdir(parents=True, exist_ok=True)
    with quietly():
        in_precision(model, getattr(torch, dtype)).save_pretrained(folder)  # type: ignore[operator]
    tokenizer.save_pretrained(folder)
