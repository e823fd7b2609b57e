"""Laws of due instants and of what they lead to."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from fakes.clock import FakeClock
from fakes.jobs import a_job
from fakes.schedules import a_scheduled_run, a_set
from rota.core.board import Board, Due, JobEntry
from rota.core.decisions import Decision, Queue, Skip, Start
from rota.core.errors import Unavailable
from rota.core.missed import answer_missed
from rota.core.model import Concurrency, JobSpec, Missed, MissedPolicy, Overlap
from rota.core.planning import plan
from rota.core.replacing import replaces
from rota.core.run import Reason, Run, RunState
from rota.core.schedule import due_between, owed_between, stretches_between
from rota.core.seams import JobRecord, Pause
from rota.core.triggers import (
    AtTrigger,
    CronTrigger,
    DateSpan,
    EveryTrigger,
    Except,
    InstantSpan,
    Trigger,
    WeeklyWindow,
)
from rota.engine.scheduler import Scheduler

T0 = datetime(2026, 3, 28, 20, tzinfo=UTC)  # a clock change in Europe is near
ZONES = st.sampled_from(["UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe"])
LENGTHS = st.integers(0, 2 * 86_400).map(lambda seconds: timedelta(seconds=seconds))
SPREADS = st.one_of(
    st.just(timedelta(0)), st.integers(1, 12_000_000).map(lambda ms: timedelta(milliseconds=ms))
)
WINDOWS = st.builds(
    WeeklyWindow,
    days=st.frozensets(st.integers(0, 6), min_size=1),
    begin=st.integers(0, 1439),
    end=st.integers(0, 1439),
)
SPANS = st.one_of(
    WINDOWS,
    st.integers(0, 3).map(
        lambda days: DateSpan(first=date(2026, 3, 29), last=date(2026, 3, 29) + timedelta(days=days))
    ),
    LENGTHS.map(lambda length: InstantSpan(begin=T0 + length, end=T0 + 2 * length)),
)
EXCEPTS = st.one_of(
    st.just(()),
    st.lists(SPANS, min_size=1, max_size=3).map(
        lambda spans: tuple(Except(label=f"exception {n}", spans=(span,)) for n, span in enumerate(spans))
    ),
)
CHANGES: dict[str, Any] = {"timezone": ZONES, "spread": SPREADS, "excepts": EXCEPTS}
TRIGGERS: st.SearchStrategy[Trigger] = st.one_of(
    st.builds(
        CronTrigger,
        expression=st.sampled_from(
            ["30 2 * * *", "*/20 * * * *", "0 */2 * * *", "0 1-4 * * *", "15,45 2 * * *", "H * * * *"]
        ),
        **CHANGES,
    ),
    st.builds(
        EveryTrigger,
        interval=st.integers(60, 90_000).map(lambda seconds: timedelta(seconds=seconds)),
        **CHANGES,
    ),
    st.builds(AtTrigger, at=LENGTHS.map(lambda length: T0 + length), **CHANGES),
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
    assert parts == whole
    assert len({due.at for due in whole}) == len(whole)
    assert whole == sorted(whole, key=lambda due: (due.starts_at, due.at))
    assert all(after < due.starts_at <= until for due in whole)


@given(triggers=SCHEDULES, begin=LENGTHS, length=LENGTHS)
def test_what_no_exception_takes_out_is_what_is_owed(
    triggers: Sequence[Trigger], begin: timedelta, length: timedelta
) -> None:
    after, until = T0 + begin, T0 + begin + length

    free = [due for due in due_between("backup", triggers, after, until) if not due.excepted]

    assert [due.at for due in owed_between("backup", triggers, after, until)] == [due.at for due in free]


@given(triggers=SCHEDULES, length=LENGTHS, keep=st.integers(1, 40))
def test_a_stretch_tells_what_listing_the_instants_tells(
    triggers: Sequence[Trigger], length: timedelta, keep: int
) -> None:
    listed = list(due_between("backup", triggers, T0, T0 + length))

    entry = JobEntry(spec=a_job(triggers=tuple(triggers)))
    stretches = stretches_between(entry, T0, T0 + length, keep=keep)

    assert sum(stretch.count for stretch in stretches) == len(listed)
    for stretch in stretches:
        inside, listed = listed[: stretch.count], listed[stretch.count :]
        assert {due.excepted for due in inside} == {stretch.excepted}
        assert (stretch.first.at, stretch.last) == (
            min(due.at for due in inside),
            max(due.at for due in inside),
        )
        assert stretch.ends_at == inside[-1].starts_at
        assert list(stretch.newest) == inside[-keep:]


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
    # Who takes another's place waits for its end, and gives way itself to whoever comes after it.
    assert replaces(entry) or waiting <= max(0, spec.concurrency.queue - queued)
    assert plan(entry, due, T0 + length) == decisions


@settings(deadline=None)
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
            assert now - decision.due.starts_at <= spec.missed.within
            assert not decision.due.excepted


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
            # Further back the ledger has its say: tests/property/test_clock_jumps.py.
            self.clock.step_wall(timedelta(seconds=max(seconds, -60)))
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
        ends = [planned_last(decision) for decision in self.decisions]
        answered = max(ends, default=None)
        return {job: replace(record, answered_until=answered) for job, record in self.records.items()}

    async def _carry_out(self, decisions: Sequence[Decision]) -> None:
        if self.is_broken:
            raise Unavailable("the disk is full")
        self.decisions += decisions


def an_entry(spec: JobSpec, pause: Pause | None, busy: int, queued: int) -> JobEntry:
    entry = JobEntry(spec=spec, pauses=() if pause is None else (pause,))
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
        if len(ats) < count or min(ats) != decision.due.at or max(ats) != last_of(decision):
            return False
    return next(rest, None) is None


def last_of(decision: Decision) -> datetime:
    last = decision.last_due_at if isinstance(decision, Skip) else None
    return last or decision.due.at


def planned_last(decision: Decision) -> datetime:
    planned = decision.last_planned_at if isinstance(decision, Skip) else None
    return planned or max(last_of(decision), decision.due.starts_at)
