"""What the commands of ``linguapress train`` show: bars, and mistakes as one line."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from linguapress.errors import DistillationError


@contextmanager
def one_line() -> Iterator[None]:
    """Turns what the user can mend into one line on standard error; ``LINGUAPRESS_TRACEBACK=1`` lets it through."""
    try:
        yield
    except (OSError, ValueError, ArithmeticError, ImportError, DistillationError) as error:
        if os.environ.get("LINGUAPRESS_TRACEBACK"):
            raise
        typer.echo(f"error: {' '.join(str(error).split())}", err=True)
        raise typer.Exit(1) from error


def progress_bars() -> Progress:
    """Bars that tell how much is left."""
    return Progress(TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())


def bars(progress: Progress) -> Callable[[str, int, int, dict[str, float]], None]:
    """Shows each task of a training as a bar of its own."""
    known: dict[str, TaskID] = {}

    def show(task: str, step: int, total: int, figures: dict[str, float]) -> None:
        if task not in known:
            known[task] = progress.add_task(task)
        label = " ".join((task, *(f"{name} {value:.3g}" for name, value in figures.items())))
        progress.update(known[task], completed=step, total=total or None, description=label)

    return show
