"""``linguapress bench-grid``: every task, method and budget, to be gone on with after a crash."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from linguapress.evaluation.outputs import named
from linguapress.evaluation.refusal import refusing
from linguapress.evaluation.tasks import TASKS
from linguapress.evaluation.tasks.task import about
from linguapress.jsonl import read_jsonl
from linguapress.models.embedded import CAUSAL

if TYPE_CHECKING:
    from linguapress.evaluation.grid_plan import Job, Plan

app = typer.Typer(help="Compare methods on many tasks at once.")


@app.command()
def bench_grid(  # noqa: PLR0913 - each is an option
    data: Annotated[Path, typer.Argument(help="Folder that holds the data sets.", exists=True, file_okay=False)],
    task: Annotated[list[str] | None, typer.Option(help=f"Of {', '.join(TASKS)}; repeat it. Default: all.")] = None,
    part: Annotated[str, typer.Option(help="dev (for choosing), test (for reporting) or all.")] = "test",
    method: Annotated[list[str] | None, typer.Option(help="Presets and baselines; repeat it. Default: all.")] = None,
    rate: Annotated[list[float] | None, typer.Option(help="Rates; repeat it. Default: 0.1, 0.2, 0.3, 0.5.")] = None,
    tokens: Annotated[list[int] | None, typer.Option(help="Token budgets, as well or instead; repeat it.")] = None,
    adaptive: Annotated[bool, typer.Option("--adaptive", help="No budget, as well, for methods that can tell.")] = False,
    seed: Annotated[list[int] | None, typer.Option(help="Choice and order of passages; repeat it. Default: 0.")] = None,
    limit: Annotated[int, typer.Option(min=0, help="Examples of each task and seed; 0 = all.")] = 100,
    timed: Annotated[int, typer.Option(min=0, help="Of them, how many are timed, alone, before the others.")] = 0,
    shown: Annotated[int, typer.Option(min=0, help="Of them, how many can be shown side by side in the report.")] = 2,
    reader: Annotated[
        str, typer.Option(help="F1 and EM of a reader: folder of an extractive model, or langchain:package.module:factory.")
    ] = "",
    lm: Annotated[
        str, typer.Option(help="Causal language model of the perplexity methods: lm (embedded), a folder or a hub name.")
    ] = CAUSAL,
    reference_python: Annotated[
        str, typer.Option(help="Interpreter of an environment that has llmlingua 0.2.2: for package_llmlingua2 and the like.")
    ] = "",
    counter: Annotated[str, typer.Option(help="The tokenizer of the budgets.")] = "cl100k_base",
    also: Annotated[list[str] | None, typer.Option(help="Other tokenizers that count. Default: embedded, gpt2.")] = None,
    processes: Annotated[int, typer.Option(min=1, help="That share what is not timed; each loads the models.")] = 1,
    minutes: Annotated[float | None, typer.Option(min=0, help="Begins no more when they are over; run it again to go on.")] = None,
    out: Annotated[Path, typer.Option(help="JSON lines; rows that it holds are not run again.")] = Path("grid.jsonl"),
    describe: Annotated[bool, typer.Option("--describe", help="Says what the tasks are, and runs nothing.")] = False,
) -> None:
    """Every figure of every task, one JSON line for each result. `linguapress report` draws them."""
    from linguapress.evaluation import grid, grid_plan
    from linguapress.evaluation.contenders import names

    tasks = tuple(dict.fromkeys(task or TASKS))
    if unknown := [name for name in tasks if name not in TASKS]:
        raise typer.BadParameter(f"task is one of {', '.join(TASKS)}; got {unknown[0]!r}")
    if part not in ("dev", "test", "all"):
        raise typer.BadParameter(f"part is dev, test or all; got {part!r}")
    if describe:
        typer.echo(about((name, TASKS[name]) for name in tasks))
        return
    plan = grid_plan.Plan(
        data, tuple(dict.fromkeys(method or names(reference_python))), tasks, part, tokens=tuple(tokens or ()), adaptive=adaptive,
        seeds=tuple(dict.fromkeys(seed or (0,))), limit=limit, timed=timed, shown=shown, counter=counter, lm=lm, reader=reader,
        reference=reference_python,
    )  # fmt: skip
    plan = replace(plan, rates=tuple(rate or (() if tokens else plan.rates)), also=tuple(also or plan.also))
    with refusing():
        todo = grid_plan.jobs(plan, grid_plan.done(out, plan))
        grid.checked(plan, todo)
        count = _progressing(plan, out, todo, processes, minutes)
    _note(out, processes)
    typer.echo(f"{count} new rows in {out}")
    if failed := [row for row in read_jsonl(out) if row.get("failed")]:
        methods = ", ".join(sorted({row["method"] for row in failed}))
        typer.echo(f"{len(failed)} rows in it keep nothing, since the package failed ({methods}); their 'failed' says why")


def _progressing(plan: Plan, out: Path, todo: Sequence[Job], processes: int, minutes: float | None) -> int:
    from linguapress.evaluation import grid

    end = None if minutes is None else time.monotonic() + 60 * minutes
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TimeRemainingColumn()
    with Progress(*columns, transient=True) as progress:
        bar = progress.add_task("examples", total=len(todo))

        def step(job: Job) -> bool:
            progress.update(bar, advance=1, description=job.task)
            return end is None or time.monotonic() < end

        return grid.run(plan, out, todo, processes, step)


def _note(out: Path, processes: int) -> None:
    """What the last run was measured on, beside the rows."""
    from linguapress.evaluation.machine import machine_with_torch

    facts = {"machine": machine_with_torch(), "processes": processes}
    named(out, ".machine.json").write_text(json.dumps(facts, indent=1), encoding="utf-8")
