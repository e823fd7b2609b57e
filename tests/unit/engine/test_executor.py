"""One run from its start to its end, on fakes."""

from __future__ import annotations

from datetime import timedelta

import pytest

from fakes.engine import FakeEngine, an_engine
from fakes.jobs import a_job
from rota.core.board import Due
from rota.core.decisions import Start
from rota.core.errors import Unavailable
from rota.core.events import RunChanged
from rota.core.model import Backoff, Expect, Limits, Retry
from rota.core.run import Reason, RunState, StepState
from rota.core.seams import EndCause, Refused

SECOND = timedelta(seconds=1)
MINUTE = 60 * SECOND


async def test_a_run_is_in_the_ledger_with_its_attempt_before_its_process_is_started(
    engine: FakeEngine,
) -> None:
    engine.hands.facts = None

    run = await engine.start()

    assert run.state is RunState.PENDING
    assert run.attempts[0].state is StepState.PENDING
    assert run.attempts[0].boot_id == engine.boot_id
    assert engine.hands.orders == []


async def test_a_started_process_makes_its_run_running_with_pid_and_argv(engine: FakeEngine) -> None:
    run = await engine.start()

    assert run.state is RunState.RUNNING
    assert run.attempt == 1
    assert run.attempts[0].pid == 1001
    assert run.attempts[0].argv == ("/bin/true", "main")
    assert run.attempts[0].user == "rota-jobs"


async def test_exit_code_0_completes_the_run_and_is_acknowledged_after_it_is_stored(
    engine: FakeEngine,
) -> None:
    await engine.start()

    run = await engine.end()

    assert (run.state, run.reason, run.exit_code) == (RunState.COMPLETED, Reason.EXIT, 0)
    assert engine.hands.acked == [run.attempts[0].id]
    assert engine.executor.open_runs == []


async def test_every_change_is_stored_before_it_is_announced(engine: FakeEngine) -> None:
    seen: list[tuple[RunState, RunState]] = []

    def compare(event: object) -> None:
        if isinstance(event, RunChanged):
            stored = engine.store._runs["backup", event.run.number]
            seen.append((event.run.state, stored.state))

    engine.parts.bus.subscribe(compare)
    await engine.start()
    await engine.end()

    assert [announced for announced, _ in seen] == [RunState.PENDING, RunState.RUNNING, RunState.COMPLETED]
    assert all(announced is stored for announced, stored in seen)


async def test_an_instant_that_the_ledger_has_answered_is_not_started_again(engine: FakeEngine) -> None:
    at = engine.clock.now()
    await engine.start(at=at)
    await engine.end()

    await engine.start(at=at)

    assert len(engine.hands.orders) == 1


async def test_a_failed_attempt_is_followed_by_the_next_after_its_delay() -> None:
    retry = Retry(attempts=3, backoff=Backoff.EXPONENTIAL, delay=10 * SECOND)
    async with await an_engine(retry=retry) as engine:
        await engine.start()

        run = await engine.end(3)
        assert run.state is RunState.RETRYING
        assert run.message == "exit code 3 on attempt 1 of 3"
        assert run.next_attempt_at == engine.clock.now() + 10 * SECOND
        await engine.clock.advance(9)
        assert len(engine.hands.orders) == 1
        await engine.clock.advance(1)
        assert engine.hands.process().name == "main.2"
        await engine.end(3)
        await engine.clock.advance(20)
        run = await engine.end(0)

        assert run.state is RunState.COMPLETED
        assert run.attempt == 3


async def test_the_last_failed_attempt_ends_the_run_with_a_sentence() -> None:
    async with await an_engine(retry=Retry(attempts=2)) as engine:
        await engine.start()
        await engine.end(3)
        await engine.clock.advance(10)

        run = await engine.end(4)

        assert (run.state, run.exit_code) == (RunState.FAILED, 4)
        assert run.message == "exit code 4 on attempt 2 of 2"


async def test_backoff_goes_on_after_a_restart_where_it_was() -> None:
    async with await an_engine(retry=Retry(attempts=2, delay=60 * SECOND)) as engine:
        await engine.start()
        await engine.end(1)
        await engine.clock.advance(40)

        await engine.restart()
        await engine.clock.advance(19)
        assert len(engine.hands.orders) == 1
        await engine.clock.advance(1)

        assert engine.hands.process().name == "main.2"
        assert (await engine.end()).state is RunState.COMPLETED


