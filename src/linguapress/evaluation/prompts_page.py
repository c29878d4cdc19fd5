"""Means over few-shot prompts, the promises that were broken, and Markdown tables of both."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import mean, median

from linguapress.evaluation.tables import Row, table

PROMISES = {
    "over": "over budget",
    "question_touched": "question touched",
    "instruction_touched": "instruction touched",
    "torn": "numbers torn",
}


def summary(rows: Sequence[Row]) -> list[Row]:
    """Figures by data set, method and ratio; those under the keys of :data:`PROMISES` count prompts that broke one."""
    groups: dict[tuple[str, str, str], list[Row]] = {}
    for row in rows:
        groups.setdefault((row["task"], row["method"], row["ratio"]), []).append(row)
    return [{"task": task, "method": method, "ratio": ratio} | _figures(group) for (task, method, ratio), group in groups.items()]


def _figures(rows: Sequence[Row]) -> Row:
    used = [row["tokens_after"] / row["limit"] for row in rows if 0 < row["limit"] < row["tokens_before"]]
    return {
        "prompts": len(rows),
        "over": sum(row["tokens_after"] > row["limit"] for row in rows),
        "question_touched": sum(row["question"] is False for row in rows),
        "instruction_touched": sum(row["instruction"] is False for row in rows),
        "torn": sum(bool(row["torn"]) for row in rows),
        "tight": sum(not row["frame_fits"] for row in rows),
        "tokens_before": mean(row["tokens_before"] for row in rows),
        "tokens_after": mean(row["tokens_after"] for row in rows),
        "used": mean(used) if used else None,
        **{name: mean(row[name] for row in rows) for name in ("whole", "partly", "gone")},
        **{name: _share(rows, name) for name in ("answers", "numbers")},
        "warned": sum(bool(row["warnings"]) for row in rows),
        "ms": median(row["ms"] for row in rows),
    }


def _share(rows: Sequence[Row], name: str) -> float | None:
    before = sum(row[f"{name}_before"] for row in rows)
    return sum(row[name] for row in rows) / before if before else None


def broken(means: Sequence[Row]) -> list[str]:
    """A sentence for every promise that a method did not keep."""
    return [
        f"{row['method']} on {row['task']} at {row['ratio']}: {name}, {row[key]} of {row['prompts']} prompts"
        for row in means
        for key, name in PROMISES.items()
        if row[key]
    ]


def markdown(means: Sequence[Row], title: str) -> str:
    """What was promised, and what is left, as two Markdown tables."""
    kept = ("data", "method", "ratio", "prompts", *PROMISES.values(), "frame does not fit", "with warnings")
    left = (
        "data", "method", "ratio", "tokens", "budget used", "demonstrations whole", "partly", "gone", "final answers left",
        "numbers left", "ms (median)",
    )  # fmt: skip
    promises = [(*_names(row), row["prompts"], *(row[key] for key in PROMISES), row["tight"], row["warned"]) for row in means]
    remains = [
        (
            *_names(row), f"{row['tokens_before']:.0f} -> {row['tokens_after']:.0f}", _percent(row["used"]),
            *(f"{row[name]:.1f}" for name in ("whole", "partly", "gone")), _percent(row["answers"]), _percent(row["numbers"]),
            f"{row['ms']:.0f}",
        )
        for row in means
    ]  # fmt: skip
    return table(f"{title}: promises broken", kept, promises) + "\n" + table("What is left", left, remains)


def _names(row: Row) -> tuple[str, str, str]:
    return row["task"], row["method"], row["ratio"]


def _percent(share: float | None) -> str:
    return "" if share is None else f"{share:.1%}"
