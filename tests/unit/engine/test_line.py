"""Runs that wait for others of their job, and instants that are answered late or with a skip."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import pytest

from fakes.engine import FakeEngine, an_engine
from rota.core.board import Due
from rota.core.decisions import Queue, Skip, Start
from rota.core.model import Concurrency, Overlap
from rota.core.run import Reason, Run, RunState, TriggeredBy

SECOND = timedelta(seconds=1)
MINUTE = 60 * SECOND


async def queue(engine: FakeEngine, seconds: int, *, catch_up: bool = False) -> None:
    due = Due(job="backup", at=engine.clock.now() + timedelta(seconds=seconds))
    decision = Start(job="backup", due=due, triggered_by=TriggeredBy.CATCH_UP)
    await engine.executor.carry_out([decision if catch_up else Queue(job="backup", due=due)])
    await engine.settle()


async def test_queued_runs_start_one_after_another_oldest_first() -> None:
    concurrency = Concurrency(overlap=Overlap.QUEUE)
    async with await an_engine(concurrency=concurrency) as engine:
        await engine.start()
        await queue(engine, 1)
        await queue(engine, 2)
        assert len(engine.hands.orders) == 1

        await engine.end()
        assert engine.hands.orders[-1].ref.number == 2
        await engine.end()

        assert engine.hands.orders[-1].ref.number == 3
        assert len(engine.entry().active) == 1


async def test_queued_runs_wait_on_after_a_restart() -> None:
    async with await an_engine(concurrency=Concurrency(overlap=Overlap.QUEUE)) as engine:
        await engine.start()
        await queue(engine, 1)

        await engine.restart()
        assert len(engine.hands.orders) == 1
        await engine.end()

        assert engine.hands.orders[-1].ref.number == 2


async def test_a_queued_run_that_waits_too_long_is_skipped_on_time() -> None:
    settings = {"concurrency": Concurrency(overlap=Overlap.QUEUE), "start_deadline": 30 * SECOND}
    async with await an_engine(**settings) as engine:
        await engine.start()
        await queue(engine, 0)
        await queue(engine, 1)

        await engine.clock.advance(32)
        run = await engine.store.run("backup", 2)

        assert run is not None
        assert (run.state, run.reason) == (RunState.SKIPPED, Reason.START_DEADLINE)


async def test_a_run_that_is_to_wait_and_whose_job_is_removed_while_it_is_recorded_is_skipped(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with await an_engine(concurrency=Concurrency(overlap=Overlap.QUEUE)) as engine:
        await engine.start()
        add = engine.store.add

        async def add_late(runs: Sequence[Run], *rest: Sequence[Run]) -> Sequence[Run | None]:
            engine.specs.clear()
            await engine.jobs.reload()
            return await add(runs, *rest)

        monkeypatch.setattr(engine.store, "add", add_late)
        await queue(engine, 1)
        run = await engine.store.run("backup", 2)

        assert run is not None
        assert (run.state, run.reason) == (RunState.SKIPPED, Reason.REMOVED)


async def test_a_queued_run_can_be_cancelled() -> None:
    async with await an_engine(concurrency=Concurrency(overlap=Overlap.QUEUE)) as engine:
        await engine.start()
        await queue(engine, 1)
        (waiting,) = engine.entry().queued

        run = await engine.executor.cancel(waiting)
        await engine.end()

        assert run.state is RunState.CANCELLED
        assert len(engine.hands.orders) == 1


async def test_missed_instants_are_caught_up_one_after_another_oldest_first(engine: FakeEngine) -> None:
    due = [Due(job="backup", at=engine.clock.now() + n * SECOND) for n in (3, 1, 2)]
    await engine.executor.carry_out(
        [Start(job="backup", due=each, triggered_by=TriggeredBy.CATCH_UP) for each in due]
    )
    await engine.settle()
    assert len(engine.hands.orders) == 1

    while len(engine.hands.orders) < 3:
        await engine.end()

    started = [order.env["ROTA_SCHEDULED_EPOCH"] for order in engine.hands.orders]
    assert started == sorted(started)


async def test_a_skip_is_a_row_with_its_reason_and_count(engine: FakeEngine) -> None:
    at = engine.clock.now()
    skip = Skip(
        job="backup",
        due=Due(job="backup", at=at),
        reason=Reason.MISSED,
        message="missed",
        count=3,
        last_due_at=at + 2 * SECOND,
    )

    await engine.executor.carry_out([skip])
    run = await engine.store.run("backup", 1)

    assert run is not None
    assert (run.state, run.reason, run.count, run.last_due_at) == (
        RunState.SKIPPED,
        Reason.MISSED,
        3,
        at + 2 * SECOND,
    )


async def test_a_place_is_given_once_though_the_queue_moves_while_a_new_run_is_being_recorded(
    engine: FakeEngine,
) -> None:
    await engine.operations.pause("backup")
    await queue(engine, 1, catch_up=True)
    add = engine.store.add

    async def slowly(runs: Sequence[Run], *rest: Sequence[Run]) -> Sequence[Run | None]:
        await engine.operations.resume("backup")
        return await add(runs, *rest)

    engine.store.add = slowly  # type: ignore[method-assign,assignment]
    await engine.operations.run_now("backup")
    await engine.settle()

    assert [run.triggered_by for run in engine.entry().active] == [TriggeredBy.MANUAL]
    await engine.end()
    assert [run.triggered_by for run in engine.entry().active] == [TriggeredBy.CATCH_UP]
