"""Tables of a report, as rows of cells that Markdown and HTML share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from linguapress.evaluation.report_data import Findings, Results
from linguapress.evaluation.tables import Row


class Cell(NamedTuple):
    """What stands in a table.

    Attributes:
        text: the figure.
        notes: its uncertainty, and what else belongs to it.
        strong: whether it leads.
        share: length of a bar behind it, 0..1; None = no bar.
    """

    text: str
    notes: tuple[str, ...] = ()
    strong: bool = False
    share: float | None = None


class Table(NamedTuple):
    """A table.

    Attributes:
        title: above it.
        columns: names.
        rows: cells, the first of each row a name.
        about: what it shows.
    """

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    about: str = ""


def overview(found: Findings) -> Table:
    """Methods by their mean over all tasks, and how often they lead."""
    higher = [one for one in found.results if not one.quality.lower]
    rows = []
    for method in found.methods:
        values = [found.overall(method, label) for label in found.rates]
        leads = sum((method, label) in one.leading for one in higher for label in found.rates)
        cells = [Cell("" if value is None else f"{value:.3f}", share=value) for value in values]
        rows.append([Cell(method), *cells, Cell(f"{leads} of {len(higher) * len(found.rates)}")])
    about = f"Mean of the figures of {len(higher)} tasks of which more is better. Leads: best, or tied with the best."
    return Table("All tasks", ("method", *map(budget_name, found.rates), "leads"), rows, about)


def quality_table(one: Results) -> Table:
    """A task's figure at every budget, with intervals, and the paired difference to the method that others are held against."""
    less = ", less is better" if one.quality.lower else ""
    rows = [[Cell(method), *(_quality_cell(one, method, label) for label in one.budgets)] for method in one.methods]
    count = len({(row["id"], row.get("seed", 0)) for row in one.rows})
    about = f"{one.quality.label}{less}; {count} examples; [95 % interval]; bold: best, or its paired interval to the best holds 0."
    about += f" Δ: difference to {one.against}, with its paired interval." if one.against else ""
    return Table(one.task, ("method", *map(budget_name, one.budgets)), rows, about)


def token_table(found: Findings) -> Table:
    """The share of tokens kept, counted by several tokenizers."""
    rows = [row for one in found.results for row in one.rows if row.get("tokens")]
    names = list(dict.fromkeys(name for row in rows for name in row["tokens"]))
    cells = []
    for method in found.methods:
        for label in found.rates:
            group = [row for row in rows if row["method"] == method and row["budget"] == label]
            if group:
                own = _kept([(row["tokens_before"], row["tokens_after"]) for row in group])
                others = [_kept([row["tokens"][name] for row in group]) for name in names]
                over = sum(row["tokens_after"] > row["limit"] for row in group)
                cells.append([Cell(method), Cell(budget_name(label)), *map(Cell, (own, *others)), Cell(str(over))])
    columns = ("method", "budget", "the budget's tokenizer", *names, "over budget")
    return Table("Tokens kept", columns, cells, "All tokens of all tasks together, kept / before.")


def cost_table(found: Findings) -> Table:
    """Milliseconds by stage, and memory, of what was timed."""
    rows = []
    for method in found.methods:
        timed = [row for one in found.results for row in one.rows if row["method"] == method and row.get("ms") is not None]
        if timed:
            rows.append([Cell(method), *map(Cell, _costs(timed))])
    columns = ("method", "examples", "ms (median)", "ms in the model", "stages (median ms)", "memory at most, MiB (median)")
    return Table("Cost", columns, rows, "Texts that no model had seen; all tasks and budgets that were timed, together.")


def _costs(timed: Sequence[Row]) -> tuple[str, ...]:
    names = dict.fromkeys(name for row in timed for name in row.get("stages", ()))
    stages = [(name, np.median([row["stages"][name] for row in timed if name in row.get("stages", ())])) for name in names]
    peaks = [row["peak_mib"] for row in timed if "peak_mib" in row]
    whole, inside = (np.median([row[key] for row in timed]) for key in ("ms", "forward_ms"))
    told = ", ".join(f"{name} {value:,.0f}" for name, value in stages)
    return str(len(timed)), f"{whole:,.0f}", f"{inside:,.0f}", told, f"{np.median(peaks):,.0f}" if peaks else ""


def budget_name(label: object) -> str:
    """A rate as percent, others as they are."""
    return f"{label:.0%}" if isinstance(label, float) else str(label)


def _kept(pairs: Sequence[Sequence[int]]) -> str:
    before, after = (sum(column) for column in zip(*pairs, strict=True))
    return f"{after / max(1, before):.1%}"


def _quality_cell(one: Results, method: str, label: object) -> Cell:
    row = one.mean(method, label)
    if row is None:
        return Cell("")
    value, other = row[one.quality.key], one.difference(method, label)
    notes = [f"[{row['low']:.3f}, {row['high']:.3f}]"]
    notes += [f"Δ {other['difference']:+.3f} [{other['low']:+.3f}, {other['high']:+.3f}]"] if other else []
    return Cell(f"{value:.3f}", tuple(notes), (method, label) in one.leading, value)
