"""``linguapress bench``."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.progress import Progress

from linguapress.budget import Budget
from linguapress.errors import InvalidBudget, UnknownName
from linguapress.evaluation.tasks import TASKS, examples
from linguapress.jsonl import append_jsonl

if TYPE_CHECKING:
    from linguapress.evaluation.tables import Row

app = typer.Typer(help="Compare methods on real questions.", no_args_is_help=True)


@app.command()
def run(
    data: Annotated[Path, typer.Argument(help="Folder that holds the data sets.", exists=True, file_okay=False)],
    task: Annotated[str, typer.Option(help=f"One of {', '.join(TASKS)}.")] = "nq",
    part: Annotated[
        str, typer.Option(help="dev (for choosing; of multihop it is training data of query_select), test (for reporting) or all.")
    ] = "test",
    method: Annotated[list[str] | None, typer.Option(help="Presets and baselines; repeat it. Default: all.")] = None,
    tokens: Annotated[list[int] | None, typer.Option(help="Token budgets; repeat it. Default: 150, 300, 500, 1000.")] = None,
    rate: Annotated[list[float] | None, typer.Option(help="Rates, as well or instead; repeat it.")] = None,
    adaptive: Annotated[bool, typer.Option("--adaptive", help="No budget, as well or instead, for methods that can tell.")] = False,
    against: Annotated[str | None, typer.Option(help="Adds a table of paired differences to this method.")] = None,
    ranking: Annotated[bool, typer.Option("--ranking", help="Adds a table of where methods rank the gold passage.")] = False,
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
    budgets += [Budget(count=counter)] if adaptive else []
    budgets = budgets or [Budget(tokens=n, count=counter) for n in (150, 300, 500, 1000)]
    methods = list(dict.fromkeys([*(method or names()), *([against] if against else [])]))
    _checked(methods, budgets)
    asked = examples(task, data, seed, part)[: limit or None]
    rows_file = out.with_suffix(".jsonl")
    rows_file.unlink(missing_ok=True)
    rows = []
    with Progress(transient=True) as progress:
        bar = progress.add_task(f"{task} {part}", total=len(asked))
        for row in bench.run(asked, methods, budgets, warm=warm, ranking=ranking, done=lambda: progress.advance(bar)):
            rows.append(row)
            append_jsonl(rows_file, [row])
    about = {
        "task": task,
        "part": part,
        "examples": len(asked),
        "seed": seed,
        "counter": counter,
        "warm": warm,
        "machine": bench.machine(),
    }
    _write(out, rows, about, against=against, ranking=ranking)


def _checked(methods: Sequence[str], budgets: Sequence[Budget]) -> None:
    """Refuses to run nothing or what nobody knows, and names what is left out."""
    from linguapress.evaluation import bench

    try:
        found = bench.trials(methods, budgets)
    except (InvalidBudget, UnknownName) as error:
        raise typer.BadParameter(str(error)) from error
    short = [name for name, group in found.items() if len(group) < len(budgets)]
    if short:
        typer.echo(f"not run without a budget: {', '.join(short)}", err=True)


def _write(out: Path, rows: Sequence[Row], about: dict[str, Any], *, against: str | None, ranking: bool) -> None:
    """Writes NAME.json and NAME.md, and shows the tables."""
    from linguapress.evaluation import tables

    found: dict[str, Any] = {"about": about, "means": tables.summary(rows)}
    title = f"{about['task']}, {about['part']}: {about['examples']} questions, seed {about['seed']}, {about['counter']}"
    pages = [tables.markdown(found["means"], title)]
    if against:
        found["against"] = {"method": against, "differences": tables.differences(rows, against)}
        pages.append(tables.differences_markdown(found["against"]["differences"], against))
    if ranking:
        found["ranking"] = tables.rankings(rows)
        pages.append(tables.rankings_markdown(found["ranking"]))
    out.with_suffix(".json").write_text(json.dumps(found, indent=1), encoding="utf-8")
    out.with_suffix(".md").write_text("\n".join((*pages, f"{json.dumps(about['machine'])}\n")), encoding="utf-8")
    typer.echo("\n".join(pages))
