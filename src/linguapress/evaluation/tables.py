"""Means over questions, and Markdown tables of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from linguapress.evaluation.metrics import interval, paired_interval

Row = dict[str, Any]


def summary(rows: Sequence[Row]) -> list[Row]:
    """Means by method and budget, answer survival with its bootstrap interval; milliseconds are the median of what was timed."""
    return [_mean(key, group) for key, group in _grouped(rows, "method", "budget").items()]


def differences(rows: Sequence[Row], against: str) -> list[Row]:
    """Mean difference in answer survival to the method ``against`` at the same budget, with its paired bootstrap interval.

    A method or budget without a question in common with it is left out.
    """
    known = {(row["budget"], row["id"]): float(row["answer"]) for row in rows if row["method"] == against}
    groups = _grouped(rows, "method", "budget")
    return [_difference(key, group, known) for key, group in groups.items() if key[0] != against and _paired(group, known)]


def rankings(rows: Sequence[Row]) -> list[Row]:
    """Shares of questions whose best gold passage comes first, and among the first three, with their bootstrap intervals.

    Methods that rate no passages are left out.
    """
    placed = [row for row in rows if row.get("gold_place") is not None]
    return [_ranking(method, group) for (method,), group in _grouped(placed, "method").items()]


def markdown(means: Sequence[Row], title: str) -> str:
    """The means as a Markdown table."""
    columns = (
        "method", "budget", "answer survives", "95 % interval", "evidence survives", "all evidence", "tokens", "budget used",
        "over budget", "ms (median)", "outside the model",
    )  # fmt: skip
    cells = [
        (
            row["method"], row["budget"], f"{row['answer']:.3f}", _range(row, "low", "high"), _share(row["evidence"]),
            _share(row["all_evidence"]), f"{row['tokens_before']:.0f} -> {row['tokens_after']:.0f}",
            "" if row["used"] is None else f"{row['used']:.1%}", row["over"],
            "" if row["ms"] is None else f"{row['ms']:.0f}", "" if row["outside"] is None else f"{row['outside']:.0%}",
        )
        for row in means
    ]  # fmt: skip
    return table(title, columns, cells)


def differences_markdown(found: Sequence[Row], against: str) -> str:
    """The differences as a Markdown table."""
    cells = [
        (row["method"], row["budget"], f"{row['difference']:+.3f}", f"{row['low']:+.3f} to {row['high']:+.3f}", row["examples"])
        for row in found
    ]
    columns = ("method", "budget", "difference", "95 % interval", "questions")
    return table(f"Difference in answer survival to {against}", columns, cells)


def rankings_markdown(found: Sequence[Row]) -> str:
    """The rankings as a Markdown table."""
    columns = ("method", "gold first", "95 % interval", "gold in first three", "95 % interval", "questions")
    cells = [
        (
            row["method"], f"{row['first']:.3f}", _range(row, "first_low", "first_high"),
            f"{row['first_three']:.3f}", _range(row, "first_three_low", "first_three_high"), row["examples"],
        )
        for row in found
    ]  # fmt: skip
    return table("Place of the best gold passage", columns, cells)


def table(title: str, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """A Markdown table below its title."""
    lines = [f"## {title}", "", f"| {' | '.join(columns)} |", f"|{' --- |' * len(columns)}"]
    return "\n".join((*lines, *(f"| {' | '.join(map(str, cells))} |" for cells in rows))) + "\n"


def _grouped(rows: Sequence[Row], *keys: str) -> dict[tuple[Any, ...], list[Row]]:
    groups: dict[tuple[Any, ...], list[Row]] = {}
    for row in rows:
        groups.setdefault(tuple(row[key] for key in keys), []).append(row)
    return groups


def _mean(key: tuple[Any, ...], rows: Sequence[Row]) -> Row:
    answers = [float(row["answer"]) for row in rows]
    low, high = interval(answers)
    timed = [row for row in rows if row["ms"] is not None]
    used = [row["tokens_after"] / row["limit"] for row in rows if 0 < row["limit"] < row["tokens_before"]]
    return {
        "method": key[0],
        "budget": key[1],
        "examples": len(rows),
        "answer": float(np.mean(answers)),
        "low": low,
        "high": high,
        "evidence": _known_mean([row["evidence"] for row in rows]),
        "all_evidence": _known_mean([row.get("all_evidence") for row in rows]),  # older results have none
        "tokens_before": float(np.mean([row["tokens_before"] for row in rows])),
        "tokens_after": float(np.mean([row["tokens_after"] for row in rows])),
        "limit": float(np.mean([row["limit"] for row in rows])),
        "used": _known_mean(used),
        "over": sum(row["tokens_after"] > row["limit"] for row in rows),
        "ms": float(np.median([row["ms"] for row in timed])) if timed else None,
        "outside": _outside(timed) if timed else None,
    }


def _outside(timed: Sequence[Row]) -> float:
    """Share of the time that no model took."""
    return float(1 - sum(row["forward_ms"] for row in timed) / max(1e-9, sum(row["ms"] for row in timed)))


def _known_mean(values: Sequence[float | None]) -> float | None:
    known = [float(value) for value in values if value is not None]
    return float(np.mean(known)) if known else None


def _paired(rows: Sequence[Row], known: dict[tuple[Any, str], float]) -> list[tuple[float, float]]:
    """Answer survival of a method and of the other one, for the questions that both have."""
    keys = ((row, (row["budget"], row["id"])) for row in rows)
    return [(float(row["answer"]), known[key]) for row, key in keys if key in known]


def _difference(key: tuple[Any, ...], rows: Sequence[Row], known: dict[tuple[Any, str], float]) -> Row:
    own, other = zip(*_paired(rows, known), strict=True)
    low, high = paired_interval(own, other)
    difference = float(np.mean(own) - np.mean(other))
    return {"method": key[0], "budget": key[1], "examples": len(own), "difference": difference, "low": low, "high": high}


def _ranking(method: str, rows: Sequence[Row]) -> Row:
    """Every budget has the same places, so each question counts once."""
    places = list({row["id"]: row["gold_place"] for row in rows}.values())
    found: Row = {"method": method, "examples": len(places)}
    for name, most in (("first", 1), ("first_three", 3)):
        hits = [float(place <= most) for place in places]
        low, high = interval(hits)
        found |= {name: float(np.mean(hits)), f"{name}_low": low, f"{name}_high": high}
    return found


def _share(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}"


def _range(row: Row, low: str, high: str) -> str:
    return f"{row[low]:.3f}-{row[high]:.3f}"
