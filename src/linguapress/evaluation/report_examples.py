"""Examples side by side: what two methods keep of the same passages."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import zip_longest
from typing import Any, NamedTuple

from linguapress.compression import Compression
from linguapress.evaluation.report_data import Findings, Results
from linguapress.evaluation.tables import Row
from linguapress.text import Passage, Span

_LONGEST = 20_000  # characters of an example's passages


class Shown(NamedTuple):
    """What a method kept of an example.

    Attributes:
        row: its figures.
        out: the result, as far as it can be put together again.
    """

    row: Row
    out: Compression


class Pair(NamedTuple):
    """An example and two results.

    Attributes:
        task: its name.
        source: question, documents and answers.
        left: of the method that others are held against.
        right: of the best of the others.
    """

    task: str
    source: Row
    left: Shown
    right: Shown


def pairs(found: Findings, budget: Any, count: int = 20) -> list[Pair]:
    """The first examples of each task in turn, not chosen by their outcome."""
    columns = [list(_of_task(one, found, budget)) for one in found.results]
    return [pair for row in zip_longest(*columns) for pair in row if pair][:count]


def _of_task(one: Results, found: Findings, budget: Any) -> Iterator[Pair]:
    others = [name for name in one.methods if name != one.against and one.mean(name, budget)]
    if not (one.against and others):
        return
    sign = 1 if one.quality.lower else -1
    best = min(others, key=lambda name: sign * (one.mean(name, budget) or {})[one.quality.key])
    rows = {(row["method"], row["id"]): row for row in one.rows if row["budget"] == budget and "spans" in row}
    for (task, name, _), source in found.sources.items():
        left, right = rows.get((one.against, name)), rows.get((best, name))
        if task == one.task and left and right and sum(map(len, source["documents"])) <= _LONGEST:
            yield Pair(task, source, *(Shown(row, _again(row, source["documents"])) for row in (left, right)))


def _again(row: Row, documents: list[str]) -> Compression:
    """The result that a row tells of."""
    passages = tuple(
        Passage(index, documents[index], tuple(Span(*span) for span in spans), score) for index, spans, score in row["spans"]
    )
    kept = {passage.index for passage in passages}
    dropped = tuple(Passage(index, text, ()) for index, text in enumerate(documents) if index not in kept)
    text = "\n\n".join(passage.text for passage in passages)
    return Compression(text, passages, dropped, row["tokens_before"], row["tokens_after"], row["limit"])
