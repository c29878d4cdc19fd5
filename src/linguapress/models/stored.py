"""Weights in a model's folder: as transformers writes them, or as rows of int8 with a scale each, in half the room.

A row w of a matrix is stored as round(w / s) with s = max|w| / 127; the scales are float32, all else float16. Matrices of at most
two rows or columns (heads), position embeddings and vectors stay whole.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from shutil import copytree, ignore_patterns
from typing import Any

import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file

from linguapress.errors import ModelNotFound
from linguapress.models.embedded import model_folder

DENSE, ROWS = "model.safetensors", "model.int8.safetensors"
_SCALE = ".row_scale"
_KEPT = ("position_embeddings.weight",)
_LEAST = 3  # rows and columns of a matrix that is worth it
_METADATA = {"format": "pt"}
_OF_TRAINING = ("checkpoint.pt", "checkpoint.new", "log.jsonl", "negatives.json", "tokens.npy", "tokens.json", "best", "epoch")


def weights_file(folder: Path) -> Path:
    """The file that holds the weights."""
    rows = folder / ROWS
    return rows if rows.is_file() else folder / DENSE


def without_rows(folder: Path) -> None:
    """Removes rows of int8 that an earlier model has left: they would be read in place of the weights just written."""
    (folder / ROWS).unlink(missing_ok=True)


def read_state(folder: Path) -> dict[str, torch.Tensor]:
    """All weights in a folder, whatever they are stored as; those stored as int8 as float16."""
    stored = load_file(weights_file(folder))
    return {name: _value(name, stored.__getitem__, stored.keys()) for name in stored if not name.endswith(_SCALE)}


def read_weight(folder: Path, ending: str) -> torch.Tensor:
    """One weight, without reading the others.

    Args:
        folder: of the model.
        ending: what the name of the weight ends with.

    Raises:
        ValueError: there is none.
    """
    with safe_open(weights_file(folder), "pt") as file:
        names = set(file.keys())
        found = next((name for name in sorted(names) if name.endswith(ending)), None)
        if found is None:
            raise ValueError(f"{folder} has no weight {ending}")
        return _value(found, file.get_tensor, names)


def _value(name: str, read: Callable[[str], torch.Tensor], names: Any) -> torch.Tensor:
    scale = name + _SCALE
    return (read(name) * read(scale)).half() if scale in names else read(name)


def load(kind: Any, folder: str, **settings: Any) -> tuple[Any, set[str]]:
    """A model of transformers from a folder or by a hub name, and the names of the weights that it lacks.

    Args:
        kind: an auto class, such as AutoModel.
        folder: or hub name.
        **settings: of ``from_pretrained``.
    """
    if not Path(folder, ROWS).is_file():
        model, found = kind.from_pretrained(folder, output_loading_info=True, **settings)
        return model, found["missing_keys"]
    from transformers import AutoConfig

    changed = {name: settings.pop(name) for name in tuple(settings) if name.endswith("prob")}
    config = settings.pop("config", None) or AutoConfig.from_pretrained(folder, **changed)
    with torch.device("meta"):
        own = type(kind.from_config(config))  # an auto class takes no weights but those of a folder
    model, found = own.from_pretrained(
        None, config=config, state_dict=read_state(Path(folder)), output_loading_info=True, **settings
    )
    return model, found["missing_keys"]


def write_rows(state: Mapping[str, torch.Tensor], folder: Path) -> None:
    """Stores weights as rows of int8."""
    stored: dict[str, torch.Tensor] = {}
    for name, value in state.items():
        if value.ndim != 2 or min(value.shape) < _LEAST or name.endswith(_KEPT) or not value.is_floating_point():
            stored[name] = value.half().contiguous() if value.is_floating_point() else value.contiguous()
            continue
        scale = (value.float().abs().amax(1, keepdim=True) / 127).clamp_min(torch.finfo(torch.float32).tiny)
        stored[name] = (value.float() / scale).round().clamp(-127, 127).to(torch.int8).contiguous()
        stored[name + _SCALE] = scale.contiguous()
    save_file(stored, folder / ROWS, metadata=_METADATA)


def copy_rows(model: str, out: Path) -> Path:
    """Copies a model, without what only its training needs, to a new folder, its weights as rows of int8; returns the folder.

    Raises:
        ModelNotFound: there is no such folder, or it has no ``model.safetensors``.
        FileExistsError: ``out`` is there already.
    """
    _copied(model, out)
    if not (out / ROWS).is_file():
        write_rows(load_file(out / DENSE), out)
        (out / DENSE).unlink()
    return out


def copy_dense(model: str, out: Path) -> Path:
    """The same with weights as float16 that transformers reads by itself.

    Raises:
        ModelNotFound: there is no such folder, or it has no ``model.safetensors``.
        FileExistsError: ``out`` is there already.
    """
    _copied(model, out)
    if (out / ROWS).is_file():
        save_file(read_state(out), out / DENSE, metadata=_METADATA)
        (out / ROWS).unlink()
    return out


def _copied(model: str, out: Path) -> None:
    folder = Path(model_folder(model))
    if not weights_file(folder).is_file():
        raise ModelNotFound(f"{model!r} has no {DENSE}; name a folder that `linguapress train` or transformers has written")
    copytree(folder, out, ignore=ignore_patterns(*_OF_TRAINING))
