"""The bars that the commands of ``linguapress train`` show."""

from __future__ import annotations

from collections.abc import Callable

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn


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
