"""A clock that is wrong and then set right, over planner, engine and ledger."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from datetime import datetime, timedelta

import pytest
from structlog.testing import capture_logs

from fakes.engine import FakeEngine
from fakes.jobs import a_job
from fakes.schedules import HOUR, cron
from rota.core.run import Reason, RunState
from rota.core.seams import RunQuery
from rota.engine.scheduler import Scheduler

DAY = timedelta(days=1)


@pytest.fixture
async def engine() -> AsyncIterator[FakeEngine]:
    async with FakeEngine(a_job(triggers=(cron("0 2 * * *"),))) as engine:
        yield engine


@pytest.fixture
def scheduler(engine: FakeEngine) -> Scheduler:
    scheduler = Scheduler(
        clock=engine.clock,
        board=engine.board,
        records=engine.records,
        carry_out=engine.executor.carry_out,
        publish=engine.events.append,
    )
    scheduler.load(engine.jobs.current, engine.clock.now())
    return scheduler


async def passes(engine: FakeEngine, scheduler: Scheduler, time: timedelta) -> None:
    """Hour by hour, each run ending at once."""
    for _ in range(time // HOUR):
        await engine.clock.advance(HOUR)
        await scheduler.step()
        await engine.settle()
        for run in list(engine.entry().open_runs.values()):
            engine.hands.process(len(engine.hands.orders) - 1).end(0)
            await engine.settle()
            assert run.number not in engine.entry().open_runs


async def started_for(engine: FakeEngine) -> Sequence[datetime]:
    page = await engine.store.runs(RunQuery(states=frozenset({RunState.COMPLETED})))
    return sorted(run.due_at for run in page.runs if run.due_at is not None)


async def test_a_job_runs_at_its_times_after_a_clock_that_was_days_ahead_is_set_right(
    engine: FakeEngine, scheduler: Scheduler
) -> None:
    begin = engine.clock.now()
    await scheduler.step()
    with capture_logs():
        engine.clock.step_wall(3 * DAY)
        await passes(engine, scheduler, HOUR)
        engine.clock.step_wall(-3 * DAY)
        await passes(engine, scheduler, 5 * DAY)

    # The last instant before the wrong time was caught up on then, and each is started once.
    assert await started_for(engine) == [begin + n * DAY + 2 * HOUR for n in range(5)]
    rows = await engine.store.runs(RunQuery(states=frozenset({RunState.SKIPPED})))
    assert [(row.reason, row.count) for row in rows.runs] == [(Reason.MISSED, 2)]
