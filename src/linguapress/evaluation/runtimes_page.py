"""The measurements of :mod:`linguapress.evaluation.runtimes` as a page."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from linguapress.evaluation.tables import table

Times = Mapping[str, list[float]]
Cell = Callable[[Times | None, int], str]
_COLD = {
    "seconds": ("process start to first result, s", 2),
    "first_mib": ("memory then, MiB", 0),
    "peak_mib": ("after 8x500, MiB", 0),
}
_NOTES = """Bare forward pass: the model alone on batches that are cut and padded beforehand, timed right after each call. On a CPU,
ONNX Runtime is given one window at a time, without padding. `-`: left out for time. Memory is the most
that a fresh process has held: after its first result (one document of 100 words), and after 8 documents of 500 words.
"""


def markdown(found: Mapping[str, Any]) -> str:
    """Three tables: speed, share of the bare forward pass, start and memory."""
    names = list(found["versions"])
    own = [name for name in names if name != "llmlingua"]
    start = [(_title(name, found), *_cells(row)) for name, row in found["cold"].items()]
    return "\n".join([
        _head(found),
        table(f"Tokens per second{_unit(found)}", _columns(found, names), _lines(found, names, _speed)),
        table("Share of the bare forward pass", _columns(found, own), _lines(found, own, _share)),
        _NOTES,
        table("Start and memory", ("runtime", *(title for title, _ in _COLD.values())), start),
    ])  # fmt: skip


def _head(found: Mapping[str, Any]) -> str:
    plan, device = found["settings"], found["machine"]
    versions = {package: number for about in reversed(found["versions"].values()) for package, number in about.items()}
    return (
        f"# Runtimes\n\n{found['date']}. `llmlingua2` with the embedded model, rate {plan['rate']}, "
        f"**threads of every runtime: {plan['threads']}**. {device['processor']}, {device['cores']} cores, device "
        f"{found['device']}. Documents from {found['data']}. Medians of {plan['rounds']} rounds, which alternate between the "
        f"runtimes, after one that is not timed; cases of {plan['large']:,} tokens or more ran once. "
        f"{', '.join(f'{package} {number}' for package, number in versions.items())}.\n"
    )


def _unit(found: Mapping[str, Any]) -> str:
    return " of processor time (the machine was busy with other work)" if found["settings"]["busy"] else ""


def _columns(found: Mapping[str, Any], names: Sequence[str]) -> list[str]:
    return ["documents x words", "tokens", *(_title(name, found) for name in names)]


def _title(name: str, found: Mapping[str, Any]) -> str:
    precision = found["precision"]
    titles = {"torch-float32": "torch float32", "torch": f"torch {precision}", "onnx": "ONNX float32", "onnx-int8": "ONNX int8"}
    return titles.get(name, name)


def _lines(found: Mapping[str, Any], names: Sequence[str], cell: Cell) -> list[list[str]]:
    lines = []
    for case in sorted(found["tokens"], key=lambda name: [int(number) for number in name.split("x")]):
        row, tokens = found["cases"][case], found["tokens"][case]
        lines.append([case, f"{tokens:,}", *(cell(_clock(row.get(name), found), tokens) for name in names)])
    return lines


def _clock(row: Mapping[str, list[list[float]]] | None, found: Mapping[str, Any]) -> Times | None:
    """The seconds that the page goes by."""
    which = 1 if found["settings"]["busy"] else 0
    return {key: [pair[which] for pair in pairs] for key, pairs in row.items()} if row else None


def _speed(row: Times | None, tokens: int) -> str:
    return f"{tokens / statistics.median(row['seconds']):,.0f}" if row else "-"


def _share(row: Times | None, tokens: int) -> str:
    if not row or not row["bare"]:
        return "-"
    shares = [bare / whole for bare, whole in zip(row["bare"], row["seconds"], strict=True)]
    return f"{statistics.median(shares):.0%}"


def _cells(row: Mapping[str, Any]) -> list[str]:
    return [f"{statistics.median(row[key]):,.{digits}f}" for key, (_, digits) in _COLD.items()]
