"""Means over questions, and Markdown tables of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from linguapress.evaluation.metrics import interval, paired_interval
from linguapress.evaluation.quality import ANSWER, QUALITIES, Quality

Row = dict[str, Any]


def summary(rows: Sequence[Row], quality: Quality = ANSWER) -> list[Row]:
    """Means by method and budget; milliseconds are the median of what was timed.

    Args:
        rows: of one task.
        quality: gets a bootstrap interval, ``low`` and ``high``; rows without it are left out.
    """
    known = [row for row in rows if row.get(quality.key) is not None]
    return [_mean(key, group, quality) for key, group in _grouped(known, "method", "budget").items()]


def differences(rows: Sequence[Row], against: str, quality: Quality = ANSWER) -> list[Row]:
    """Mean difference to the method ``against`` at the same budget, with its paired bootstrap interval.

    A method or budget without a question in common with it is left out.
    """
    scored = [row for row in rows if row.get(quality.key) is not None]
    known = {_question(row): float(row[quality.key]) for row in scored if row["method"] == against}
    found = []
    for (method, budget), group in _grouped(scored, "method", "budget").items():
        pairs = [(float(row[quality.key]), known[_question(row)]) for row in group if _question(row) in known]
        if method != against and pairs:
            found.append({"method": method, "budget": budget} | _difference(pairs))
    return found


def rankings(rows: Sequence[Row]) -> list[Row]:
    """Shares of questions whose best gold passage comes first, and among the first three, with their bootstrap intervals.

    Methods that rate no passages are left out.
    """
    placed = [row for row in rows if row.get("gold_place") is not None]
    return [_ranking(method, group) for (method,), group in _grouped(placed, "method").items()]


def markdown(means: Sequence[Row], title: str, quality: Quality = ANSWER) -> str:
    """The means as a Markdown table; figures that no row has are left out."""
    others = [item for item in QUALITIES.values() if item != quality and any(row.get(item.key) is not None for row in means)]
    columns = (
        "method", "budget", _label(quality), "95 % interval", *map(_label, others), "tokens", "budget used", "over budget",
        "ms (median)", "outside the model",
    )  # fmt: skip
    cells = [
        (
            row["method"], row["budget"], f"{row[quality.key]:.3f}", _range(row, "low", "high"),
            *(_share(row.get(item.key)) for item in others), f"{row['tokens_before']:.0f} -> {row['tokens_after']:.0f}",
            "" if row["used"] is None else f"{row['used']:.1%}", row["over"],
            "" if row["ms"] is None else f"{row['ms']:.0f}", "" if row["outside"] is None else f"{row['outside']:.0%}",
        )
        for row in means
    ]  # fmt: skip
    return table(title, columns, cells)


def differences_markdown(found: Sequence[Row], against: str, quality: Quality = ANSWER) -> str:
    """The differences as a Markdown table."""
    cells = [
        (row["method"], row["budget"], f"{row['difference']:+.3f}", f"{row['low']:+.3f} to {row['high']:+.3f}", row["examples"])
        for row in found
    ]
    columns = ("method", "budget", "difference", "95 % interval", "questions")
    what = "answer survival" if quality == ANSWER else _label(quality)
    return table(f"Difference in {what} to {against}", columns, cells)


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


def _mean(key: tuple[Any, ...], rows: Sequence[Row], quality: Quality) -> Row:
    values = [float(row[quality.key]) for row in rows]
    low, high = interval(values)
    timed = [row for row in rows if row["ms"] is not None]
    used = [row["tokens_after"] / row["limit"] for row in rows if 0 < row["limit"] < row["tokens_before"]]
    return {
        "method": key[0],
        "budget": key[1],
        "examples": len(rows),
        **{name: _known_mean([row.get(name) for row in rows]) for name in QUALITIES},  # older results lack some
        quality.key: float(np.mean(values)),
        "low": low,
        "high": high,
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


def _question(row: Row) -> tuple[Any, ...]:
    """What is asked at which budget; the same question in another order of passages is another one."""
    return row["budget"], row["id"], row.get("seed", 0)


def _difference(pairs: Sequence[tuple[float, float]]) -> Row:
    own, other = zip(*pairs, strict=True)
    low, high = paired_interval(own, other)
    return {"examples": len(own), "difference": float(np.mean(own) - np.mean(other)), "low": low, "high": high}


def _ranking(method: str, rows: Sequence[Row]) -> Row:
    """Every budget has the same places, so each question counts once."""
    places = list({row["id"]: row["gold_place"] for row in rows}.values())
    found: Row = {"method": method, "examples": len(places)}
    for name, most in (("first", 1), ("first_three", 3)):
        hits = [float(place <= most) for place in places]
        low, high = interval(hits)
        found |= {name: float(np.mean(hits)), f"{name}_low": low, f"{name}_high": high}
    return found


def _label(quality: Quality) -> str:
    return f"{quality.label} (less is better)" if quality.lower else quality.label


def _share(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}"


def _range(row: Row, low: str, high: str) -> str:
    return f"{row[low]:.3f}-{row[high]:.3f}"
