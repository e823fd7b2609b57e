"""Whatever ends, is cancelled, fails to be stored or is taken over by a new daemon: children add up."""

from __future__ import annotations

import asyncio
from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st

from fakes.engine import FakeEngine
from fakes.jobs import a_job
from rota.core import batch
from rota.core.errors import Unavailable
from rota.core.model import Batch, Concurrency, Retry
from rota.core.run import Children, Run, RunState
from rota.core.seams import RunQuery

STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("end"), st.integers(0, 9), st.sampled_from([0, 0, 1])),
        st.tuples(st.just("cancel child"), st.integers(1, 9), st.just(0)),
        st.tuples(st.just("restart"), st.just(0), st.just(0)),
        st.tuples(st.just("no room on the disk"), st.integers(0, 9), st.sampled_from([0, 1])),
        st.tuples(st.just("wait"), st.just(0), st.just(0)),
        st.tuples(st.just("cancel"), st.just(0), st.just(0)),
    ),
    max_size=14,
)


@settings(max_examples=60, deadline=None)
@given(items=st.integers(0, 9), chunk=st.integers(1, 3), at_once=st.integers(1, 4), steps=STEPS)
def test_children_always_add_up_and_each_chunk_is_worked_on_once(
    items: int, chunk: int, at_once: int, steps: list[tuple[str, int, int]]
) -> None:
    asyncio.run(_play(items, chunk, at_once, steps))


async def _play(items: int, chunk: int, at_once: int, steps: list[tuple[str, int, int]]) -> None:
    spec = a_job(
        batch=Batch(items=tuple(range(items)), chunk=chunk, at_once=at_once, max_items=100),
        retry=Retry(attempts=2),
        concurrency=Concurrency(pool="p"),
    )
    total = -(-items // chunk)
    async with FakeEngine(spec, pools={"p": 3}) as engine:
        await engine.start()
        for step in steps:
            await _do(engine, *step)
            await _check(engine, total, at_once)
        await _to_its_end(engine)
        run = await _check(engine, total, at_once)
        assert run.state.is_final
        assert run.children is not None
        assert (run.children.pending, run.children.running) == (0, 0)
        assert not engine.board.children
        assert engine.board.room.running == 0
    starts = Counter((each.order.ref.number, each.order.ref.n) for each in engine.hands.processes)
    assert all(count == 1 for count in starts.values())


async def _do(engine: FakeEngine, what: str, number: int, code: int) -> None:
    if what == "end":
        await _end(engine, number, code)
    elif what == "no room on the disk":
        engine.store.broken = Unavailable("the disk is full")
        await _end(engine, number, code)
        engine.store.broken = None
        await engine.clock.advance(2)
    elif what == "restart":
        await engine.restart()
    elif what == "wait":
        await engine.clock.advance(11)
    elif what == "cancel" or engine.board.open_run("backup.1", number) is not None:
        target = "backup.1" if what == "cancel" else f"backup.1.{number}"
        if await _open(engine):
            await engine.operations.cancel(target)
    await engine.settle()


async def _end(engine: FakeEngine, number: int, code: int) -> None:
    going_on = [each for each in engine.hands.processes if each.ended is None]
    if going_on:
        going_on[number % len(going_on)].end(code)
    await engine.settle()


async def _open(engine: FakeEngine) -> bool:
    return engine.board.open_run("backup", 1) is not None


async def _check(engine: FakeEngine, total: int, at_once: int) -> Run:
    run = engine.board.open_run("backup", 1) or await engine.store.run("backup", 1)
    assert run is not None
    page = await engine.store.runs(RunQuery(job="backup.1", limit=1000))
    if run.children is None:
        assert not page.runs
        return run
    assert run.children.total == total
    assert len([child for child in page.runs if not child.state.is_final]) <= at_once
    stored = await engine.store.run("backup", 1)
    assert stored is not None
    if not run.state.is_final:
        states = Counter(child.state for child in page.runs)
        known = batch.Known(open=(), states=states, begun=0, chunks=total)
        assert run.children == batch.counted(known)
        assert stored.children == run.children
    return run


async def _to_its_end(engine: FakeEngine) -> None:
    for _ in range(200):
        if not await _open(engine):
            return
        await _end(engine, 0, 0)
        await engine.clock.advance(11)
    raise AssertionError("the parent does not end")


@given(
    moves=st.lists(st.tuples(st.integers(0, 4), st.sampled_from(list(RunState))), max_size=30),
)
def test_counts_that_are_moved_are_those_that_are_counted(moves: list[tuple[int, RunState]]) -> None:
    where = [RunState.PENDING] * 5
    counts = Children(pending=5)
    for child, state in moves:
        counts = batch.moved(counts, where[child], state)
        where[child] = state

    known = batch.Known(open=(), states=Counter(where), begun=5, chunks=5)
    assert counts == batch.counted(known)
    assert counts.total == 5
