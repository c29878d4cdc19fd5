"""A graph that ONNX Runtime is ready to run."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from linguapress.errors import MissingExtra, ModelNotFound, UnknownName
from linguapress.models.runtimes import ABOUT

Ids = NDArray[np.int64]
Provider = tuple[str, dict[str, Any]]
_SILENT = "ORT_DISABLE_TELEMETRY"


class OnnxSession:
    """A graph, and how its rows are run.

    On a CPU each row is run alone and without padding: batches gain next to nothing there, and the activations of an int8 graph
    are scaled by all that is in the batch, so that a text's company would change its numbers.

    Attributes:
        folder: of the export.
        about: what the export has noted.
        alone: whether rows are run one by one.
    """

    def __init__(self, graph: Path, device: str, kind: str) -> None:
        self.folder, self.about = graph.parent, about(graph.parent, kind)
        library = onnxruntime()
        provider = provider_of(device, library.get_available_providers())
        options = library.SessionOptions()
        threads = os.environ.get("OMP_NUM_THREADS", "").split(",")[0]  # the variable that torch obeys
        options.intra_op_num_threads = int(threads) if threads.isdecimal() else 0  # 0 = one a core
        options.log_severity_level = 3  # a library prints nothing
        self.alone = provider[0] == "CPUExecutionProvider"
        providers = [provider] if self.alone else [provider, ("CPUExecutionProvider", {})]
        try:
            self._session = library.InferenceSession(str(graph), options, providers=providers)
        except Exception as error:  # the library's own kinds have no common base
            raise ModelNotFound(f"ONNX Runtime {library.__version__} cannot load {graph}: {_first_line(error)}") from error

    def run(self, inputs: Mapping[str, NDArray[Any]]) -> Sequence[NDArray[np.float32]]:
        """The outputs of the graph; inputs have the shape [rows, tokens]."""
        found: Sequence[NDArray[np.float32]] = self._session.run(None, dict(inputs))
        return found


def onnxruntime() -> Any:
    """The library, kept from reporting to its makers and from leaving an identifier in the user's cache, as 1.31 would.

    It looks at the variable while it is imported, and only then. Who has set it, or has imported the library before, decides.
    """
    unset = _SILENT not in os.environ
    os.environ.setdefault(_SILENT, "1")
    try:
        return import_module("onnxruntime")
    except ImportError as error:
        raise MissingExtra("onnxruntime", "onnx") from error
    finally:
        if unset:
            del os.environ[_SILENT]


def about(folder: Path, kind: str) -> dict[str, Any]:
    """What an export has noted about its model, which must be of a kind: an encoder or a selector."""
    try:
        found: dict[str, Any] = json.loads((folder / ABOUT).read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise ModelNotFound(f"{folder} is no complete export: {error}; write it again with: linguapress export") from error
    if found.get("kind") != kind:
        raise ModelNotFound(
            f"{folder} is the export of another kind of model ({found.get('kind')}); the folder of one {kind} is needed"
        )
    return found


def provider_of(device: str, available: Sequence[str]) -> Provider:
    """The execution provider that a device name stands for; ``"auto"`` takes CUDA, then the CPU.

    Args:
        device: ``"auto"``, ``"cpu"``, ``"cuda"`` or ``"cuda:1"``.
        available: names of the providers of the installed onnxruntime.
    """
    kind, _, number = device.partition(":")
    if device == "cpu" or (device == "auto" and "CUDAExecutionProvider" not in available):
        return "CPUExecutionProvider", {}
    if kind not in ("auto", "cuda") or not (number or "0").isdecimal():
        raise UnknownName(f"unknown device {device!r} of ONNX Runtime; use 'auto', 'cpu', 'cuda' or 'cuda:0'")
    if "CUDAExecutionProvider" not in available:
        raise UnknownName(f"the installed onnxruntime has no {device!r}; install onnxruntime-gpu instead, or use device='cpu'")
    return "CUDAExecutionProvider", {"device_id": int(number or 0)}


def _first_line(error: Exception) -> str:
    return str(error).strip().split("\n", 1)[0][:300]
