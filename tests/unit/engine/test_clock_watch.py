from __future__ import annotations

from datetime import timedelta

import pytest
from structlog.testing import capture_logs

from fakes.clock import FakeClock
from rota.engine.clock_watch import ClockWatch

MINUTE = timedelta(minutes=1)


@pytest.mark.parametrize("jump", [timedelta(0), timedelta(seconds=1), 90 * MINUTE, -3 * MINUTE])
async def test_a_jump_is_what_the_wall_clock_moved_beside_the_time_that_passed(jump: timedelta) -> None:
    clock = FakeClock()
    watch = ClockWatch(clock)
    await clock.advance(MINUTE)
    clock.step_wall(jump)

    with capture_logs() as logs:
        seen = watch.look(clock.now())

    is_one = abs(jump) > timedelta(seconds=1)
    assert (seen, watch.jumps, watch.passed) == (jump if is_one else timedelta(0), int(is_one), MINUTE)
    assert [entry["event"] for entry in logs] == ["clock.jumped"] * is_one


async def test_how_long_nobody_looked_does_not_depend_on_the_wall_clock() -> None:
    clock = FakeClock()
    watch = ClockWatch(clock)
    await clock.advance(MINUTE)
    clock.step_wall(60 * MINUTE)

    assert watch.lag == MINUTE
