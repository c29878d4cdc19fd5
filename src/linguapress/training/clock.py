"""How much of a run is done: by tokens, or by the time that its steps take on this machine."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from linguapress.training.lm_settings import LmSettings


@dataclass
class Clock:
    """Counts steps and their seconds; what lies between them (measuring, saving, an interruption) is not counted.

    Attributes:
        total: steps of the run; 0 = as many as fit into ``limit``.
        limit: seconds.
        step: steps done.
        seconds: time that they took.
    """

    total: int
    limit: float
    step: int = 0
    seconds: float = 0.0
    now: Callable[[], float] = field(default=time.monotonic, repr=False)

    @classmethod
    def of(cls, settings: LmSettings) -> Clock:
        """The clock of a run: ``tokens`` are rounded up to whole steps."""
        return cls(math.ceil(settings.tokens / (settings.batch * settings.window)), settings.minutes * 60)

    @contextmanager
    def ticking(self) -> Iterator[None]:
        """Counts a step and its time."""
        start = self.now()
        yield
        self.step, self.seconds = self.step + 1, self.seconds + self.now() - start

    @property
    def expected(self) -> int:
        """Steps of the whole run, at the pace so far."""
        return self.total or int(self.step * max(1.0, self.limit / self.seconds) if self.seconds else 1)

    def share(self, ahead: int = 0) -> float:
        """Share of the run that is done after ``ahead`` more steps, 0..1 and above."""
        if self.total:
            return (self.step + ahead) / self.total
        each = self.seconds / self.step if self.step else 0.0
        return (self.seconds + ahead * each) / self.limit

    @property
    def over(self) -> bool:
        """Whether the next step does not fit; the first always does."""
        return self.step > 0 and self.share(1) > 1 + 1e-9


def slope(clock: Clock, warm: float) -> float:
    """Share of the highest learning rate for the next step: it rises over ``warm`` of the run, then falls linearly to zero."""
    rising = max(clock.share(1), 1e-3) / warm if warm else 1.0
    return min(1.0, rising, (1 - clock.share()) / (1 - warm))


def linear(step: int, total: int) -> float:
    """Share of the highest learning rate at a step: it rises over a twentieth of the run, then falls linearly to a fiftieth."""
    warm = max(1, total // 20)
    return min((step + 1) / warm, max(0.02, (total - step) / max(1, total - warm)))
