"""Every due instant has exactly one row, whatever happens: a run, or a place in a stretch of skips."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from fakes.clock import FakeClock
from fakes.jobs import a_job
from fakes.planned import PlannedEngine
from fakes.schedules import cron, every
from rota.core.errors import Conflict, Unavailable
from rota.core.model import Concurrency, JobSpec, Missed, MissedPolicy, Overlap
from rota.core.run import Run, RunState
from rota.core.schedule import due_between
from rota.core.triggers import Except, Trigger, WeeklyWindow

MINUTE = timedelta(minutes=1)
BEGIN = datetime(2026, 3, 28, 20, tzinfo=UTC)  # a clock change in Europe is near
FAR = timedelta(days=4000)
NIGHT = Except(label="nights", spans=(WeeklyWindow(days=frozenset(range(7)), begin=60, end=240),))
SCHEDULES: Sequence[tuple[Trigger, ...]] = (
    (cron("*/20 * * * *", "Europe/Berlin"),),
    (cron("30 2 * * *", "Europe/Berlin"), every(45 * MINUTE)),
    (replace(cron("0 * * * *", "Europe/Berlin"), excepts=(NIGHT,)),),
    (every(7 * MINUTE),),
)
JOBS = st.builds(
    lambda **settings: a_job(**settings),
    triggers=st.sampled_from(SCHEDULES),
    missed=st.builds(
        Missed, run=st.sampled_from(MissedPolicy), within=st.sampled_from([2 * 60 * MINUTE, 2000 * MINUTE])
    ),
    concurrency=st.builds(
        Concurrency, max=st.integers(1, 2), overlap=st.sampled_from(Overlap), queue=st.integers(1, 3)
    ),
    start_deadline=st.sampled_from([None, 30 * MINUTE]),
)


class Days(PlannedEngine):
    """An engine with the real scheduler, that looks at the clock every minute unless it is kept from it."""

    def __init__(self, spec: JobSpec) -> None:
        self.loads: list[tuple[datetime, tuple[Trigger, ...]]] = [(BEGIN, spec.triggers)]
        super().__init__(spec, clock=FakeClock(BEGIN))

    async def pass_minutes(self, count: int) -> None:
        for _ in range(count):
            await self.clock.advance(MINUTE)
            await self.scheduler.step()
        await self.settle()

    async def freeze(self, minutes: int) -> None:
        """Nobody looks at the clock: the host sleeps."""
        await self.clock.advance(minutes * MINUTE)
        await self.scheduler.step()
        await self.settle()

    async def down(self, minutes: int) -> None:
        """No daemon is there."""
        await self.executor.close()
        await self.clock.advance(minutes * MINUTE)
        await self.restart()
        await self.scheduler.step()
        await self.settle()

    async def reload(self, number: int) -> None:
        """Another schedule, from now on."""
        spec = self.specs["backup"]
        triggers = SCHEDULES[number % len(SCHEDULES)]
        if triggers != spec.triggers:
            self.loads.append((self.clock.now(), triggers))
        await self.load(replace(spec, triggers=triggers))

    async def break_for(self, minutes: int) -> None:
        """The disk is full for a while."""
        self.store.broken = Unavailable("the disk is full")
        await self.pass_minutes(min(minutes, 40))
        self.store.broken = None
        await self.freeze(1)

    async def end_oldest(self, code: int) -> None:
        """Of its processes."""
        for process in [each for each in self.hands.processes if each.ended is None][:2]:
            process.end(code % 2)

    def after(self, minutes: int) -> datetime:
        return self.clock.now() + minutes * MINUTE

    def expected(self) -> set[datetime]:
        """All that the schedules named, each for as long as it was in force."""
        ends = [begin for begin, _ in self.loads[1:]] + [self.clock.now()]
        return {
            due.at
            for (begin, triggers), end in zip(self.loads, ends, strict=True)
            for due in due_between("backup", triggers, begin, end)
        }


MOVES: Mapping[str, Callable[[Days, int], Awaitable[object]]] = {
    "pass": Days.pass_minutes,
    "pass on": Days.pass_minutes,
    "freeze": Days.freeze,
    "down": Days.down,
    "restart": lambda days, number: days.down(0),
    "reload": Days.reload,
    "break": Days.break_for,
    "end": Days.end_oldest,
    "pause": lambda days, number: days.operations.pause("backup"),
    "pause for": lambda days, number: days.operations.pause("backup", until=days.after(number)),
    "pause all": lambda days, number: days.operations.pause_many("all", until=days.after(number)),
    "resume": lambda days, number: days.operations.resume("backup"),
    "catch up": lambda days, number: days.operations.resume_many("all", catch_up=True),
    "skip": lambda days, number: days.operations.skip("backup"),
    "run": lambda days, number: days.operations.run_now("backup"),
}


@settings(deadline=None, max_examples=30)
@given(spec=JOBS, moves=st.lists(st.tuples(st.sampled_from(list(MOVES)), st.integers(1, 300)), max_size=14))
async def test_each_due_instant_has_exactly_one_row(spec: JobSpec, moves: list[tuple[str, int]]) -> None:
    async with Days(spec) as days:
        await days.scheduler.step()
        for move, number in moves:
            with suppress(Conflict):  # nothing to resume, a run in the way: that is an answer, too
                await MOVES[move](days, number)
            await days.settle()
        await days.pass_minutes(2)

        rows = await days.store.answers("backup", BEGIN, BEGIN + FAR, limit=100_000)

        assert_accounted(rows, days.expected())


def assert_accounted(rows: Sequence[Run], expected: set[datetime]) -> None:
    """Single rows take exactly their instant; a stretch takes all that are left between its ends."""
    left = set(expected)
    for row in [row for row in rows if row.count == 1]:
        assert row.due_at in left, row
        left.discard(row.due_at)
    for row in [row for row in rows if row.count > 1]:
        assert row.state is RunState.SKIPPED
        assert row.due_at is not None
        assert row.last_due_at is not None
        taken = {at for at in left if row.due_at <= at <= row.last_due_at}
        assert len(taken) == row.count, (row, sorted(taken))
        left -= taken
    assert not left, sorted(left)
