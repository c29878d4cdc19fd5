"""The least distortion that any choice of compressions has at a mean rate, exactly (arXiv 2407.15504, section 3).

Every example has a set of compressions, each a point (rate, distortion). A linear programme that may mix the compressions of an
example has its optimum on the lower convex hulls of the points; the sum of the hulls is taken edge by edge, the steepest first, so
that no programme needs to be solved.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from linguapress.scores import Floats

_ROUNDING = 1e-9  # what the sum of many edges may be off by


@dataclass(frozen=True, slots=True, eq=False)
class Curve:
    """The lower convex hull of some points, or a mean of such hulls: decreasing, convex, straight between its vertices.

    Attributes:
        rates: of the vertices, ascending.
        distortions: of the vertices, descending.
    """

    rates: Floats
    distortions: Floats

    def at(self, rate: float) -> float:
        """Least distortion at a rate; infinite below the lowest rate."""
        return float(np.interp(rate, self.rates, self.distortions, left=np.inf))

    def rate_for(self, distortion: float) -> float:
        """Lowest rate at which the distortion is no larger, but for rounding; infinite where no rate has so little."""
        return float(np.interp(distortion + _ROUNDING, self.distortions[::-1], self.rates[::-1], left=np.inf))


def hull(rates: Sequence[float] | Floats, distortions: Sequence[float] | Floats) -> Curve:
    """The lower left hull of the points of one example.

    Args:
        rates: of its compressions, in any order and unit.
        distortions: of the same; an infinite one is never chosen.

    Raises:
        ValueError: NaN, an infinite rate, or no point of finite distortion.
    """
    points = np.stack([np.asarray(rates, dtype=float), np.asarray(distortions, dtype=float)], axis=1)
    if np.isnan(points).any() or np.isinf(points[:, 0]).any():
        raise ValueError("a rate or distortion is no number; leave out what could not be measured")
    points = points[np.isfinite(points[:, 1])]
    if not len(points):
        raise ValueError("no compression has a finite distortion; give at least the uncompressed text")
    return Curve(*np.array(_chain(points[np.lexsort((points[:, 1], points[:, 0]))])).T)


def _chain(points: Floats) -> list[tuple[float, float]]:
    """The vertices of sorted points, monotone chain: each edge descends, and less steeply than the one before it."""
    found: list[tuple[float, float]] = []
    for rate, distortion in points.tolist():
        if found and distortion >= found[-1][1]:
            continue
        while found and (rate <= found[-1][0] or (len(found) > 1 and _above(found[-2], found[-1], (rate, distortion)))):
            found.pop()
        found.append((rate, distortion))
    return found


def _above(first: tuple[float, float], middle: tuple[float, float], last: tuple[float, float]) -> bool:
    """Whether the middle point lies on or above the line from the first to the last."""
    return (middle[1] - first[1]) * (last[0] - first[0]) >= (last[1] - first[1]) * (middle[0] - first[0])


def merged(curves: Sequence[Curve], weights: Sequence[float] | Floats | None = None) -> Curve:
    """Least mean distortion at a mean rate: every example begins at its lowest rate, then the steepest edges come first.

    Args:
        curves: one an example.
        weights: probabilities of the examples; None = all alike.

    Raises:
        ValueError: no example, or weights that are no probabilities of these.
    """
    share = np.full(len(curves), 1 / max(1, len(curves))) if weights is None else np.asarray(weights, dtype=float)
    if not len(curves) or share.shape != (len(curves),) or not (share >= 0).all() or not np.isclose(share.sum(), 1):
        raise ValueError(f"{len(curves)} examples and weights of sum {share.sum():g}; give each its probability, in all 1")
    runs = np.concatenate([w * np.diff(curve.rates) for w, curve in zip(share, curves, strict=True)])
    falls = np.concatenate([w * np.diff(curve.distortions) for w, curve in zip(share, curves, strict=True)])
    real = runs > 0
    order = np.argsort(falls[real] / runs[real], kind="stable")
    (lowest, most), (_, least) = _sums(share, curves, 0), _sums(share, curves, -1)
    return Curve(np.cumsum([lowest, *runs[real][order]]), np.cumsum([most, *falls[real][order]]).clip(min=least))


def _sums(weights: Floats, curves: Sequence[Curve], vertex: int) -> tuple[float, float]:
    """Mean rate and distortion of a vertex of each curve."""
    found = np.array([(curve.rates[vertex], curve.distortions[vertex]) for curve in curves])
    rate, distortion = weights @ found
    return float(rate), float(distortion)


def at_equal_rates(points: Sequence[tuple[Floats, Floats]], rates: Sequence[float]) -> float:
    """Least mean distortion where no example may exceed a rate of its own, as a budget for each question has it.

    Args:
        points: rates and distortions of the compressions of each example.
        rates: the most of each example.
    """
    least = [np.min(found[tried <= most], initial=np.inf) for (tried, found), most in zip(points, rates, strict=True)]
    return float(np.mean(least))
