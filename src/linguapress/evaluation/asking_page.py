"""What readers answered, as a table and as a picture."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from linguapress.evaluation.asking import GOLD, WHOLE
from linguapress.evaluation.metrics import interval, paired_interval
from linguapress.evaluation.plot import save, styled, styles
from linguapress.evaluation.tables import Row, table

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_MEANS = ("right", "em", "f1", "survives", "unknown", "tokens_before", "tokens_after")


def means(rows: Sequence[Row]) -> list[Row]:
    """Means by condition, and the difference to ``whole`` in ``right`` where that was asked as well, with 95 % intervals.

    ``right_survived``: of the questions whose answer stood in the context, the share that was answered right; ``right_gone``: of
    the others, which a reader knew all the same or whose answer stood there in other words. None where there are no such questions.
    """
    groups: dict[tuple[str, object], list[Row]] = {}
    for row in rows:
        groups.setdefault((row["method"], row["budget"]), []).append(row)
    whole = {row["id"]: float(row["right"]) for row in groups.get((WHOLE, "all"), ())}
    return [_mean(method, budget, group, whole) for (method, budget), group in groups.items()]


def _mean(method: str, budget: object, rows: Sequence[Row], whole: dict[str, float]) -> Row:
    right = [float(row["right"]) for row in rows]
    low, high = interval(right)
    found: Row = {"method": method, "budget": budget, "questions": len(rows)}
    found |= {name: float(np.mean([row[name] for row in rows])) for name in _MEANS} | {"low": low, "high": high}
    for name, wanted in (("right_survived", True), ("right_gone", False)):
        some = [float(row["right"]) for row in rows if row["survives"] == wanted]
        found[name] = float(np.mean(some)) if some else None
    if whole and method != WHOLE:
        others = [whole[row["id"]] for row in rows]
        low, high = paired_interval(right, others)
        found |= {"difference": float(np.mean(right) - np.mean(others)), "difference_low": low, "difference_high": high}
    return found


def markdown(found: Sequence[Row], title: str) -> str:
    """The means as a table."""
    columns = (
        "method", "budget", "tokens", "answered right", "95 % interval", "difference to whole", "95 % interval", "F1", "exact",
        "answer survives", "right where it survives", "right where it does not", "unknown",
    )  # fmt: skip
    return table(title, columns, [_cells(row) for row in found])


def _cells(row: Row) -> tuple[object, ...]:
    told = "difference" in row
    return (
        row["method"], row["budget"], f"{row['tokens_before']:.0f} -> {row['tokens_after']:.0f}", f"{row['right']:.3f}",
        f"{row['low']:.3f}-{row['high']:.3f}", f"{row['difference']:+.3f}" if told else "",
        f"{row['difference_low']:+.3f} to {row['difference_high']:+.3f}" if told else "", f"{row['f1']:.3f}", f"{row['em']:.3f}",
        f"{row['survives']:.3f}", _share(row["right_survived"]), _share(row["right_gone"]), f"{row['unknown']:.3f}",
    )  # fmt: skip


def _share(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}"


def draw(found: Sequence[Row], path: Path, title: str) -> None:
    """Answered right over tokens sent, a line a method; what the whole context gives is a line across.

    Raises:
        MissingExtra: matplotlib is not installed.
    """
    with styled():
        from matplotlib.figure import Figure

        figure = Figure(figsize=(7.4, 4.4), layout="constrained")
        axes = figure.add_subplot()
        _draw(axes, found)
        axes.set_title(title, fontsize=11, fontweight="bold", loc="left")
        save(figure, path)


def _draw(axes: Axes, found: Sequence[Row]) -> None:
    for row in (row for row in found if row["method"] == WHOLE):
        axes.axhline(row["right"], color="#000000", linewidth=1, linestyle=(0, (4, 1.5)))
        axes.annotate(
            f"whole context, {row['tokens_after']:,.0f} tokens",
            (0.01, row["right"]),
            (0, 3),
            xycoords=("axes fraction", "data"),
            textcoords="offset points",
            fontsize=8.5,
        )
    names = dict.fromkeys(row["method"] for row in sorted(found, key=_order) if row["method"] not in (WHOLE, GOLD))
    for name, (colour, marker, dash) in zip(names, styles(), strict=False):
        own = sorted((row["tokens_after"], row["right"], row["low"], row["high"]) for row in found if row["method"] == name)
        tokens, right, low, high = map(np.array, zip(*own, strict=True))
        axes.errorbar(
            tokens, right, yerr=(right - low, high - right), color=colour, marker=marker, linestyle=dash, linewidth=1.4,
            markersize=5, elinewidth=0.6, label=name,
        )  # fmt: skip
    axes.set_xscale("log")
    ticks = sorted({round(row["tokens_after"], -1) for row in found if row["method"] not in (WHOLE, GOLD)})
    axes.set_xticks(_apart(ticks), [f"{tick:,.0f}" for tick in _apart(ticks)])
    axes.set_xticks([], minor=True)
    axes.set(ylim=(0, 1), xlabel="tokens sent", ylabel="answered right (share of questions)")
    axes.grid(visible=True)
    axes.legend(frameon=False, fontsize=8.5, loc="lower right")


def _order(row: Row) -> float:
    """The best first."""
    return -float(row["right"])


def _apart(ticks: Sequence[float]) -> list[float]:
    """Of several that would be written over one another, the first."""
    found: list[float] = []
    for tick in ticks:
        if not found or tick > 1.2 * found[-1]:
            found.append(tick)
    return found
