"""Methods x budgets x examples: what survives, tokens against budget, milliseconds."""

from __future__ import annotations

import platform
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from typing import Any, NamedTuple

from linguapress.budget import Budget
from linguapress.compression import Compression
from linguapress.compressor import Compressor
from linguapress.errors import InvalidBudget
from linguapress.evaluation.contenders import contender
from linguapress.evaluation.metrics import answer_survives, share_kept
from linguapress.evaluation.ranking import place as gold_place
from linguapress.evaluation.tables import Row
from linguapress.evaluation.tasks import Example
from linguapress.models.embedded import EMBEDDED
from linguapress.models.encoder import Encoder, shared_encoder
from linguapress.models.pair_reader import PairReader
from linguapress.models.pair_relevance import PairRelevance


class Trial(NamedTuple):
    """A method at one budget."""

    method: str
    compressor: Compressor
    budget: Budget

    @property
    def label(self) -> int | float | str:
        """The budget in the results: tokens, a rate, or ``adaptive``."""
        if self.budget.tokens is not None:
            return self.budget.tokens
        return "adaptive" if self.budget.rate is None else self.budget.rate


@dataclass
class Clock:
    """Seconds that the models spent in their forward passes."""

    seconds: float = 0.0


@contextmanager
def forward_clock(readers: Sequence[Encoder | PairReader]) -> Iterator[Clock]:
    """Counts the time of every forward pass of the readers, which are loaded first."""
    clock = Clock()
    with ExitStack() as stack:
        for reader in readers:
            stack.enter_context(_timed(reader.loaded, clock))
        yield clock


@contextmanager
def _timed(loaded: Any, clock: Clock) -> Iterator[None]:
    forward = loaded.forward

    def timed(*args: Any) -> Any:
        start = time.perf_counter()
        try:
            return forward(*args)
        finally:
            clock.seconds += time.perf_counter() - start

    loaded.forward = timed
    try:
        yield
    finally:
        loaded.forward = forward


def trials(methods: Sequence[str], budgets: Sequence[Budget]) -> dict[str, list[Trial]]:
    """What is run of each method; nothing at an open budget of one that cannot tell how much to keep.

    Raises:
        InvalidBudget: nothing is left to run.
    """
    found = {name: _trials(name, contender(name), budgets) for name in methods}
    if not any(found.values()):
        raise InvalidBudget(f"none of {', '.join(methods)} can tell how much to keep; give budgets")
    return found


def _trials(name: str, compressor: Compressor, budgets: Sequence[Budget]) -> list[Trial]:
    with suppress(InvalidBudget):
        compressor.unbudgeted()
        return [Trial(name, compressor, budget) for budget in budgets]
    return [Trial(name, compressor, budget) for budget in budgets if not budget.open]


def run(
    examples: Sequence[Example], methods: Sequence[str], budgets: Sequence[Budget], *, warm: bool = False,
    ranking: bool = False, done: Callable[[], None] = lambda: None,
) -> Iterator[Row]:  # fmt: skip
    """One row for each example, method and budget.

    Args:
        examples: questions over passages.
        methods: names of contenders.
        budgets: how much may remain; an open one leaves it to the method, where that can tell.
        warm: lets the models remember texts from one method and budget to the next; times then mean nothing.
        ranking: adds ``gold_place`` to the rows, see :func:`linguapress.evaluation.ranking.place`.
        done: called after each example.
    """
    found = trials(methods, budgets)
    readers = _readers([trial.compressor for group in found.values() for trial in group])
    with forward_clock(readers) as clock:
        for example in examples:
            for group in filter(None, found.values()):
                rows = [_measured(trial, example, clock, () if warm else readers) for trial in group]
                place = {"gold_place": gold_place(group[0].compressor, example)} if ranking else {}  # after what is timed
                yield from (row | place for row in rows)
            done()


def _readers(compressors: Sequence[Compressor]) -> list[Encoder | PairReader]:
    """The models whose time is told apart: the embedded encoder, and those that read pairs."""
    selectors = (getattr(getattr(compressor, "relevance", None), "selector", None) for compressor in compressors)
    pairs = [selector.reader for selector in selectors if isinstance(selector, PairRelevance)]
    return [shared_encoder(EMBEDDED), *dict.fromkeys(pairs)]


def _measured(trial: Trial, example: Example, clock: Clock, forgetting: Sequence[Encoder | PairReader]) -> Row:
    for reader in forgetting:
        reader.forget()
    spent, start = clock.seconds, time.perf_counter()
    out = trial.compressor.compress(example.documents, example.question, budget=trial.budget)
    total = time.perf_counter() - start
    about = {"method": trial.method, "budget": trial.label, "id": example.id}
    return about | _row(example, out, total, clock.seconds - spent)


def _row(example: Example, out: Compression, seconds: float, forward: float) -> Row:
    kept = {passage.index: passage.text for passage in out.passages}
    shares = [share_kept(sentence, kept.get(index, "")) for index, sentence in example.evidence]
    hops = [share_kept(sentence, kept.get(index, "")) for index, sentence in example.hops]
    return {
        "answer": answer_survives(out.text, example.answers),
        "evidence": max(shares) >= 0.5 if shares else None,
        "all_evidence": min(hops) >= 0.5 if hops else None,
        "tokens_before": out.tokens_before,
        "tokens_after": out.tokens_after,
        "limit": out.limit,
        "ms": seconds * 1000,
        "forward_ms": forward * 1000,
    }


def machine() -> Row:
    """What the numbers were measured on."""
    import torch

    from linguapress.models.devices import device_of, precision_of

    device = device_of("auto")
    return {
        "device": str(device), "precision": str(precision_of(device)).removeprefix("torch."), "threads": torch.get_num_threads(),
        "processor": platform.processor() or platform.machine(), "python": platform.python_version(), "torch": torch.__version__,
    }  # fmt: skip
