"""What the commands of ``linguapress train`` show: bars, and mistakes as one line."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from linguapress.errors import DistillationError

_NO_DEVICE = re.compile(r"not compiled with|no NVIDIA driver|No \w+ GPUs|invalid device ordinal|not linked with support for", re.I)


@contextmanager
def one_line() -> Iterator[None]:
    """Turns an error into one line on standard error; ``LINGUAPRESS_TRACEBACK=1`` lets it through."""
    try:
        yield
    except (typer.Exit, typer.Abort, typer.BadParameter):
        raise
    except Exception as error:
        if os.environ.get("LINGUAPRESS_TRACEBACK"):
            raise
        typer.echo(f"error: {' '.join(_said(error).split())}", err=True)
        raise typer.Exit(1) from error


def _said(error: Exception) -> str:
    """What is wrong, and what to do."""
    if isinstance(error, AssertionError | RuntimeError) and _NO_DEVICE.search(str(error)):
        return f"torch finds no such device here ({str(error).splitlines()[0]}); leave --device out, or choose auto or cpu"
    if isinstance(error, OSError | ValueError | ArithmeticError | ImportError | DistillationError):
        return str(error)
    return f"{type(error).__name__}: {error} (LINGUAPRESS_TRACEBACK=1 shows where)"


def progress_bars() -> Progress:
    """Bars on standard error that tell how much is left, where somebody watches."""
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    return Progress(*columns, console=console, disable=not console.is_terminal)


def bars(progress: Progress) -> Callable[[str, int, int, dict[str, float]], None]:
    """Shows each task of a training as a bar of its own."""
    known: dict[str, TaskID] = {}

    def show(task: str, step: int, total: int, figures: dict[str, float]) -> None:
        if task not in known:
            known[task] = progress.add_task(task)
        label = " ".join((task, *(f"{name} {value:.3g}" for name, value in figures.items())))
        progress.update(known[task], completed=step, total=total or None, description=label)

    return show
