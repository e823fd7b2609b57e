"""A run with a condition begins when that is met, and else is skipped with what it said."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta

import pytest

from fakes.engine import FakeEngine
from fakes.jobs import a_job
from rota.core.board import Due
from rota.core.decisions import Start
from rota.core.model import CONDITION, Command, Condition, Retry
from rota.core.run import Reason, Run, RunState, StepState
from rota.core.seams import AttemptReport, AttemptWhere, EndCause, Refused, RunQuery

MINUTE = timedelta(minutes=1)
MOUNTED = Condition(work=Command(argv=("test", "-e", "/mnt/backup")), text="test -e /mnt/backup")


@pytest.fixture
async def engine() -> AsyncIterator[FakeEngine]:
    async with FakeEngine(a_job(condition=MOUNTED, retry=Retry(attempts=3, delay=MINUTE))) as engine:
        yield engine


async def answer(engine: FakeEngine, code: int) -> Run:
    engine.hands.process().end(code)
    await engine.settle()
    return await newest(engine)


async def newest(engine: FakeEngine) -> Run:
    page = await engine.store.runs(RunQuery(job="backup", limit=1))
    return page.runs[0]


async def start(engine: FakeEngine) -> Run:
    due = Due(job="backup", at=engine.clock.now())
    await engine.executor.carry_out([Start(job="backup", due=due)])
    await engine.settle()
    return await newest(engine)


async def test_the_condition_runs_before_all_with_the_environment_of_the_job(engine: FakeEngine) -> None:
    run = await start(engine)

    (order,) = engine.hands.orders
    assert (run.state, run.reason, run.attempt, run.started_at) == (
        RunState.PENDING,
        Reason.CONDITION,
        0,
        None,
    )
    assert order.argv == ("test", "-e", "/mnt/backup")
    assert order.timeout_ms == 60_000
    assert order.env["ROTA_STEP"] == CONDITION
    assert order.env["ROTA_JOB"] == "backup"


async def test_a_condition_that_is_met_lets_the_first_step_begin(engine: FakeEngine) -> None:
    await start(engine)

    run = await answer(engine, 0)

    assert [process.name for process in engine.hands.processes] == ["condition.1", "main.1"]
    assert (run.state, run.reason, run.message, run.attempt) == (RunState.RUNNING, None, "", 1)
    assert (await answer(engine, 0)).state is RunState.COMPLETED


async def test_a_condition_that_is_not_met_skips_the_run_and_keeps_its_log(engine: FakeEngine) -> None:
    await start(engine)
    engine.hands.process().write("no such file\n")

    run = await answer(engine, 1)

    assert (run.state, run.reason, run.exit_code) == (RunState.SKIPPED, Reason.CONDITION, None)
    assert run.message == "the condition `test -e /mnt/backup` was not met (exit 1)"
    (attempt,) = run.attempts
    assert (attempt.step, attempt.state, attempt.exit_code) == (CONDITION, StepState.SKIPPED, 1)
    assert attempt.log_size == len("no such file\n")
    assert len(engine.hands.orders) == 1
    assert engine.executor.open_runs == []


async def test_a_retry_of_the_same_run_asks_no_more_and_a_new_run_does(engine: FakeEngine) -> None:
    await start(engine)
    await answer(engine, 0)
    await answer(engine, 3)
    await engine.clock.advance(60)
    assert engine.hands.process().name == "main.2"
    await answer(engine, 0)

    await start(engine)

    assert engine.hands.process().name == "condition.1"


async def test_a_run_by_hand_asks_too(engine: FakeEngine) -> None:
    await engine.operations.run_now("backup")
    await engine.settle()

    run = await answer(engine, 1)

    assert (run.state, run.reason) == (RunState.SKIPPED, Reason.CONDITION)


async def test_a_condition_without_an_answer_in_time_skips_the_run_and_says_so(engine: FakeEngine) -> None:
    await start(engine)

    engine.hands.process().end(cause=EndCause.TIMEOUT)
    await engine.settle()

    run = await newest(engine)
    assert run.message == "the condition `test -e /mnt/backup` gave no answer within 60 seconds"


async def test_a_condition_that_can_not_be_started_fails_the_run_at_once(engine: FakeEngine) -> None:
    engine.hands.refuse = Refused(code="ENOENT", message="no such file: test")

    run = await start(engine)

    assert (run.state, run.reason) == (RunState.FAILED, Reason.REFUSED)
    assert run.message == "its condition: it could not be started: no such file: test"


async def test_what_a_condition_prints_are_no_markers_and_no_progress() -> None:
    async with FakeEngine(a_job(steps=("dump", "verify"), condition=MOUNTED)) as engine:
        await start(engine)
        engine.hands.process().write("::progress 50/100\n::output size=1\n")
        await engine.settle()

        run = await newest(engine)

        assert run.progress.percent == 0
        assert run.result == {}
        assert [step.state for step in run.steps] == [StepState.PENDING, StepState.PENDING]
        await answer(engine, 0)
        assert engine.hands.process().name == "dump.1"


async def test_a_run_that_asks_can_be_cancelled(engine: FakeEngine) -> None:
    run = await start(engine)

    await engine.operations.cancel(run.id)
    await engine.settle()

    run = await newest(engine)
    assert (run.state, run.reason) == (RunState.CANCELLED, Reason.CANCELLED)
    assert [order.ref.step for order in engine.hands.orders] == [CONDITION]


async def test_a_daemon_that_was_killed_meanwhile_takes_the_answer(engine: FakeEngine) -> None:
    await start(engine)
    await engine.kill()
    engine.hands.process().end(0)

    await engine.restart()

    assert [process.name for process in engine.hands.processes] == ["condition.1", "main.1"]


async def test_a_condition_that_still_runs_is_watched_on_by_the_next_daemon(engine: FakeEngine) -> None:
    await start(engine)

    await engine.restart()
    run = await answer(engine, 1)

    assert run.state is RunState.SKIPPED
    assert len(engine.hands.orders) == 1


async def test_a_condition_whose_end_nobody_saw_skips_the_run(engine: FakeEngine) -> None:
    run = await start(engine)
    engine.hands.reports[run.attempts[0].id] = AttemptReport(where=AttemptWhere.LOST)

    await engine.restart()

    run = await newest(engine)
    assert (run.state, run.reason) == (RunState.SKIPPED, Reason.CONDITION)
    assert run.message == "nobody saw whether the condition `test -e /mnt/backup` was met"


async def test_a_condition_that_is_not_met_for_a_whole_night_is_one_row_with_the_newest_log(
    engine: FakeEngine,
) -> None:
    first = engine.clock.now()
    for _ in range(5):
        await start(engine)
        await answer(engine, 1)
        await engine.clock.advance(60)

    page = await engine.store.runs(RunQuery(job="backup"))

    (run,) = page.runs
    assert (run.number, run.count) == (5, 5)
    assert (run.due_at, run.last_due_at) == (first, first + 4 * MINUTE)
    assert len(run.attempts) == 1
    assert engine.hands.removed == ["backup.1", "backup.2", "backup.3", "backup.4"]
    assert engine.entry().last_skip == run


async def test_rows_stay_apart_when_the_older_log_can_not_be_deleted_now(engine: FakeEngine) -> None:
    await start(engine)
    await answer(engine, 1)
    await engine.clock.advance(60)
    await start(engine)
    engine.hands.facts = None

    await answer(engine, 1)

    assert (await engine.store.runs(RunQuery(job="backup"))).total == 2


async def test_a_run_in_between_begins_a_new_row(engine: FakeEngine) -> None:
    for code in (1, 0, 1):
        await start(engine)
        await answer(engine, code)
        if code == 0:
            await answer(engine, 0)
        await engine.clock.advance(60)

    runs = (await engine.store.runs(RunQuery(job="backup"))).runs

    assert [run.state for run in runs] == [RunState.SKIPPED, RunState.COMPLETED, RunState.SKIPPED]


async def test_a_job_that_loses_its_condition_before_the_runner_is_there_does_not_ask(
    engine: FakeEngine,
) -> None:
    engine.hands.facts = None
    await start(engine)
    await engine.load(replace(a_job(version="2"), condition=None))

    engine.hands.facts = type(engine.hands)(clock=engine.clock).facts
    await engine.clock.advance(1)

    run = await newest(engine)
    assert engine.hands.process().name == "main.1"
    assert (run.state, run.attempt, len(run.attempts)) == (RunState.RUNNING, 1, 1)


async def test_a_skip_by_condition_is_no_bar_and_no_last_run(engine: FakeEngine) -> None:
    await start(engine)
    await answer(engine, 1)

    assert not engine.entry().bars
    assert engine.entry().last is None


async def test_a_job_that_gets_a_condition_before_the_runner_is_there_asks_it() -> None:
    async with FakeEngine(a_job()) as engine:
        facts, engine.hands.facts = engine.hands.facts, None
        await start(engine)
        await engine.load(a_job(version="2", condition=MOUNTED))

        engine.hands.facts = facts
        await engine.clock.advance(1)

        run = await newest(engine)
        assert engine.hands.process().name == "condition.1"
        assert (run.is_asking, run.attempt) == (True, 0)
        run = await answer(engine, 0)
        assert (engine.hands.process().name, run.attempt) == ("main.1", 1)
