"""What guards cost, and what they buy: a method beside itself without them, task by task."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from linguapress.evaluation.quality import Quality
from linguapress.evaluation.report_data import Findings, Results
from linguapress.evaluation.report_tables import Cell, Table
from linguapress.evaluation.tables import Row, differences

_WITHOUT = ":guard=0"
_BOUGHT = (("numbers", "numbers kept", "{:.1%}"), ("torn", "torn numbers a result", "{:.2f}"))
_ABOUT = (
    "The task's figure with guards less that without, mean over the rates, with its paired 95 % interval over the examples. Then "
    "what guards are for, with and without them: the share of the numbers of the evidence that is left, and numbers torn."
)


def guard_tables(found: Findings) -> list[Table]:
    """One for each method that was also run without guards, as ``METHOD:guard=0``."""
    methods = {row["method"] for one in found.results for row in one.rows}
    tables = [_table(found, method) for method in sorted(methods) if f"{method}{_WITHOUT}" in methods]
    return [table for table in tables if table.rows]


def _table(found: Findings, method: str) -> Table:
    columns = ["task", "with guards", "without", "difference"]
    columns += [f"{label}, {way}" for _, label, _ in _BOUGHT for way in ("with", "without")]
    rows = [cells for one in found.results if (cells := _cells(one, method))]
    return Table(f"What guards cost: {method}", columns, rows, _ABOUT)


def _cells(one: Results, method: str) -> list[Cell]:
    """A task's line; none where the two were not run on the same examples."""
    both = method, f"{method}{_WITHOUT}"
    rows = _shared(one, both)
    means = _by_example(rows, one.quality)
    (apart,) = differences(means, both[1], one.quality) or (None,)
    if apart is None:
        return []
    interval = f"[{apart['low']:+.3f}, {apart['high']:+.3f}]"
    figures = [_mean(means, name, one.quality.key, "{:.3f}") for name in both]
    bought = [_mean(rows, name, key, form) for key, _, form in _BOUGHT for name in both]
    return [Cell(one.task), *figures, Cell(f"{apart['difference']:+.3f}", (interval,)), *bought]


def _shared(one: Results, both: tuple[str, str]) -> list[Row]:
    """Rows of both methods, of the examples and rates that both were run at."""
    rows = [row for row in one.rows if row["budget"] != "adaptive" and row.get(one.quality.key) is not None]
    first, second = ({_asked(row) for row in rows if row["method"] == name} for name in both)
    return [row for row in rows if row["method"] in both and _asked(row) in first & second]


def _asked(row: Row) -> tuple[Any, ...]:
    return row["id"], row.get("seed", 0), row["budget"]


def _by_example(rows: Sequence[Row], quality: Quality) -> list[Row]:
    """Means over the rates, as rows of a single budget."""
    values: dict[tuple[Any, ...], list[float]] = {}
    for row in rows:
        values.setdefault((row["method"], *_asked(row)[:2]), []).append(float(row[quality.key]))
    return [
        {"method": method, "budget": "all", "id": name, "seed": seed, quality.key: float(np.mean(found))}
        for (method, name, seed), found in values.items()
    ]


def _mean(rows: Sequence[Row], method: str, key: str, form: str) -> Cell:
    values = [float(row[key]) for row in rows if row["method"] == method and row.get(key) is not None]
    return Cell(form.format(np.mean(values)) if values else "")
