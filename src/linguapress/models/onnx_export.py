"""Models written for ONNX Runtime: the graph, its tokenizer, and a note of what they are; needs torch and the extra ``export``."""

from __future__ import annotations

import json
import logging
import shutil
import tempfile
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from linguapress.errors import MissingExtra
from linguapress.models.fingerprints import fingerprint
from linguapress.models.onnx_session import onnxruntime
from linguapress.models.pair_weights import PairWeights, is_selector, load_pair_weights
from linguapress.models.runtimes import ABOUT, GRAPHS, checked_runtime, export_folder, exports
from linguapress.models.sentence_odds import CONFIG
from linguapress.models.weights import Weights, classifies, load_model

OPSET = 23  # the first with attention as one operation
_LARGEST = 1_800_000_000  # bytes of weights that go into the graph's file, whose format ends at 2 GiB


class _Encoder(nn.Module):
    """Last hidden states in half precision, and logits where there is a head."""

    def __init__(self, model: Any, labels: bool) -> None:
        super().__init__()
        self.model, self.labels = model, labels

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> tuple[Tensor, ...]:
        out = self.model(input_ids=input_ids, attention_mask=attention_mask, output_hidden_states=True)
        states = out.hidden_states[-1].clamp(-65000, 65000).half()  # a third of the work around the graph, if numpy did it
        return (states, out.logits) if self.labels else (states,)


class _Pairs(nn.Module):
    """Relevance, need and answer."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model

    def forward(self, input_ids: Tensor, attention_mask: Tensor, token_type_ids: Tensor, inside: Tensor) -> tuple[Tensor, ...]:
        out = self.model(input_ids, attention_mask, token_type_ids, inside)
        return out.relevance, out.need, out.answer


def export_model(model: str, folder: Path | None = None, int8: bool = False) -> Path:
    """Writes a model for ONNX Runtime into a folder that needs nothing else.

    Args:
        model: embedded model, folder or hub name of an encoder, or folder of a selector.
        folder: to write; None = where ``runtime="onnx"`` looks for this model.
        int8: writes weights of 8 bits as well, one scale a column; activations are scaled as they come (dynamic quantisation).

    Returns:
        The folder.

    Raises:
        FileExistsError: the folder holds something else.
        ModelNotFound: the model cannot be loaded.
    """
    if folder and folder.exists() and not (folder / ABOUT).is_file() and (folder.is_file() or any(folder.iterdir())):
        raise FileExistsError(f"{folder} holds something else than an export; name a new folder")
    checked_runtime("onnx", model)
    home = folder.parent if folder else exports()
    home.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=home, prefix=".export-") as scratch, _quiet():
        written = Path(scratch, "export")  # renamed when it is whole
        written.mkdir(mode=0o755)
        note = (_write_selector if is_selector(model) else _write_encoder)(model, written)
        if int8:
            _quantise(written)
        (written / ABOUT).write_text(json.dumps(_note(model) | note, indent=1, ensure_ascii=False) + "\n", "utf-8")
        target = folder or export_folder(model)
        shutil.rmtree(target, ignore_errors=True)
        written.rename(target)
    return target


def _write_encoder(model: str, folder: Path) -> dict[str, Any]:
    module, tokenizer = load_model(model, "cpu", exact=True)
    weights, labelled = Weights(module, tokenizer, torch.device("cpu"), None), classifies(module)
    ids, mask = _example()
    _write_graph(_Encoder(module, labelled), {"input_ids": ids, "attention_mask": mask}, folder, ["states", *["logits"] * labelled])
    weights.tokenizer.save(str(folder / "tokenizer.json"))
    return {
        "kind": "encoder", "prefix": weights.prefix.tolist(), "suffix": weights.suffix.tolist(), "pad": weights.pad,
        "unknown": weights.unknown, "longest": weights.longest, "window": weights.window,
        "width": weights.width,
        "labels": {str(number): name for number, name in module.config.id2label.items()} if labelled else None,
    }  # fmt: skip


def _write_selector(model: str, folder: Path) -> dict[str, Any]:
    weights: PairWeights = load_pair_weights(model, "cpu", exact=True)
    ids, mask = _example()
    inputs = {"input_ids": ids, "attention_mask": mask, "token_type_ids": torch.zeros_like(ids), "inside": mask.bool()}
    _write_graph(_Pairs(weights.model), inputs, folder, ["relevance", "need", "answer"])
    weights.tokenizer.save(str(folder / "tokenizer.json"))
    return {
        "kind": "selector", "frame": [part.tolist() for part in weights.frame.ids], "types": list(weights.frame.types),
        "pad": weights.frame.pad, "unknown": weights.unknown, "longest": weights.longest,
        CONFIG: weights.frame.odds._asdict(),
    }  # fmt: skip


def _example() -> tuple[Tensor, Tensor]:
    """Ids and mask to trace a model with; both numbers are to vary, and 1 would be taken for a constant."""
    ids = torch.ones((2, 16), dtype=torch.int64)
    mask = torch.ones_like(ids)
    mask[1, 12:] = 0
    return ids, mask


def _write_graph(module: nn.Module, inputs: Mapping[str, Tensor], folder: Path, outputs: list[str]) -> None:
    axes = {name: {0: "rows", 1: "tokens"} for name in inputs}
    try:
        program = torch.onnx.export(
            module.eval(), tuple(inputs.values()), dynamo=True, opset_version=OPSET, input_names=list(inputs), output_names=outputs,
            dynamic_shapes=axes, verbose=False,
        )  # fmt: skip
    except ImportError as error:
        raise MissingExtra("onnxscript", "export") from error
    assert program, "torch returns a program for a dynamic export"
    for node in program.model.graph:
        node.metadata_props.clear()  # lines of source code, with the paths of this machine
    weights = sum(value.numel() * value.element_size() for value in module.parameters())
    program.save(str(folder / GRAPHS["onnx"]), external_data=weights > _LARGEST)


def _quantise(folder: Path) -> None:
    """Products with weights, and look-ups, in 8 bits; attention itself stays in float32."""
    onnxruntime()
    from onnxruntime.quantization import QuantType, quantize_dynamic

    quantize_dynamic(
        folder / GRAPHS["onnx"], folder / GRAPHS["onnx-int8"], op_types_to_quantize=["MatMul", "Gather"], per_channel=True,
        weight_type=QuantType.QInt8, reduce_range=True,  # 7 bits: products of 8 overflow on processors without VNNI
        use_external_data_format=any(folder.glob("*.data")),
    )  # fmt: skip


def _note(model: str) -> dict[str, Any]:
    versions = {package: version(package) for package in ("linguapress", "torch", "transformers", "onnx", "onnxscript")}
    name = Path(model).name if Path(model).is_dir() else model  # whoever is given the export need not know where it came from
    return {"model": name, "fingerprint": fingerprint(model).hex(), "opset": OPSET, "versions": versions}


@contextmanager
def _quiet() -> Iterator[None]:
    """A library prints nothing: the exporter would tell of what it is without, and of what it has renamed."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)
