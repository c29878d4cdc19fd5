"""The report as Markdown."""

from __future__ import annotations

from collections.abc import Iterator

from linguapress.evaluation.report_data import Findings
from linguapress.evaluation.report_guards import guard_tables
from linguapress.evaluation.report_tables import Cell, Table, cost_table, overview, quality_table, token_table
from linguapress.evaluation.tables import table
from linguapress.evaluation.tasks import TASKS
from linguapress.evaluation.tasks.task import about


def markdown(found: Findings, *, front: bool) -> str:
    """All tables; pictures by the names that ``linguapress report`` gives them.

    Args:
        found: the results.
        front: whether there is a picture of quality and time.
    """
    return "\n".join(_parts(found, front)) + "\n"


def _parts(found: Findings, front: bool) -> Iterator[str]:
    yield "# linguapress bench\n"
    yield from (f"`{conditions}`\n" for conditions in found.conditions)
    yield _told(overview(found))
    yield "![quality over tokens kept](curves.png)\n"
    if front:
        yield "![quality over milliseconds](front.png)\n"
    yield from (_told(quality_table(one)) for one in found.results)
    costs = cost_table(found)
    yield from (_told(costs),) if costs.rows else ()
    yield from map(_told, guard_tables(found))
    yield _told(token_table(found))
    yield f"## Tasks\n\n{about((one.task, TASKS[one.task]) for one in found.results if one.task in TASKS)}"


def _told(one: Table) -> str:
    text = table(one.title, one.columns, [[_cell(cell) for cell in row] for row in one.rows])
    head, blank, rest = text.split("\n", 2)
    return "\n".join((head, blank, one.about, "", rest)) if one.about else text


def _cell(cell: Cell) -> str:
    text = f"**{cell.text}**" if cell.strong else cell.text
    return "<br>".join((text, *cell.notes))
