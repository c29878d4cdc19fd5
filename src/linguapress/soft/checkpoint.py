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
from linguapress.soft.byte_store import write_whole
from linguapress.soft.fingerprints import of_tensors
from linguapress.soft.language_model import FrozenLM
from linguapress.soft.settings import SoftSettings

if TYPE_CHECKING:
    from linguapress.soft.compressor import SoftCompressor

FORMAT = "linguapress-soft/1"
_SETTINGS, _ADAPTER, _EMBEDDINGS = "soft.json", "adapter_model.safetensors", "memory.safetensors"
_FACTS = {"method", "model", "model_fingerprint", "tokenizer_fingerprint", "settings"}
C = TypeVar("C", bound="SoftCompressor")


def save(press: SoftCompressor, folder: Path) -> None:
    """Writes a compressor to a folder, which is made; the settings last, which tell whether the other files are theirs."""
    from safetensors.torch import save as packed

    folder.mkdir(parents=True, exist_ok=True)
    write_whole(folder / _ADAPTER, packed(_on_cpu(press.adapter.weights)))
    write_whole(folder / _EMBEDDINGS, packed(_on_cpu(press.embeddings())))
    facts = {
        "format": FORMAT,
        "method": press.method,
        "model": press.lm.name,
        "model_fingerprint": press.lm.fingerprint,
        "tokenizer_fingerprint": press.lm.tokenizer_fingerprint,
        "weights_fingerprint": of_tensors(press.parameters().items()),
        "settings": asdict(press.settings),
    }
    write_whole(folder / _SETTINGS, (json.dumps(facts, indent=2) + "\n").encode())


def load(kind: type[C], folder: Path, lm: FrozenLM | None) -> C:
    """The compressor of a folder; see :meth:`SoftCompressor.from_pretrained`."""
    facts = read_facts(folder)
    if facts["method"] != kind.method:
        raise WrongModel(f"{str(folder)!r} holds a compressor of method {facts['method']!r}, not {kind.method!r}; load it as that")
    lm = lm or FrozenLM.load(facts["model"])
    _check(folder, facts, lm)
    settings = _settings(folder / _SETTINGS, facts["settings"])
    adapter, embeddings = _tensors(folder / _ADAPTER), _tensors(folder / _EMBEDDINGS)
    press = kind(lm, settings)
    try:
        _fill(folder / _ADAPTER, press.adapter.weights, adapter)
        _fill(folder / _EMBEDDINGS, press.embeddings(), embeddings)
        if facts.get("weights_fingerprint", found := of_tensors(press.parameters().items())) != found:
            raise ModelNotFound(f"{str(folder)!r} is a mixture of two compressors, half saved or half copied; copy it again")
    except ModelNotFound:
        press.adapter.remove()
        raise
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


def _settings(path: Path, stored: object) -> SoftSettings:
    """Settings of a file, each of the type of its default."""
    usual = asdict(SoftSettings())
    if not isinstance(stored, dict) or not usual.keys() >= stored.keys():
        known = ", ".join(usual)
        raise ModelNotFound(f"the settings of {str(path)!r} are not some of {known}; copy the folder again, or update linguapress")
    try:
        settings = SoftSettings(**stored)
    except (TypeError, ValueError) as error:
        raise ModelNotFound(f"the settings of {str(path)!r} are damaged ({error}); copy the folder again") from error
    for name, value in asdict(settings).items():
        if not isinstance(value, int | float if name == "dropout" else type(usual[name])):
            raise ModelNotFound(f"{name} of {str(path)!r} is {value!r:.40}; copy the folder again")
    return settings


def _check(folder: Path, facts: Mapping[str, str], lm: FrozenLM) -> None:
    for kind, found in (("model", lm.fingerprint), ("tokenizer", lm.tokenizer_fingerprint)):
        if facts[f"{kind}_fingerprint"] != found:
            raise WrongModel(
                f"{str(folder)!r} was trained for another {kind} than that of {lm.name!r}; "
                f"load {facts['model']!r}, in float32 or bfloat16"
            )


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
