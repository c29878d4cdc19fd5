"""Methods on real questions, under the extractive optimum of :mod:`linguapress.evaluation.rate_distortion_selections`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from linguapress.budget import Budget
from linguapress.counters import token_counter
from linguapress.evaluation.contenders import contender
from linguapress.evaluation.metrics import interval
from linguapress.evaluation.rate_distortion_optimum import Curve, at_equal_rates, hull, merged
from linguapress.evaluation.rate_distortion_selections import KINDS, LOSSES, Loss, Points, applies, lost, searched
from linguapress.evaluation.tasks import Example

Trials = list[dict[str, Any]]


def tried(
    examples: Sequence[Example], methods: Sequence[str], rates: Sequence[float], counter: str,
    done: Callable[[], None] = lambda: None,
) -> Trials:  # fmt: skip
    """One row for each question, method and rate: tokens as shares of all tokens, and both distortions.

    Args:
        examples: the questions.
        methods: names of contenders.
        rates: shares of the tokens that may remain, of each question.
        counter: the reader's tokenizer.
        done: called after each question.
    """
    presses = {name: contender(name) for name in methods}
    rows = []
    for example in examples:
        for name, press in presses.items():
            for rate in rates:
                out = press.compress(example.documents, example.question, budget=Budget(rate=rate, count=counter))
                kept = {passage.index: passage.text for passage in out.passages}
                row: dict[str, Any] = {"id": example.id, "method": name, "asked": rate, "rate": out.rate}
                row |= {loss: lost(loss, example, out.text, kept) for loss in LOSSES}
                rows.append(row | {"allowed": out.limit / max(1, out.tokens_before)})
        done()
    return rows


def compared(examples: Sequence[Example], trials: Trials, loss: Loss, counter: str) -> dict[str, Any]:
    """Curves of the optima by what may be kept, and the distance of each method to them; where everything loses, left out.

    Args:
        examples: the questions.
        trials: of :func:`tried`.
        loss: the distortion.
        counter: the reader's tokenizer.

    Raises:
        ValueError: no question has anything to lose.
    """
    asked = [example for example in examples if applies(loss, example)]
    kinds = [kind for kind in KINDS if kind != "words" or loss == "answer"]
    count = token_counter(counter)
    points = {kind: {example.id: searched(example, loss, kind, count) for example in asked} for kind in kinds}
    curves = {kind: merged([hull(*found) for found in row.values()]) for kind, row in points.items()}
    groups: dict[tuple[str, float], Trials] = {}
    for row in trials:
        if row["id"] in points["sentences"]:
            groups.setdefault((row["method"], row["asked"]), []).append(row)
    return {
        "questions": len(asked),
        "curves": {kind: vertices(curve) for kind, curve in curves.items()},
        "methods": [_mean(key, rows, loss, points, curves) for key, rows in groups.items()],
    }


def vertices(curve: Curve) -> dict[str, list[float]]:
    """A curve as numbers that JSON can hold."""
    return {"rates": curve.rates.round(6).tolist(), "distortions": curve.distortions.round(6).tolist()}


def _mean(
    key: tuple[str, float], rows: Trials, loss: Loss, points: dict[str, dict[str, Points]], curves: dict[str, Curve]
) -> dict[str, Any]:
    """Means of a method at a rate, beside each optimum: at its mean rate, within its budgets, and the rate for its distortion."""
    rate, distortion = (float(np.mean([row[name] for row in rows])) for name in ("rate", loss))
    low, high = interval([row[loss] for row in rows])
    allowed = [row["allowed"] for row in rows]
    return {
        "method": key[0], "asked": key[1], "rate": rate, "distortion": distortion, "low": low, "high": high,
        "optimum": {kind: curve.at(rate) for kind, curve in curves.items()},
        "equal": {kind: at_equal_rates([row[item["id"]] for item in rows], allowed) for kind, row in points.items()},
        "needed": {kind: curve.rate_for(distortion) for kind, curve in curves.items()},
    }  # fmt: skip
