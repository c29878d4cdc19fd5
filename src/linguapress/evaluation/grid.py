"""Runs a grid over processes and writes one JSON line a result; only the first process writes.

Rows with times are measured one after another by that process alone, before the others start.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import closing
from dataclasses import dataclass
from functools import cached_property, lru_cache
from multiprocessing import get_context, parent_process
from pathlib import Path
from threading import Thread

from linguapress.budget import Budget
from linguapress.compression import Compression
from linguapress.counters import TokenCounter, token_counter
from linguapress.evaluation.bench import UNTIMED, Trial, cold, row_of
from linguapress.evaluation.clock import Clock, Forgetful, forward_clock, readers
from linguapress.evaluation.counting import counters
from linguapress.evaluation.grid_plan import Job, Plan
from linguapress.evaluation.measure import counted
from linguapress.evaluation.package import Package
from linguapress.evaluation.package_rebuilt import Rebuilt, written
from linguapress.evaluation.perplexity_memory import Memory, resident
from linguapress.evaluation.readers import Reader, read, reader_of
from linguapress.evaluation.tables import Row
from linguapress.evaluation.tasks import TASKS
from linguapress.jsonl import append_jsonl


@dataclass(frozen=True)
class Worker:
    """A process's models, loaded when they are first needed."""

    plan: Plan

    @cached_property
    def trials(self) -> list[Trial]:
        """Every method at every budget that it can be run at."""
        return self.plan.trials

    @cached_property
    def known(self) -> list[Forgetful]:
        """What reads texts and remembers them."""
        return readers(trial.compressor for trial in self.trials)

    @cached_property
    def counters(self) -> dict[str, TokenCounter]:
        """The tokenizers that count beside the budget's."""
        return counters(self.plan.also, self.plan.data)

    @cached_property
    def reader(self) -> Reader | None:
        """Who answers."""
        return reader_of(self.plan.reader) if self.plan.reader else None

    def rows(self, job: Job) -> list[Row]:
        """One for each wanted method and budget."""
        wanted = [trial for trial in self.trials if (trial.method, str(trial.size.label)) in job.wanted]
        if not job.timed:
            return [self._row(job, trial, trial.compress(job.example)) | UNTIMED for trial in wanted]
        with forward_clock(self.known) as clock:
            return [self._timed(job, trial, clock) for trial in wanted]

    def _timed(self, job: Job, trial: Trial, clock: Clock) -> Row:
        """With milliseconds, those of each stage, and the most memory beyond what was held before, MiB."""
        process = (trial.compressor.pid if isinstance(trial.compressor, Package) else None) or os.getpid()
        memory = Memory(process, resident(process, "VmRSS"), on_device=False)
        memory.reset()
        found = cold(trial, job.example, clock, self.known)
        peak = max(0.0, memory.peak({}) - memory.loaded)
        stages = {stage.name: stage.milliseconds for stage in found.out.stages}
        times = found.out.times if isinstance(found.out, Rebuilt) else found.times
        return self._row(job, trial, found.out) | times | {"stages": stages, "peak_mib": peak}

    def _row(self, job: Job, trial: Trial, out: Compression) -> Row:
        asked = job.example
        names = {"task": job.task, "seed": job.seed, "group": asked.group}
        texts = trial.size.budget.separator.join(asked.documents), written(out)
        row = names | row_of(trial, asked, out) | {"tokens": counted(texts, self.counters)}
        if self.reader and asked.answers and (TASKS[job.task].single or not self.reader.single):
            row |= read(self.reader, asked.question, written(out), asked.answers)
        if isinstance(out, Rebuilt):
            row |= out.facts | ({"written": out.written} if job.shown else {})
        spans = [[passage.index, [list(span) for span in passage.spans], passage.score] for passage in out.passages]
        return row | {"spans": spans} if job.shown else row


def checked(plan: Plan, todo: Sequence[Job]) -> None:
    """Raises before hours of work what would be raised in the midst of them.

    Raises:
        UnknownName, MissingExtra, ModelNotFound: a tokenizer, reader, package or interpreter that cannot be had.
    """
    worker = Worker(plan)
    for name, count in {plan.counter: None, **worker.counters}.items():
        (count or token_counter(name))("")
    if worker.reader:
        worker.reader.answer("What is it?", "It is a test.")
    for trial in {trial.method: trial for trial in worker.trials}.values() if todo else ():
        trial.compressor.compress(["It is a test.", "It is none."], "What is it?", budget=Budget(tokens=4))


def run(plan: Plan, file: Path, todo: Sequence[Job], processes: int, step: Callable[[Job], bool] = lambda _: True) -> int:
    """Writes the rows that are missing; returns how many these are.

    Args:
        plan: what to run.
        file: JSON lines, to be gone on with where it exists.
        todo: from :func:`jobs`.
        processes: that share what is not timed.
        step: called after each job; what is left is not begun where it says False.

    Raises:
        UnknownName, MissingExtra: a reader or package that cannot be had.
    """
    if not (file.exists() and file.stat().st_size):
        append_jsonl(file, [{"about": plan.conditions}])
    count = 0
    with closing(_results(plan, todo, processes)) as results:
        for job, rows in results:
            append_jsonl(file, [*([job.source] if job.shown else []), *rows])
            count += len(rows)
            if not step(job):
                break
    return count


def _results(plan: Plan, todo: Sequence[Job], processes: int) -> Generator[tuple[Job, list[Row]]]:
    """Jobs with their rows: those that are timed first, the others as they come."""
    alone = [job for job in todo if job.timed or processes == 1]
    for job in sorted(alone, key=lambda job: not job.timed):
        yield job, _worker(plan).rows(job)
    shared = [job for job in todo if not (job.timed or processes == 1)]
    if not shared:
        return
    threads = max(1, (os.cpu_count() or 1) // processes)
    pool = ProcessPoolExecutor(processes, get_context("spawn"), _begin, (threads,))
    try:
        running = {pool.submit(_found, plan, job): job for job in shared}
        for future in as_completed(running):
            yield running.pop(future), future.result()  # so that no result is held for longer
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _begin(threads: int) -> None:
    """Shares the cores among the processes, none of which outlives the one that writes."""
    Thread(target=_leave_with_parent, daemon=True).start()
    import torch

    torch.set_num_threads(threads)


def _leave_with_parent() -> None:
    """Ends this process when its parent was killed: nobody is left to take its rows, or to end it."""
    if parent := parent_process():
        parent.join()
        os._exit(1)


def _found(plan: Plan, job: Job) -> list[Row]:
    return _worker(plan).rows(job)


@lru_cache(maxsize=1)
def _worker(plan: Plan) -> Worker:
    return Worker(plan)
