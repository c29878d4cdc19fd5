"""``linguapress bench``."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.progress import Progress

from linguapress.evaluation.machine import machine_with_torch
from linguapress.evaluation.outputs import named, write
from linguapress.evaluation.plot import draw, require_matplotlib
from linguapress.evaluation.refusal import refusing
from linguapress.evaluation.sizes import sizes
from linguapress.evaluation.tasks import TASKS, examples
from linguapress.jsonl import append_jsonl
from linguapress.models.embedded import CAUSAL

if TYPE_CHECKING:
    from linguapress.evaluation.bench import Trial
    from linguapress.evaluation.tables import Row


class Format(str, Enum):
    """How a plot is written."""

    svg = "svg"
    png = "png"


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
    ratio: Annotated[
        list[float] | None, typer.Option(help="Ratios, tokens before / tokens kept, as well or instead; repeat it.")
    ] = None,
    adaptive: Annotated[bool, typer.Option("--adaptive", help="No budget, as well or instead, for methods that can tell.")] = False,
    lm: Annotated[
        str, typer.Option(help="Causal language model of the perplexity methods: lm (embedded), a folder or a hub name.")
    ] = CAUSAL,
    against: Annotated[str | None, typer.Option(help="Adds a table of paired differences to this method.")] = None,
    ranking: Annotated[bool, typer.Option("--ranking", help="Adds a table of where methods rank the gold passage.")] = False,
    counter: Annotated[str, typer.Option(help="The reader's tokenizer.")] = "cl100k_base",
    limit: Annotated[int, typer.Option(help="Number of questions; 0 = all.")] = 0,
    minutes: Annotated[float | None, typer.Option(min=0, help="Ends with the question during which they are over.")] = None,
    seed: Annotated[int, typer.Option(help="Order of the passages.")] = 0,
    warm: Annotated[bool, typer.Option("--warm", help="Read each text once, not once a budget: quicker, without times.")] = False,
    timed: Annotated[
        int | None, typer.Option(min=0, help="Questions that are timed, the first ones; the others are warm. Default: all.")
    ] = None,
    plot: Annotated[Format | None, typer.Option(help="Draws survival and milliseconds, too: NAME.svg or NAME.png.")] = None,
    out: Annotated[Path, typer.Option(help="Results: NAME.jsonl, NAME.json and NAME.md.")] = Path("bench"),
) -> None:
    """Answer and evidence survival and what else a task measures, tokens against budget, milliseconds."""
    from linguapress.evaluation import bench
    from linguapress.evaluation.contenders import names

    if task not in TASKS or part not in ("dev", "test", "all"):
        raise typer.BadParameter(f"task is one of {', '.join(TASKS)}, part one of dev, test, all; got {task!r} and {part!r}")
    methods = list(dict.fromkeys([*(method or names()), *([against] if against else [])]))
    with refusing():
        asked_for = sizes(counter, tokens=tokens or (), rates=rate or (), ratios=ratio or (), adaptive=adaptive)
        budgets = asked_for or sizes(counter, tokens=(150, 300, 500, 1000))
        _say_what_is_left_out(bench.trials(methods, budgets, lm), len(budgets))
        if plot:
            require_matplotlib()
    asked = examples(task, data, seed, part)[: limit or None]
    with Progress(transient=True) as progress:
        bar = progress.add_task(f"{task} {part}", total=len(asked))
        found = bench.run(
            asked if minutes is None else bench.within(minutes, asked), methods, budgets, lm=lm,
            timed=0 if warm and timed is None else timed, ranking=ranking, done=lambda: progress.advance(bar),
        )  # fmt: skip
        rows = _noted(found, named(out, ".jsonl"))
    timed_ones = {row["id"] for row in rows if row["ms"] is not None}
    about = {
        "task": task, "part": part, "examples": len({row["id"] for row in rows}), "timed": len(timed_ones), "seed": seed,
        "counter": counter, "lm": Path(lm).name, "machine": machine_with_torch(),
    }  # fmt: skip
    _write(out, rows, about, against=against, ranking=ranking, plot=plot)


def _noted(rows: Iterable[Row], file: Path) -> list[Row]:
    """The rows, written down one by one as they come."""
    file.unlink(missing_ok=True)
    found = []
    for row in rows:
        found.append(row)
        append_jsonl(file, [row])
    return found


def _say_what_is_left_out(found: Mapping[str, Sequence[Trial]], budgets: int) -> None:
    short = [name for name, group in found.items() if len(group) < budgets]
    if short:
        typer.echo(f"not run without a budget: {', '.join(short)}", err=True)


def _write(
    out: Path, rows: Sequence[Row], about: dict[str, Any], *, against: str | None, ranking: bool, plot: Format | None
) -> None:
    """Writes NAME.json and NAME.md, and NAME.svg or NAME.png where that is wanted; shows the tables."""
    from linguapress.evaluation import tables

    quality = TASKS[about["task"]].quality
    found: dict[str, Any] = {"about": about, "means": tables.summary(rows, quality)}
    title = f"{about['task']}, {about['part']}: {about['examples']} questions, seed {about['seed']}, {about['counter']}"
    title += f", {about['timed']} of them timed" if 0 < about["timed"] < about["examples"] else ""
    pages = [tables.markdown(found["means"], title, quality)]
    if against:
        found["against"] = {"method": against, "differences": tables.differences(rows, against, quality)}
        pages.append(tables.differences_markdown(found["against"]["differences"], against, quality))
    if ranking:
        found["ranking"] = tables.rankings(rows)
        pages.append(tables.rankings_markdown(found["ranking"]))
    write(out, found, "\n".join((*pages, f"{json.dumps(about['machine'])}\n")))
    if plot:
        draw(found["means"], named(out, f".{plot.value}"), title, quality)
    typer.echo("\n".join(pages))
