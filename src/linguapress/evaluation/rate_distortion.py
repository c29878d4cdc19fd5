"""``linguapress bench-distortion``: how far methods are from the least distortion that any method can have at their rate.

On strings of a Markov chain the optimum is exact and so is the reader; on real questions it is exact over a searched set of
selections (arXiv 2407.15504).

    linguapress bench-distortion DATA --out notebooks/results/distortion
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timezone
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from rich.progress import Progress

from linguapress.errors import MissingExtra, UnknownName
from linguapress.evaluation.outputs import named, write
from linguapress.evaluation.plot import require_matplotlib
from linguapress.evaluation.rate_distortion_markov import MEASURES, Optima, optima
from linguapress.evaluation.rate_distortion_optimum import Curve

app = typer.Typer(help="Measure the distance to the optimum.")

RATES = (0.05, 0.1, 0.2, 0.3, 0.5)
STRING_RATES = (0.25, 0.5, 0.75)
SHORTEST = 4  # bits, as in the paper
METHODS = (
    "lingua", "query_select", "sentence_filter", "document_ranking", "bm25_sentences", "llmlingua2", "head", "random_words",
)  # fmt: skip


def on_strings(longest: int, rates: Sequence[float] = STRING_RATES) -> dict[str, Any]:
    """Methods and optima on all Markov strings of 4 to ``longest`` bits."""
    from linguapress.evaluation.rate_distortion_strings import METHODS as PRUNING
    from linguapress.evaluation.rate_distortion_strings import measured

    lengths = range(SHORTEST, longest + 1)
    curves = {measure: optima(lengths, measure) for measure in MEASURES}
    rows = [measured(method, lengths, rate) for method in PRUNING for rate in rates]
    for row in rows:
        row["optimum"] = {measure: _each(found, row["rate"]) for measure, found in curves.items()}
    drawn = {measure: {name: _thin(getattr(found, name)) for name in Optima.__slots__} for measure, found in curves.items()}
    return {"lengths": [SHORTEST, longest], "optima": drawn, "methods": rows}


def _each(found: Optima, rate: float) -> dict[str, float]:
    return {name: getattr(found, name).at(rate) for name in Optima.__slots__}


def _thin(curve: Curve) -> dict[str, list[float]]:
    """A curve of thousands of vertices at a hundred rates."""
    rates = np.linspace(0, 1, 101)
    return {"rates": rates.round(6).tolist(), "distortions": [round(curve.at(rate), 6) for rate in rates]}


def on_questions(
    data: Path, task: str, part: str, methods: Sequence[str], rates: Sequence[float], counter: str, limit: int
) -> dict[str, Any]:
    """Methods and optima on the questions of a task, by distortion."""
    from linguapress.evaluation.rate_distortion_questions import compared, tried
    from linguapress.evaluation.rate_distortion_selections import LOSSES
    from linguapress.evaluation.tasks import examples

    asked = examples(task, data, 0, part)[: limit or None]
    with Progress(transient=True) as progress:
        bar = progress.add_task(f"{task} {part}", total=len(asked))
        trials = tried(asked, methods, rates, counter, lambda: progress.advance(bar))
    return {loss: compared(asked, trials, loss, counter) for loss in LOSSES}


@app.command()
def run(  # noqa: PLR0913 - each parameter is an option of the command line
    data: Annotated[Path, typer.Argument(help="Folder that holds the data sets.", exists=True, file_okay=False)],
    task: Annotated[str, typer.Option(help="A task of bench whose answers stand in the passages.")] = "nq",
    part: Annotated[str, typer.Option(help="dev, test or all.")] = "test",
    method: Annotated[list[str] | None, typer.Option(help="Presets and baselines; repeat it.")] = None,
    rate: Annotated[list[float] | None, typer.Option(min=0, max=1, help="Shares of the tokens that may remain; repeat it.")] = None,
    counter: Annotated[str, typer.Option(help="The reader's tokenizer.")] = "cl100k_base",
    limit: Annotated[int, typer.Option(min=0, help="Number of questions; 0 = all.")] = 0,
    longest: Annotated[int, typer.Option(min=SHORTEST, max=12, help="Bits of the longest Markov strings.")] = 10,
    out: Annotated[Path, typer.Option(help="Results: NAME.json, NAME.md and two pictures.")] = Path("distortion"),
) -> None:
    """Distortion against rate, with the exact optimum, on Markov strings and on real questions."""
    from linguapress.evaluation.machine import machine
    from linguapress.evaluation.rate_distortion_page import markdown
    from linguapress.evaluation.rate_distortion_plot import draw
    from linguapress.evaluation.tasks import TASKS

    if task not in TASKS or part not in ("dev", "test", "all"):
        raise typer.BadParameter(f"task is one of {', '.join(TASKS)}, part one of dev, test, all; got {task!r} and {part!r}")
    try:
        require_matplotlib()
        questions = on_questions(data, task, part, method or METHODS, sorted(rate or RATES), counter, limit)
    except (MissingExtra, UnknownName, ValueError) as error:
        raise typer.BadParameter(str(error)) from error
    date = datetime.now(timezone.utc).date().isoformat()
    about = {"date": date, "task": task, "part": part, "counter": counter, "machine": machine()}
    found = {"about": about, "questions": questions, "strings": on_strings(longest)}
    write(out, found, markdown(found))
    for name in ("questions", "strings"):
        draw(found[name], named(out, f"_{name}.svg"))
    typer.echo(markdown(found))
