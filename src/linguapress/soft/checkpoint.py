"""A trained soft compressor in a folder: adapter, embeddings, settings."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import torch
from torch import Tensor
from torch.nn import Parameter

from linguapress.errors import ModelNotFound, WrongModel
from linguapress.soft.language_model import FrozenLM
from linguapress.soft.settings import SoftSettings

if TYPE_CHECKING:
    from linguapress.soft.compressor import SoftCompressor

FORMAT = "linguapress-soft/1"
_SETTINGS, _ADAPTER, _EMBEDDINGS = "soft.json", "adapter_model.safetensors", "memory.safetensors"
_FACTS = {"method", "model", "model_fingerprint", "tokenizer_fingerprint", "settings"}
C = TypeVar("C", bound="SoftCompressor")


def save(press: SoftCompressor, folder: Path) -> None:
    """Writes a compressor to a folder, which is made."""
    from safetensors.torch import save_file

    folder.mkdir(parents=True, exist_ok=True)
    save_file(_on_cpu(press.adapter.weights), folder / _ADAPTER)
    save_file(_on_cpu(press.embeddings()), folder / _EMBEDDINGS)
    facts = {
        "format": FORMAT,
        "method": press.method,
        "model": press.lm.name,
        "model_fingerprint": press.lm.fingerprint,
        "tokenizer_fingerprint": press.lm.tokenizer_fingerprint,
        "settings": asdict(press.settings),
    }
    (folder / _SETTINGS).write_text(json.dumps(facts, indent=2) + "\n", "utf-8")


def load(kind: type[C], folder: Path, lm: FrozenLM | None) -> C:
    """The compressor of a folder; see :meth:`SoftCompressor.from_pretrained`."""
    facts = read_facts(folder)
    if facts["method"] != kind.method:
        raise WrongModel(f"{str(folder)!r} holds a compressor of method {facts['method']!r}, not {kind.method!r}; load it as that")
    lm = lm or FrozenLM.load(facts["model"])
    _check(folder, facts, lm)
    adapter, embeddings = _tensors(folder / _ADAPTER), _tensors(folder / _EMBEDDINGS)
    press = kind(lm, SoftSettings(**facts["settings"]))
    _fill(folder / _ADAPTER, press.adapter.weights, adapter)
    _fill(folder / _EMBEDDINGS, press.embeddings(), embeddings)
    return press


def read_facts(folder: Path) -> dict[str, Any]:
    """What a folder says of its compressor: method, model, fingerprints, settings.

    Raises:
        ModelNotFound: it holds none.
    """
    try:
        facts = json.loads((folder / _SETTINGS).read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise ModelNotFound(
            f"no soft compressor in {str(folder)!r} ({error}); give a folder that save_pretrained has written"
        ) from error
    if not isinstance(facts, dict) or facts.get("format") != FORMAT or not set(facts) >= _FACTS:
        raise ModelNotFound(
            f"{str(folder / _SETTINGS)!r} is not of format {FORMAT!r}; give a folder that save_pretrained has written"
        )
    return facts


def _check(folder: Path, facts: Mapping[str, str], lm: FrozenLM) -> None:
    for kind, found in (("model", lm.fingerprint), ("tokenizer", lm.tokenizer_fingerprint)):
        if facts[f"{kind}_fingerprint"] != found:
            raise WrongModel(f"{str(folder)!r} was trained for another {kind} than that of {lm.name!r}; load {facts['model']!r}")


def _tensors(path: Path) -> dict[str, Tensor]:
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        return load_file(path)
    except (OSError, SafetensorError) as error:
        raise ModelNotFound(f"cannot read {str(path)!r} ({error}); copy the folder again") from error


@torch.no_grad()
def _fill(path: Path, weights: Mapping[str, Parameter], tensors: Mapping[str, Tensor]) -> None:
    """Sets all weights, each from the tensor of its name and shape."""
    wrong = sorted(set(weights) ^ set(tensors)) or [name for name, t in tensors.items() if t.shape != weights[name].shape]
    if wrong:
        raise ModelNotFound(f"{len(wrong)} tensors of {str(path)!r} do not fit, such as {wrong[0]}; copy the folder again")
    for name, weight in weights.items():
        weight.copy_(tensors[name])


def _on_cpu(weights: Mapping[str, Parameter]) -> dict[str, Tensor]:
    return {name: weight.detach().cpu().contiguous() for name, weight in weights.items()}
