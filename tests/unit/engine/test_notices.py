"""What a job says by NOTIFY_SOCKET has the effects of marker lines, in the order in which both came."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from fakes.engine import FakeEngine
from fakes.jobs import a_job
from rota.core.instant import to_ms
from rota.core.model import Limits
from rota.core.run import Progress, RunState

LIMIT = timedelta(minutes=10)


@pytest.fixture
async def engine() -> AsyncIterator[FakeEngine]:
    async with FakeEngine(a_job(limits=Limits(timeout=LIMIT))) as engine:
        await engine.start()
        yield engine


def progress(engine: FakeEngine) -> Progress:
    (run,) = engine.entry().open_runs.values()
    return run.progress


async def test_a_status_changes_the_words_and_not_how_far_it_is(engine: FakeEngine) -> None:
    engine.hands.process().notify("progress", "42/100 Copying users")
    await engine.settle()
    assert progress(engine) == Progress(current=42, total=100, text="Copying users")

    engine.hands.process().notify("status", "waits for a lock")
    await engine.settle()

    assert progress(engine) == Progress(current=42, total=100, text="waits for a lock")


async def test_lines_and_notices_have_their_effect_in_the_order_in_which_they_came(
    engine: FakeEngine,
) -> None:
    process = engine.hands.process()
    process.text = "::progress 1/9 first\n"
    process.notify("progress", "2/9 second")
    process.write("::progress 3/9 third\n")
    await engine.settle()
    assert progress(engine).text == "third"

    process.write("::progress 4/9 fourth\n")
    process.notify("progress", "5/9 fifth")
    await engine.settle()

    assert progress(engine).text == "fifth"


async def test_a_step_that_is_announced_so_is_a_step_of_the_run(engine: FakeEngine) -> None:
    engine.hands.process().notify("step", "verify Verify the dump")
    await engine.settle()

    (step,) = (await engine.latest()).steps
    assert (step.key, step.title) == ("verify", "Verify the dump")


@pytest.mark.parametrize("kind", ["progress", "step"])
async def test_what_can_not_be_read_is_a_warning(engine: FakeEngine, kind: str) -> None:
    engine.hands.process().notify(kind, "%%%")
    await engine.settle()
    engine.hands.process().end()
    await engine.settle()

    run = await engine.latest()
    assert run.warnings == (f"X_ROTA_{kind.upper()} can't be read: %%%",)
    assert run.state is RunState.COMPLETED


async def test_time_that_it_asked_for_is_seen_on_the_run(engine: FakeEngine) -> None:
    later = engine.clock.now() + timedelta(hours=1)
    engine.hands.process().notify("timeoutAt", str(to_ms(later)))
    await engine.settle()

    (run,) = engine.entry().open_runs.values()
    assert run.attempts[-1].timeout_at == later


async def test_the_steps_after_it_have_the_time_that_a_step_asked_for() -> None:
    job = a_job(steps=("dump", "verify"), limits=Limits(timeout=LIMIT))
    async with FakeEngine(job) as engine:
        await engine.start()
        later = engine.clock.now() + timedelta(hours=1)
        engine.hands.process().notify("timeoutAt", str(to_ms(later)))
        await engine.settle()
        await engine.clock.advance(1800)
        engine.hands.process().end()
        await engine.settle()

        assert [order.ref.step for order in engine.hands.orders] == ["dump", "verify"]
        assert engine.hands.orders[-1].timeout_ms == 1_800_000


async def test_a_notice_that_an_earlier_daemon_heard_has_no_second_effect(engine: FakeEngine) -> None:
    process = engine.hands.process()
    process.text = "x\n"
    old = process.notify("step", "first", size=0)
    await engine.settle()
    process.write("::step second\n")
    await engine.settle()
    await engine.kill()
    process.notices = [old]
    await engine.restart()
    await engine.settle()

    (run,) = engine.entry().open_runs.values()
    assert [step.key for step in run.steps] == ["first", "second"]
    assert run.progress.text != "first"
