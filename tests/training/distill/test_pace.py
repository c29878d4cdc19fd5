"""Requests a minute, on a clock that the tests turn."""

import asyncio

from linguapress.training.distill.pace import Pace


class Clock:
    def __init__(self):
        self.now = 100.0

    def __call__(self):
        return self.now

    async def sleep(self, seconds):
        until = self.now + seconds
        await asyncio.sleep(0)
        self.now = max(self.now, until)


async def starts(pace, clock, count):
    found = []

    async def one():
        await pace.turn()
        found.append(clock.now)

    await asyncio.gather(*(one() for _ in range(count)))
    return sorted(found)


async def test_no_minute_holds_more_requests_than_allowed():
    clock = Clock()
    found = await starts(Pace(30, clock, clock.sleep), clock, 100)
    assert all(sum(start <= other < start + 60 for other in found) <= 30 for start in found)
    assert found[-1] - found[0] <= 99 * 2 + 1e-6  # and not many fewer


async def test_nobody_waits_without_a_limit():
    clock = Clock()
    assert await starts(Pace(None, clock, clock.sleep), clock, 50) == [100.0] * 50


async def test_nobody_starts_while_the_service_asks_for_patience():
    clock = Clock()
    pace = Pace(None, clock, clock.sleep)
    pace.hold(30)
    assert await starts(pace, clock, 3) == [130.0] * 3


async def test_time_that_passed_is_not_saved_up():
    clock = Clock()
    pace = Pace(60, clock, clock.sleep)
    clock.now += 1000
    assert await starts(pace, clock, 3) == [1100.0, 1101.0, 1102.0]
