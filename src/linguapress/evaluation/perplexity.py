"""``linguapress bench-perplexity``: our ``llmlingua`` and ``longllmlingua`` beside the package ``llmlingua`` on the same weights.

Each side is a process that stays, the reference in an environment of its own (see :mod:`linguapress.evaluation.reference`); only
one works at a time, and rounds go forth and back through them, since a machine is faster at one time than at another. The bare
passes of the model, which the cost formula of LLMLingua asks for (arXiv 2310.05736, equation 9), are timed right after each call of
ours.

    linguapress bench-perplexity DATA --reference-python REF/bin/python --threads 2 --out notebooks/results/perplexity
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict
from datetime import datetime, timezone
from pathlib import Path
from typing import Annotated, Any

import typer

from linguapress.counters import token_counter
from linguapress.evaluation.machine import machine
from linguapress.evaluation.outputs import write
from linguapress.evaluation.perplexity_cases import Case, cases_of
from linguapress.evaluation.perplexity_memory import Memory
from linguapress.evaluation.perplexity_models import SHAPES, portable_once, random_once
from linguapress.evaluation.perplexity_rounds import OWN, Plan, Row, schedule
from linguapress.evaluation.reference import Side, side
from linguapress.evaluation.workers import write_cases
from linguapress.models.embedded import CAUSAL

REFERENCE = "reference"
PACE = 2e-4  # seconds a token of a model of 25 MB, about; the order of the first round depends on it

app = typer.Typer(help="Compare perplexity methods with llmlingua.")


def measure(data: Path, models: Mapping[str, Path], plan: Plan, work: Path, reference_python: str | None = None) -> dict[str, Any]:
    """Runs all cases on all models.

    Args:
        data: the data folder.
        models: folders that both sides read, by name.
        plan: what to run.
        work: where the cases are written down.
        reference_python: interpreter of an environment that has ``llmlingua``; None = without it.
    """
    with ExitStack() as stack:
        rows: list[Row] = []
        for name, folder in models.items():
            cases = cases_of(data, token_counter(str(folder)), plan.batch, plan.lengths)
            file = work / f"{name}.jsonl"
            write_cases(file, [case.to_dict() for case in cases])
            starts = commands(folder, file, plan, reference_python)
            sides = {who: stack.enter_context(side(command, plan.threads)) for who, command in starts.items()}
            memories = {who: Memory.of(one) for who, one in sides.items()}
            size = sum(part.stat().st_size for part in folder.glob("*.safetensors")) / 25e6
            rows += [Row(name, case, sides, memories, PACE * size * sum(case.tokens), plan.busy) for case in cases]
        schedule(rows, plan)
        about = {row.model: {who: _about(one, row.memories[who]) for who, one in row.sides.items()} for row in rows}
    return {
        "date": datetime.now(timezone.utc).date().isoformat(), "settings": asdict(plan), "machine": machine(), "sides": about,
        "rows": [told(row, token_counter(str(models[row.model]))) for row in rows],
    }  # fmt: skip


def _about(one: Side, memory: Memory) -> dict[str, Any]:
    return {name: one.about[name] for name in ("versions", "precision", "device")} | {"loaded_mib": round(memory.loaded)}


def commands(folder: Path, cases: Path, plan: Plan, reference_python: str | None) -> dict[str, list[str]]:
    """How each side is started."""
    common = ["--model", str(folder), "--cases", str(cases), "--device", plan.device, "--threads", str(plan.threads)]
    own = [sys.executable, "-m", "linguapress.evaluation.perplexity_worker", *common]
    starts = {name: [*own, "--runtime", runtime] for name, runtime in OWN.items()}
    script = str(Path(__file__).with_name("perplexity_reference.py"))
    return starts | ({REFERENCE: [reference_python, script, *common, "--few", str(plan.few)]} if reference_python else {})


def told(row: Row, count: Callable[[str], int]) -> dict[str, Any]:
    """What is written down of a row; tokens are those of the language model on both sides."""
    case = row.case
    return {
        "model": row.model, "method": case.method, "ratio": case.ratio, "requests": len(case.questions), "length": case.length,
        "tokens": sum(case.tokens), "rounds": row.counted, "errors": row.errors,
        "sides": {name: _side(found, case, count) for name, found in row.rounds.items() if found},
    }  # fmt: skip


def _side(found: Sequence[Mapping[str, Any]], case: Case, count: Callable[[str], int]) -> dict[str, Any]:
    kept = [count(text) for text in found[0]["texts"]]
    pairs = list(zip(kept, case.limits, strict=False))  # the reference may have taken the first few only
    numbers = {key: [answer[key] for answer in found if key in answer] for key in ("seconds", "bare", "peak_mib")}
    return {
        **{key: [round(value, 4) for value in values] for key, values in numbers.items()},
        "read": found[0].get("read"), "compressed": len(kept), "kept": sum(kept), "limit": sum(limit for _, limit in pairs),
        "over": sum(tokens > limit for tokens, limit in pairs),
    }  # fmt: skip


def _models(model: str, shapes: Sequence[str], work: Path) -> Iterator[tuple[str, Path]]:
    folder = portable_once(model, work)
    yield folder.name, folder
    for shape in shapes:
        yield shape, random_once(shape, work, folder)


@app.command()
def run(  # noqa: PLR0913 - each parameter is an option of the command line
    data: Annotated[Path, typer.Argument(help="Folder that holds the data sets.", exists=True, file_okay=False)],
    model: Annotated[str, typer.Option(help="Embedded causal model, or the folder of one.")] = CAUSAL,
    shape: Annotated[list[str] | None, typer.Option(help=f"Random models as well: {', '.join(SHAPES)}, none; repeat it.")] = None,
    reference_python: Annotated[str | None, typer.Option(help="Interpreter of an environment that has llmlingua.")] = None,
    work: Annotated[Path, typer.Option(help="Folder for models and cases; what stands there is not made again.")] = Path("work"),
    out: Annotated[Path, typer.Option(help="Results: NAME.json and NAME.md.")] = Path("perplexity"),
    rounds: Annotated[int, typer.Option(min=1, help="Timed rounds.")] = 5,
    minutes: Annotated[float, typer.Option(min=0, help="Begin no round that would end later.")] = 8.0,
    batch: Annotated[int, typer.Option(min=1, help="Prompts that are compressed together, besides one alone.")] = 16,
    few: Annotated[int, typer.Option(min=1, help="Of these, how many the reference compresses; its time is scaled.")] = 2,
    threads: Annotated[int, typer.Option(min=1, help="Threads of every side.")] = 1,
    device: Annotated[str, typer.Option(help="cpu or cuda.")] = "cpu",
    busy: Annotated[bool, typer.Option("--busy", help="Other work runs on this machine: show processor time.")] = False,
    lengths: Annotated[list[int] | None, typer.Option(help="Tokens of longer and longer prompts; repeat it.")] = None,
) -> None:
    """Seconds, share of the bare passes, memory and budgets, side by side."""
    from linguapress.evaluation.perplexity_page import markdown

    wanted = shape or ["llama-1b" if device.startswith("cuda") else "gpt2-124m"]
    work.mkdir(parents=True, exist_ok=True)
    models = dict(_models(model, [name for name in wanted if name != "none"], work))
    plan = Plan(rounds, minutes, batch, few, threads, device, tuple(lengths or ()), busy)
    found = measure(data, models, plan, work, reference_python)
    write(out, found, markdown(found))
    typer.echo(markdown(found))
