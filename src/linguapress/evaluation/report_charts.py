"""Pictures of a report: every task's curves at a glance, quality against time. Extra ``bench``."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from linguapress.evaluation.plot import Look, save, styled, styles
from linguapress.evaluation.report_data import Findings, Point, Results
from linguapress.evaluation.tables import Row

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_COLUMNS, _WIDTH, _HEIGHT, _TOP, _KEY = 4, 3.1, 2.5, 0.5, 0.21  # panels a row; inches: of one, above all, a line of the key
_GREY, _FAINT = "#555555", "#c8c8c8"
_COLOURED = 8  # methods that a small panel can tell apart; the others are grey
_FLOOR = ("head", "random_words")  # what everything should beat
_OTHERS = "other methods"

Looks = dict[str, Look]


def looks(found: Findings) -> Looks:
    """Colour, marker and dash of every method, the same in all pictures."""
    names = dict.fromkeys([*found.methods, *(name for one in found.results for name in one.methods)])
    return dict(zip(names, styles(), strict=False))


def coloured(found: Findings) -> list[str]:
    """The best over all tasks, the method that others are held against, and what everything should beat."""
    wanted = dict.fromkeys([*(one.against for one in found.results), *_FLOOR, *found.methods])
    known = [name for name in wanted if name in looks(found)][:_COLOURED]
    return [name for name in looks(found) if name in known]


def draw_curves(found: Findings, path: Path) -> None:
    """A small panel a task: quality over the share of tokens kept.

    Raises:
        MissingExtra: matplotlib is not installed.
    """
    with styled():
        save(_curves(found), path)


def draw_front(points: Sequence[Point], path: Path, found: Findings, title: str) -> None:
    """Quality over milliseconds; methods that none beats in both are joined.

    Raises:
        MissingExtra: matplotlib is not installed.
    """
    with styled():
        save(_front(points, looks(found), title), path)


def _curves(found: Findings) -> Figure:
    from matplotlib.figure import Figure

    style, names = looks(found), coloured(found)
    columns = max(2, min(_COLUMNS, len(found.results)))
    rows, keys = math.ceil(len(found.results) / columns), math.ceil((len(names) + 1) / columns)
    width, height = _WIDTH * columns, _HEIGHT * rows + _TOP + _KEY * keys + 0.3
    figure = Figure(figsize=(width, height))
    panels = figure.subplots(rows, columns, squeeze=False)
    for axes, one in zip(panels.flat, found.results, strict=False):
        _panel(axes, one, {name: style[name] for name in names})
    for axes in list(panels.flat)[len(found.results) :]:
        axes.set_axis_off()
    below = (_KEY * keys + 0.3) / height
    figure.subplots_adjust(0.7 / width, below + 0.45 / height, 1 - 0.15 / width, 1 - _TOP / height, 0.32, 0.42)
    lines = {line.get_label(): line for axes in panels.flat for line in axes.get_lines()}
    shown = [name for name in (*names, _OTHERS) if name in lines]
    figure.legend(
        [lines[name] for name in shown], shown, loc="lower center", ncols=columns, frameon=False, fontsize=8,
        bbox_to_anchor=(0.5, 0.05 / height), handlelength=3,
    )  # fmt: skip
    return figure


def _panel(axes: Axes, one: Results, style: Looks) -> None:
    for method in one.methods:
        colour, marker, dash = style.get(method, (_FAINT, "", "-"))
        label, above = (method, 3) if method in style else (_OTHERS, 2)
        rows = [row for name in one.budgets if name != "adaptive" and (row := one.mean(method, name))]
        look: dict[str, Any] = {"color": colour, "clip_on": False, "zorder": above}
        axes.plot(
            list(map(_rate, rows)), [row[one.quality.key] for row in rows], marker=marker, linestyle=dash, linewidth=1.1,
            markersize=3.5, label=label, **look,
        )  # fmt: skip
        if free := one.mean(method, "adaptive"):
            axes.plot(_rate(free), free[one.quality.key], marker=marker or "o", markerfacecolor="white", markersize=5, **look)
    less = "\n(less is better)" if one.quality.lower else ""
    axes.set_title(f"{one.task}, n = {len({(row['id'], row.get('seed', 0)) for row in one.rows})}", fontsize=9.5, loc="left")
    axes.set(ylim=(0, 1), xlim=(0, None))
    axes.set_xlabel("share of tokens kept", fontsize=7.5)
    axes.set_ylabel(one.quality.label + less, fontsize=7.5)
    axes.tick_params(labelsize=7.5)
    axes.grid(visible=True)


def _rate(mean: Row) -> float:
    return float(mean["tokens_after"] / max(1.0, mean["tokens_before"]))


def _front(points: Sequence[Point], style: Looks, title: str) -> Figure:
    from matplotlib.figure import Figure
    from matplotlib.ticker import LogLocator, NullFormatter

    names = 0.075 * max(len(point.method) for point in points) + 1.3  # inches
    width, height = 5.9 + names, max(3.8, 0.2 * len(points) + 1.6)
    figure = Figure(figsize=(width, height))
    axes = figure.add_axes((0.75 / width, 0.55 / height, 5 / width, 1 - 1.05 / height))
    front = sorted((point for point in points if point.front), key=lambda point: point.ms)
    axes.plot([point.ms for point in front], [point.quality for point in front], color=_GREY, linewidth=1, linestyle="--", zorder=1)
    for point in sorted(points, key=lambda point: -point.quality):
        colour, marker, _ = style[point.method]
        name = f"{point.method}, {point.ms:,.0f} ms"
        face = colour if point.front else "white"
        axes.plot(point.ms, point.quality, marker, color=colour, markerfacecolor=face, markersize=7, label=name)
    axes.set_xscale("log")
    axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axes.xaxis.set_major_formatter("{x:,g}")
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.set(xlabel="milliseconds an example (mean of the medians of the timed tasks)", ylabel="quality (mean of the tasks)")
    axes.grid(visible=True)
    figure.legend(loc="center left", bbox_to_anchor=(5.85 / width, 0.5), frameon=False, fontsize=8)
    figure.text(0.75 / width, 1 - 0.3 / height, title, fontsize=11, fontweight="bold")
    return figure
