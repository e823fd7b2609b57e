"""While the daemon drains nothing new begins, and nothing that is owed is lost."""

from __future__ import annotations

from datetime import timedelta

import pytest

from fakes.engine import FakeEngine
from fakes.jobs import a_job
from fakes.planned import PlannedEngine
from fakes.schedules import MINUTE, every
from rota.core.errors import Conflict
from rota.core.events import HealthChanged
from rota.core.model import Concurrency, Missed, MissedPolicy, Overlap, Retry
from rota.core.obstacles import trouble
from rota.core.run import Reason, RunState, TriggeredBy

SECOND = timedelta(seconds=1)


async def test_what_runs_goes_on_and_nobody_can_begin_anything() -> None:
    async with FakeEngine(a_job(), a_job("other")) as engine:
        await engine.start()

        await engine.operations.drain()

        assert [run.id for run in engine.operations.under_way] == ["backup.1"]
        with pytest.raises(Conflict, match="rota drain --undo") as refused:
            await engine.operations.run_now("other")
        assert refused.value.reason == "draining"
        assert HealthChanged(key="planner") in engine.events
        assert any("drains" in told for told in trouble(engine.entry(), engine.board, engine.clock.now()))
        engine.hands.process().end(0)
        await engine.settle()
        assert engine.operations.under_way == []
        assert (await engine.latest()).state is RunState.COMPLETED


async def test_a_run_that_waits_its_turn_waits_on_until_the_drain_is_undone() -> None:
    async with FakeEngine(a_job(concurrency=Concurrency(overlap=Overlap.QUEUE))) as engine:
        await engine.start()
        await engine.operations.run_now("backup")
        await engine.operations.drain()

        engine.hands.process().end(0)
        await engine.settle()

        assert len(engine.hands.orders) == 1
        await engine.operations.undo_drain()
        await engine.settle()
        assert len(engine.hands.orders) == 2


async def test_a_run_in_line_for_a_pool_waits_on_too() -> None:
    specs = [a_job(job, concurrency=Concurrency(pool="db")) for job in ("a", "b")]
    async with FakeEngine(*specs, pools={"db": 1}) as engine:
        await engine.start("a")
        await engine.start("b")
        await engine.operations.drain()

        engine.hands.process().end(0)
        await engine.settle()

        assert len(engine.hands.orders) == 1
        await engine.operations.undo_drain()
        await engine.settle()
        assert len(engine.hands.orders) == 2


async def test_the_next_attempt_waits_until_the_drain_is_undone() -> None:
    async with FakeEngine(a_job(retry=Retry(attempts=2))) as engine:
        await engine.start()
        await engine.operations.drain()
        engine.hands.process().end(1)
        await engine.clock.advance(60)

        assert (await engine.latest()).state is RunState.RETRYING
        assert engine.operations.under_way == []
        with pytest.raises(Conflict, match="drains"):
            await engine.operations.retry("backup.1")
        await engine.operations.undo_drain()
        await engine.settle()
        assert (await engine.latest()).state is RunState.RUNNING


async def test_the_steps_of_a_run_that_has_begun_go_on_to_its_end() -> None:
    async with FakeEngine(a_job(steps=("dump", "verify"))) as engine:
        await engine.start()
        await engine.operations.drain()

        engine.hands.process().end(0)
        await engine.settle()
        assert [run.id for run in engine.operations.under_way] == ["backup.1"]
        engine.hands.process().end(0)
        await engine.settle()

        assert (await engine.latest()).state is RunState.COMPLETED


async def test_a_run_that_is_to_replace_another_ends_nobody_meanwhile() -> None:
    async with FakeEngine(a_job(concurrency=Concurrency(overlap=Overlap.REPLACE))) as engine:
        engine.hands.obeys = False
        await engine.start()
        await engine.operations.drain()

        await engine.start(at=engine.clock.now() + SECOND)

        assert engine.hands.terminated == []


async def test_what_is_due_meanwhile_is_owed_by_the_missed_policy() -> None:
    job = a_job(triggers=(every(MINUTE),), missed=Missed(run=MissedPolicy.LATEST))
    async with PlannedEngine(job) as engine:
        await engine.passes(MINUTE)
        await engine.ends("backup")
        await engine.operations.drain()
        await engine.passes(SECOND)
        for _ in range(5):
            await engine.sleeps(MINUTE)
            await engine.step()
        assert len(engine.hands.orders) == 1

        await engine.operations.undo_drain()
        await engine.step()

        run = await engine.latest()
        skip = await engine.store.run("backup", run.number - 1)
        assert (run.state, run.triggered_by) == (RunState.RUNNING, TriggeredBy.CATCH_UP)
        assert skip is not None
        assert (skip.reason, skip.count) == (Reason.MISSED, 4)


async def test_a_daemon_that_is_started_again_drains_no_more() -> None:
    async with FakeEngine(a_job()) as engine:
        await engine.operations.drain()

        await engine.restart()

        assert engine.board.draining_since is None
        with pytest.raises(Conflict, match="does not drain"):
            await engine.operations.undo_drain()


async def test_to_drain_twice_is_to_drain_since_the_first_time() -> None:
    async with FakeEngine() as engine:
        await engine.operations.drain()
        since = engine.board.draining_since
        await engine.clock.advance(5)

        await engine.operations.drain()

        assert engine.board.draining_since == since
