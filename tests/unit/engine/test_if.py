"""Steps with `if`: which of them run, and how the run ends."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

from fakes.engine import FakeEngine
from fakes.jobs import a_job, a_step
from rota.core.board import Due
from rota.core.decisions import Start
from rota.core.model import JobSpec, Limits, Retry
from rota.core.run import Reason, Run, RunState, StepState
from rota.core.seams import EndCause

SECOND = timedelta(seconds=1)
PARAMS = {"full": {"type": "boolean", "default": False}}


def a_plan(*steps: str | tuple[str, str], **settings: Any) -> JobSpec:
    """A job of these steps; of a pair the second is its `if`."""
    pairs = [(step, "success") if isinstance(step, str) else step for step in steps]
    made = tuple(replace(a_step(name), when=when) for name, when in pairs)
    return replace(a_job(steps=tuple(name for name, _ in pairs), **settings), steps=made)


async def ends(engine: FakeEngine, *codes: int) -> None:
    for code in codes:
        engine.hands.process().end(code)
        await engine.settle()


def started(engine: FakeEngine) -> list[str]:
    return [process.name for process in engine.hands.processes]


def told(run: Run) -> list[str]:
    return [f"{step.key} {step.state}" + f" {step.reason}" * (step.state == "skipped") for step in run.steps]


CLEANED = a_plan("dump", "load", ("alarm", "failure"), ("tidy", "always"))


async def test_after_a_failure_run_the_steps_that_ask_for_it_and_the_failure_is_the_cause() -> None:
    async with FakeEngine(CLEANED) as engine:
        await engine.start()
        await ends(engine, 3)
        between = await engine.latest()
        await ends(engine, 0, 0)

        run = await engine.latest()
        assert (between.state, between.message) == (RunState.RUNNING, "step dump: exit code 3")
        assert started(engine) == ["dump.1", "alarm.1", "tidy.1"]
        assert told(run) == ["dump failed", "load skipped dependency", "alarm completed", "tidy completed"]
        assert (run.state, run.reason, run.exit_code) == (RunState.FAILED, Reason.EXIT, 3)
        assert run.message == "step dump: exit code 3"


async def test_without_a_failure_its_steps_are_skipped_and_the_others_run() -> None:
    async with FakeEngine(CLEANED) as engine:
        await engine.start()
        await ends(engine, 0, 0, 0)

        run = await engine.latest()
        assert told(run)[2:] == ["alarm skipped condition", "tidy completed"]
        assert (run.state, run.progress.percent) == (RunState.COMPLETED, 100)


async def test_what_fails_after_a_failure_does_not_become_the_cause() -> None:
    async with FakeEngine(CLEANED) as engine:
        await engine.start()
        await ends(engine, 0, 4, 5, 6)

        run = await engine.latest()
        assert (run.state, run.message, run.exit_code) == (RunState.FAILED, "step load: exit code 4", 4)
        assert told(run)[1:] == ["load failed", "alarm failed", "tidy failed"]


async def test_a_skip_after_a_failure_does_not_hide_it() -> None:
    spec = replace(CLEANED, exit_codes=replace(CLEANED.exit_codes, skip=frozenset({99})))
    async with FakeEngine(spec) as engine:
        await engine.start()
        await ends(engine, 3, 99, 0)

        assert (await engine.latest()).state is RunState.FAILED


async def test_they_run_after_the_last_try_only() -> None:
    async with FakeEngine(replace(CLEANED, retry=Retry(attempts=2, delay=SECOND))) as engine:
        await engine.start()
        await ends(engine, 0, 1)
        waiting = await engine.latest()
        await engine.clock.advance(1)
        await ends(engine, 1, 1, 0)

        run = await engine.latest()
        assert waiting.state is RunState.RETRYING
        assert started(engine) == ["dump.1", "load.1", "load.2", "alarm.1", "tidy.1"]
        assert (run.state, run.message) == (RunState.FAILED, "step load: exit code 1 on attempt 2 of 2")


async def test_a_cancelled_run_runs_none_of_them() -> None:
    async with FakeEngine(CLEANED) as engine:
        await engine.start()
        await engine.operations.cancel("backup.1")
        await engine.settle()

        run = await engine.latest()
        assert run.state is RunState.CANCELLED
        assert started(engine) == ["dump.1"]


async def test_after_a_timeout_they_have_the_time_of_the_job_for_themselves() -> None:
    async with FakeEngine(replace(CLEANED, limits=Limits(timeout=60 * SECOND))) as engine:
        await engine.start()
        await engine.clock.advance(60)
        engine.hands.process().end(cause=EndCause.TIMEOUT, signal=15)
        await engine.settle()

        assert started(engine) == ["dump.1", "alarm.1"]
        assert engine.hands.orders[-1].timeout_ms == 60_000
        await ends(engine, 0, 0)
        assert (await engine.latest()).message == "step dump: timed out after 1 minute"


async def test_a_daemon_that_was_killed_meanwhile_goes_on_with_them() -> None:
    async with FakeEngine(CLEANED) as engine:
        await engine.start()
        await ends(engine, 0, 4)
        await engine.kill()
        await engine.restart()
        await ends(engine, 0, 0)

        run = await engine.latest()
        assert started(engine) == ["dump.1", "load.1", "alarm.1", "tidy.1"]
        assert (run.state, run.message) == (RunState.FAILED, "step load: exit code 4")


async def test_a_retry_of_the_run_does_them_again_and_keeps_what_was_completed() -> None:
    async with FakeEngine(CLEANED) as engine:
        await engine.start()
        await ends(engine, 0, 4, 0, 0)
        await engine.operations.retry("backup.1")
        await engine.settle()
        await ends(engine, 0, 0)

        run = await engine.latest()
        assert started(engine)[-2:] == ["load.1", "tidy.1"]
        assert told(run) == ["dump completed", "load completed", "alarm skipped condition", "tidy completed"]
        assert run.state is RunState.COMPLETED


FULL = a_plan(
    ("extra", "{{ params.full }}"), "load", ("check", "{{ steps.load.outputs.rows > 0 }}"), params=PARAMS
)


async def test_a_step_whose_expression_is_false_is_never_started_and_the_run_goes_on() -> None:
    async with FakeEngine(FULL) as engine:
        await engine.start()
        engine.hands.process().write("::output rows=0\n")
        await ends(engine, 0)

        run = await engine.latest()
        assert started(engine) == ["load.1"]
        assert told(run) == ["extra skipped condition", "load completed", "check skipped condition"]
        assert (run.state, run.attempt, run.message) == (RunState.COMPLETED, 1, "exit code 0")
        assert [attempt.step for attempt in run.attempts] == ["load"]
        assert await engine.store.run("backup", 1) == run


async def test_a_step_whose_expression_is_true_runs() -> None:
    async with FakeEngine(FULL) as engine:
        await engine.operations.run_now("backup", params={"full": True})
        await engine.settle()
        await ends(engine, 0)
        engine.hands.process().write("::output rows=7\n")
        await ends(engine, 0, 0)

        assert started(engine) == ["extra.1", "load.1", "check.1"]
        assert (await engine.latest()).state is RunState.COMPLETED


async def test_an_expression_that_fails_fails_its_step() -> None:
    async with FakeEngine(FULL) as engine:
        await engine.start()
        await ends(engine, 0)

        run = await engine.latest()
        assert (run.state, run.reason) == (RunState.FAILED, Reason.REFUSED)
        assert run.message.startswith("step check: The template in if can't be used")


async def test_when_no_step_has_to_run_the_run_is_skipped() -> None:
    async with FakeEngine(a_plan(("extra", "{{ params.full }}"), params=PARAMS)) as engine:
        due = Due(job="backup", at=engine.clock.now())
        await engine.executor.carry_out([Start(job="backup", due=due)])
        await engine.settle()

        run = await engine.store.run("backup", 1)
        assert run is not None
        assert (run.state, run.reason, run.attempts) == (RunState.SKIPPED, Reason.CONDITION, ())
        assert run.steps[0].state is StepState.SKIPPED
        assert run.message == "none of its steps had to run: what their `if` asks for is not so"


async def test_a_step_that_is_tried_again_is_not_asked_again() -> None:
    spec = a_plan(
        "load", ("check", "{{ steps.load.outputs.rows > 0 }}"), retry=Retry(attempts=2, delay=SECOND)
    )
    async with FakeEngine(spec) as engine:
        await engine.start()
        engine.hands.process().write("::output rows=1\n")
        await ends(engine, 0, 1)
        await engine.clock.advance(1)
        await ends(engine, 0)

        assert started(engine) == ["load.1", "check.1", "check.2"]
        assert (await engine.latest()).state is RunState.COMPLETED
