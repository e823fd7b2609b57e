"""Jobs of every kind beside each other, and whatever can happen to them: no run is lost, none is doubled."""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st
from structlog.testing import capture_logs

from clock_changes import examples
from fakes.graphs import a_graph
from fakes.hands import FACTS, Process
from fakes.jobs import a_job
from fakes.planned import PlannedEngine
from fakes.schedules import MINUTE, every
from rota.core.errors import Conflict, NotFound, Unavailable
from rota.core.model import (
    ITEMS,
    Backoff,
    Batch,
    Command,
    Concurrency,
    Condition,
    ExitCodes,
    ItemSource,
    JobSpec,
    Missed,
    MissedPolicy,
    Overlap,
    Retry,
)
from rota.core.run import Run, RunState
from rota.core.seams import EndCause, RunQuery
from rota.core.triggers import AfterTrigger, Ending, Trigger

SECOND = timedelta(seconds=1)
IS_LONG = examples(0) > 0  # then each time others are tried
POOLS = {"db": 2}
NAMES = ("first", "second", "third")
KINDS: Mapping[str, JobSpec] = {
    "plain": a_job(),
    "steps": a_job(steps=("dump", "verify")),
    "graph": a_graph("dump", "verify: dump", "upload: dump", "tidy: verify upload"),
    "items": a_job(batch=Batch(items=tuple("abcde"), at_once=2, tolerate=1)),
    "found": a_job(
        batch=Batch(source=ItemSource(kind="command", work=Command(argv=("ls",))), chunk=2, at_once=3)
    ),
}
CODES = (0, 0, 0, 1, 75, 99)


@st.composite
def jobs(draw: st.DrawFn) -> dict[str, JobSpec]:
    return {name: draw(job(name)) for name in NAMES}


@st.composite
def job(draw: st.DrawFn, name: str) -> JobSpec:
    asks = Condition(work=Command(argv=("test",)), text="test")
    retry = st.builds(
        Retry,
        attempts=st.integers(1, 3),
        backoff=st.sampled_from(Backoff),
        delay=st.sampled_from([SECOND, 40 * SECOND]),
        restart=st.booleans(),
    )
    limits = st.builds(
        Concurrency,
        max=st.integers(1, 2),
        overlap=st.sampled_from(Overlap),
        queue=st.integers(1, 3),
        pool=st.sampled_from([None, "db"]),
        weight=st.integers(1, 2),
        priority=st.integers(0, 1),
        lock=st.sampled_from([None, None, "host"]),
    )
    after = AfterTrigger(jobs=("first",), on=draw(st.sampled_from(Ending)))
    triggers: dict[str, tuple[Trigger, ...]] = {
        "first": (every(3 * MINUTE),),
        "second": (after,),
        "third": (every(7 * MINUTE),),
    }
    return replace(
        KINDS[draw(st.sampled_from(sorted(KINDS)))],
        id=name,
        triggers=triggers[name],
        retry=draw(retry),
        concurrency=draw(limits),
        condition=draw(st.sampled_from([None, None, asks])),
        start_deadline=draw(st.sampled_from([None, None, 5 * MINUTE])),
        missed=Missed(run=draw(st.sampled_from(MissedPolicy))),
        exit_codes=ExitCodes(retry=frozenset({75}), skip=frozenset({99})),
    )