async def test_the_next_attempt_uses_the_job_as_it_is_then() -> None:
    async with await an_engine(retry=Retry(attempts=2)) as engine:
        await engine.start()
        await engine.end(1)

        await engine.load(a_job(version="2", retry=Retry(attempts=5)))
        await engine.clock.advance(10)
        run = await engine.latest()

        assert [attempt.definition for attempt in run.attempts] == ["hash-1", "hash-2"]
        assert run.max_attempts == 5


async def test_a_removed_job_lets_its_process_end_in_peace_and_is_not_tried_again() -> None:
    async with await an_engine(retry=Retry(attempts=5)) as engine:
        await engine.start()
        await engine.remove("backup")

        run = await engine.end(1)

        assert run.state is RunState.FAILED
        assert engine.hands.terminated == []


async def test_a_waiting_retry_of_a_removed_job_says_why_it_ends() -> None:
    async with await an_engine(retry=Retry(attempts=5)) as engine:
        await engine.start()
        await engine.end(1)
        await engine.remove("backup")

        await engine.clock.advance(10)
        run = await engine.latest()

        assert run.state is RunState.FAILED
        assert run.message == "exit code 1 on attempt 1 of 5; not tried again: the job was removed"


async def test_a_program_that_is_not_there_is_refused_and_retried_by_the_policy() -> None:
    async with await an_engine(retry=Retry(attempts=2)) as engine:
        engine.hands.refuse = Refused(code="ENOENT", message="no such file: /bin/true")

        run = await engine.start()
        assert run.state is RunState.RETRYING
        assert run.attempts[0].reason is Reason.REFUSED
        engine.hands.refuse = None
        await engine.clock.advance(10)

        assert (await engine.end()).state is RunState.COMPLETED


async def test_a_job_that_cannot_be_prepared_fails_with_the_reason(engine: FakeEngine) -> None:
    await engine.load(a_job(env={"TOKEN": "{{ nowhere }}"}))

    run = await engine.start()

    assert (run.state, run.reason) == (RunState.FAILED, Reason.REFUSED)
    assert "nowhere" in run.message
    assert engine.hands.orders == []


async def test_while_there_is_no_runner_nothing_starts_and_then_it_does(engine: FakeEngine) -> None:
    facts, engine.hands.facts = engine.hands.facts, None
    await engine.start()
    await engine.clock.advance(60)
    assert engine.hands.orders == []

    engine.hands.facts = facts
    await engine.clock.advance(1)

    assert (await engine.latest()).state is RunState.RUNNING


async def test_a_run_that_waits_for_a_runner_beyond_its_start_deadline_is_skipped(engine: FakeEngine) -> None:
    await engine.load(a_job(start_deadline=60 * SECOND))
    engine.hands.facts = None
    await engine.start()

    await engine.clock.advance(61)
    run = await engine.store.run("backup", 1)

    assert run is not None
    assert (run.state, run.reason, run.attempts) == (RunState.SKIPPED, Reason.START_DEADLINE, ())


async def test_the_delay_of_a_spread_does_not_count_for_the_start_deadline(engine: FakeEngine) -> None:
    await engine.load(a_job(start_deadline=60 * SECOND))
    due = Due(job="backup", at=engine.clock.now() - 40 * MINUTE, delay=40 * MINUTE)

    await engine.executor.carry_out([Start(job="backup", due=due)])
    await engine.settle()

    assert (await engine.latest()).state is RunState.RUNNING


async def test_a_start_whose_answer_is_lost_is_not_sent_twice(engine: FakeEngine) -> None:
    engine.hands.broken = Unavailable("The runner did not answer.")

    run = await engine.start()

    assert run.state is RunState.RUNNING
    assert len(engine.hands.orders) == 1
    assert (await engine.end()).state is RunState.COMPLETED


async def test_steps_run_in_order_within_one_attempt_of_the_run() -> None:
    async with await an_engine(steps=("dump", "verify")) as engine:
        run = await engine.start()
        assert [step.state for step in run.steps] == [StepState.RUNNING, StepState.PENDING]

        run = await engine.end()
        assert [step.state for step in run.steps] == [StepState.COMPLETED, StepState.RUNNING]
        run = await engine.end()

        assert run.state is RunState.COMPLETED
        assert run.attempt == 1
        assert [process.order.ref.step for process in engine.hands._processes.values()] == ["dump", "verify"]


