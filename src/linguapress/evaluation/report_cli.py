"""``linguapress report``: what ``bench-grid`` found, as Markdown, pictures and one HTML page."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import typer

from linguapress.evaluation.plot import draw, require_matplotlib, styled
from linguapress.evaluation.refusal import refusing
from linguapress.evaluation.report_charts import draw_curves, draw_front, looks
from linguapress.evaluation.report_data import Findings, findings
from linguapress.evaluation.report_examples import pairs
from linguapress.evaluation.report_html import page
from linguapress.evaluation.report_page import markdown
from linguapress.evaluation.report_tables import budget_name

app = typer.Typer(help="Draw what bench-grid found.")


@app.command()
def report(
    files: Annotated[
        list[Path], typer.Argument(help="JSON lines of bench-grid; of one result twice the last counts.", exists=True)
    ],
    out: Annotated[Path, typer.Option(help="Folder for report.html, report.md, curves.png and front.png.")] = Path("report"),
    against: Annotated[str, typer.Option(help="The method that others are compared with.")] = "lingua",
    examples: Annotated[int, typer.Option(min=0, help="Examples side by side.")] = 20,
) -> None:
    """Tables with intervals, quality against rate, quality against time, examples side by side."""
    with refusing():
        require_matplotlib()
        found = findings(files, against)
    out.mkdir(parents=True, exist_ok=True)
    middle = found.rates[(len(found.rates) - 1) // 2] if found.rates else found.results[0].budgets[0]
    points, title = found.points(middle), f"All tasks at {budget_name(middle)}"
    draw_curves(found, out / "curves.png")
    if points:
        draw_front(points, out / "front.png", found, title)
    (out / "report.md").write_text(markdown(found, front=bool(points)), encoding="utf-8")
    (out / "report.html").write_text(page(found, _pictures(found, middle), pairs(found, middle, examples)), encoding="utf-8")
    typer.echo(f"{len(found.results)} tasks, {len(found.methods)} methods: {out / 'report.html'}")


def _pictures(found: Findings, middle: object) -> dict[str, bytes]:
    """SVG by name: letters stay letters, which keeps the page small."""
    points = found.points(middle)
    with TemporaryDirectory() as scratch, styled(**{"svg.fonttype": "none"}):
        folder = Path(scratch)
        draw_curves(found, folder / "curves.svg")
        if points:
            draw_front(points, folder / "front.svg", found, f"All tasks at {budget_name(middle)}")
        for number, one in enumerate(found.results):
            draw(one.means, folder / f"{number}.svg", one.task, one.quality, looks(found))
        names = {"curves": "curves", **({"front": "front"} if points else {})}
        names |= {one.task: str(number) for number, one in enumerate(found.results)}
        return {name: (folder / f"{file}.svg").read_bytes() for name, file in names.items()}
