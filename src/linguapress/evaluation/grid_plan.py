"""What a grid of tasks x methods x budgets x examples x seeds spans, and what of it is still to be done."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from typing import NamedTuple

from linguapress.errors import InvalidRecord
from linguapress.evaluation.bench import Trial, trials
from linguapress.evaluation.sizes import Size, sizes
from linguapress.evaluation.tables import Row
from linguapress.evaluation.tasks import TASKS, Example, examples
from linguapress.models.embedded import CAUSAL

Label = tuple[str, str]
Key = tuple[str, str, str, str, int]


@dataclass(frozen=True, slots=True)
class Plan:
    """What the grid spans, and how a row of it is measured.

    Attributes:
        data: folder of the data sets.
        methods: names of contenders.
        tasks: keys of :data:`~linguapress.evaluation.tasks.TASKS`.
        part: ``dev``, ``test`` or ``all``.
        rates: budgets as shares of the tokens.
        tokens: budgets in tokens.
        adaptive: adds an open budget, for methods that can tell how much is needed.
        seeds: each is another choice and order of passages.
        limit: examples of a task and seed, the first ones; 0 = all.
        timed: of them that are timed, the first ones.
        shown: of them whose kept text is written down, the first ones of the first seed.
        counter: the tokenizer of the budgets.
        also: other tokenizers that count.
        lm: causal language model of the perplexity methods.
        reader: who answers, see :func:`~linguapress.evaluation.readers.reader_of`; empty = nobody.
        reference: interpreter of an environment that has the package ``llmlingua``, for its methods; empty = there is none.
    """

    data: Path
    methods: tuple[str, ...]
    tasks: tuple[str, ...] = tuple(TASKS)
    part: str = "test"
    rates: tuple[float, ...] = (0.1, 0.2, 0.3, 0.5)
    tokens: tuple[int, ...] = ()
    adaptive: bool = False
    seeds: tuple[int, ...] = (0,)
    limit: int = 0
    timed: int = 0
    shown: int = 2
    counter: str = "cl100k_base"
    also: tuple[str, ...] = ("embedded", "gpt2")
    lm: str = CAUSAL
    reader: str = ""
    reference: str = ""

    @property
    def sizes(self) -> list[Size]:
        """The budgets."""
        return sizes(self.counter, tokens=self.tokens, rates=self.rates, adaptive=self.adaptive)

    @property
    def trials(self) -> list[Trial]:
        """Every method at every budget that it can be run at."""
        groups = trials(self.methods, self.sizes, self.lm, self.reference).values()
        return [trial for group in groups for trial in group]

    @property
    def conditions(self) -> Row:
        """What rows of one file must have in common; of folders the names."""
        reader = self.reader if ":" in self.reader else Path(self.reader).name
        return {"part": self.part, "counter": self.counter, "also": list(self.also), "lm": Path(self.lm).name, "reader": reader}


class Job(NamedTuple):
    """An example, and what is still to be run on it.

    Attributes:
        task: its name.
        seed: of choice and order.
        example: the question.
        wanted: methods and labels of budgets.
        timed: whether no model may have seen the texts.
        shown: whether the kept text is written down.
    """

    task: str
    seed: int
    example: Example
    wanted: frozenset[Label]
    timed: bool
    shown: bool

    @property
    def source(self) -> Row:
        """What a reader of the report needs to see beside the kept text."""
        asked = self.example
        facts = {"question": asked.question, "documents": list(asked.documents), "answers": list(asked.answers)}
        return {"source": {"task": self.task, "id": asked.id, "seed": self.seed, **facts}}


def key_of(row: Row) -> Key:
    """What no two rows of a grid share: task, method, budget, example, seed."""
    return row["task"], row["method"], str(row["budget"]), row["id"], row["seed"]


def done(file: Path, plan: Plan) -> set[Key]:
    """Keys of the rows that a file holds; a last line without an end is cut off.

    Raises:
        InvalidRecord: the file was written under other conditions, or is no file of rows.
    """
    text = file.read_bytes() if file.exists() else b""
    if not text:
        return set()
    whole = text[: text.rfind(b"\n") + 1]
    rows = _rows(whole, file)
    for about in (row["about"] for row in rows if "about" in row):
        if about != plan.conditions:
            raise InvalidRecord(f"{file} was measured under {about}, not {plan.conditions}; choose another --out")
    if len(whole) < len(text):
        file.write_bytes(whole)
    return {key_of(row) for row in rows if "method" in row}


def _rows(text: bytes, file: Path) -> list[Row]:
    """The lines of a file that a grid has begun, and nothing else."""
    try:
        rows: list[Row] = [json.loads(line) for line in text.splitlines()]
        if rows and "about" in rows[0]:
            return rows
        reason = "its first line does not say what it was measured under"
    except (TypeError, ValueError) as error:
        reason = str(error)
    raise InvalidRecord(f"{file} is no file of bench-grid ({reason}); choose another --out")


def jobs(plan: Plan, known: set[Key]) -> list[Job]:
    """What is left to do, one example of each task in turn, so that a grid that ends early has some of everything."""
    labels = [(trial.method, str(trial.size.label)) for trial in plan.trials]
    columns = [_column(plan, task, seed, labels, known) for seed in plan.seeds for task in plan.tasks]
    return [job for row in zip_longest(*columns) for job in row if job and job.wanted]


def _column(plan: Plan, task: str, seed: int, labels: Sequence[Label], known: set[Key]) -> list[Job]:
    """The jobs of a task."""
    found = []
    for number, item in enumerate(examples(task, plan.data, seed, plan.part)[: plan.limit or None]):
        wanted = frozenset(label for label in labels if (task, *label, item.id, seed) not in known)
        shown = number < plan.shown and seed == plan.seeds[0]
        found.append(Job(task, seed, item, wanted, number < plan.timed, shown))
    return found