@dataclass(frozen=True, slots=True)
class World:
    engine: PlannedEngine

    async def passes(self, minutes: int) -> None:
        for _ in range(1 + minutes % 8):
            now = self.engine.clock.now()
            await self.engine.clock.advance(MINUTE - (now - now.replace(second=0, microsecond=0)))
            await self.engine.step()

    async def ends(self, number: int) -> None:
        alive = self._alive
        if alive:
            finish(alive[number % len(alive)], CODES[number % len(CODES)])
            await self.engine.step()

    async def ends_all(self, number: int) -> None:
        for process in self._alive:
            finish(process, CODES[number % len(CODES)])
        await self.engine.step()

    async def restarts(self, _: int) -> None:
        await self.engine.sleeps(SECOND)
        await self.engine.restart()
        await self.engine.step()

    async def dies(self, number: int) -> None:
        """The daemon; processes end meanwhile, and time goes by."""
        await self.engine.kill()
        alive = self._alive
        if alive:
            finish(alive[number % len(alive)], CODES[number % len(CODES)])
        await self.engine.sleeps((number % 5) * MINUTE)
        await self.restarts(0)

    async def has_no_room(self, number: int) -> None:
        """The disk is full for a while."""
        self.engine.store.broken = Unavailable("the disk is full")
        await self.ends(number)
        await self.passes(number % 3)
        self.engine.store.broken = None
        await self.passes(1)

    async def loses_the_runner(self, number: int) -> None:
        self.engine.hands.facts = None
        await self.passes(number % 4)
        self.engine.hands.facts = FACTS
        await self.passes(0)

    async def loses_an_answer(self, _: int) -> None:
        self.engine.hands.broken = Unavailable("nobody knows whether it was started")

    async def cancels(self, number: int) -> None:
        runs = self.engine.executor.open_runs
        if runs:
            run = runs[number % len(runs)]
            await self.engine.operations.cancel(run.id, immediately=number % 3 == 0)

    async def retries(self, number: int) -> None:
        runs = [run for job in NAMES for run in await self.engine.rows(job)]
        if runs:
            await self.engine.operations.retry(runs[number % len(runs)].id)

    async def runs_now(self, number: int) -> None:
        await self.engine.operations.run_now(NAMES[number % 3])

    async def pauses(self, number: int) -> None:
        await self.engine.operations.pause(NAMES[number % 3])

    async def resumes(self, number: int) -> None:
        await self.engine.operations.resume(NAMES[number % 3], catch_up=number % 2 == 0)

    async def drains(self, _: int) -> None:
        await self.engine.operations.drain()

    async def drains_no_more(self, _: int) -> None:
        await self.engine.operations.undo_drain()

    async def changes(self, number: int) -> None:
        """Another definition of the same schedule, kind and limits."""
        spec = self.engine.specs[NAMES[number % 3]]
        version = replace(spec.definition, hash=f"hash-{number}")
        await self.engine.load(replace(spec, definition=version))

    @property
    def _alive(self) -> list[Process]:
        return [each for each in self.engine.hands.processes if each.ended is None]


def finish(process: Process, code: int) -> None:
    if process.order.ref.step == ITEMS:
        process.items.extend("vwxyz")
    if code == 99 and process.order.ref.n % 2:
        process.end(cause=EndCause.TIMEOUT, signal=15)
    else:
        process.end(code)


MOVES: Mapping[str, Callable[[World, int], Awaitable[None]]] = {
    "passes": World.passes,
    "passes on": World.passes,
    "ends": World.ends,
    "ends on": World.ends,
    "ends all": World.ends_all,
    "restarts": World.restarts,
    "dies": World.dies,
    "has no room": World.has_no_room,
    "loses the runner": World.loses_the_runner,
    "loses an answer": World.loses_an_answer,
    "cancels": World.cancels,
    "retries": World.retries,
    "runs now": World.runs_now,
    "pauses": World.pauses,
    "resumes": World.resumes,
    "drains": World.drains,
    "drains no more": World.drains_no_more,
    "changes": World.changes,
}
Moves = Sequence[tuple[str, int]]


@settings(deadline=None, max_examples=examples(40), derandomize=not IS_LONG)
@given(specs=jobs(), moves=st.lists(st.tuples(st.sampled_from(list(MOVES)), st.integers(0, 60)), max_size=25))
async def test_whatever_happens_every_run_comes_to_one_end(specs: dict[str, JobSpec], moves: Moves) -> None:
    with capture_logs() as logs:
        await played(specs, moves)
    assert [entry for entry in logs if entry["log_level"] == "error"] == []


async def played(specs: dict[str, JobSpec], moves: Moves) -> None:
    async with PlannedEngine(*specs.values(), pools=POOLS, max_running=5) as engine:
        world = World(engine)
        await engine.step()
        for move, number in moves:
            with suppress(Conflict, NotFound):  # a no is an answer, too
                await MOVES[move](world, number)
            await engine.settle()
            holds(engine)
        await to_rest(engine)
        runs = [run for job in NAMES for run in await engine.rows(job)]
        for run in runs:
            await is_over(engine, run)
        nothing_is_left(engine)
        starts_once(engine, [*runs, *[child for run in runs for child in await children(engine, run)]])
        counts_each_end(specs["second"], [run for run in runs if run.job == "first"], of(runs, "second"))


def of(runs: Sequence[Run], job: str) -> list[Run]:
    return [run for run in runs if run.job == job]


