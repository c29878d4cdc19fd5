"""Requests a minute: evenly spread, and none while a service asks for patience."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable

Clock = Callable[[], float]
Sleep = Callable[[float], Awaitable[None]]


class Pace:
    """A turn for each request.

    Evenly spaced rather than in bursts, so that any window of a minute holds at most so many, whichever way the service counts.
    """

    def __init__(self, per_minute: float | None, clock: Clock = time.monotonic, sleep: Sleep = asyncio.sleep) -> None:
        """Without ``per_minute`` nobody waits, except when told to by :meth:`hold`."""
        self._gap = 60 / per_minute if per_minute else 0.0
        self._clock, self._sleep, self._next, self._held = clock, sleep, 0.0, 0.0

    async def turn(self) -> None:
        """Returns when the next request may start."""
        mine = max(self._clock(), self._next)
        self._next = mine + self._gap
        while (wait := max(mine, self._held) - self._clock()) > 0:
            await self._sleep(wait)

    def hold(self, seconds: float) -> None:
        """No request starts for so long."""
        self._held = max(self._held, self._clock() + seconds)
        self._next = max(self._next, self._held)
