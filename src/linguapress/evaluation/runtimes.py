"""Runtimes side by side on the same weights and documents: speed, share of the bare forward pass, cold start, memory.

Each runtime is a process of its own, ``llmlingua`` in an environment of its own, and the rounds alternate between them, since a
machine is faster at one time than at another. The method is ``llmlingua2``: every runtime reads every token once.

    linguapress bench-runtimes TEXTS.jsonl.gz --reference-python REF/bin/python --out notebooks/results/runtimes
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from datetime import datetime, timezone
from itertools import islice
from pathlib import Path
from typing import Annotated, Any

import regex
import typer

from linguapress.counters import embedded
from linguapress.evaluation.machine import machine
from linguapress.evaluation.outputs import write
from linguapress.evaluation.reference import FOLDER, Side, side
from linguapress.evaluation.workers import write_cases
from linguapress.jsonl import read_jsonl
from linguapress.models.embedded import EMBEDDED
from linguapress.models.stored import copy_dense

OWN = ("torch-float32", "torch", "onnx", "onnx-int8")
COUNTS, SIZES = (1, 8, 64), (100, 500, 4000)
COLD, LOADED = "1x100", "8x500"
Timings = dict[str, list[list[float]]]  # of "seconds" and "bare": on the wall and of the processor, one pair a round

app = typer.Typer(help="Compare runtimes.")


@dataclass(frozen=True, slots=True)
class Plan:
    """What is run.

    Attributes:
        rate: share of tokens asked for, 0..1.
        rounds: timed rounds, after one that is not timed.
        colds: starts of each runtime from nothing.
        threads: of the model and of the tokenizers.
        large: tokens from which on a case is run once, without a round that is not timed.
        patience: seconds; a case that a runtime is expected to need longer for is left out.
        minutes: after which no further case is begun; the largest come last.
        device: ``"auto"``, ``"cpu"`` or ``"cuda"``; ``llmlingua`` runs on the CPU.
        busy: whether the page gives processor time, which other work on the machine changes less; only for a thread on a CPU.
    """

    rate: float = 0.5
    rounds: int = 3
    colds: int = 2
    threads: int = 1
    large: int = 4_000
    patience: float = 30.0
    minutes: float = 10.0
    device: str = "auto"
    busy: bool = False


def cases_of(file: Path, counts: Sequence[int] = COUNTS, sizes: Sequence[int] = SIZES) -> dict[str, list[str]]:
    """Documents of each number and size in words, cut one after another from the texts of a file; no two cases share any.

    Raises:
        ValueError: the file has too few words.
    """
    words = _words(file)
    found = {}
    for size in sizes:
        for count in counts:
            documents = ["".join(islice(words, size)) for _ in range(count)]
            if len(documents[-1].split()) < size:
                needed = sum(counts) * sum(sizes)
                raise ValueError(f"{file} has too few words in its field text; {needed:,} are needed")
            found[f"{count}x{size}"] = documents
    return found


def _words(file: Path) -> Iterator[str]:
    """Words with the blanks that follow them."""
    for row in read_jsonl(file):
        yield from regex.findall(r"\S+\s*", f"{row['text']}\n\n")


def measure(file: Path, plan: Plan, reference_python: str | None = None) -> dict[str, Any]:
    """Runs all cases on all runtimes.

    Args:
        file: JSON lines with a field ``text``.
        plan: what to run.
        reference_python: interpreter of an environment that has ``llmlingua``; None = without it.
    """
    cases = cases_of(file)
    tokens = {name: sum(map(embedded, documents)) for name, documents in cases.items()}
    with tempfile.TemporaryDirectory() as scratch:
        starts = _starts(Path(scratch), cases, plan, reference_python)
        cold = _cold(starts, plan)
        with ExitStack() as stack:
            sides = {name: stack.enter_context(side(command, plan.threads)) for name, command in starts.items()}
            about = {name: one.about["versions"] for name, one in sides.items()}
            rows = _rounds(sides, tokens, plan)
    return {
        "date": datetime.now(timezone.utc).date().isoformat(), "data": file.name, "settings": asdict(plan), "machine": machine(),
        **_torch(plan.device), "versions": about, "cold": cold, "tokens": tokens, "cases": rows,
    }  # fmt: skip


def _starts(scratch: Path, cases: Mapping[str, list[str]], plan: Plan, reference_python: str | None) -> dict[str, list[str]]:
    """The command of each runtime, its model written."""
    from linguapress.models.onnx_export import export_model

    folder, listed = scratch / FOLDER, scratch / "cases.jsonl"
    copy_dense(EMBEDDED, folder)
    exported = export_model(EMBEDDED, scratch / "exported", int8=True)
    write_cases(listed, [{"name": name, "calls": [texts]} for name, texts in cases.items()])
    common = ["--cases", str(listed), "--rate", str(plan.rate)]
    worker = [sys.executable, "-m", "linguapress.evaluation.runtimes_worker", *common, "--device", plan.device]
    models = {name: str(exported if name.startswith("onnx") else folder) for name in OWN}
    starts = {name: [*worker, "--runtime", name, "--model", models[name]] for name in OWN}
    if reference_python:
        script = str(Path(__file__).with_name("reference_worker.py"))
        starts["llmlingua"] = [
            reference_python,
            script,
            "reference",
            "--model",
            str(folder),
            "--threads",
            str(plan.threads),
            *common,
        ]
    return starts


def _cold(starts: Mapping[str, Sequence[str]], plan: Plan) -> dict[str, dict[str, Any]]:
    """Seconds from the start of a process to its first result, and the most memory that it holds then and after more documents."""
    found: dict[str, dict[str, Any]] = {name: {"seconds": [], "first_mib": [], "peak_mib": []} for name in starts}
    for _ in range(plan.colds):
        for name, command in starts.items():
            start = time.perf_counter()
            with side(command, plan.threads) as one:
                first = one.run(COLD)
                found[name]["seconds"].append(round(time.perf_counter() - start, 3))
                found[name]["first_mib"].append(round(first["peak"]))
                found[name]["peak_mib"].append(round(one.run(LOADED)["peak"]))
    return found


def _rounds(sides: Mapping[str, Side], tokens: Mapping[str, int], plan: Plan) -> dict[str, dict[str, Timings]]:
    """Seconds of each case and runtime, and of the bare forward pass right after it; forth and back through the runtimes."""
    rows: dict[str, dict[str, Timings]] = {case: {} for case in tokens}
    pace = dict.fromkeys(sides, 0.0)  # seconds a token
    end = time.monotonic() + 60 * plan.minutes
    for case in sorted(tokens, key=lambda name: tokens[name]):
        able = [name for name in sides if pace[name] * tokens[case] < plan.patience and time.monotonic() < end]
        once = tokens[case] >= plan.large
        for number in range(1 if once else plan.rounds + 1):
            for name in able if number % 2 == 0 else able[::-1]:
                found = _own(sides[name], case) if name in OWN else _other(sides[name], case)
                pace[name] = found["seconds"][0] / tokens[case]
                if number or once:
                    row = rows[case].setdefault(name, {"seconds": [], "bare": []})
                    for key, times in row.items():
                        times += [[round(value, 5) for value in found[key]]] if found[key] else []
    return rows


def _own(one: Side, case: str) -> dict[str, list[float]]:
    """Seconds on the wall and of the processor, of a case and of the bare forward pass."""
    found = one.run(f"{case} bare")
    return {key: found[key] for key in ("seconds", "bare")}


def _other(one: Side, case: str) -> dict[str, list[float]]:
    """The same of ``llmlingua``, whose forward pass is not known."""
    before = _processor_seconds(one.process.pid)
    wall = sum(one.run(case)["seconds"])
    return {"seconds": [wall, _processor_seconds(one.process.pid) - before], "bare": []}


def _processor_seconds(process: int) -> float:
    """What a process has had of the processor in all its threads; 0 where the system does not tell."""
    tasks = Path(f"/proc/{process}/task").glob("*/schedstat")
    return sum(int(file.read_text("ascii").split()[0]) for file in tasks) / 1e9


def _torch(name: str) -> dict[str, str]:
    """The device, and the precision that torch chooses on it."""
    from linguapress.models.devices import device_of, precision_of

    device = device_of(name)
    return {"device": device.type, "precision": str(precision_of(device)).removeprefix("torch.")}


@app.command()
def run(  # noqa: PLR0913 - each parameter is an option of the command line
    texts: Annotated[Path, typer.Argument(help="JSON lines with a field text; .gz is unpacked.", exists=True, dir_okay=False)],
    out: Annotated[Path, typer.Option(help="Results: NAME.json and NAME.md.")] = Path("runtimes"),
    reference_python: Annotated[str | None, typer.Option(help="Interpreter of an environment that has llmlingua.")] = None,
    threads: Annotated[int, typer.Option(min=1, help="Threads of every runtime.")] = 1,
    rounds: Annotated[int, typer.Option(min=1, help="Timed rounds.")] = 3,
    patience: Annotated[float, typer.Option(min=1, help="Leave out what would take a runtime more seconds.")] = 30.0,
    minutes: Annotated[float, typer.Option(min=0, help="Begin no further case after so long.")] = 10.0,
    device: Annotated[str, typer.Option(help="auto, cpu or cuda.")] = "auto",
    busy: Annotated[bool, typer.Option("--busy", help="Other work runs on this machine: show processor time.")] = False,
) -> None:
    """Tokens per second, cold start and memory of torch, ONNX Runtime and llmlingua."""
    from linguapress.evaluation.runtimes_page import markdown

    plan = Plan(rounds=rounds, threads=threads, patience=patience, minutes=minutes, device=device, busy=busy)
    found = measure(texts, plan, reference_python)
    write(out, found, markdown(found))
    typer.echo(markdown(found))
