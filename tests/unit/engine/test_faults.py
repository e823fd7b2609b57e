"""A ledger, a runner or code of ours that fails under runs."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from datetime import timedelta

import pytest
from structlog.testing import capture_logs

from fakes.engine import FakeEngine
from rota.core.errors import RotaError, Unavailable
from rota.core.run import RunState
from rota.core.seams import AttemptRef, RunnerEvent

SECOND = timedelta(seconds=1)
MINUTE = 60 * SECOND


async def test_what_cannot_be_recorded_is_not_started(engine: FakeEngine) -> None:
    engine.store.broken = Unavailable("The disk is full.")

    with pytest.raises(Unavailable):
        await engine.start()

    assert engine.hands.orders == []
    assert engine.parts.writable.error == "The disk is full."


async def test_running_work_goes_on_while_the_ledger_is_full_and_is_stored_when_space_is_back(
    engine: FakeEngine,
) -> None:
    await engine.start()
    engine.store.broken = Unavailable("The disk is full.")

    engine.hands.process().write("::progress 50/100\n")
    await engine.settle()
    assert engine.entry().open_runs[1].progress.percent == 50
    engine.hands.process().end(0)
    await engine.clock.advance(30)
    assert engine.hands.acked == []
    engine.store.broken = None
    await engine.clock.advance(2)

    assert (await engine.latest()).state is RunState.COMPLETED
    assert len(engine.hands.acked) == 1
    assert engine.parts.writable.error == ""


async def test_a_fault_of_ours_does_not_lose_the_run(engine: FakeEngine) -> None:
    engine.hands.broken = FaultyRunner("a fault")  # raised once, after the process was started

    with capture_logs() as logs:
        await engine.start()
    assert [entry["event"] for entry in logs if entry["log_level"] == "error"] == ["run.task_failed"]
    await engine.clock.advance(10)

    assert (await engine.latest()).state is RunState.RUNNING
    assert len(engine.hands.orders) == 1
    assert (await engine.end()).state is RunState.COMPLETED


async def test_closing_ends_no_process(engine: FakeEngine) -> None:
    await engine.start()

    await engine.executor.close()

    assert engine.hands.terminated == []
    assert (await engine.latest()).state is RunState.RUNNING


class FaultyRunner(RotaError):
    """Something that nobody expects of a runner."""


async def test_a_watch_that_breaks_off_is_taken_up_again(engine: FakeEngine) -> None:
    watch = engine.hands.watch

    async def broken(ref: AttemptRef) -> AsyncGenerator[RunnerEvent, None]:
        engine.hands.watch = watch  # type: ignore[method-assign]
        nothing: tuple[RunnerEvent, ...] = ()
        for event in nothing:
            yield event

    engine.hands.watch = broken  # type: ignore[method-assign]
    await engine.start()
    await engine.clock.advance(1)

    assert (await engine.end()).state is RunState.COMPLETED
