"""Distortion over rate, methods under the optimum, as one picture. Extra ``bench``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from linguapress.evaluation.plot import COLOURS, MARKERS, require_matplotlib
from linguapress.evaluation.rate_distortion_markov import MEASURES
from linguapress.evaluation.rate_distortion_page import OPTIMA
from linguapress.evaluation.rate_distortion_selections import LOSSES

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Found = Mapping[str, Any]
_SETTINGS: Any = {
    "svg.hashsalt": "linguapress", "font.family": "DejaVu Sans", "font.size": 9, "axes.spines.top": False,
    "axes.spines.right": False, "grid.color": "#dddddd", "grid.linewidth": 0.6, "axes.axisbelow": True,
}  # fmt: skip
_DASHES: Any = ("-", (0, (4, 1.5)), (0, (1, 1.2)), (0, (4, 1, 1, 1)))
_PANEL = (4.4, 4.0)  # inches
_LEAST = 5e-4  # rate at which a logarithmic axis begins


class Panel(NamedTuple):
    """One distortion.

    Attributes:
        title: what it is.
        scale: of the rates, ``"log"`` or ``"linear"``.
        optima: rates and distortions of each curve, by name.
        rows: method, rate and distortion of each point.
    """

    title: str
    scale: str
    optima: Found
    rows: Sequence[tuple[str, float, float]]


def draw(found: Found, path: Path) -> None:
    """Draws the questions or the strings; the same numbers give the same file, to the byte.

    Args:
        found: one of the two parts of the results.
        path: what to write, .svg or .png.

    Raises:
        MissingExtra: matplotlib is not installed.
    """
    require_matplotlib()
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    panels = _strings(found) if "lengths" in found else _questions(found)
    undated: dict[str, Any] = {"Date": None, "Creator": None} if path.suffix == ".svg" else {"Software": None}
    with rc_context(_SETTINGS):
        figure = Figure(figsize=(_PANEL[0] * len(panels) + 0.4, _PANEL[1] + 1.1), layout="constrained")
        for axes, panel in zip(figure.subplots(1, len(panels), squeeze=False)[0], panels, strict=True):
            _draw(axes, panel)
        lines, names = axes.get_legend_handles_labels()
        figure.legend(lines, names, loc="outside lower center", ncols=4, frameon=False)
        figure.savefig(path, dpi=160, metadata=undated)


def _questions(found: Found) -> list[Panel]:
    """A panel for each distortion."""
    optima = {loss: {kind: found[loss]["curves"][kind] for kind in ("sentences", "passages")} for loss in LOSSES}
    rows = {loss: [(row["method"], row["rate"], row["distortion"]) for row in found[loss]["methods"]] for loss in LOSSES}
    return [Panel(title, "log", optima[loss], rows[loss]) for loss, title in LOSSES.items()]


def _strings(found: Found) -> list[Panel]:
    """A panel for each measure."""
    optima = {measure: {OPTIMA[name]: curve for name, curve in found["optima"][measure].items()} for measure in MEASURES}
    rows = {measure: [(row["method"], row["rate"], row[measure]) for row in found["methods"]] for measure in MEASURES}
    return [Panel(title, "linear", optima[measure], rows[measure]) for measure, title in MEASURES.items()]


def _draw(axes: Axes, panel: Panel) -> None:
    """Optima in black, a colour and a marker a method."""
    rates = np.geomspace(_LEAST, 1, 400) if panel.scale == "log" else np.linspace(0, 1, 400)
    for dash, (name, curve) in zip(_DASHES, panel.optima.items(), strict=False):
        least = np.interp(rates, curve["rates"], curve["distortions"])
        axes.plot(rates, least, color="#000000", linestyle=dash, linewidth=1.3, label=f"optimum, {name}")
    for number, method in enumerate(dict.fromkeys(name for name, _, _ in panel.rows)):
        own = sorted((rate, distortion) for name, rate, distortion in panel.rows if name == method)
        style: dict[str, Any] = {"color": COLOURS[number % (len(COLOURS) - 1)], "marker": MARKERS[number % len(MARKERS)]}
        axes.plot(*zip(*own, strict=True), linewidth=1.1, markersize=4.5, label=method, **style)
    axes.set(xscale=panel.scale, xlabel="rate", ylabel="distortion", ylim=(0, None), xlim=(rates[0], 1))
    axes.set_title(panel.title, fontsize=9, wrap=True)
    axes.grid(visible=True)
