"""``linguapress bench-memories``: time to the first token from stored memories, beside full prefill of the same text.

One process holds the model and answers all cases in rounds that go forth and back, since a machine is faster at one time than at
another; each case is asked once more in a fresh process, which tells the memory that it takes. The time begins with the text, or
with the files of the memories, and ends with the first generated token.

    linguapress bench-memories TEXTS.jsonl.gz --out notebooks/results/memories
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timezone
from pathlib import Path
from statistics import median
from typing import Annotated, Any

import typer

from linguapress.evaluation.machine import machine
from linguapress.evaluation.memories_cases import QUESTION, Case, cases_of, chunks_of, number_of
from linguapress.evaluation.outputs import write
from linguapress.evaluation.perplexity_memory import Memory as Held
from linguapress.evaluation.reference import Side, side
from linguapress.evaluation.workers import write_cases

app = typer.Typer(help="Measure what stored memories save.")


@dataclass(frozen=True, slots=True)
class Plan:
    """What is run.

    Attributes:
        lengths: tokens of the contexts, shortest first.
        chunk: tokens of a chunk, each of which has a memory of its own.
        slots: memory tokens of a chunk.
        rounds: timed rounds, after one that is not timed.
        threads: of the model and of the tokenizer.
        device: ``"cpu"`` or ``"cuda"``.
        busy: whether the page gives processor time, which other work on the machine changes less; only for a thread on a CPU.
    """

    lengths: tuple[int, ...] = (500, 2_000, 8_000)
    chunk: int = 500
    slots: tuple[int, ...] = (16, 4)
    rounds: int = 5
    threads: int = 1
    device: str = "cpu"
    busy: bool = False


_DEFAULT = Plan()


def measure(file: Path, model: str, plan: Plan, work: Path) -> dict[str, Any]:
    """Makes the memories, asks all cases, and tells what was found.

    Args:
        file: JSON lines with a field ``text``.
        model: folder or hub name of the language model.
        plan: what to run.
        work: where memories and cases are written.
    """
    import torch

    from linguapress.evaluation.memories_store import sides_of, store
    from linguapress.models.causal_loading import causal_tokenizer

    torch.set_num_threads(plan.threads)
    tokenizer = causal_tokenizer(model).backend_tokenizer
    chunks = chunks_of(file, tokenizer, number_of(max(plan.lengths), plan.chunk), plan.chunk)
    stored = {name: store(name, model, plan.device, chunks, work) for name in sides_of(plan.slots)}
    cases = cases_of(chunks, {name: one.paths for name, one in stored.items()}, plan.lengths, plan.chunk)
    about, rows = _asked(_command(model, cases, plan, work), cases, plan)
    return {
        "date": datetime.now(timezone.utc).date().isoformat(), "data": file.name, "model": Path(model).name, "machine": machine(),
        "settings": asdict(plan), "about": about, **_counted(tokenizer, chunks, plan),
        "stored": {name: _sizes(one.paths, one.seconds, one.slots) for name, one in stored.items()}, "rows": rows,
    }  # fmt: skip


def _command(model: str, cases: Sequence[Case], plan: Plan, work: Path) -> list[str]:
    """How a process that answers the cases is started."""
    listed = work / "cases.jsonl"
    write_cases(listed, [case.to_dict() for case in cases])
    command = [sys.executable, "-m", "linguapress.evaluation.memories_worker", "--model", model, "--cases", str(listed)]
    return [*command, "--device", plan.device, "--threads", str(plan.threads)]


def _asked(command: Sequence[str], cases: Sequence[Case], plan: Plan) -> tuple[dict[str, Any], dict[str, dict[str, Any]]]:
    """What a process says of itself, and what was found of each case: times in that process, memory in fresh ones."""
    with side(command, plan.threads) as one:
        about, rows = one.about, answered(one, cases, plan.rounds)
    return about, {case.name: rows[case.name] | held(command, case, plan.threads) for case in cases}


def _counted(tokenizer: Any, chunks: Sequence[str], plan: Plan) -> dict[str, Any]:
    """Tokens of the contexts and of the question, bytes of a chunk."""
    tokens = [len(tokenizer.encode(text, add_special_tokens=False).ids) for text in (*chunks, QUESTION)]
    lengths = {str(length): sum(tokens[: number_of(length, plan.chunk)]) for length in plan.lengths}
    return {"tokens": lengths, "question": tokens[-1], "text_bytes": median(len(chunk.encode()) for chunk in chunks)}


def answered(one: Side, cases: Sequence[Case], number: int) -> dict[str, dict[str, Any]]:
    """Answers of all cases in so many rounds, forth and back, after one that does not count."""
    rows: dict[str, dict[str, Any]] = {case.name: {"seconds": [], "loading": [], "first": ""} for case in cases}
    for at in range(number + 1):
        for case in cases if at % 2 else cases[::-1]:
            answer = one.run(case.name)
            row = rows[case.name]
            row["first"] = answer["first"]
            for key in ("seconds", "loading"):
                row[key] += [[round(value, 5) for value in answer[key]]] if at else []
    return rows


def held(command: Sequence[str], case: Case, threads: int) -> dict[str, int]:
    """MiB that a fresh process holds before a case, and at most during it."""
    with side(command, threads) as one:
        memory = Held.of(one)
        memory.reset()
        return {"peak_mib": round(memory.peak(one.run(case.name))), "loaded_mib": round(memory.loaded)}


def _sizes(paths: Sequence[Path], seconds: Sequence[Sequence[float]], slots: int) -> Mapping[str, Any]:
    sizes = [path.stat().st_size for path in paths]
    return {"bytes": median(sizes), "slots": slots, "seconds": [[round(value, 5) for value in pair] for pair in seconds]}


@app.command()
def run(  # noqa: PLR0913 - each parameter is an option of the command line
    texts: Annotated[Path, typer.Argument(help="JSON lines with a field text; .gz is unpacked.", exists=True, dir_okay=False)],
    out: Annotated[Path, typer.Option(help="Results: NAME.json and NAME.md.")] = Path("memories"),
    model: Annotated[str | None, typer.Option(help="Causal model, folder or hub name.", show_default="a random Llama")] = None,
    length: Annotated[list[int] | None, typer.Option(min=1, help="Tokens of a context; repeat it.")] = None,
    chunk: Annotated[int, typer.Option(min=1, help="Tokens of a chunk.")] = _DEFAULT.chunk,
    slots: Annotated[list[int] | None, typer.Option(min=1, help="Memory tokens of a chunk; repeat it.")] = None,
    rounds: Annotated[int, typer.Option(min=1, help="Timed rounds.")] = _DEFAULT.rounds,
    threads: Annotated[int, typer.Option(min=1, help="Threads of the model.")] = _DEFAULT.threads,
    device: Annotated[str, typer.Option(help="cpu or cuda.")] = _DEFAULT.device,
    busy: Annotated[bool, typer.Option("--busy", help="Other work runs on this machine: show processor time.")] = False,
) -> None:
    """Time to the first token, memory and bytes of stored memories, beside full prefill."""
    from linguapress.evaluation.memories_models import random_llama
    from linguapress.evaluation.memories_page import markdown

    plan = Plan(tuple(sorted(length or _DEFAULT.lengths)), chunk, tuple(slots or _DEFAULT.slots), rounds, threads, device, busy)
    with tempfile.TemporaryDirectory() as scratch:
        work = Path(scratch)
        found = measure(texts, model or str(random_llama(work / "random Llama")), plan, work)
    write(out, found, markdown(found))
    typer.echo(markdown(found))
