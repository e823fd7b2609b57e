"""Steps that have `retry` and `limits` of their own."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from fakes.engine import FakeEngine
from fakes.jobs import a_job, a_step
from rota.core.model import JobSpec, Limits, Retry
from rota.core.run import Reason, RunState, StepState

SECOND = timedelta(seconds=1)
OWN = Retry(attempts=3, delay=10 * SECOND)


def a_pair(*, retry: Retry = OWN, limits: Limits | None = None) -> JobSpec:
    """A job of `dump`, then `verify`, which has these of its own."""
    spec = a_job(steps=("dump", "verify"))
    return replace(spec, steps=(a_step("dump"), replace(a_step("verify"), retry=retry, limits=limits)))


async def ends(engine: FakeEngine, *codes: int) -> None:
    """The processes end so, one after another, each wait between them over."""
    for code in codes:
        engine.hands.process().end(code)
        await engine.settle()
        await engine.clock.advance(10)


def started(engine: FakeEngine) -> list[str]:
    return [process.name for process in engine.hands.processes]


async def test_a_step_is_tried_again_by_its_own_retry_within_the_same_try_of_the_run() -> None:
    async with FakeEngine(a_pair()) as engine:
        await engine.start()
        await ends(engine, 0, 1, 1, 0)

        run = await engine.latest()
        assert started(engine) == ["dump.1", "verify.1", "verify.2", "verify.3"]
        assert (run.state, run.attempt, run.max_attempts) == (RunState.COMPLETED, 1, 1)


async def test_when_its_own_retry_is_used_up_the_run_fails_and_the_job_is_not_asked() -> None:
    spec = replace(a_pair(retry=Retry(attempts=2, delay=SECOND)), retry=Retry(attempts=9))
    async with FakeEngine(spec) as engine:
        await engine.start()
        await ends(engine, 0, 3, 3)

        run = await engine.latest()
        assert run.state is RunState.FAILED
        assert run.message == "step verify: exit code 3 on attempt 2 of 2"


async def test_restart_begins_at_the_first_step_only_for_the_tries_of_the_job() -> None:
    job_retry = Retry(attempts=2, delay=SECOND, restart=True)
    spec = replace(a_pair(), retry=job_retry)
    async with FakeEngine(spec) as engine:
        await engine.start()
        await ends(engine, 1, 0, 1, 0)

        assert started(engine) == ["dump.1", "dump.2", "verify.1", "verify.2"]
        assert (await engine.latest()).attempt == 2


async def test_its_own_timeout_holds_for_each_attempt_and_the_rest_of_the_jobs_for_all() -> None:
    spec = a_pair(limits=Limits(timeout=30 * SECOND, grace=SECOND))
    spec = replace(spec, limits=Limits(timeout=60 * SECOND))
    async with FakeEngine(spec) as engine:
        await engine.start()
        await engine.clock.advance(20)
        await ends(engine, 0, 1, 1)

        orders = engine.hands.orders
        assert [order.timeout_ms for order in orders] == [60_000, 30_000, 20_000, 10_000]
        assert [order.grace_ms for order in orders] == [10_000, 1_000, 1_000, 1_000]


async def test_no_retry_of_its_own_helps_when_the_time_of_the_try_is_used_up() -> None:
    spec = replace(a_pair(retry=Retry(attempts=9, delay=10 * SECOND)), limits=Limits(timeout=15 * SECOND))
    async with FakeEngine(spec) as engine:
        await engine.start()
        await ends(engine, 0, 1)
        await engine.clock.advance(10)

        run = await engine.latest()
        assert (run.state, run.reason) == (RunState.FAILED, Reason.TIMEOUT)
        assert started(engine) == ["dump.1", "verify.1"]


async def test_the_time_of_a_try_goes_on_over_a_restart_of_the_daemon_between_two_attempts() -> None:
    spec = replace(a_pair(limits=Limits(timeout=40 * SECOND)), limits=Limits(timeout=60 * SECOND))
    async with FakeEngine(spec) as engine:
        await engine.start()
        await engine.clock.advance(20)
        await ends(engine, 0)
        engine.hands.process().end(1)
        await engine.settle()
        await engine.kill()
        await engine.restart()
        await engine.clock.advance(10)

        run = await engine.latest()
        assert started(engine)[-1] == "verify.2"
        assert engine.hands.orders[-1].timeout_ms == 20_000
        assert (run.state, run.attempt) == (RunState.RUNNING, 1)
        assert [step.state for step in run.steps] == [StepState.COMPLETED, StepState.RUNNING]
        await ends(engine, 1, 1)
        assert (await engine.latest()).message == "step verify: exit code 1 on attempt 3 of 3"
