"""What every clock promises, over the fake and the real one."""

from __future__ import annotations

import asyncio
from datetime import UTC, timedelta

import pytest

from fakes.clock import FakeClock
from rota.core.seams import Clock
from rota.engine.clock import SystemClock


@pytest.fixture(params=["fake", "system"])
def clock(request: pytest.FixtureRequest) -> Clock:
    return FakeClock() if request.param == "fake" else SystemClock()


async def passed(clock: Clock, sleeping: asyncio.Future[None], seconds: float) -> None:
    """Let the clock go on until the sleeper wakes: the fake one by hand, the real one by itself."""
    if isinstance(clock, FakeClock):
        await clock.advance(seconds)
    await asyncio.wait_for(sleeping, timeout=30)


async def test_now_is_an_aware_instant_in_utc(clock: Clock) -> None:
    assert clock.now().tzinfo is UTC


async def test_a_sleeper_wakes_after_its_time_and_not_before(clock: Clock) -> None:
    wall, monotonic = clock.now(), clock.monotonic()

    await passed(clock, asyncio.ensure_future(clock.sleep(0.01)), 0.01)

    assert clock.monotonic() - monotonic >= 0.0099
    assert clock.now() - wall >= timedelta(seconds=0.0099)


@pytest.mark.parametrize("seconds", [0, -5])
async def test_sleeping_for_no_time_lets_others_run_once(clock: Clock, seconds: float) -> None:
    ran: list[str] = []
    other = asyncio.ensure_future(_append(ran))

    await clock.sleep(seconds)

    assert ran == ["other"]
    await other


async def test_a_sleeper_can_be_cancelled(clock: Clock) -> None:
    sleeping = asyncio.ensure_future(clock.sleep(3600))
    await clock.sleep(0)

    sleeping.cancel()

    with pytest.raises(asyncio.CancelledError):
        await sleeping


async def _append(ran: list[str]) -> None:
    ran.append("other")
