"""When each job is due: one heap, one timer, and an answer for every instant."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import structlog

from rota.core.board import Board, Due, JobEntry
from rota.core.decisions import Decision
from rota.core.errors import Unavailable
from rota.core.events import Event, JobChanged, RunChanged
from rota.core.missed import WRONG_CLOCK, identity_of, owed_after
from rota.core.model import JobSet, JobSpec
from rota.core.schedule import is_shared
from rota.core.seams import Boot, Clock, JobRecord, Store
from rota.core.triggers import Trigger
from rota.engine.clock_watch import ClockWatch
from rota.engine.deciding import Deciding
from rota.engine.from_end import counts_from
from rota.engine.made import Made
from rota.engine.timetable import Timed, Timetable
from rota.engine.upcoming import Upcoming, counts_from_end
from rota.engine.waiting import sleep_or

_FIRST_BATCH, _LARGEST_BATCH = 16, 256  # small at first, so that the first runs start at once
_SLICE = 0.002  # seconds of planning until others get a turn
_HELD = 1.0  # seconds until what could not be recorded is tried again
_AFTER_A_FAULT = timedelta(seconds=60)  # until a job that could not be planned gets another chance
_WATCH = 1.0  # seconds between two looks at the clocks while nothing is due

_log = structlog.get_logger(__name__)


class Scheduler:
    """Keeps `next_due` of each job on the board, and hands decisions to `carry_out` when instants come due.

    `carry_out` records and starts; when it raises, nothing was recorded and the same instants are answered
    later, by the missed policy when they have become too old. `hear` wants every event of the bus.
    """

    def __init__(
        self,
        *,
        clock: Clock,
        board: Board,
        records: dict[str, JobRecord],
        carry_out: Callable[[Sequence[Decision]], Awaitable[None]],
        publish: Callable[[Event], None],
    ) -> None:
        self._clock = clock
        self._board = board
        self._records = records
        self._carry_out = carry_out
        self._publish = publish
        self._table = Timetable()
        self._watch = ClockWatch(clock)
        self._upcoming = Upcoming()
        self._made = Made(board, records)
        self._loaded: Mapping[str, JobSpec] = {}
        self._deciding = Deciding(clock.now())
        self._held_until = 0.0
        self._news = asyncio.Event()

    @property
    def last_tick_at(self) -> datetime:
        """When the scheduler last looked at the clock (wall clock)."""
        return self._watch.looked_at

    @property
    def tick_lag(self) -> timedelta:
        """How long ago that was, however the wall clock moved: over a few seconds means that it hangs."""
        return self._watch.lag

    @property
    def jumps(self) -> int:
        """How often the wall clock was seen to jump since the start."""
        return self._watch.jumps

    @property
    def next_wake(self) -> datetime | None:
        """When the next job is due, or None when nothing is planned."""
        return self._table.next_wake

    def know(self, store: Store, boot: Boot) -> None:
        """Where ends are recalled from, and when the host began. Before the first `load`."""
        self._made.know(store, boot)

    def load(self, jobset: JobSet, now: datetime) -> list[JobRecord]:
        """Take over a set that the board has taken over already; answers the records to be saved.

        Unchanged schedules keep their place, new and changed ones owe nothing older than `now`. At the first
        load, jobs whose schedule is the one of their record owe what passed since; the first step answers it.
        """
        # Most jobs of a reload are the very objects of the load before: they keep their place as they are.
        news = {job: spec for job, spec in jobset.jobs.items() if self._loaded.get(job) is not spec}
        self._loaded = jobset.jobs
        known = {timed.job: timed.identity for timed in self._table.places}
        self._made.load(
            jobset.jobs.values(),
            begun=[job for job, spec in news.items() if known.get(job) not in (None, identity_of(spec))],
        )
        changed = [record for spec in news.values() if (record := self._load(spec, now)) is not None]
        for timed in self._table.places:
            if timed.job not in jobset.jobs:
                self._table.drop(timed.job)
        for job, record in self._records.items():
            if job not in jobset.jobs and record.schedule:
                changed.append(replace(record, schedule=""))
        self._records.update({record.job: record for record in changed})
        self._news.set()
        return changed

    async def run(self, startup_delay: timedelta = timedelta(0)) -> None:
        """Answer instants as they come due, until cancelled; nothing before `startup_delay` has passed."""
        self._held_until = self._clock.monotonic() + startup_delay.total_seconds()
        self._board.quiet_until = self._clock.now() + startup_delay
        while True:
            self._news.clear()
            await self._guarded_step()
            await sleep_or(self._clock, self._pause(), self._news)

    async def step(self) -> None:
        """Answer everything that is due now."""
        now = self._clock.now()
        self._tick(now)
        if self._clock.monotonic() < self._held_until or self._board.draining_since is not None:
            return
        if not self._made.is_recalled and not await self._recall():
            return
        size = _FIRST_BATCH
        while batch := self._table.pop(now, size):
            if not await self._answer(batch, now):
                return
            size = min(2 * size, _LARGEST_BATCH)
            await self._clock.sleep(0)
            self._tick(self._clock.now())
        self._deciding.caught_up = True

    def hear(self, event: Event) -> None:
        """A run that ends may make instants of its own job and of those that come after it."""
        if not isinstance(event, RunChanged):
            return
        run = event.run
        for job in self._made.hear(run):
            self._look_again(job)
        timed, entry = self._table.find(run.job), self._board.jobs.get(run.job)
        if timed is None or entry is None or not counts_from_end(timed.triggers):
            return
        if counts_from(timed, entry) != entry.situation.counts_from:
            self._look_again(run.job)

    def _load(self, spec: JobSpec, now: datetime) -> JobRecord | None:
        identity, known = identity_of(spec), self._table.find(spec.id)
        record = self._records.get(spec.id)
        if known is not None and known.identity == identity:
            if known.triggers != _triggers(spec):  # a calendar that its exceptions name has changed
                self._place(_timed(spec, identity, known.answered, known.since), now)
            return None
        after = owed_after(record, identity, now) if known is None else now
        if known is None and record is not None and record.answered_until is not None:
            self._deciding.recall(spec.id, record.answered_until)
        is_kept = record is not None and record.schedule == identity and after != now
        since = record.since if record is not None and is_kept else now
        boots = self._made.begin(spec, now, is_kept=is_kept)
        self._place(_timed(spec, identity, after, since), now)
        if is_kept:
            return None
        return replace(record or JobRecord(job=spec.id), schedule=identity, since=now, boot=boots)

    async def _recall(self) -> bool:
        """What happened before this daemon, and nobody has answered; False when the ledger can't tell."""
        try:
            changed = await self._made.recall(self._table.places)
        except Unavailable as error:
            _log.warning("scheduler.held", error=error.message)
            self._held_until = self._clock.monotonic() + _HELD
            return False
        for job in changed:
            self._look_again(job)
        return True

    def _look_again(self, job: str) -> None:
        """Something was made for the job, or the end it counts from is another."""
        timed = self._table.find(job)
        if timed is not None and job in self._board.jobs:
            self._place(timed, self._clock.now())
            self._news.set()

    def _place(self, timed: Timed, now: datetime) -> None:
        """Put a job on the heap at its first unanswered instant, and its next ones on the board."""
        entry = self._board.jobs[timed.job]
        timed.barren_until = None
        self._settle(timed, entry)
        upcoming = self._upcoming.shown(timed, entry, timed.answered)
        at = self._first_answer(timed, entry, timed.answered, upcoming)
        self._table.put(timed, at)
        begin = timed.answered
        if at is not None and at <= now:
            begin = now
            upcoming = self._upcoming.shown(timed, entry, now)
        timed.shown_from = begin
        if upcoming != entry.next_due:
            entry.next_due = upcoming
            self._publish(JobChanged(job=timed.job))

    def _settle(self, timed: Timed, entry: JobEntry) -> None:
        if counts_from_end(timed.triggers):
            entry.situation = replace(entry.situation, counts_from=counts_from(timed, entry))
        elif entry.situation.counts_from is not None:
            entry.situation = replace(entry.situation, counts_from=None)

    async def _answer(self, batch: Sequence[Timed], now: datetime) -> bool:
        """Plan and carry out for these jobs; False when nothing can be recorded now."""
        try:
            decisions = await self._decisions(batch, now)
            if decisions:
                await self._carry_out(decisions)
        except Unavailable as error:
            _log.warning("scheduler.held", error=error.message)
            self._held_until = self._clock.monotonic() + _HELD
            self._put_back(batch)
            return False
        except asyncio.CancelledError:
            self._put_back(batch)
            raise
        except Exception as error:
            return await self._answer_apart(batch, now, error)
        await self._move_on(batch, now)
        return True

    async def _answer_apart(self, batch: Sequence[Timed], now: datetime, error: Exception) -> bool:
        """One job of the batch is at fault: find it, and let the others go on without it."""
        if len(batch) > 1:
            answered = [await self._answer([timed], now) for timed in batch]
            return all(answered)
        for timed in batch:
            _log.error("job.plan_failed", job=timed.job, due_at=timed.at, exc_info=error)
            self._table.push(timed, timed.at, now + _AFTER_A_FAULT)
        return True

    async def _decisions(self, batch: Sequence[Timed], now: datetime) -> list[Decision]:
        decisions: list[Decision] = []
        async for timed in self._in_turns(batch):
            decisions += self._deciding.decide(timed, self._board.jobs[timed.job], now)
        return decisions

    async def _move_on(self, batch: Sequence[Timed], now: datetime) -> None:
        """The next instants of jobs whose instants up to `now` are answered."""
        noted: list[JobRecord] = []
        async for timed in self._in_turns(batch):
            entry = self._board.jobs[timed.job]
            timed.answered = now
            if (record := self._made.answered(timed)) is not None:
                noted.append(record)
            self._settle(timed, entry)
            entry.next_due = self._upcoming.shown(timed, entry, now, _still_to_come(timed, entry, now))
            timed.shown_from = now
            self._table.push(timed, self._first_answer(timed, entry, now, entry.next_due))
        await self._made.save(noted)
        # Announced when all of them have their place again: what listens can't cost a job its next instant.
        async for timed in self._in_turns(batch):
            self._publish(JobChanged(job=timed.job))

    def _first_answer(
        self, timed: Timed, entry: JobEntry, after: datetime, upcoming: Sequence[Due]
    ) -> datetime | None:
        """When the job is to be answered next; `upcoming` are those after `after` that are shown."""
        if timed.has_exceptions or entry.situation.made:
            return self._upcoming.next_answer(timed, entry, after)
        return upcoming[0].starts_at if upcoming else None

    async def _in_turns(self, batch: Sequence[Timed]) -> AsyncIterator[Timed]:
        """Those that no reload has replaced meanwhile; others get their turn every few milliseconds."""
        turn_ends = self._clock.monotonic() + _SLICE
        for timed in batch:
            if self._table.holds(timed) and timed.job in self._board.jobs:
                yield timed
            if self._clock.monotonic() > turn_ends:
                await self._clock.sleep(0)
                turn_ends = self._clock.monotonic() + _SLICE

    def _put_back(self, batch: Sequence[Timed]) -> None:
        for timed in batch:
            self._table.push(timed, timed.at)

    async def _guarded_step(self) -> None:
        try:
            await self.step()
        except Exception:  # the loop that owns all jobs goes on; what it could not do is tried again
            _log.exception("scheduler.step_failed")
            self._held_until = self._clock.monotonic() + _HELD

    def _pause(self) -> float:
        """Seconds until the next look at the clock."""
        if self.next_wake is None or self._board.draining_since is not None:
            return _WATCH
        held = self._held_until - self._clock.monotonic()
        left = (self.next_wake - self._clock.now()).total_seconds()
        return min(_WATCH, max(left, held, 0.0))

    def _tick(self, now: datetime) -> None:
        """Look at both clocks: a wall clock that moved otherwise than time passed has jumped."""
        jump = self._watch.look(now)
        if jump:
            for job in self._made.shift_boot(jump):
                self._look_again(job)
        if jump < -WRONG_CLOCK:
            self._start_over(now - self._watch.passed, now)

    def _start_over(self, after: datetime, now: datetime) -> None:
        """The clock was set back: jobs must not wait until it shows that time again.

        What lies behind `after`, the last look at the clock as it should have been, is due again: what was
        only missed, because the clock was ahead then, runs at its time. The ledger refuses a second run for
        an instant that has had one.
        """
        for timed in self._table.places:
            if timed.answered > now and timed.job in self._board.jobs:
                self._deciding.set_back(timed)
                self._place(replace(timed, answered=after), now)


def _triggers(spec: JobSpec) -> tuple[Trigger, ...]:
    return spec.triggers if spec.enabled else ()


def _timed(spec: JobSpec, identity: str, answered: datetime, since: datetime | None) -> Timed:
    triggers = _triggers(spec)
    return Timed(
        job=spec.id,
        identity=identity,
        answered=answered,
        since=since,
        triggers=triggers,
        is_shared=is_shared(triggers),
        has_exceptions=any(trigger.excepts for trigger in triggers),
    )


def _still_to_come(timed: Timed, entry: JobEntry, now: datetime) -> Sequence[Due]:
    """What the board shows and is not over; nothing when it was worked out for another time."""
    if counts_from_end(timed.triggers) or timed.shown_from is None or timed.shown_from > now:
        return ()
    return tuple(due for due in entry.next_due if due.starts_at > now)
