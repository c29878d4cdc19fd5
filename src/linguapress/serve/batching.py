"""Requests that arrive at about the same time and want the same are computed together."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from typing import NamedTuple

from linguapress.budget import Budget
from linguapress.compression import Compression
from linguapress.compressor import Compressor
from linguapress.serve.limits import Limits


class Job(NamedTuple):
    """What a request wants done."""

    method: str
    budget: Budget
    documents: Sequence[str]
    query: str | None


class Done(NamedTuple):
    """A result, and how many requests were computed with it, itself included."""

    found: Compression
    batch: int


class _Waiting(NamedTuple):
    job: Job
    done: asyncio.Future[Done]


class Batcher:
    """Gathers jobs of one method and budget for a few milliseconds, or for as long as earlier ones are computed.

    One batch is computed at a time, in a thread of its own: models use all cores already. Lives in one event loop.
    """

    def __init__(
        self, presses: Mapping[str, Compressor], limits: Limits, executor: Executor,
        note: Callable[[str, int], None] = lambda *_: None,
    ) -> None:  # fmt: skip
        """Takes compressors by name, limits, a thread to compute in, and what is told the method and size of each batch."""
        self._presses, self._limits, self._executor, self._note = presses, limits, executor, note
        self._waiting: dict[tuple[str, Budget], list[_Waiting]] = {}
        self._turn = asyncio.Lock()
        self._tasks: set[asyncio.Task[None]] = set()

    async def compress(self, job: Job) -> Done:
        """The job's result; errors of the compressor are raised here."""
        done: asyncio.Future[Done] = asyncio.get_running_loop().create_future()
        key = (job.method, job.budget)
        others = self._waiting.setdefault(key, [])
        others.append(_Waiting(job, done))
        if len(others) == 1:
            self._start(key)
        return await done

    def _start(self, key: tuple[str, Budget]) -> None:
        task = asyncio.create_task(self._gather(key))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _gather(self, key: tuple[str, Budget]) -> None:
        await asyncio.sleep(self._limits.window)
        async with self._turn:
            waiting = self._waiting.pop(key)
            batch, rest = waiting[: self._limits.batch], waiting[self._limits.batch :]
            if rest:
                self._waiting[key] = rest
                self._start(key)
            await self._answer([item for item in batch if not item.done.cancelled()])

    async def _answer(self, batch: Sequence[_Waiting]) -> None:
        """Computes a batch; when that fails, each job alone, so that none suffers for another."""
        if not batch:
            return
        try:
            found = await asyncio.get_running_loop().run_in_executor(self._executor, self._compute, [item.job for item in batch])
        except Exception as error:
            if len(batch) > 1:
                for item in batch:
                    await self._answer([item])
            elif not batch[0].done.done():
                batch[0].done.set_exception(error)
            return
        self._note(batch[0].job.method, len(batch))
        for item, result in zip(batch, found, strict=True):
            if not item.done.done():
                item.done.set_result(Done(result, len(batch)))

    def _compute(self, jobs: Sequence[Job]) -> list[Compression]:
        first = jobs[0]
        documents, queries = [job.documents for job in jobs], [job.query for job in jobs]
        return self._presses[first.method].compress_batch(documents, queries, budget=first.budget)
