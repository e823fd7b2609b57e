"""A daemon on a machine whose clock jumps: the real planner and engine over the ledger in memory."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta

from structlog.testing import capture_logs

from fakes.clock import START, FakeClock
from fakes.engine import FakeEngine
from rota.core.model import JobSpec
from rota.core.run import Run, RunState, TriggeredBy
from rota.core.seams import RunQuery
from rota.engine.scheduler import Scheduler

_DAY = timedelta(days=1)
_SHORTEST_STRIDE, _LONGEST_STRIDE = timedelta(seconds=1), timedelta(minutes=30)


class Host:
    """A daemon on a machine with a bad clock."""

    def __init__(self, engine: FakeEngine) -> None:
        self.engine = engine
        self.begin()

    @property
    def now(self) -> datetime:
        return self.engine.clock.now()

    def begin(self) -> None:
        self.scheduler = Scheduler(
            clock=self.engine.clock,
            board=self.engine.board,
            records=self.engine.records,
            carry_out=self.engine.executor.carry_out,
            publish=self.engine.events.append,
        )
        self.scheduler.load(self.engine.jobs.current, self.now)

    async def works(self, time: timedelta) -> None:
        """The planner wakes when it wants to; at least every half hour."""
        left = time
        await self.step()
        while left > timedelta(0):
            wake = self.scheduler.next_wake
            stride = _LONGEST_STRIDE if wake is None else wake - self.now
            stride = min(left, max(_SHORTEST_STRIDE, min(stride, _LONGEST_STRIDE)))
            await self.engine.clock.advance(stride)
            left -= stride
            await self.step()

    async def sleeps(self, time: timedelta) -> None:
        """The machine is suspended: time passes and nobody looks."""
        await self.engine.clock.advance(time)

    async def jumps(self, by: timedelta) -> None:
        self.engine.clock.step_wall(by)

    async def restarts(self) -> None:
        await self.engine.store.save_records(list(self.engine.records.values()))
        await self.engine.restart()
        self.begin()

    async def step(self) -> None:
        await self.scheduler.step()
        await self.engine.settle()
        while running := [each for each in self.engine.hands.processes if each.ended is None]:
            for process in running:
                process.end(0)
            await self.engine.settle()

    async def rows(self) -> Sequence[Run]:
        page = await self.engine.store.runs(RunQuery(limit=1000))
        return sorted((run for run in page.runs if run.due_at is not None), key=lambda run: run.number)

    async def answers(self) -> list[str]:
        """`02:00 run`, `02:00 caught up`, `02:00-04:00 missed 3`; days after the first are named."""
        return [_text(run) for run in sorted(await self.rows(), key=lambda run: run.due_at or START)]


@asynccontextmanager
async def a_host(spec: JobSpec, now: datetime = START) -> AsyncIterator[Host]:
    with capture_logs():
        async with FakeEngine(spec, clock=FakeClock(now)) as engine:
            yield Host(engine)


def _text(run: Run) -> str:
    assert run.due_at is not None
    if run.state is not RunState.SKIPPED:
        caught_up = run.triggered_by is TriggeredBy.CATCH_UP
        return f"{_clock(run.due_at)} {'caught up' if caught_up else 'run'}"
    last = "" if run.last_due_at is None else f"-{_clock(run.last_due_at)}"
    return f"{_clock(run.due_at)}{last} {run.reason}{f' {run.count}' if run.count > 1 else ''}"


def _clock(at: datetime) -> str:
    day = (at - START) // _DAY
    return f"{f'{day:+}d ' if day else ''}{at:%H:%M}"
