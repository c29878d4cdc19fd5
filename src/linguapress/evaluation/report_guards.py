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
    "what guards are for, with and without them: the share of the distinct numbers of the source that is left, and numbers torn."
)


def guard_tables(found: Findings) -> list[Table]:
    """One for each method that was also run without guards, as ``METHOD:guard=0``."""
    methods = {row["method"] for one in found.results for row in one.rows}
    return [_table(found, method) for method in sorted(methods) if f"{method}{_WITHOUT}" in methods]


def _table(found: Findings, method: str) -> Table:
    columns = ["task", "with guards", "without", "difference"]
    columns += [f"{label}, {way}" for _, label, _ in _BOUGHT for way in ("with", "without")]
    rows = [cells for one in found.results if (cells := _cells(one, method))]
    return Table(f"What guards cost: {method}", columns, rows, _ABOUT)


def _cells(one: Results, method: str) -> list[Cell]:
    """A task's line; none where the two were not run on the same examples."""
    both = _by_example(one, (f"{method}{_WITHOUT}", method), one.quality)
    (apart,) = differences(both, f"{method}{_WITHOUT}", one.quality) or (None,)
    if apart is None:
        return []
    means = [np.mean([row[one.quality.key] for row in both if row["method"] == name]) for name in (method, f"{method}{_WITHOUT}")]
    interval = f"[{apart['low']:+.3f}, {apart['high']:+.3f}]"
    cells = [Cell(one.task), *(Cell(f"{mean:.3f}") for mean in means), Cell(f"{apart['difference']:+.3f}", (interval,))]
    return [*cells, *(_bought(one, name, key, form) for key, _, form in _BOUGHT for name in (method, f"{method}{_WITHOUT}"))]


def _by_example(one: Results, methods: Sequence[str], quality: Quality) -> list[Row]:
    """Means over the rates that both methods have of an example, as rows of a single budget."""
    values: dict[tuple[str, Any, Any], dict[Any, float]] = {}
    for row in one.rows:
        if row["method"] in methods and row["budget"] != "adaptive" and row.get(quality.key) is not None:
            values.setdefault((row["method"], row["id"], row.get("seed", 0)), {})[row["budget"]] = float(row[quality.key])
    return [
        {"method": method, "budget": "all", "id": name, "seed": seed, quality.key: float(np.mean(list(found.values())))}
        for (method, name, seed), found in values.items()
    ]


def _bought(one: Results, method: str, key: str, form: str) -> Cell:
    rows = [row for row in one.rows if row["method"] == method and row["budget"] != "adaptive" and row.get(key) is not None]
    return Cell(form.format(np.mean([float(row[key]) for row in rows])) if rows else "")
