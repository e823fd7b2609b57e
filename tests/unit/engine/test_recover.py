"""What a new daemon does with what it finds: each row of the recovery table, carried out."""

from __future__ import annotations

from datetime import timedelta

import pytest

from fakes.engine import FakeEngine
from fakes.jobs import a_job
from rota.core.errors import Unavailable
from rota.core.happenings import CancelRequested
from rota.core.lifecycle import apply
from rota.core.model import Concurrency, Limits, Overlap, Retry
from rota.core.run import Reason, Run, RunState
from rota.core.seams import AttemptReport, AttemptWhere, EndCause, Ended, Started

ONCE_MORE = Retry(attempts=2)


async def started(*, retry: Retry | None = None, steps: tuple[str, ...] = ()) -> FakeEngine:
    engine = FakeEngine(a_job(retry=retry or Retry(), steps=steps))
    await engine.load()
    await engine.start()
    return engine


def say(engine: FakeEngine, where: AttemptWhere, ended: Ended | None = None) -> None:
    """What runner and directory will say of the newest attempt."""
    attempt = engine.hands.orders[-1].ref.id
    engine.hands.reports[attempt] = AttemptReport(where=where, ended=ended)


async def committed_only() -> FakeEngine:
    """The daemon died after the first commit: nothing was ever sent to the runner."""
    engine = FakeEngine(a_job(retry=ONCE_MORE))
    await engine.load()
    engine.hands.facts, facts = None, engine.hands.facts
    await engine.start()
    await engine.kill()
    engine.hands.facts = facts
    return engine


async def test_a_process_that_lives_is_watched_on_to_its_end() -> None:
    async with await started() as engine:
        await engine.restart()
        assert (await engine.latest()).state is RunState.RUNNING
        assert len(engine.hands.orders) == 1

        engine.hands.process().end(0)
        await engine.settle()

        assert (await engine.latest()).state is RunState.COMPLETED
        assert len(engine.hands.acked) == 1


async def test_an_end_that_came_while_no_daemon_looked_is_taken_with_log_and_outputs() -> None:
    async with await started() as engine:
        await engine.kill()
        engine.hands.process().write("::output size=42\n")
        engine.hands.process().end(3)

        await engine.restart()
        run = await engine.latest()

        assert (run.state, run.exit_code, run.result) == (RunState.FAILED, 3, {"size": "42"})
        assert engine.hands.acked == [run.attempts[0].id]


async def test_what_was_never_started_is_started_now() -> None:
    async with await committed_only() as engine:
        await engine.restart()

        run = await engine.latest()

        assert run.state is RunState.RUNNING
        assert len(run.attempts) == len(engine.hands.orders) == 1


async def test_what_was_started_and_not_recorded_is_not_started_again() -> None:
    async with await committed_only() as engine:
        attempt = (await engine.latest()).attempts[0]
        live = Started(pid=4711, pid_started=9, at=engine.clock.now())
        exited = Ended(cause=EndCause.EXIT, exit_code=0, signal=None, at=engine.clock.now(), log_size=0)
        engine.hands.reports[attempt.id] = AttemptReport(where=AttemptWhere.ENDED, started=live, ended=exited)

        await engine.restart()
        run = await engine.latest()

        assert engine.hands.orders == []
        assert (run.state, run.attempts[0].pid) == (RunState.COMPLETED, 4711)


async def test_another_boot_makes_an_attempt_interrupted_and_retried() -> None:
    async with await started(retry=ONCE_MORE) as engine:
        say(engine, AttemptWhere.LOST)
        engine.boot_id = "boot-2"

        await engine.restart()
        run = await engine.latest()

        assert (run.state, run.reason) == (RunState.RETRYING, Reason.INTERRUPTED)
        assert run.message == "interrupted: the host went down on attempt 1 of 2"
        await engine.clock.advance(10)
        assert engine.hands.orders[-1].ref.n == 2


@pytest.mark.parametrize("where", [AttemptWhere.LOST, AttemptWhere.ABSENT])
async def test_a_process_that_vanished_is_unknown_and_not_started_again(where: AttemptWhere) -> None:
    async with await started(retry=ONCE_MORE) as engine:
        say(engine, where)

        await engine.restart()
        await engine.clock.advance(60)
        run = await engine.latest()

        assert (run.state, run.reason) == (RunState.FAILED, Reason.UNKNOWN)
        assert len(engine.hands.orders) == 1


