"""What runs a model: torch, or ONNX Runtime on an export of it. Imports neither."""

from __future__ import annotations

import os
import re
from pathlib import Path
from shlex import quote

from linguapress.errors import ModelNotFound, UnknownName
from linguapress.models.embedded import model_folder
from linguapress.models.fingerprints import fingerprint

RUNTIMES = ("auto", "torch", "torch-float32", "onnx", "onnx-int8")
GRAPHS = {"onnx": "model.onnx", "onnx-int8": "model_int8.onnx"}
ABOUT = "linguapress.json"
_TORCH_ONLY = ("cross-encoder:", "open-provence:")


def checked_runtime(runtime: str, model: str = "") -> str:
    """The runtime, if there is such a one and it can run the model."""
    if runtime not in RUNTIMES:
        raise UnknownName(f"unknown runtime {runtime!r}; choose one of {', '.join(RUNTIMES)}")
    if runtime.startswith("onnx") and model.startswith(_TORCH_ONLY):
        raise UnknownName(f"{model!r} runs on torch alone; leave out runtime={runtime!r}")
    return runtime


def is_export(model: str) -> bool:
    """Whether a model is named by a folder that ``linguapress export`` has written."""
    return Path(model_folder(model), ABOUT).is_file()


def exports() -> Path:
    """The folder of exports that were told no other."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache", "linguapress", "onnx")


def export_folder(model: str) -> Path:
    """Where ``linguapress export`` puts a model when it is told no folder.

    The name changes with the model's files, so that an export of older weights is never taken for the model.
    """
    stem = re.sub(r"[^A-Za-z0-9.]+", "-", model).strip("-.")[-40:]
    return exports() / f"{stem}-{fingerprint(model).hex()[:12]}"


def graph_of(model: str, runtime: str = "auto") -> Path | None:
    """The ONNX graph that runs a model, None = torch runs it.

    Args:
        model: name or folder of a model, or the folder of an export.
        runtime: one of ``RUNTIMES``; ``"auto"`` runs an export as what it is, and all else on torch.

    Raises:
        ModelNotFound: ONNX Runtime is wanted, and there is no export.
    """
    checked_runtime(runtime, model)
    if runtime.startswith("torch") or (runtime == "auto" and not is_export(model)):
        return None
    folder = Path(model_folder(model)) if is_export(model) else export_folder(model)
    wanted = GRAPHS.values() if runtime == "auto" else (GRAPHS[runtime],)
    for name in wanted:
        if (folder / name).is_file():
            return folder / name
    source = f"MODEL --out {quote(model)}" if is_export(model) else quote(model)
    command = f"linguapress export {source}" + (" --int8" if runtime == "onnx-int8" else "")
    raise ModelNotFound(f"{model!r} has no {' or '.join(wanted)}; write it with: {command}")
