"""Methods x budgets x examples: what survives, tokens against budget, milliseconds."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from typing import NamedTuple

from linguapress.compression import Compression
from linguapress.compressor import Compressor
from linguapress.errors import InvalidBudget
from linguapress.evaluation.clock import Clock, Forgetful, forward_clock, readers
from linguapress.evaluation.contenders import contender
from linguapress.evaluation.measure import figures
from linguapress.evaluation.package import Package
from linguapress.evaluation.ranking import place as gold_place
from linguapress.evaluation.sizes import Size
from linguapress.evaluation.tables import Row
from linguapress.evaluation.tasks import Example
from linguapress.methods.prompts import compress_prompt
from linguapress.models.embedded import CAUSAL


class Trial(NamedTuple):
    """A method at one budget."""

    method: str
    compressor: Compressor
    size: Size

    def compress(self, example: Example) -> Compression:
        """What the method makes of an example; of a few-shot prompt, under one budget for all its parts."""
        if example.prompt and isinstance(self.compressor, Package):
            return self.compressor.compress_shots(example.prompt, budget=self.size.budget)
        if example.prompt:
            prompt = example.prompt
            parts = prompt.instruction, prompt.demonstrations, prompt.question
            return compress_prompt(self.compressor, *parts, budget=self.size.budget).compression
        return self.compressor.compress(example.documents, example.question, budget=self.size.budget)


def trials(methods: Sequence[str], sizes: Sequence[Size], lm: str = CAUSAL, reference: str = "") -> dict[str, list[Trial]]:
    """What is run of each method; nothing at an open budget of one that cannot tell how much to keep.

    Args:
        methods: names of contenders.
        sizes: how much may remain.
        lm: the causal language model of the perplexity methods.
        reference: interpreter of an environment that has the package ``llmlingua``; empty = there is none.

    Raises:
        InvalidBudget: nothing is left to run.
        UnknownName: a contender that does not exist, or one of the package without an interpreter.
    """
    found = {name: _trials(name, contender(name, lm, reference), sizes) for name in methods}
    if not any(found.values()):
        raise InvalidBudget(f"none of {', '.join(methods)} can tell how much to keep; give budgets")
    return found


def _trials(name: str, compressor: Compressor, sizes: Sequence[Size]) -> list[Trial]:
    with suppress(InvalidBudget):
        compressor.unbudgeted()
        return [Trial(name, compressor, size) for size in sizes]
    return [Trial(name, compressor, size) for size in sizes if not size.budget.open]


def run(
    examples: Iterable[Example], methods: Sequence[str], sizes: Sequence[Size], *, lm: str = CAUSAL, timed: int | None = None,
    ranking: bool = False, done: Callable[[], None] = lambda: None,
) -> Iterator[Row]:  # fmt: skip
    """One row for each example, method and budget.

    Args:
        examples: questions over passages.
        methods: names of contenders.
        sizes: how much may remain; an open budget leaves it to the method, where that can tell.
        lm: the causal language model of the perplexity methods.
        timed: how many examples are timed, the first ones; None = all. Of the others the models remember the texts from one
            method and budget to the next.
        ranking: adds ``gold_place`` to the rows, see :func:`linguapress.evaluation.ranking.place`.
        done: called after each example.
    """
    found = trials(methods, sizes, lm)
    known = readers(trial.compressor for group in found.values() for trial in group)
    with forward_clock(known) as clock:
        for number, example in enumerate(examples):
            cold = timed is None or number < timed
            for group in filter(None, found.values()):
                rows = [_timed(trial, example, clock, known) if cold else _untimed(trial, example) for trial in group]
                place = {"gold_place": gold_place(group[0].compressor, example)} if ranking else {}  # after what is timed
                yield from (row | place for row in rows)
            done()


class Cold(NamedTuple):
    """A result of texts that no model had seen.

    Attributes:
        out: the result.
        seconds: that it took.
        forward: of them in the models.
    """

    out: Compression
    seconds: float
    forward: float

    @property
    def times(self) -> Row:
        """Milliseconds, for a row."""
        return {"ms": 1000 * self.seconds, "forward_ms": 1000 * self.forward}


UNTIMED: Row = {"ms": None, "forward_ms": None}  # where milliseconds would mean nothing, since the models may have seen the texts


def cold(trial: Trial, example: Example, clock: Clock, known: Sequence[Forgetful]) -> Cold:
    """What a method makes of an example when all that its models remember is forgotten."""
    for reader in known:
        reader.forget()
    spent, start = clock.seconds, time.perf_counter()
    out = trial.compress(example)
    return Cold(out, time.perf_counter() - start, clock.seconds - spent)


def _timed(trial: Trial, example: Example, clock: Clock, known: Sequence[Forgetful]) -> Row:
    found = cold(trial, example, clock, known)
    return row_of(trial, example, found.out) | found.times


def _untimed(trial: Trial, example: Example) -> Row:
    return row_of(trial, example, trial.compress(example)) | UNTIMED


def row_of(trial: Trial, example: Example, out: Compression) -> Row:
    """The figures of a result, with what tells them apart."""
    tokens = {"tokens_before": out.tokens_before, "tokens_after": out.tokens_after, "limit": out.limit}
    return {"method": trial.method, "budget": trial.size.label, "id": example.id} | figures(example, out) | tokens


def within(minutes: float, examples: Iterable[Example]) -> Iterator[Example]:
    """Examples until the time is up, at least one; what has begun is finished, so that every method gets the same ones."""
    end = time.monotonic() + 60 * minutes
    for example in examples:
        yield example
        if time.monotonic() >= end:
            return