async def test_a_failed_step_skips_the_rest() -> None:
    async with await an_engine(steps=("dump", "verify", "prune")) as engine:
        await engine.start()
        await engine.end()

        run = await engine.end(2)

        assert run.state is RunState.FAILED
        assert run.message == "step verify: exit code 2"
        assert [step.state for step in run.steps] == [
            StepState.COMPLETED,
            StepState.FAILED,
            StepState.SKIPPED,
        ]
        assert run.steps[2].reason is Reason.DEPENDENCY


@pytest.mark.parametrize(("restart", "names"), [(False, ["verify.2"]), (True, ["dump.2", "verify.2"])])
async def test_a_retry_goes_on_from_the_failed_step_unless_it_begins_again(
    restart: bool, names: list[str]
) -> None:
    retry = Retry(attempts=2, restart=restart)
    async with await an_engine(steps=("dump", "verify"), retry=retry) as engine:
        await engine.start()
        await engine.end()
        await engine.end(1)
        await engine.clock.advance(10)

        for _ in names:
            run = await engine.end()

        assert [process.name for process in engine.hands._processes.values()][2:] == names
        assert (run.state, run.attempt) == (RunState.COMPLETED, 2)


async def test_the_timeout_covers_all_steps_of_an_attempt() -> None:
    limits = Limits(timeout=60 * SECOND)
    async with await an_engine(steps=("dump", "verify"), limits=limits) as engine:
        await engine.start()
        await engine.clock.advance(45)
        engine.clock.step_wall(timedelta(hours=2))  # the wall clock has no say in it

        await engine.end()

        assert [order.timeout_ms for order in engine.hands.orders] == [60_000, 15_000]


async def test_a_timed_out_attempt_says_after_how_long() -> None:
    async with await an_engine(limits=Limits(timeout=timedelta(minutes=30))) as engine:
        await engine.start()
        engine.hands.process().end(cause=EndCause.TIMEOUT, signal=15)
        await engine.settle()

        run = await engine.latest()

        assert (run.state, run.reason) == (RunState.FAILED, Reason.TIMEOUT)
        assert run.message == "timed out after 30 minutes"


async def test_an_attempt_records_the_definition_that_it_was_really_started_with(engine: FakeEngine) -> None:
    facts, engine.hands.facts = engine.hands.facts, None
    await engine.start()
    await engine.load(a_job(version="2", markers=False))
    engine.hands.facts = facts
    await engine.clock.advance(1)

    (attempt,) = (await engine.latest()).attempts

    assert (attempt.definition, attempt.markers) == ("hash-2", False)


async def test_a_step_for_which_no_time_is_left_is_not_started() -> None:
    async with await an_engine(steps=("dump", "verify"), limits=Limits(timeout=60 * SECOND)) as engine:
        await engine.start()
        await engine.clock.advance(60)

        run = await engine.end()

        assert (run.state, run.reason) == (RunState.FAILED, Reason.TIMEOUT)
        assert run.message == "step verify: timed out after 1 minute, before this step could start"
        assert len(engine.hands.orders) == 1


async def test_a_retry_whose_failed_step_is_gone_says_so() -> None:
    async with await an_engine(steps=("dump", "verify"), retry=Retry(attempts=2)) as engine:
        await engine.start()
        await engine.end()
        await engine.end(1)

        await engine.load(a_job(version="2", steps=("dump",), retry=Retry(attempts=2)))
        await engine.clock.advance(10)
        run = await engine.latest()

        assert (run.state, run.reason) == (RunState.FAILED, Reason.REMOVED)
        assert run.message == "the step that failed is no longer part of the job"


async def test_a_run_that_takes_longer_than_expected_carries_a_warning() -> None:
    async with await an_engine(expect=Expect(longest=20 * SECOND)) as engine:
        await engine.start()
        await engine.clock.advance(25)

        run = await engine.end()

        assert run.state is RunState.COMPLETED
        assert run.warnings == ("took 25 s, longer than the 20 s expected",)
