"""What a grid found, task by task: means, differences, who is best, what it costs."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from linguapress.errors import InvalidRecord
from linguapress.evaluation.quality import ANSWER, QUALITIES, Quality
from linguapress.evaluation.tables import Row, differences, summary
from linguapress.evaluation.tasks import TASKS


class Point(NamedTuple):
    """A method at one budget, over all tasks.

    Attributes:
        method: its name.
        quality: mean over the tasks of their qualities, 0..1.
        ms: mean, over the tasks that were timed, of the median milliseconds.
        front: whether no other method is better and not slower.
    """

    method: str
    quality: float
    ms: float
    front: bool


@dataclass(frozen=True)
class Results:
    """One task's rows.

    Attributes:
        task: its name.
        rows: of all methods, budgets, examples and seeds.
        against: the method that others are compared with; empty where it was not run.
    """

    task: str
    rows: Sequence[Row]
    against: str

    @property
    def quality(self) -> Quality:
        """What methods are compared by: the reader's F1 where a single passage was read, else the task's own figure."""
        task = TASKS.get(self.task)
        if task is None:
            return ANSWER
        read = task.single and any(row.get("f1") is not None for row in self.rows)
        return QUALITIES["f1"] if read else task.quality

    @cached_property
    def means(self) -> list[Row]:
        """By method and budget."""
        return summary(self.rows, self.quality)

    @cached_property
    def differences(self) -> list[Row]:
        """To :attr:`against`, at the same budget and on the same questions."""
        return differences(self.rows, self.against, self.quality) if self.against else []

    @property
    def budgets(self) -> list[Any]:
        """Labels, tightest first, the open one last."""
        limits = {row["budget"]: row["limit"] for row in self.means}
        return sorted(limits, key=lambda label: (label == "adaptive", limits[label]))

    @property
    def methods(self) -> list[str]:
        """Best first, by the mean over the budgets."""
        values: dict[str, list[float]] = {}
        for row in self.means:
            if row["budget"] != "adaptive":
                values.setdefault(row["method"], []).append(row[self.quality.key])
        names = dict.fromkeys(row["method"] for row in self.means)
        sign = 1 if self.quality.lower else -1
        return sorted(names, key=lambda name: (name not in values, sign * float(np.mean(values.get(name, [0.0]))), name))

    @cached_property
    def leading(self) -> set[tuple[str, Any]]:
        """Methods and budgets that are the best, or whose paired interval to the best holds no difference."""
        found = set()
        for label in self.budgets:
            group = [row for row in self.means if row["budget"] == label]
            order = sorted(group, key=lambda row: row[self.quality.key], reverse=not self.quality.lower)
            best = order[0]["method"]
            rows = [row for row in self.rows if row["budget"] == label]
            ties = [row["method"] for row in differences(rows, best, self.quality) if row["low"] <= 0 <= row["high"]]
            found |= {(method, label) for method in (best, *ties)}
        return found

    def mean(self, method: str, budget: Any) -> Row | None:
        """The means of a method at a budget."""
        return self._means.get((method, budget))

    def difference(self, method: str, budget: Any) -> Row | None:
        """Its difference to :attr:`against`."""
        return next((row for row in self.differences if (row["method"], row["budget"]) == (method, budget)), None)

    @cached_property
    def _means(self) -> dict[tuple[str, Any], Row]:
        return {(row["method"], row["budget"]): row for row in self.means}


@dataclass(frozen=True)
class Findings:
    """All that the files hold.

    Attributes:
        results: by task.
        sources: examples whose text is known: by task, id and seed.
        conditions: what the files were measured under.
    """

    results: Sequence[Results]
    sources: Mapping[tuple[str, str, int], Row]
    conditions: Sequence[Row]

    @property
    def rates(self) -> list[Any]:
        """Budgets that every task has but the open one, tightest first."""
        shared = [label for label in self.results[0].budgets if all(label in one.budgets for one in self.results)]
        return [label for label in shared if label != "adaptive"]

    @property
    def methods(self) -> list[str]:
        """Those of every task, best first by :meth:`overall`."""
        first, *rest = [one.methods for one in self.results]
        shared = [name for name in first if all(name in other for other in rest)]
        return sorted(shared, key=lambda name: -float(np.mean([self.overall(name, label) or 0.0 for label in self.rates] or [0.0])))

    def overall(self, method: str, budget: Any) -> float | None:
        """Mean of the qualities of all tasks of which more is better; None where one lacks the method at this budget."""
        found = [(one, one.mean(method, budget)) for one in self.results if not one.quality.lower]
        values = [row[one.quality.key] for one, row in found if row]
        return float(np.mean(values)) if values and len(values) == len(found) else None

    def timed(self, budget: Any) -> list[Results]:
        """Tasks of which something was timed at a budget."""
        return [one for one in self.results if any(row["budget"] == budget and row["ms"] is not None for row in one.means)]

    def points(self, budget: Any) -> list[Point]:
        """Quality over all tasks, and time over those that were timed, of the methods that were timed on each of them."""
        tasks = self.timed(budget)
        found = [point for method in self.methods if (point := self._point(method, budget, tasks))]
        return [Point(*point, front=not any(_beats(other, point) for other in found)) for point in found]

    def _point(self, method: str, budget: Any, tasks: Sequence[Results]) -> tuple[str, float, float] | None:
        times = [float(row["ms"]) for one in tasks if (row := one.mean(method, budget)) and row["ms"] is not None]
        quality = self.overall(method, budget)
        return None if quality is None or not tasks or len(times) < len(tasks) else (method, quality, float(np.mean(times)))


def _beats(other: tuple[str, float, float], point: tuple[str, float, float]) -> bool:
    """Whether another method is as good and as fast, and one of both more so."""
    return other[1:] != point[1:] and other[1] >= point[1] and other[2] <= point[2]


def findings(files: Iterable[Path], against: str = "lingua") -> Findings:
    """What the files of ``bench-grid`` hold; of ``bench``, whose rows name no task, the file's name is the task.

    Raises:
        InvalidRecord: a file holds no rows.
    """
    rows: dict[tuple[Any, ...], Row] = {}
    sources: dict[tuple[str, str, int], Row] = {}
    conditions: list[Row] = []
    for file in files:
        for row in _lines(file):
            if "about" in row:
                conditions += [row["about"]] if row["about"] not in conditions else []
            elif source := row.get("source"):
                sources[source["task"], source["id"], source["seed"]] = source
            else:
                full = {"task": file.stem, "seed": 0} | row
                rows[full["task"], full["method"], str(full["budget"]), full["id"], full["seed"]] = full
    groups: dict[str, list[Row]] = {}
    for row in rows.values():
        groups.setdefault(row["task"], []).append(row)
    order = [name for name in TASKS if name in groups] + [name for name in groups if name not in TASKS]
    known = {name: any(row["method"] == against for row in groups[name]) for name in order}
    results = [Results(name, groups[name], against if known[name] else "") for name in order]
    return Findings([one for one in results if one.means], sources, conditions)


def _lines(file: Path) -> list[Row]:
    """The lines of a file; the last one may have been cut off by a crash."""
    text = file.read_bytes()
    try:
        found = [json.loads(line) for line in text[: text.rfind(b"\n") + 1].splitlines()]
    except ValueError as error:
        raise InvalidRecord(f"{file} is no file of JSON lines: {error}") from error
    if not any("method" in row for row in found):
        raise InvalidRecord(f"{file} holds no rows; write some with linguapress bench-grid")
    return found
