"""``linguapress bench``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import Progress

from linguapress.budget import Budget
from linguapress.evaluation.tasks import TASKS, examples
from linguapress.jsonl import append_jsonl

app = typer.Typer(help="Compare methods on real questions.", no_args_is_help=True)


@app.command()
def run(
    data: Annotated[Path, typer.Argument(help="Folder that holds the data sets.", exists=True, file_okay=False)],
    task: Annotated[str, typer.Option(help=f"One of {', '.join(TASKS)}.")] = "nq",
    part: Annotated[str, typer.Option(help="dev (for choosing), test (for reporting) or all.")] = "test",
    method: Annotated[list[str] | None, typer.Option(help="Presets and baselines; repeat it. Default: all.")] = None,
    tokens: Annotated[list[int] | None, typer.Option(help="Token budgets; repeat it. Default: 150, 300, 500, 1000.")] = None,
    rate: Annotated[list[float] | None, typer.Option(help="Rates, as well or instead; repeat it.")] = None,
    counter: Annotated[str, typer.Option(help="The reader's tokenizer.")] = "cl100k_base",
    limit: Annotated[int, typer.Option(help="Number of questions; 0 = all.")] = 0,
    seed: Annotated[int, typer.Option(help="Order of the passages.")] = 0,
    warm: Annotated[bool, typer.Option(help="Read each text once, not once a budget: quicker, but times mean nothing.")] = False,
    out: Annotated[Path, typer.Option(help="Results: NAME.jsonl, NAME.json and NAME.md.")] = Path("bench"),
) -> None:
    """Answer and evidence survival, tokens against budget, milliseconds."""
    from linguapress.evaluation import bench
    from linguapress.evaluation.contenders import names

    if task not in TASKS or part not in ("dev", "test", "all"):
        raise typer.BadParameter(f"task is one of {', '.join(TASKS)}, part one of dev, test, all; got {task!r} and {part!r}")
    budgets = [*(Budget(tokens=n, count=counter) for n in tokens or ()), *(Budget(rate=r, count=counter) for r in rate or ())]
    budgets = budgets or [Budget(tokens=n, count=counter) for n in (150, 300, 500, 1000)]
    asked = examples(task, data, seed, part)[: limit or None]
    rows_file = out.with_suffix(".jsonl")
    rows_file.unlink(missing_ok=True)
    rows = []
    with Progress(transient=True) as progress:
        bar = progress.add_task(f"{task} {part}", total=len(asked))
        for row in bench.run(asked, method or names(), budgets, warm=warm, done=lambda: progress.advance(bar)):
            rows.append(row)
            append_jsonl(rows_file, [row])
    means = bench.summary(rows)
    about = {
        "task": task,
        "part": part,
        "examples": len(asked),
        "seed": seed,
        "counter": counter,
        "warm": warm,
        "machine": bench.machine(),
    }
    out.with_suffix(".json").write_text(json.dumps({"about": about, "means": means}, indent=1), encoding="utf-8")
    table = bench.markdown(means, f"{task}, {part}: {len(asked)} questions, seed {seed}, {counter}")
    out.with_suffix(".md").write_text(f"{table}\n{json.dumps(about['machine'])}\n", encoding="utf-8")
    typer.echo(table)