@pytest.mark.parametrize("where", [AttemptWhere.ABSENT, AttemptWhere.LOST])
async def test_what_it_told_before_it_vanished_is_not_lost(where: AttemptWhere) -> None:
    async with await started() as engine:
        await engine.kill()
        engine.hands.process().write("::output size=42\n::warning disk slow")
        say(engine, where)

        await engine.restart()
        run = await engine.latest()

        assert (run.reason, run.result) == (Reason.UNKNOWN, {"size": "42"})
        assert run.warnings == ("disk slow",)


async def test_unknown_is_retried_when_the_job_says_so() -> None:
    async with await started(retry=Retry(attempts=2, on=frozenset({"unknown"}))) as engine:
        say(engine, AttemptWhere.LOST)

        await engine.restart()

        assert (await engine.latest()).state is RunState.RETRYING


async def test_a_run_between_two_steps_goes_on_with_the_next() -> None:
    async with await started(steps=("dump", "verify")) as engine:
        engine.hands.process().end(0)
        await engine.settle()

        await engine.restart()
        assert engine.hands.orders[-1].ref.step == "verify"
        engine.hands.process().end(0)
        await engine.settle()

        assert (await engine.latest()).state is RunState.COMPLETED


async def test_a_removed_job_has_no_next_step_after_a_restart() -> None:
    async with await started(steps=("dump", "verify")) as engine:
        engine.specs.clear()
        await engine.restart()

        engine.hands.process().end(0)
        await engine.settle()
        run = await engine.latest()

        assert (run.state, run.reason) == (RunState.FAILED, Reason.REMOVED)
        assert run.message == "the job was removed before its next step could start"


async def test_the_timeout_of_all_steps_goes_on_over_a_restart() -> None:
    limits = Limits(timeout=timedelta(seconds=60))
    async with FakeEngine(a_job(steps=("dump", "verify"), limits=limits)) as engine:
        await engine.start()
        await engine.clock.advance(20)

        await engine.restart()
        engine.hands.process().end(0)
        await engine.settle()

        assert engine.hands.orders[-1].timeout_ms == 40_000


async def test_runs_hold_their_places_while_the_runner_has_not_answered() -> None:
    async with await started() as engine:
        asked = 0
        report = engine.hands.report

        async def later(refs):  # type: ignore[no-untyped-def]
            nonlocal asked
            asked += 1
            if asked < 3:
                raise Unavailable("no runner yet")
            return await report(refs)

        engine.hands.report = later  # type: ignore[method-assign]
        await engine.restart()
        assert [run.id for run in engine.entry().active] == ["backup.1"]
        await engine.clock.advance(2)
        engine.hands.process().end(0)
        await engine.settle()

        assert (await engine.latest()).state is RunState.COMPLETED


async def test_a_queued_run_of_a_job_that_is_gone_is_skipped() -> None:
    engine = FakeEngine(a_job(concurrency=Concurrency(overlap=Overlap.QUEUE)))
    async with engine:
        await engine.start()
        second = await engine.operations.run_now("backup")
        await engine.kill()
        engine.specs.clear()

        await engine.restart()
        await engine.settle()
        run = await engine.store.run("backup", second.number)

        assert run is not None
        assert (run.state, run.reason) == (RunState.SKIPPED, Reason.REMOVED)


async def test_a_queued_run_that_was_asked_to_end_does_not_wait_for_its_turn_to_do_so() -> None:
    engine = FakeEngine(a_job(concurrency=Concurrency(overlap=Overlap.QUEUE)))
    async with engine:
        await engine.start()
        second = await engine.operations.run_now("backup")
        await engine.kill()
        await engine.store.save(apply(second, CancelRequested(at=engine.clock.now())))

        await engine.restart()

        run = await engine.store.run("backup", second.number)
        assert run is not None
        assert run.state is RunState.CANCELLED


async def test_two_restarts_in_a_row_change_nothing() -> None:
    async with await started() as engine:
        await engine.restart()
        before = await engine.latest()
        await engine.clock.advance(timedelta(minutes=1))

        await engine.restart()

        assert settled(await engine.latest()) == settled(before)


def settled(run: Run) -> tuple[object, ...]:
    return (run.state, run.attempt, [attempt.id for attempt in run.attempts])
