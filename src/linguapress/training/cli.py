"""``linguapress train``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

app = typer.Typer(help="Train the models that linguapress ships.", no_args_is_help=True)


@app.callback()
def train() -> None:
    """Train the models that linguapress ships."""


@app.command()
def keep(
    data: Annotated[Path, typer.Option(help="Folder with train.jsonl and dev.jsonl.", exists=True, file_okay=False)],
    out: Annotated[Path, typer.Option(help="Folder for the model; an interrupted run in it goes on.")],
    hold: Annotated[list[Path] | None, typer.Option(help="JSON lines whose embeddings are held as well; repeat it.")] = None,
    base: Annotated[str, typer.Option(help="Encoder to start from; default: all-MiniLM-L6-v2 (extra train).")] = "",
    epochs: Annotated[int, typer.Option(min=1)] = 6,
    batch: Annotated[int, typer.Option(min=1)] = 12,
    learning_rate: Annotated[float, typer.Option(min=0)] = 2e-4,
    hold_weight: Annotated[float, typer.Option(min=0, help="Weight of holding the embeddings.")] = 2.0,
    threads: Annotated[int, typer.Option(min=0, help="CPU threads; 0 = all.")] = 0,
    seed: Annotated[int, typer.Option()] = 0,
    device: Annotated[str, typer.Option()] = "auto",
) -> None:
    """A keep head on teachers' compressions, with the encoder's embeddings held in place."""
    import torch

    from linguapress.models.devices import device_of
    from linguapress.models.minilm import original
    from linguapress.training.keep import KeepSettings, train

    if threads:
        torch.set_num_threads(threads)
    settings = KeepSettings(
        base or original(), data, out, tuple(hold or ()), hold_weight, epochs, batch, learning_rate, seed=seed,
        device=str(device_of(device)),
    )  # fmt: skip
    with _progress() as progress:
        bar = progress.add_task("keep")

        def show(step: int, total: int, losses: dict[str, float]) -> None:
            label = " ".join(f"{name} {value:.3f}" for name, value in losses.items())
            progress.update(bar, completed=step, total=max(total, step), description=label)

        metrics = train(settings, show)
    typer.echo(json.dumps({"dev": metrics["dev"]["all"], **metrics["baselines"]}, indent=1))


@app.command()
def select(
    data: Annotated[Path, typer.Option(help="Folder with the data sets.", exists=True, file_okay=False)],
    out: Annotated[Path, typer.Option(help="Folder for the selector; an interrupted run in it goes on.")],
    base: Annotated[str, typer.Option(help="Encoder to start from: mini (word embeddings are shared), folder, name.")] = "mini",
    steps: Annotated[int, typer.Option(min=1)] = 3600,
    groups: Annotated[int, typer.Option(min=1, help="Questions a step.")] = 3,
    width: Annotated[int, typer.Option(min=2, help="Passages for each question.")] = 12,
    learning_rate: Annotated[float, typer.Option(min=0)] = 1e-4,
    hardness: Annotated[float, typer.Option(min=0, help="How soon the chance of a negative falls with its place.")] = 0.12,
    articles: Annotated[int, typer.Option(min=0, help="Wikipedia articles to search for negatives.")] = 2200,
    measure_every: Annotated[int, typer.Option(min=0, help="Steps between measurements on dev questions.")] = 600,
    threads: Annotated[int, typer.Option(min=0, help="CPU threads; 0 = all.")] = 0,
    seed: Annotated[int, typer.Option()] = 0,
    device: Annotated[str, typer.Option()] = "auto",
) -> None:
    """A selector that reads question and passage together: ranks passages, finds the needed sentences."""
    import torch

    from linguapress.models.devices import device_of
    from linguapress.training.select import SelectSettings, train

    if threads:
        torch.set_num_threads(threads)
    settings = SelectSettings(
        data, out, base, steps, groups, width, learning_rate, articles=articles, hardness=hardness, measure_every=measure_every,
        seed=seed, device=str(device_of(device)),
    )  # fmt: skip
    with _progress() as progress:
        bars: dict[str, TaskID] = {}

        def show(task: str, step: int, total: int, losses: dict[str, float]) -> None:
            if task not in bars:
                bars[task] = progress.add_task(task)
            label = " ".join((task, *(f"{name} {value:.3f}" for name, value in losses.items())))
            progress.update(bars[task], completed=step, total=total, description=label)

        metrics = train(settings, show)
    best = max(metrics["selection"]["thresholds"].items(), key=lambda item: float(item[1]["f1"]))
    typer.echo(json.dumps({"ranking": metrics["ranking"], "threshold": best[0], **best[1]}, indent=1))


def _progress() -> Progress:
    return Progress(TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
