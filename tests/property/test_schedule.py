"""Laws of due instants and of what they lead to."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from fakes.clock import FakeClock
from fakes.jobs import a_job
from fakes.schedules import a_scheduled_run, a_set
from rota.core.board import Board, Due, JobEntry
from rota.core.decisions import Decision, Queue, Skip, Start
from rota.core.errors import Unavailable
from rota.core.missed import answer_missed
from rota.core.model import (
    AtTrigger,
    Concurrency,
    CronTrigger,
    EveryTrigger,
    JobSpec,
    Missed,
    MissedPolicy,
    Overlap,
    Trigger,
)
from rota.core.planning import plan
from rota.core.run import Reason, Run, RunState
from rota.core.schedule import due_between, stretch_between
from rota.core.seams import JobRecord, Pause
from rota.engine.scheduler import Scheduler

T0 = datetime(2026, 3, 28, 20, tzinfo=UTC)  # a clock change in Europe is near
ZONES = st.sampled_from(["UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe"])
LENGTHS = st.integers(0, 2 * 86_400).map(lambda seconds: timedelta(seconds=seconds))
TRIGGERS: st.SearchStrategy[Trigger] = st.one_of(
    st.builds(
        CronTrigger,
        expression=st.sampled_from(
            ["30 2 * * *", "*/20 * * * *", "0 */2 * * *", "0 1-4 * * *", "15,45 2 * * *", "H * * * *"]
        ),
        timezone=ZONES,
    ),
    st.builds(
        EveryTrigger,
        interval=st.integers(60, 90_000).map(lambda seconds: timedelta(seconds=seconds)),
        timezone=ZONES,
    ),
    st.builds(AtTrigger, at=LENGTHS.map(lambda length: T0 + length)),
)
SCHEDULES = st.lists(TRIGGERS, min_size=1, max_size=3).map(tuple)
PAUSES = st.one_of(
    st.none(),
    st.builds(
        Pause,
        since=LENGTHS.map(lambda length: T0 + length),
        until=st.one_of(st.none(), LENGTHS.map(lambda length: T0 + timedelta(days=1) + length)),
    ),
)
MISSED = st.builds(Missed, run=st.sampled_from(MissedPolicy), within=LENGTHS)
CONCURRENCY = st.builds(
    Concurrency, max=st.integers(1, 3), overlap=st.sampled_from(Overlap), queue=st.integers(0, 3)
)
JOBS = st.builds(
    lambda **settings: a_job(**settings),
    triggers=SCHEDULES,
    missed=MISSED,
    concurrency=CONCURRENCY,
    start_deadline=st.one_of(st.none(), LENGTHS.map(lambda length: length + timedelta(minutes=1))),
)


@given(triggers=SCHEDULES, begin=LENGTHS, first=LENGTHS, second=LENGTHS)
def test_a_span_cut_in_two_yields_the_same_instants(
    triggers: Sequence[Trigger], begin: timedelta, first: timedelta, second: timedelta
) -> None:
    after, cut, until = T0 + begin, T0 + begin + first, T0 + begin + first + second

    whole = list(due_between("backup", triggers, after, until))

    parts = [*due_between("backup", triggers, after, cut), *due_between("backup", triggers, cut, until)]
    assert [due.at for due in parts] == [due.at for due in whole]
    assert [due.at for due in whole] == sorted({due.at for due in whole})


@given(triggers=SCHEDULES, length=LENGTHS, keep=st.integers(1, 40))
def test_a_stretch_tells_what_listing_the_instants_tells(
    triggers: Sequence[Trigger], length: timedelta, keep: int
) -> None:
    listed = list(due_between("backup", triggers, T0, T0 + length))

    stretch = stretch_between("backup", triggers, T0, T0 + length, keep=keep)

    if stretch is None:
        assert listed == []
        return
    assert (stretch.count, stretch.first) == (len(listed), listed[0])
    assert list(stretch.newest) == listed[-keep:]


@given(spec=JOBS, pause=PAUSES, busy=st.integers(0, 3), queued=st.integers(0, 3), length=LENGTHS)
def test_every_due_instant_is_in_exactly_one_decision(
    spec: JobSpec, pause: Pause | None, busy: int, queued: int, length: timedelta
) -> None:
    entry = an_entry(spec, pause, busy, queued)
    due = list(due_between("backup", spec.triggers, T0, T0 + length))

    decisions = plan(entry, due, T0 + length)

    assert accounted(decisions, due)
    started = sum(isinstance(decision, Start) for decision in decisions)
    waiting = sum(isinstance(decision, Queue) for decision in decisions)
    assert started <= max(0, spec.concurrency.max - busy)
    assert waiting <= max(0, spec.concurrency.queue - queued)
    assert plan(entry, due, T0 + length) == decisions


@given(spec=JOBS, pause=PAUSES, length=LENGTHS)
def test_every_missed_instant_is_answered_exactly_once(
    spec: JobSpec, pause: Pause | None, length: timedelta
) -> None:
    now = T0 + length
    due = list(due_between("backup", spec.triggers, T0, now))

    decisions = answer_missed(an_entry(spec, pause, 0, 0), T0, now)

    assert accounted(decisions, due)
    for decision in decisions:
        if isinstance(decision, Start):
            assert now - decision.due.at <= spec.missed.within


@settings(deadline=None, max_examples=60)
@given(
    spec=JOBS,
    moves=st.lists(
        st.tuples(
            st.sampled_from(["pass", "pass", "pass", "step_wall", "break", "restart"]),
            st.integers(-7200, 7200),
        ),
        max_size=12,
    ),
)
async def test_whatever_the_clock_does_each_instant_is_answered_exactly_once(
    spec: JobSpec, moves: list[tuple[str, int]]
) -> None:
    world = World(spec)

    for move, seconds in moves:
        await world.move(move, seconds)
    await world.move("pass", 7200)

    latest = world.latest
    due = list(due_between("backup", spec.triggers, T0, latest))
    assert accounted(world.decisions, due)


class World:
    """A scheduler, its ledger's memory of answers, and the furthest instant that it has seen."""

    def __init__(self, spec: JobSpec) -> None:
        self.spec = spec
        self.clock = FakeClock(T0)
        self.decisions: list[Decision] = []
        self.latest = T0
        self.is_broken = False
        self.scheduler = self._start({})

    async def move(self, move: str, seconds: int) -> None:
        if move == "step_wall":
            self.clock.step_wall(timedelta(seconds=seconds))
        elif move == "restart":
            self.scheduler = self._start(self._records())
        else:
            await self.clock.advance(abs(seconds))
        self.is_broken = move == "break"
        await self.scheduler.step()
        if not self.is_broken and self.clock.monotonic() >= self.scheduler._held_until:
            self.latest = max(self.latest, self.clock.now())

    def _start(self, records: dict[str, JobRecord]) -> Scheduler:
        board = Board(started_at=self.clock.now())
        board.load(a_set(self.spec))
        self.records = records
        scheduler = Scheduler(
            clock=self.clock,
            board=board,
            records=records,
            carry_out=self._carry_out,
            publish=lambda event: None,
        )
        scheduler.load(a_set(self.spec), self.clock.now())
        return scheduler

    def _records(self) -> dict[str, JobRecord]:
        ends = [last_of(decision) for decision in self.decisions]
        answered = max(ends, default=None)
        return {job: replace(record, answered_until=answered) for job, record in self.records.items()}

    async def _carry_out(self, decisions: Sequence[Decision]) -> None:
        if self.is_broken:
            raise Unavailable("the disk is full")
        self.decisions += decisions


def an_entry(spec: JobSpec, pause: Pause | None, busy: int, queued: int) -> JobEntry:
    entry = JobEntry(spec=spec, pause=pause)
    for number in range(busy + queued):
        entry.open_runs[number] = a_waiting_run(number) if number >= busy else a_busy_run(number)
    return entry


def a_busy_run(number: int) -> Run:
    return a_scheduled_run(number, created_at=T0)


def a_waiting_run(number: int) -> Run:
    return a_scheduled_run(number, created_at=T0, state=RunState.PENDING, reason=Reason.QUEUED)


def accounted(decisions: Sequence[Decision], due: Sequence[Due]) -> bool:
    """Whether the decisions, in order, are about exactly these instants."""
    rest: Iterator[datetime] = (each.at for each in due)
    for decision in decisions:
        count = decision.count if isinstance(decision, Skip) else 1
        ats = [at for _, at in zip(range(count), rest, strict=False)]
        if len(ats) < count or ats[0] != decision.due.at or ats[-1] != last_of(decision):
            return False
    return next(rest, None) is None


def last_of(decision: Decision) -> datetime:
    last = decision.last_due_at if isinstance(decision, Skip) else None
    return last or decision.due.at
