from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import Connection

from fakes.clock import FakeClock
from rota.store.ledger import Ledger
from rota.store.pace import Pace


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
async def ledger(tmp_path: Path, clock: FakeClock) -> AsyncIterator[Ledger]:
    opened = Ledger.open(tmp_path / "ledger.db", clock)
    yield opened
    await opened.close()


def nothing(_connection: Connection) -> None:
    """Takes no time of that clock."""


async def test_steps_grow_while_they_take_no_time_and_have_an_end(ledger: Ledger, clock: FakeClock) -> None:
    pace = Pace(ledger, clock)
    sizes = []
    for step in pace.steps(range(300)):
        sizes.append(len(step))
        await pace.write(nothing, len(step))

    assert sizes[:3] == [16, 32, 64]
    assert max(sizes) == 64
    assert sum(sizes) == 300


async def test_steps_of_a_few_rows_say_nothing_of_large_ones(ledger: Ledger, clock: FakeClock) -> None:
    pace = Pace(ledger, clock)
    for _ in range(10):
        for step in pace.steps(range(3)):
            await pace.write(nothing, len(step))

    assert pace.rows == 16


async def test_another_kind_of_rows_begins_small(ledger: Ledger, clock: FakeClock) -> None:
    pace = Pace(ledger, clock)
    await pace.write(nothing, 64)
    grown = pace.rows

    pace.begin()

    assert (grown, pace.rows) == (64, 16)


async def test_a_step_that_took_long_is_followed_by_one_half_as_large(
    ledger: Ledger, clock: FakeClock
) -> None:
    pace = Pace(ledger, clock)
    before = pace.rows
    monotonic = iter([0.0, 0.03])
    clock.monotonic = lambda: next(monotonic)  # type: ignore[method-assign]
    clock.sleep = _at_once  # type: ignore[method-assign]

    await pace.write(nothing, before)

    assert pace.rows == before // 2


async def _at_once(seconds: float) -> None:
    """No time passes."""
