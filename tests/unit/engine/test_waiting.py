from __future__ import annotations

import asyncio

from fakes.clock import FakeClock
from rota.engine.waiting import first_of, sleep_or


async def test_a_wait_ends_when_its_time_has_come() -> None:
    clock, event = FakeClock(), asyncio.Event()
    wait = asyncio.create_task(sleep_or(clock, 10, event))

    await clock.advance(9)
    assert not wait.done()
    await clock.advance(1)

    assert await wait is False


async def test_a_wait_ends_at_once_when_somebody_calls() -> None:
    clock, event = FakeClock(), asyncio.Event()
    wait = asyncio.create_task(sleep_or(clock, 10, event))
    await clock.settle()

    event.set()
    await clock.settle()

    assert await wait is True
    assert clock.sleepers == 0


async def test_no_time_is_no_wait() -> None:
    event = asyncio.Event()

    assert await sleep_or(FakeClock(), 0, event) is False
    event.set()
    assert await sleep_or(FakeClock(), 10, event) is True


async def test_what_lost_the_race_is_cancelled() -> None:
    slow, ended = asyncio.Event(), asyncio.Event()

    async def wait() -> None:
        try:
            await slow.wait()
        finally:
            ended.set()

    await first_of(wait(), _at_once())

    assert ended.is_set()


async def _at_once() -> None:
    return
