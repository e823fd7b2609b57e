"""Runs that find no room wait, in the ledger and in order, and begin when something ends."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from fakes.engine import FakeEngine
from fakes.jobs import a_job
from rota.core.board import Due
from rota.core.decisions import Queue, Start
from rota.core.errors import Conflict, Unavailable
from rota.core.model import Batch, Concurrency, Definition, JobSpec, Overlap, Retry
from rota.core.planning import plan
from rota.core.run import Reason, Run, RunState, TriggeredBy

MINUTE = timedelta(minutes=1)


def in_db(job: str, **settings: Any) -> JobSpec:
    limits = settings.pop("limits", {})
    return a_job(job, concurrency=Concurrency(pool="db", **limits), **settings)


async def an_engine(
    *specs: JobSpec, pools: Mapping[str, int] | None = None, max_running: int | None = None
) -> FakeEngine:
    engine = FakeEngine(*specs, pools=pools or {"db": 1}, max_running=max_running)
    await engine.load()
    return engine


async def end(engine: FakeEngine, job: str, code: int = 0) -> Run:
    process = next(p for p in engine.hands.processes if p.order.ref.job == job and p.ended is None)
    process.end(code)
    await engine.settle()
    return await engine.latest(job)


async def test_a_run_without_room_waits_in_the_ledger_and_says_for_what() -> None:
    async with await an_engine(in_db("a"), in_db("b")) as engine:
        await engine.start("a")

        run = await engine.start("b")

        assert (run.state, run.reason, run.attempts) == (RunState.PENDING, Reason.QUEUED, ())
        assert run.message == "waits for the pool db: 1 of 1 places taken by a.1"
        await end(engine, "a")
        run = await engine.latest("b")
        assert (run.state, run.message) == (RunState.RUNNING, "")
        assert engine.board.room.pool_uses()[0].runs == ("b.1",)


async def test_what_waits_begins_by_priority_and_then_in_the_order_in_which_it_came() -> None:
    specs = [in_db("a"), in_db("low"), in_db("next"), in_db("high", limits={"priority": 5})]
    async with await an_engine(*specs) as engine:
        for spec in specs:
            await engine.start(spec.id)
            await engine.clock.advance(1)

        for job in ("a", "high", "low"):
            await end(engine, job)

        assert [order.ref.job for order in engine.hands.orders] == ["a", "high", "low", "next"]


async def test_a_full_queue_begins_in_the_same_order_after_the_daemon_was_killed() -> None:
    jobs = ["a", "z", "m", "b"]
    async with await an_engine(*[in_db(job) for job in jobs]) as engine:
        for job in jobs:
            await engine.start(job)
            await engine.clock.advance(1)

        await engine.restart()

        assert len(engine.hands.orders) == 1
        for job in jobs[:-1]:
            await end(engine, job)
        assert [order.ref.job for order in engine.hands.orders] == jobs


async def test_a_run_whose_job_is_gone_keeps_its_lock_over_a_restart() -> None:
    locked = [a_job(job, concurrency=Concurrency(lock="db1")) for job in ("gone", "other")]
    text = '{"concurrency": {"lock": "db1"}}'
    locked[0] = replace(locked[0], definition=Definition(text=text, hash="hash-gone"))
    async with await an_engine(*locked) as engine:
        await engine.start("gone")
        await engine.kill()
        del engine.specs["gone"]

        await engine.restart()
        await engine.start("other")

        assert (await engine.latest("other")).message == "waits for the lock db1: gone.1 holds it"
        engine.hands.process().end(0)
        await engine.settle()
        assert (await engine.latest("other")).state is RunState.RUNNING


async def test_no_more_than_max_running_runs_go_on() -> None:
    jobs = [f"j{n}" for n in range(5)]
    async with await an_engine(*[a_job(job) for job in jobs], max_running=2) as engine:
        starts = [Start(job=job, due=Due(job=job, at=engine.clock.now())) for job in jobs]
        await engine.executor.carry_out(starts)
        await engine.settle()

        assert len(engine.hands.orders) == 2
        assert (
            await engine.latest("j4")
        ).message == "waits for a free place: 2 of 2 runs go on (max_running)"
        for job in jobs:
            await end(engine, job)
        assert [order.ref.job for order in engine.hands.orders] == jobs
        assert engine.board.room.running == engine.board.room.waiting == 0


async def test_a_run_by_hand_waits_like_any_other() -> None:
    async with await an_engine(in_db("a"), in_db("b")) as engine:
        await engine.start("a")

        run = await engine.operations.run_now("b")

        assert run.is_queued
        with pytest.raises(Conflict, match=r"b\.1 has not begun: it waits for the pool db"):
            await engine.operations.run_now("b")


async def test_the_skip_of_an_instant_names_the_run_that_waits() -> None:
    async with await an_engine(in_db("a"), in_db("b")) as engine:
        await engine.start("a")
        await engine.start("b")

        (skip,) = plan(engine.entry("b"), [Due(job="b", at=engine.clock.now() + MINUTE)], engine.clock.now())

        assert skip.message.startswith("b.1 has not begun: it waits for the pool db")  # type: ignore[union-attr]


async def test_a_run_that_waits_beyond_its_start_deadline_is_skipped() -> None:
    async with await an_engine(in_db("a"), in_db("b", start_deadline=MINUTE)) as engine:
        await engine.start("a")
        await engine.start("b")

        await engine.clock.advance(61)

        (run,) = (await engine.store.last_skips()).values()
        assert (run.job, run.reason) == ("b", Reason.START_DEADLINE)
        await end(engine, "a")
        assert engine.board.room.running == 0


async def test_a_run_that_tries_again_leaves_its_place_and_waits_for_another() -> None:
    retry = Retry(attempts=2, delay=MINUTE)
    async with await an_engine(in_db("a", retry=retry), in_db("b")) as engine:
        await engine.start("a")
        await engine.start("b")

        await end(engine, "a", 3)
        assert (await engine.latest("b")).state is RunState.RUNNING
        await engine.clock.advance(60)

        run = await engine.latest("a")
        assert run.state is RunState.RETRYING
        assert run.message == (
            "exit code 3 on attempt 1 of 2; waits for the pool db: 1 of 1 places taken by b.1"
        )
        assert engine.entry("a").active  # it holds its job meanwhile
        await end(engine, "b")
        assert (await end(engine, "a")).state is RunState.COMPLETED


async def test_a_run_that_waits_to_try_again_is_taken_back_in_line() -> None:
    retry = Retry(attempts=2, delay=MINUTE)
    async with await an_engine(in_db("a", retry=retry), in_db("b")) as engine:
        await engine.start("a")
        await engine.start("b")
        await end(engine, "a", 3)
        await engine.clock.advance(60)

        await engine.restart()

        assert engine.board.room.pool_uses()[0].waiting == ("a.1",)
        await end(engine, "b")
        assert (await end(engine, "a")).state is RunState.COMPLETED


async def test_a_run_that_waits_to_try_again_can_be_cancelled() -> None:
    retry = Retry(attempts=2, delay=MINUTE)
    async with await an_engine(in_db("a", retry=retry), in_db("b")) as engine:
        run = await engine.start("a")
        await engine.start("b")
        await end(engine, "a", 3)
        await engine.clock.advance(60)

        await engine.operations.cancel(run.id)

        assert (await engine.latest("a")).state is RunState.CANCELLED
        assert engine.board.room.waiting == 0


async def test_a_waiting_run_that_is_cancelled_leaves_the_line() -> None:
    async with await an_engine(in_db("a"), in_db("b"), in_db("c")) as engine:
        await engine.start("a")
        waiting = await engine.start("b")
        await engine.start("c")

        await engine.operations.cancel(waiting.id)
        await end(engine, "a")

        assert [order.ref.job for order in engine.hands.orders] == ["a", "c"]


async def test_a_pause_takes_a_waiting_run_out_of_the_line_and_its_end_puts_it_back() -> None:
    async with await an_engine(in_db("a"), in_db("b"), in_db("c")) as engine:
        for job in "abc":
            await engine.start(job)

        await engine.operations.pause("b")
        await end(engine, "a")
        assert [order.ref.job for order in engine.hands.orders] == ["a", "c"]
        await engine.operations.resume("b")
        await end(engine, "c")

        assert [order.ref.job for order in engine.hands.orders] == ["a", "c", "b"]


async def test_a_run_behind_another_of_its_job_says_for_what_it_waits_when_its_own_turn_has_come() -> None:
    own_queue = {"overlap": Overlap.QUEUE}
    async with await an_engine(in_db("a", limits=own_queue), in_db("b", limits={"priority": 1})) as engine:
        await engine.start("a")
        await engine.executor.carry_out([Queue(job="a", due=Due(job="a", at=engine.clock.now() + MINUTE))])
        await engine.start("b")
        assert (await engine.store.run("a", 2)).message == ""  # type: ignore[union-attr]

        await end(engine, "a")

        run = await engine.store.run("a", 2)
        assert run is not None
        assert run.message == "waits for the pool db: 1 of 1 places taken by b.1"
        await end(engine, "b")
        assert (await end(engine, "a")).number == 2


async def test_a_run_whose_job_is_removed_while_it_is_noted_for_what_it_waits_is_skipped(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    queues, goes_first = {"overlap": Overlap.QUEUE}, {"priority": 1}
    async with await an_engine(in_db("a", limits=queues), in_db("b", limits=goes_first)) as engine:
        await engine.start("a")
        await engine.executor.carry_out([Queue(job="a", due=Due(job="a", at=engine.clock.now() + MINUTE))])
        await engine.start("b")
        save = engine.store.save

        async def save_late(run: Run, **kwargs: Any) -> None:
            if run.message.startswith("waits") and "a" in engine.specs:
                del engine.specs["a"]
                await engine.jobs.reload()
            await save(run, **kwargs)

        monkeypatch.setattr(engine.store, "save", save_late)
        await end(engine, "a")

        run = await engine.store.run("a", 2)
        assert run is not None
        assert (run.state, run.reason) == (RunState.SKIPPED, Reason.REMOVED)
        await end(engine, "b")
        assert (engine.board.room.running, engine.board.room.waiting) == (0, 0)


async def test_a_run_asked_for_during_a_pause_begins_as_soon_as_there_is_room() -> None:
    async with await an_engine(in_db("a"), in_db("b")) as engine:
        await engine.start("a")
        await engine.operations.pause("b")

        run = await engine.operations.run_now("b")
        await end(engine, "a")

        assert (await engine.latest("b")).id == run.id
        assert (await engine.latest("b")).state is RunState.RUNNING


async def test_catch_up_runs_wait_for_room_too_and_begin_oldest_first() -> None:
    async with await an_engine(in_db("a"), in_db("b")) as engine:
        await engine.start("b")
        starts = [
            Start(
                job="a",
                due=Due(job="a", at=engine.clock.now() - n * MINUTE),
                triggered_by=TriggeredBy.CATCH_UP,
            )
            for n in (3, 2)
        ]
        await engine.executor.carry_out(starts)
        await engine.settle()

        assert len(engine.hands.orders) == 1
        await end(engine, "b")
        first = engine.hands.orders[-1].ref.number
        await end(engine, "a")
        await end(engine, "a")

        assert first == 1
        assert len(engine.hands.orders) == 3


async def test_what_cannot_be_recorded_keeps_no_place() -> None:
    async with await an_engine(in_db("a")) as engine:
        engine.store.broken = Unavailable("the disk is full")
        with pytest.raises(Unavailable):
            await engine.executor.carry_out([Start(job="a", due=Due(job="a", at=engine.clock.now()))])

        engine.store.broken = None

        assert engine.board.room.running == 0
        assert (await engine.start("a")).state is RunState.RUNNING


async def test_an_instant_that_is_answered_already_keeps_no_place() -> None:
    async with await an_engine(in_db("a"), in_db("b")) as engine:
        at = engine.clock.now()
        await engine.start("a", at=at)
        await end(engine, "a")

        await engine.start("a", at=at)

        assert engine.board.room.running == 0


async def test_a_job_that_moves_to_another_pool_waits_there() -> None:
    async with await an_engine(in_db("a"), in_db("b"), pools={"db": 1, "web": 1}) as engine:
        await engine.start("a")
        await engine.start("b")

        await engine.load(a_job("b", version="2", concurrency=Concurrency(pool="web")))

        assert (await engine.latest("b")).state is RunState.RUNNING


async def test_a_ledger_that_takes_nothing_does_not_keep_a_waiting_run_from_its_turn() -> None:
    own_queue = {"overlap": Overlap.QUEUE}
    async with await an_engine(in_db("a", limits=own_queue), in_db("b", limits={"priority": 1})) as engine:
        await engine.start("a")
        await engine.executor.carry_out([Queue(job="a", due=Due(job="a", at=engine.clock.now() + MINUTE))])
        await engine.start("b")
        save = engine.store.save

        async def sometimes(run: Run, *, instead_of: Run | None = None, parent: Run | None = None) -> None:
            if run.is_queued:
                raise Unavailable("the disk is full")
            await save(run)

        engine.store.save = sometimes  # type: ignore[method-assign]
        await end(engine, "a")

        assert engine.entry("a").queued[0].message.startswith("waits for the pool db")
        await end(engine, "b")
        assert (await end(engine, "a")).number == 2


async def test_a_job_that_is_removed_leaves_the_line() -> None:
    async with await an_engine(in_db("a"), in_db("b"), in_db("c")) as engine:
        for job in "abc":
            await engine.start(job)

        await engine.remove("b")
        await end(engine, "a")

        assert [order.ref.job for order in engine.hands.orders] == ["a", "c"]
        await end(engine, "c")
        assert (engine.board.room.running, engine.board.room.waiting) == (0, 0)


async def test_a_job_that_may_have_two_runs_has_two_that_wait_for_room_and_skips_the_third() -> None:
    async with await an_engine(in_db("a", limits={"max": 2}), in_db("b")) as engine:
        await engine.start("b")

        for n in range(3):
            due = Due(job="a", at=engine.clock.now() + n * MINUTE)
            await engine.executor.carry_out(plan(engine.entry("a"), [due], due.at))

        assert [run.number for run in engine.entry("a").queued] == [1, 2]
        skip = engine.entry("a").last_skip
        assert skip is not None
        assert skip.message.startswith("a.1 has not begun: it waits for the pool db")


async def test_an_instant_that_comes_due_while_a_run_by_hand_waits_for_room_is_skipped() -> None:
    async with await an_engine(in_db("a"), in_db("b")) as engine:
        await engine.start("b")
        planned = plan(engine.entry("a"), [Due(job="a", at=engine.clock.now())], engine.clock.now())
        await engine.operations.run_now("a")

        await engine.executor.carry_out(planned)

        assert len(engine.entry("a").queued) == 1
        assert engine.entry("a").last_skip is not None


async def test_a_parent_begins_though_a_child_before_it_in_line_waits_for_a_free_place() -> None:
    both = Concurrency(max=2, overlap=Overlap.REPLACE)
    batch = a_job("batch", batch=Batch(items=("a", "b")), concurrency=both)
    async with FakeEngine(batch, max_running=1) as engine:
        await engine.start("batch")
        await engine.operations.run_now("batch")
        await engine.operations.run_now("batch")
        await engine.settle()

        assert [run.state for run in engine.entry("batch").active] == [RunState.RUNNING, RunState.RUNNING]
