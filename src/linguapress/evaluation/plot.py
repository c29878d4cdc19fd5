"""Quality over compression, and milliseconds, as one picture. Extra ``bench``.

Every method has a row, the best at the tightest budget first. Its line leads to its name there, so that nobody has to tell colours
apart; those are of Okabe and Ito, safe for the colour-blind. The same means give the same file, to the byte.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from linguapress.errors import MissingExtra
from linguapress.evaluation.quality import ANSWER, Quality
from linguapress.evaluation.tables import Row

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#000000")
DASHES = ("-", (0, (4, 1.5)), (0, (1, 1.2)))
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "<", ">", "p", "h")
_GREY, _FAINT = "#555555", "#dddddd"
_ROW, _LETTER, _LEFT, _RIGHT, _EDGE = 0.27, 0.083, 5.4, 2.7, 0.75  # inches: row, letter of a name, the two panels, margin
_KEY = (0.5, 0.68, 0.86)  # inches from the panel to the beginning, the marker and the end of the line before a name
_LOOK = ("colour", "marker", "dash")
_LEADER: dict[str, Any] = {"arrowstyle": "-", "linewidth": 0.6, "alpha": 0.6, "shrinkA": 0, "shrinkB": 4}
_SETTINGS: Any = {  # the stubs of matplotlib have a name for every setting
    "svg.hashsalt": "linguapress", "font.family": "DejaVu Sans", "font.size": 9.5, "axes.edgecolor": _GREY,
    "axes.spines.top": False, "axes.spines.right": False, "text.color": "#222222", "axes.labelcolor": "#222222",
    "xtick.color": _GREY, "ytick.color": _GREY, "grid.color": _FAINT, "grid.linewidth": 0.6, "axes.axisbelow": True,
}  # fmt: skip


class Curve(NamedTuple):
    """A method's means and how they are drawn.

    Attributes:
        name: the method.
        line: means at a given budget, mildest compression first.
        free: means without a budget.
        colour: of all that belongs to it.
        marker: of its points.
        dash: of its line.
    """

    name: str
    line: Sequence[Row]
    free: Sequence[Row]
    colour: str
    marker: str
    dash: Any

    @property
    def last(self) -> Row:
        """What the name stands beside: the tightest budget."""
        return _last(self.line, self.free)


def require_matplotlib() -> None:
    """Raises unless there is something to draw with.

    Raises:
        MissingExtra: matplotlib is not installed.
    """
    try:
        import matplotlib.figure  # noqa: F401
    except ImportError as error:
        raise MissingExtra("matplotlib", "bench") from error


Look = tuple[str, str, Any]


def draw(means: Sequence[Row], path: Path, title: str, quality: Quality = ANSWER, looks: Mapping[str, Look] | None = None) -> None:
    """Draws the means of :func:`linguapress.evaluation.tables.summary`.

    Args:
        means: one a method and budget.
        path: what to write; the ending, ``.svg`` or ``.png``, says in which form.
        title: above the picture; a line about the uncertainty follows.
        quality: the figure that is drawn, 0..1.
        looks: colour, marker and dash of each method; None = by its rank.

    Raises:
        MissingExtra: matplotlib is not installed.
    """
    with styled():
        found = curves(means, quality)
        own = [curve._replace(**dict(zip(_LOOK, looks[curve.name], strict=True))) for curve in found] if looks else found
        save(_figure(own, title, quality), path)


@contextmanager
def styled(**more: Any) -> Iterator[None]:
    """The look of all pictures, here alone; ``more`` settings of matplotlib as well.

    Raises:
        MissingExtra: matplotlib is not installed.
    """
    require_matplotlib()
    from matplotlib import rc_context

    settings: Any = _SETTINGS | more
    with rc_context(settings):
        yield


def save(figure: Figure, path: Path) -> None:
    """Writes a picture without a date, so that the same one gives the same file."""
    undated: dict[str, Any] = {"Date": None, "Creator": None} if path.suffix == ".svg" else {"Software": None}
    figure.savefig(path, dpi=160, metadata=undated)


def curves(means: Sequence[Row], quality: Quality = ANSWER) -> list[Curve]:
    """Methods, the one first that does best at the tightest budget."""
    groups: dict[str, list[Row]] = {}
    for mean in sorted(means, key=_ratio):
        groups.setdefault(mean["method"], []).append(mean)
    parts = [(name, [row for row in rows if not _free(row)], [row for row in rows if _free(row)]) for name, rows in groups.items()]
    sign = 1 if quality.lower else -1
    ranked = sorted(parts, key=lambda part: (sign * _last(*part[1:])[quality.key], part[0]))
    return [Curve(*part, *style) for part, style in zip(ranked, styles(), strict=False)]


def styles() -> Iterator[Look]:
    """Neighbours differ in colour and marker; no two of the first 231 are the same."""
    for number in count():
        yield COLOURS[number % len(COLOURS)], MARKERS[number % len(MARKERS)], DASHES[number // len(COLOURS) % len(DASHES)]


def _figure(found: Sequence[Curve], title: str, quality: Quality = ANSWER) -> Figure:
    from matplotlib.figure import Figure

    names = _LETTER * max(len(curve.name) for curve in found) + 1.15
    timed = any(row["ms"] is not None for curve in found for row in (*curve.line, *curve.free))
    inner = max(3.6, _ROW * len(found))
    width, height = _EDGE + _LEFT + names + (_RIGHT if timed else 0) + 0.25, inner + 1.55
    figure = Figure(figsize=(width, height))
    survival = figure.add_axes((_EDGE / width, 0.75 / height, _LEFT / width, inner / height))
    _draw_quality(survival, found, quality)
    if timed:
        left = (_EDGE + _LEFT + names) / width
        _draw_times(figure.add_axes((left, 0.75 / height, _RIGHT / width, inner / height)), found)
    figure.text(_EDGE / width, 1 - 0.3 / height, title, fontsize=11.5, fontweight="bold", va="center")
    figure.text(_EDGE / width, 1 - 0.54 / height, _uncertainty(found), color=_GREY, va="center")
    return figure


def _draw_quality(axes: Axes, found: Sequence[Curve], quality: Quality) -> None:
    """One line a method, which leads to its name in its row beside the panel."""
    for number, curve in enumerate(found):
        axes.plot(
            [_ratio(row) for row in curve.line], [row[quality.key] for row in curve.line], color=curve.colour, marker=curve.marker,
            linestyle=curve.dash, linewidth=1.4, markersize=5, clip_on=False,
        )  # fmt: skip
        axes.plot(
            [_ratio(row) for row in curve.free], [row[quality.key] for row in curve.free], color=curve.colour, marker=curve.marker,
            markerfacecolor="white", markersize=7, linestyle="",
        )  # fmt: skip
        row = _place(number, len(found))
        axes.annotate(
            "", (_ratio(curve.last), curve.last[quality.key]), (1 + _KEY[0] / _LEFT, row), textcoords="axes fraction",
            annotation_clip=False, arrowprops={**_LEADER, "color": curve.colour},
        )  # fmt: skip
        _draw_name(axes, curve, row)
    _scale(axes, [row for curve in found for row in curve.line])
    what = "answer survives (share of questions)" if quality == ANSWER else quality.label
    axes.set(ylim=(0, 1), ylabel=what, xlabel="compression ratio, and the tokens that it allows")
    axes.grid(visible=True)


def _draw_name(axes: Axes, curve: Curve, row: float) -> None:
    """A piece of the line, and the name, beside the panel."""
    start, middle, end = (1 + inches / _LEFT for inches in _KEY)
    outside: dict[str, Any] = {"transform": axes.transAxes, "color": curve.colour, "clip_on": False}
    axes.plot([start, end], [row, row], linestyle=curve.dash, linewidth=1.4, **outside)
    axes.plot(middle, row, marker=curve.marker, markersize=5, **outside)
    axes.text(end + 0.1 / _LEFT, row, curve.name, transform=axes.transAxes, va="center_baseline")


def _scale(axes: Axes, rows: Sequence[Row]) -> None:
    """Ratios on a logarithmic scale, a tick at each budget."""
    limits = {row["budget"]: row["tokens_before"] / max(1.0, row["limit"]) for row in rows}
    tokens = {row["budget"]: row["limit"] for row in rows}
    axes.set_xscale("log")
    axes.set_xticks(list(limits.values()), [f"{ratio:.3g}x\n{tokens[budget]:,.0f}" for budget, ratio in limits.items()])
    axes.set_xticks([], minor=True)


def _draw_times(axes: Axes, found: Sequence[Curve]) -> None:
    """The milliseconds of each budget in the method's row."""
    for number, curve in enumerate(found):
        row = _place(number, len(found))
        times = [mean["ms"] for mean in curve.line if mean["ms"] is not None]
        axes.axhline(row, color=_FAINT, linewidth=0.6, zorder=0)
        axes.plot(times, [row] * len(times), color=curve.colour, marker=curve.marker, markersize=5, linewidth=1.4)
        free = [mean["ms"] for mean in curve.free if mean["ms"] is not None]
        axes.plot(free, [row] * len(free), color=curve.colour, marker=curve.marker, markerfacecolor="white", linestyle="")
    axes.set_xscale("log")
    axes.xaxis.set_major_formatter("{x:,g}")
    axes.set(ylim=(0, 1), yticks=[], xlabel="milliseconds a question\n(median; a point a budget)")
    axes.grid(visible=True, axis="x")
    axes.spines["left"].set_visible(False)


def _place(number: int, rows: int) -> float:
    """Height of a row, 1 = top of the panel."""
    return 1 - (number + 0.5) / rows


def _uncertainty(found: Sequence[Curve]) -> str:
    rows = [row for curve in found for row in (*curve.line, *curve.free)]
    width = float(np.median([(row["high"] - row["low"]) / 2 for row in rows]))
    hollow = "; hollow: without a budget" if any(curve.free for curve in found) else ""
    return f"95 % intervals reach about ±{width:.2f}{hollow}"


def _last(line: Sequence[Row], free: Sequence[Row]) -> Row:
    return (*free, *line)[-1]


def _ratio(mean: Row) -> float:
    """Tokens before / tokens kept, of the means."""
    return float(mean["tokens_before"] / max(1.0, mean["tokens_after"]))


def _free(mean: Row) -> bool:
    return bool(mean["budget"] == "adaptive")
