"""Asks a teacher about every passage that the ledger does not answer: many at once, paced, patient, and never twice."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from linguapress.counters import TokenCounter, embedded
from linguapress.errors import DistillationError, MissingExtra
from linguapress.training.distill.estimate import Prices
from linguapress.training.distill.instruction import COMPRESSION
from linguapress.training.distill.ledger import Entry, Ledger, key_of
from linguapress.training.distill.pace import Pace, Sleep
from linguapress.training.distill.task import Task
from linguapress.training.distill.teacher import (
    NOTHING,
    Reply,
    Teacher,
    TeacherBusy,
    TeacherError,
    TeacherGarbled,
    TeacherRefused,
    TeacherUnusable,
    Usage,
)

_LONGEST_WAIT = 600.0  # seconds; a service that asks for more is not waited for


@dataclass(frozen=True, slots=True)
class RunSettings:
    """How a teacher is asked.

    Attributes:
        concurrency: requests under way at once.
        per_minute: requests started in a minute, tries included; None = as many as get through.
        attempts: tries for one passage.
        timeout: seconds that one try may take.
        first_wait: seconds before the second try, doubled for each further one (at random up to that).
        patience: passages that may fail in a row before the run stops.
        retry_failed: whether passages that the teacher refused in an earlier run are asked again.
        most_cost: the run stops when it has spent more, which takes prices; None = no limit.
        prices: of the teacher.
        count: tokens of a text, where the service does not say what it charged.
        task: what it does with each text.
    """

    concurrency: int = 8
    per_minute: float | None = None
    attempts: int = 6
    timeout: float = 120.0
    first_wait: float = 1.0
    patience: int = 10
    retry_failed: bool = False
    most_cost: float | None = None
    prices: Prices = field(default_factory=Prices)
    count: TokenCounter = embedded
    task: Task = COMPRESSION

    def __post_init__(self) -> None:
        """Refuses settings with which nothing could be asked."""
        for name in ("concurrency", "attempts", "timeout", "patience"):
            if getattr(self, name) <= 0:
                raise DistillationError(f"{name} must be above 0, got {getattr(self, name)}")
        if self.per_minute is not None and self.per_minute <= 0:
            raise DistillationError(f"per_minute must be above 0, got {self.per_minute}; None sets no limit")
        if self.most_cost is not None and not (self.prices.million_in or self.prices.million_out):
            raise DistillationError("a limit of cost needs prices; give --price-in and --price-out")


@dataclass
class Tally:
    """How far a run has come.

    Attributes:
        total: passages to ask.
        answered: of these, answered.
        failed: of these, given up, for now or for good.
        tries: requests sent.
        usage: tokens charged.
        cost: of these.
        reasons: how often each failure occurred.
    """

    total: int
    answered: int = 0
    failed: int = 0
    tries: int = 0
    usage: Usage = NOTHING
    cost: float = 0.0
    reasons: Counter[str] = field(default_factory=Counter)


Progress = Callable[[Tally], None]
Check = Callable[[str, str], None]


def to_ask(texts: Sequence[str], teacher: str, ledger: Ledger, settings: RunSettings) -> list[str]:
    """Different texts that the ledger does not answer, in their order."""
    return [
        text
        for text in dict.fromkeys(texts)
        if (entry := ledger.entries.get(key_of(settings.task.version, teacher, text))) is None
        or (entry.reply is None and settings.retry_failed)
    ]


async def ask_all(
    texts: Sequence[str], teacher: Teacher, ledger: Ledger, settings: RunSettings, progress: Progress = lambda tally: None,
    check: Check = lambda text, reply: None, pace: Pace | None = None, sleep: Sleep = asyncio.sleep,
) -> Tally:  # fmt: skip
    """Asks about each different text that the ledger does not answer; every answer is in the ledger at once.

    Whatever ends the run, at most the calls under way are lost; the next run goes on. ``check`` sees each text with its reply
    and may raise a DistillationError to stop the run.

    Raises:
        DistillationError: the teacher cannot be used, too many passages failed in a row, or the run has become too dear.
    """
    texts = to_ask(texts, teacher.name, ledger, settings)
    run = _Run(teacher, ledger, settings, progress, check, pace or Pace(settings.per_minute), sleep, Tally(len(texts)))
    queue = iter(texts)
    workers = [asyncio.ensure_future(run.work(queue)) for _ in range(min(settings.concurrency, len(texts)))]
    try:
        await asyncio.gather(*workers)
    except BaseException:
        run.stop = DistillationError("interrupted")  # up to Python 3.11 wait_for may swallow a cancellation
        raise
    finally:
        for worker in workers:
            worker.cancel()
        await asyncio.gather(*workers, return_exceptions=True)
        await teacher.aclose()
    if run.stop is not None and run.tally.answered + run.tally.failed < run.tally.total:
        raise run.stop
    return run.tally


@dataclass
class _Run:
    teacher: Teacher
    ledger: Ledger
    settings: RunSettings
    progress: Progress
    check: Check
    pace: Pace
    sleep: Sleep
    tally: Tally
    failed_in_a_row: int = 0
    stop: DistillationError | None = None

    async def work(self, queue: Iterator[str]) -> None:
        """One of several workers on the same queue; when the run must stop, calls under way still finish."""
        while self.stop is None and (text := next(queue, None)) is not None:
            try:
                self._answered(text, await self._patiently(self.settings.task.request(text)))
            except TeacherUnusable as error:
                self.stop = DistillationError(f"the teacher {self.teacher.name!r} cannot be used: {error}")
            except TeacherError as error:
                self._failed(text, error)
            except DistillationError as error:
                self.stop = error
            self.progress(self.tally)

    async def _patiently(self, message: str) -> Reply:
        """One reply, after as many tries as it takes and the settings allow."""
        tenacity = _tenacity()
        backoff = tenacity.wait_random_exponential(multiplier=self.settings.first_wait, max=60)

        def wait(state: Any) -> float:
            return max(float(backoff(state)), getattr(state.outcome.exception(), "retry_after", None) or 0.0)

        retrying = tenacity.AsyncRetrying(
            stop=tenacity.stop_after_attempt(self.settings.attempts), retry=tenacity.retry_if_exception(_worth_a_try),
            wait=wait, sleep=self.sleep, reraise=True,
        )  # fmt: skip
        reply: Reply = await retrying(self._once, message)
        return reply

    async def _once(self, message: str) -> Reply:
        await self.pace.turn()
        if self.stop is not None:
            raise self.stop
        self.tally.tries += 1
        try:
            reply = await asyncio.wait_for(self.teacher.ask(self.settings.task.system, message), self.settings.timeout)
        except asyncio.TimeoutError:
            raise TeacherBusy(f"no answer within {self.settings.timeout:g} s") from None
        except TeacherError as error:
            self._charge(error.usage)
            if isinstance(error, TeacherBusy) and error.retry_after and _worth_a_try(error):
                self.pace.hold(error.retry_after)
            raise
        if reply.usage == NOTHING:
            count = self.settings.count
            reply = Reply(reply.text, Usage(count(self.settings.task.system) + count(message), count(reply.text)))
        self._charge(reply.usage)
        return reply

    def _charge(self, usage: Usage) -> None:
        self.tally.usage += usage
        self.tally.cost = self.settings.prices.cost(self.tally.usage)
        if self.stop is None and self.settings.most_cost is not None and self.tally.cost > self.settings.most_cost:
            self.stop = DistillationError(
                f"stopped at a cost of {self.tally.cost:,.4f}, above the most of {self.settings.most_cost:,.4f}; "
                "what was answered is kept, start again with a higher one to go on"
            )

    def _answered(self, text: str, reply: Reply) -> None:
        self._record(text, reply.text, "", reply.usage)
        self.tally.answered += 1
        self.failed_in_a_row = 0
        self.check(text, reply.text)

    def _failed(self, text: str, error: TeacherError) -> None:
        """Refusals and answers that were paid for in vain are remembered; who was only busy is asked again by the next run."""
        if isinstance(error, TeacherRefused | TeacherGarbled):
            self._record(text, None, str(error), error.usage)
        self.tally.failed += 1
        self.tally.reasons[str(error)] += 1
        self.failed_in_a_row += 1
        if self.failed_in_a_row >= self.settings.patience and self.stop is None:
            self.stop = DistillationError(
                f"{self.failed_in_a_row} passages in a row failed, the last with: {error}; mend the cause and start again, "
                "asking refused passages once more (--retry-failed) if they were not to blame"
            )

    def _record(self, text: str, reply: str | None, error: str, usage: Usage) -> None:
        key = key_of(self.settings.task.version, self.teacher.name, text)
        self.ledger.add(Entry(key, reply, error, usage.tokens_in, usage.tokens_out))


def _worth_a_try(error: BaseException) -> bool:
    if isinstance(error, TeacherBusy):
        return (error.retry_after or 0.0) <= _LONGEST_WAIT
    return isinstance(error, TeacherGarbled)


def _tenacity() -> Any:
    try:
        import tenacity
    except ImportError as error:
        raise MissingExtra("tenacity", "distill") from error
    return tenacity
