"""`overlap: replace` carried out: the old run ends, and the new one begins when nothing of it is left."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from fakes.engine import FakeEngine
from fakes.jobs import a_job
from rota.core.board import Due
from rota.core.decisions import Start
from rota.core.happenings import Opening
from rota.core.lifecycle import new_run
from rota.core.model import Concurrency, JobSpec, Overlap, Retry
from rota.core.planning import plan
from rota.core.replacing import waits_for
from rota.core.run import Reason, Run, RunState, TriggeredBy

SECOND = timedelta(seconds=1)


def replacing(job: str = "backup", limits: dict[str, Any] | None = None, **settings: Any) -> JobSpec:
    return a_job(job, concurrency=Concurrency(overlap=Overlap.REPLACE, **(limits or {})), **settings)


async def due(engine: FakeEngine, job: str = "backup", *, instants: int = 1) -> None:
    """The next instants of the job have come, all in one round."""
    await engine.clock.advance(instants)
    now = engine.clock.now()
    dues = [Due(job=job, at=now - SECOND * n) for n in reversed(range(instants))]
    await engine.executor.carry_out(plan(engine.entry(job), dues, now))
    await engine.settle()


async def runs(engine: FakeEngine, job: str = "backup") -> Sequence[Run]:
    found = [await engine.store.run(job, number) for number in range(1, 30)]
    return [run for run in found if run is not None]


async def told(engine: FakeEngine, job: str = "backup") -> list[str]:
    return [
        " ".join(str(word) for word in (run.state.value, run.reason) if word)
        for run in await runs(engine, job)
    ]


async def test_the_run_under_way_ends_and_says_which_one_took_its_place() -> None:
    async with FakeEngine(replacing()) as engine:
        await due(engine)

        await due(engine)

        old, new = await runs(engine)
        assert (old.state, old.reason) == (RunState.CANCELLED, Reason.REPLACED)
        assert old.message == "backup.2 took its place"
        assert new.state is RunState.RUNNING
        assert [order.ref.number for order in engine.hands.orders] == [1, 2]


async def test_the_new_run_begins_only_when_nothing_of_the_old_one_is_left() -> None:
    async with FakeEngine(replacing()) as engine:
        engine.hands.obeys = False
        await due(engine)

        await due(engine)
        await engine.clock.advance(5)

        assert await told(engine) == ["running", "pending queued"]
        words = waits_for(engine.board, (await runs(engine))[1])
        assert words == "waits for the end of backup.1, whose place it takes"
        assert len(engine.hands.terminated) == 1
        engine.hands.process().end(0)  # it could finish all the same
        await engine.settle()
        assert await told(engine) == ["completed exit", "running"]


async def test_of_many_that_come_meanwhile_only_the_newest_begins() -> None:
    async with FakeEngine(replacing()) as engine:
        engine.hands.obeys = False
        await due(engine)

        await due(engine)
        await due(engine, instants=2)
        engine.hands.process().end(143)
        await engine.settle()

        assert await told(engine) == ["cancelled replaced", "skipped overlap", "skipped overlap", "running"]
        assert (await runs(engine))[0].message == "backup.4 took its place"
        assert (await runs(engine))[2].message == "a newer run, backup.4, takes its place"
        assert len(engine.hands.terminated) == 1


async def test_a_run_that_tries_again_later_makes_way_at_once() -> None:
    async with FakeEngine(replacing(retry=Retry(attempts=3))) as engine:
        await due(engine)
        engine.hands.process().end(1)
        await engine.settle()

        await due(engine)

        assert await told(engine) == ["cancelled replaced", "running"]
        await engine.clock.advance(60)
        assert [order.ref.number for order in engine.hands.orders] == [1, 2]


async def test_a_run_by_hand_takes_the_place_as_well() -> None:
    async with FakeEngine(replacing()) as engine:
        await due(engine)

        run = await engine.operations.run_now("backup")
        await engine.settle()

        assert run.triggered_by is TriggeredBy.MANUAL
        assert await told(engine) == ["cancelled replaced", "running"]


async def test_a_daemon_that_died_before_it_asked_for_the_end_asks_when_it_is_back() -> None:
    async with FakeEngine(replacing()) as engine:
        await due(engine)
        engine.hands.obeys = False
        at = engine.clock.now() + SECOND
        (new,) = await engine.store.add([_waiting(engine, at)])
        assert new is not None

        await engine.restart()

        assert (await runs(engine))[0].replaced_by == new.id
        assert len(engine.hands.terminated) == 1
        engine.hands.process().end(143)
        await engine.settle()
        assert await told(engine) == ["cancelled replaced", "running"]


async def test_a_daemon_that_died_between_the_end_asked_for_and_the_end_goes_on() -> None:
    async with FakeEngine(replacing()) as engine:
        engine.hands.obeys = False
        await due(engine)
        await due(engine)

        await engine.restart()
        engine.hands.process().end(143)
        await engine.settle()

        assert await told(engine) == ["cancelled replaced", "running"]
        assert (await runs(engine))[0].message == "backup.2 took its place"


async def test_the_new_run_takes_the_place_in_the_pool_too() -> None:
    async with FakeEngine(replacing(limits={"pool": "db"}), pools={"db": 1}) as engine:
        await due(engine)

        await due(engine)

        assert await told(engine) == ["cancelled replaced", "running"]
        assert engine.board.room.pool_uses()[0].runs == ("backup.2",)


async def test_whoever_takes_the_place_of_one_that_waits_for_room_has_its_place_in_line() -> None:
    first = a_job("first", concurrency=Concurrency(pool="db"))
    patient = a_job("patient", concurrency=Concurrency(pool="db"))
    specs = [first, replacing(limits={"pool": "db"}), patient]
    async with FakeEngine(*specs, pools={"db": 1}) as engine:
        await due(engine, "first")
        await due(engine)
        await due(engine, "patient")
        await due(engine)  # stands for the one that has waited longest

        engine.hands.process().end(0)
        await engine.settle()

        assert await told(engine) == ["skipped overlap", "running"]
        assert await told(engine, "patient") == ["pending queued"]


async def test_two_that_are_planned_at_once_and_one_by_hand_are_no_more_than_the_job_allows() -> None:
    spec = a_job(concurrency=Concurrency(max=2, overlap=Overlap.QUEUE))
    async with FakeEngine(spec) as engine:
        now = engine.clock.now()
        dues = [Due(job="backup", at=now - SECOND * n) for n in (1, 0)]
        planned = plan(engine.entry(), dues, now)
        assert [type(each) for each in planned] == [Start, Start]

        await engine.operations.run_now("backup")
        await engine.executor.carry_out(planned)
        await engine.settle()

        assert await told(engine) == ["running", "running", "pending queued"]


def _waiting(engine: FakeEngine, at: datetime) -> Run:
    """A run that is in the ledger, while the daemon died before it did anything about it."""
    opening = Opening(at=at, triggered_by=TriggeredBy.SCHEDULE, due_at=at, planned_at=at, queued=True)
    return new_run(engine.entry().spec, opening)
