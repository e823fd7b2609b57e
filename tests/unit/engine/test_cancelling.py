"""A run that people wish to end."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from fakes.engine import FakeEngine, an_engine
from rota.core.errors import Unavailable
from rota.core.model import Retry
from rota.core.run import Reason, RunState, StepState
from rota.core.seams import EndCause, Refused, Started, StartOrder

SECOND = timedelta(seconds=1)
MINUTE = 60 * SECOND


async def test_cancel_ends_a_running_process_and_its_run(engine: FakeEngine) -> None:
    run = await engine.start()

    await engine.executor.cancel(run)
    await engine.settle()
    run = await engine.latest()

    assert (run.state, run.reason) == (RunState.CANCELLED, Reason.CANCELLED)
    assert run.attempts[0].state is StepState.CANCELLED


async def test_cancel_of_a_process_that_ignores_it_is_remembered_over_a_restart(engine: FakeEngine) -> None:
    engine.hands.obeys = False
    run = await engine.start()
    asked = await engine.executor.cancel(run)
    assert asked.state is RunState.RUNNING
    assert asked.cancel_requested_at == engine.clock.now()
    await engine.settle()

    await engine.restart()

    assert len(engine.hands.terminated) == 2
    engine.hands.process().end(cause=EndCause.SIGNAL, signal=9)
    await engine.settle()
    assert (await engine.latest()).state is RunState.CANCELLED


async def test_cancel_at_once_kills_what_ignores_a_polite_request(engine: FakeEngine) -> None:
    engine.hands.obeys = False
    run = await engine.start()
    await engine.executor.cancel(run)

    await engine.executor.cancel(run, immediately=True)
    await engine.settle()

    assert [immediately for _, immediately in engine.hands.terminated] == [False, True]
    assert (await engine.latest()).state is RunState.CANCELLED


async def test_cancel_of_a_waiting_retry_ends_it_at_once() -> None:
    async with await an_engine(retry=Retry(attempts=3)) as engine:
        run = await engine.start()
        await engine.end(1)

        run = await engine.executor.cancel(run)

        assert run.state is RunState.CANCELLED
        await engine.clock.advance(60)
        assert len(engine.hands.orders) == 1


async def test_cancel_while_there_is_no_runner_ends_the_run_before_it_began(engine: FakeEngine) -> None:
    engine.hands.facts = None
    run = await engine.start()

    run = await engine.executor.cancel(run)

    assert (run.state, run.message) == (RunState.CANCELLED, "cancelled before it began")


async def test_a_process_that_ends_well_in_spite_of_a_cancel_has_completed(engine: FakeEngine) -> None:
    engine.hands.obeys = False
    run = await engine.start()
    await engine.executor.cancel(run)

    assert (await engine.end()).state is RunState.COMPLETED


async def test_a_cancelled_run_does_not_begin_its_next_step() -> None:
    async with await an_engine(steps=("dump", "verify")) as engine:
        engine.hands.obeys = False
        run = await engine.start()
        await engine.executor.cancel(run)

        run = await engine.end()

        assert run.state is RunState.CANCELLED
        assert run.message == "cancelled between two steps"
        assert len(engine.hands.orders) == 1


async def test_a_run_can_be_cancelled_while_the_ledger_is_full(engine: FakeEngine) -> None:
    run = await engine.start()
    engine.store.broken = Unavailable("The disk is full.")

    await engine.executor.cancel(run)
    await engine.settle()
    assert len(engine.hands.terminated) == 1
    engine.store.broken = None
    await engine.clock.advance(2)

    assert (await engine.latest()).state is RunState.CANCELLED


async def test_a_cancel_while_the_process_is_being_started_ends_it_as_soon_as_it_is_there(
    engine: FakeEngine,
) -> None:
    start, go = engine.hands.start, asyncio.Event()

    async def slowly(order: StartOrder) -> Started | Refused:
        await go.wait()
        return await start(order)

    engine.hands.start = slowly  # type: ignore[method-assign]
    run = await engine.start()
    cancel = asyncio.create_task(engine.executor.cancel(run))
    await engine.settle()
    go.set()
    await engine.settle()

    assert (await cancel).state is RunState.CANCELLED
    assert len(engine.hands.terminated) == 1