def holds(engine: PlannedEngine) -> None:
    """What is so at every moment."""
    for use in engine.board.room.pool_uses():
        assert use.taken <= use.size
    for entry in engine.board.jobs.values():
        assert len(entry.active) <= entry.spec.concurrency.max
        open_ones = {run.id for run in entry.open_runs.values()}
        waiting = {run.id for run in entry.queued}
        assert open_ones - waiting <= set(engine.executor.live)
    locked = [
        run.id
        for run in engine.executor.open_runs
        if run.parent is None
        and engine.board.jobs[run.job].spec.concurrency.lock
        and (run.state is RunState.RUNNING)
    ]
    assert len(locked) <= 1, locked
    alive = [each for each in engine.hands.processes if each.ended is None]
    known = {(run.series, run.number) for run in engine.executor.open_runs}
    assert {(each.order.ref.job, each.order.ref.number) for each in alive} <= known


async def to_rest(engine: PlannedEngine) -> None:
    """Everything is as it should be again, nothing more comes due, and what goes on ends well."""
    with suppress(Conflict):
        await engine.operations.undo_drain()
    with suppress(Conflict):
        await engine.operations.resume_many("all")
    await engine.step()
    await engine.load(*(replace(engine.specs[job], triggers=()) for job in ("first", "third")))
    for _ in range(200):
        await engine.clock.advance(20)
        await engine.step()
        if not any(entry.open_runs for entry in engine.board.jobs.values()):
            return
        for process in engine.hands.processes:
            if process.ended is None:
                finish(process, 0)
        await engine.step()
    raise AssertionError([entry.open_runs for entry in engine.board.jobs.values()])


async def is_over(engine: PlannedEngine, run: Run) -> None:
    assert run.state.is_final
    assert run.message
    assert run.ended_at is not None
    assert all(attempt.state.is_final for attempt in run.attempts)
    assert all(step.state.is_final for step in run.steps)
    assert len({attempt.id for attempt in run.attempts}) == len(run.attempts)
    places = Counter((attempt.step, attempt.n) for attempt in run.attempts)
    assert all(count == 1 for count in places.values())
    if run.children is None:
        return
    assert (run.children.pending, run.children.running) == (0, 0)
    states = Counter(child.state for child in await children(engine, run))
    assert states[RunState.COMPLETED] + states[RunState.SKIPPED] == run.children.completed
    assert states[RunState.FAILED] == run.children.failed
    assert states[RunState.CANCELLED] <= run.children.cancelled
    if run.state is RunState.COMPLETED:
        assert run.children.cancelled + run.children.failed <= 1
    for child in await children(engine, run):
        await is_over(engine, child)


async def children(engine: PlannedEngine, run: Run) -> Sequence[Run]:
    page = await engine.store.runs(RunQuery(job=run.id, limit=1000))
    return page.runs


def nothing_is_left(engine: PlannedEngine) -> None:
    assert not engine.executor.live
    assert not engine.board.children
    assert (engine.board.room.running, engine.board.room.waiting) == (0, 0)
    assert all(not use.taken and not use.waiting for use in engine.board.room.pool_uses())
    acked = Counter(engine.hands.acked)
    assert {each.order.ref.id for each in engine.hands.processes} <= set(acked)


def starts_once(engine: PlannedEngine, runs: Sequence[Run]) -> None:
    """Every process belongs to one attempt in the ledger, which has begun and ended."""
    attempts = {attempt.id: attempt for run in runs for attempt in run.attempts}
    names = Counter((each.order.ref.job, each.order.ref.number, each.name) for each in engine.hands.processes)
    assert all(count == 1 for count in names.values())
    removed = set(engine.hands.removed)
    for process in engine.hands.processes:
        ref = process.order.ref
        if f"{ref.job}.{ref.number}" not in removed:
            assert attempts[ref.id].ended_at is not None


def counts_each_end(spec: JobSpec, ends: Sequence[Run], answers: Sequence[Run]) -> None:
    """What comes after others has one answer for each of their ends."""
    begun = Counter(id_ for run in answers if run.state is not RunState.SKIPPED for id_ in run.upstream)
    assert all(count == 1 for count in begun.values())
    told = set(begun) | {id_ for run in answers for id_ in ids(run)}
    assert {run.id for run in ends if run.state is not RunState.SKIPPED} <= told


def ids(skip: Run) -> Iterator[str]:
    yield from skip.upstream
    yield from skip.answered_ends or ()
