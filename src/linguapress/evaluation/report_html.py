"""The report as one HTML page that needs nothing else."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping, Sequence
from html import escape
from importlib import resources
from itertools import chain

from linguapress.evaluation.quality import QUALITIES
from linguapress.evaluation.report_data import Findings, Results
from linguapress.evaluation.report_examples import Pair, Shown
from linguapress.evaluation.report_guards import guard_tables
from linguapress.evaluation.report_tables import Cell, Table, budget_name, cost_table, overview, quality_table, token_table
from linguapress.evaluation.tables import Row
from linguapress.evaluation.tasks import TASKS
from linguapress.render import pieces, shown, summary
from linguapress.text import Passage

_CUT = 160  # characters of a dropped stretch that are shown, half at each end


def page(found: Findings, pictures: Mapping[str, bytes], examples: Sequence[Pair]) -> str:
    """The whole page.

    Args:
        found: the results.
        pictures: SVG by name: ``curves``, ``front`` where something was timed, and one of each task.
        examples: shown side by side.
    """
    body = "\n".join(chain(_head(found), _overview(found, pictures), _tasks(found, pictures), _costs(found), _examples(examples)))
    style = resources.files("linguapress.evaluation").joinpath("report.css").read_text("utf-8")
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f"<title>linguapress bench</title><style>{style}</style></head><body>\n{body}\n</body></html>\n"
    )


def _head(found: Findings) -> Iterator[str]:
    links = "".join(f'<a href="#{escape(one.task)}">{escape(one.task)}</a>' for one in found.results)
    links = f'<a href="#all">all tasks</a>{links}<a href="#examples">examples</a>'
    yield f"<header><h1>linguapress bench</h1><nav>{links}</nav></header>"
    for about in found.conditions:
        facts = ", ".join(
            f"{key} {', '.join(value) if isinstance(value, list) else value}" for key, value in about.items() if value
        )
        yield f'<p class="small">{escape(facts)}</p>'


def _overview(found: Findings, pictures: Mapping[str, bytes]) -> Iterator[str]:
    yield f'<section id="all">{_table(overview(found))}{_picture(pictures["curves"], "quality of every task over tokens kept")}'
    if "front" in pictures:
        yield _picture(pictures["front"], "quality over milliseconds")
    yield "</section>"


def _tasks(found: Findings, pictures: Mapping[str, bytes]) -> Iterator[str]:
    for one in found.results:
        yield f'<section id="{escape(one.task)}">{_table(quality_table(one), _told(one.task))}'
        yield f"<details><summary>curves</summary>{_picture(pictures[one.task], one.task)}</details>"
        yield f"<details><summary>every figure</summary>{_all_figures(one)}</details></section>"


def _told(task: str) -> str:
    if task not in TASKS:
        return ""
    known = TASKS[task]
    facts = (
        f"It measures {known.measures}", f"Licence of the data: {known.licence}. dev and test: {known.split.value}.",
        known.seen or "No shipped model was trained on it.",
    )  # fmt: skip
    return f'<p class="small">{escape(" ".join(facts))}</p>'


def _all_figures(one: Results) -> str:
    keys = [item for item in QUALITIES.values() if any(row.get(item.key) is not None for row in one.means)]
    rows = [[Cell(row["method"]), Cell(budget_name(row["budget"])), *_figures(row, [key.key for key in keys])] for row in one.means]
    columns = ("method", "budget", *(key.label for key in keys), "tokens", "ms (median)")
    return _table(Table("", columns, rows))


def _figures(row: Row, keys: Sequence[str]) -> Iterator[Cell]:
    yield from (Cell("" if row[key] is None else f"{row[key]:.3f}") for key in keys)
    yield Cell(f"{row['tokens_before']:,.0f} → {row['tokens_after']:,.0f}")
    yield Cell("" if row["ms"] is None else f"{row['ms']:,.0f}")


def _costs(found: Findings) -> Iterator[str]:
    yield f'<section id="tokens"><details><summary>tokens kept, by tokenizer</summary>{_table(token_table(found))}</details>'
    costs = cost_table(found)
    yield "".join(map(_table, [*([costs] if costs.rows else []), *guard_tables(found)])) + "</section>"


def _examples(examples: Sequence[Pair]) -> Iterator[str]:
    yield '<section id="examples"><h2>Examples</h2>'
    yield '<p class="small">The first examples of each task, whatever their outcome. Green is kept, struck is dropped.</p>'
    for pair in examples:
        answers = "; ".join(pair.source["answers"][:3])
        asked = _html(pair.source["question"]) or "no question"
        told = f" <small>{_html(answers)}</small>" if answers else ""
        yield f"<details><summary><b>{escape(pair.task)}</b> {asked}{told}</summary>"
        yield f'<div class="pair">{_side(pair.left)}{_side(pair.right)}</div></details>'
    yield "</section>"


def _side(side: Shown) -> str:
    figures = ", ".join(
        f"{item.label} {float(side.row[key]):.2f}" for key, item in QUALITIES.items() if isinstance(side.row.get(key), int | float)
    )
    documents = "".join(f"<p dir='auto'>{_document(passage)}</p>" for passage in side.out.passages)
    gone = len(side.out.dropped)
    more = f'<p class="small">{gone} {"document" if gone == 1 else "documents"} dropped whole</p>' if gone else ""
    head = f"<h3>{escape(side.row['method'])}</h3><p class='small'>{escape(summary(side.out))}; {escape(figures)}</p>"
    return f"<div>{head}{documents}{more}</div>"


def _document(passage: Passage) -> str:
    return "".join(f"<mark>{_html(text)}</mark>" if kept else f"<del>{_html(_cut(text))}</del>" for text, kept in pieces(passage))


def _cut(text: str) -> str:
    half = _CUT // 2
    return text if len(text) <= _CUT else f"{text[:half]} … {text[-half:]}"


def _html(text: str) -> str:
    return escape(shown(text))


def _picture(svg: bytes, name: str) -> str:
    return f'<img alt="{escape(name)}" src="data:image/svg+xml;base64,{base64.b64encode(svg).decode("ascii")}">'


def _table(table: Table, more: str = "") -> str:
    title = f"<h2>{escape(table.title)}</h2>" if table.title else ""
    about = f'<p class="small">{escape(table.about)}</p>' if table.about else ""
    head = "".join(f"<th>{escape(column)}</th>" for column in table.columns)
    rows = "".join(f"<tr>{''.join(map(_cell, row))}</tr>" for row in table.rows)
    return f'{title}{more}{about}<div class="wide"><table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>'


def _cell(cell: Cell) -> str:
    text = f"<b>{escape(cell.text)}</b>" if cell.strong else escape(cell.text)
    notes = "".join(f"<small>{escape(note)}</small>" for note in cell.notes)
    bar = "" if cell.share is None else f' style="--share:{100 * min(1.0, max(0.0, cell.share)):.1f}%"'
    return f"<td{bar}>{text}{notes}</td>"
