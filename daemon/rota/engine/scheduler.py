"""When each job is due: one heap, one timer, and an answer for every instant."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import structlog

from rota.core.board import Board, Due, JobEntry
from rota.core.decisions import Decision
from rota.core.errors import Unavailable
from rota.core.events import Event, JobChanged
from rota.core.missed import LATE, WRONG_CLOCK, answer_missed, identity_of, owed_after
from rota.core.model import JobSet, JobSpec, Trigger
from rota.core.planning import plan
from rota.core.schedule import due_between, is_hashed, next_due
from rota.core.seams import Clock, JobRecord
from rota.engine.clock_watch import ClockWatch
from rota.engine.timetable import Timed, Timetable
from rota.engine.waiting import sleep_or

SHOWN = 3  # due instants to come that the board holds per job
_FIRST_BATCH, _LARGEST_BATCH = 16, 256  # small at first, so that the first runs start at once
_SHARED = 1024  # schedules whose next instants are kept for others of the same text
_SLICE = 0.002  # seconds of planning until others get a turn
_HELD = 1.0  # seconds until what could not be recorded is tried again
_AFTER_A_FAULT = timedelta(seconds=60)  # until a job that could not be planned gets another chance
_WATCH = 1.0  # seconds between two looks at the clocks while nothing is due

_log = structlog.get_logger(__name__)


class Scheduler:
    """Keeps `next_due` of each job on the board, and hands decisions to `carry_out` when instants come due.

    `carry_out` records and starts; when it raises, nothing was recorded and the same instants are answered
    later, by the missed policy when they have become too old.
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
        self._shared: dict[tuple[str, datetime, int], tuple[tuple[datetime, int, str], ...]] = {}
        self._began = clock.now()
        self._caught_up = False
        self._held_until = 0.0
        self._loaded = asyncio.Event()

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

    def load(self, jobset: JobSet, now: datetime) -> list[JobRecord]:
        """Take over a set that the board has taken over already; answers the records to be saved.

        Unchanged schedules keep their place, new and changed ones owe nothing older than `now`. At the first
        load, jobs whose schedule is the one of their record owe what passed since; the first step answers it.
        """
        changed = [record for spec in jobset.jobs.values() if (record := self._load(spec, now)) is not None]
        for timed in self._table.places:
            if timed.job not in jobset.jobs:
                self._table.drop(timed.job)
        for job, record in self._records.items():
            if job not in jobset.jobs and record.schedule:
                changed.append(replace(record, schedule=""))
        self._records.update({record.job: record for record in changed})
        self._loaded.set()
        return changed

    async def run(self, startup_delay: timedelta = timedelta(0)) -> None:
        """Answer instants as they come due, until cancelled; nothing before `startup_delay` has passed."""
        self._held_until = self._clock.monotonic() + startup_delay.total_seconds()
        while True:
            self._loaded.clear()
            await self._guarded_step()
            await sleep_or(self._clock, self._pause(), self._loaded)

    async def step(self) -> None:
        """Answer everything that is due now."""
        now = self._clock.now()
        self._tick(now)
        if self._clock.monotonic() < self._held_until:
            return
        size = _FIRST_BATCH
        while batch := self._table.pop(now, size):
            if not await self._answer(batch, now):
                return
            size = min(2 * size, _LARGEST_BATCH)
            await self._clock.sleep(0)
            self._tick(self._clock.now())
        self._caught_up = True

    def _load(self, spec: JobSpec, now: datetime) -> JobRecord | None:
        identity, known = identity_of(spec), self._table.find(spec.id)
        if known is not None and known.identity == identity:
            return None
        record = self._records.get(spec.id)
        after = owed_after(record, identity, now) if known is None else now
        self._place(Timed(job=spec.id, identity=identity, answered=after), now)
        if record is not None and record.schedule == identity and after != now:
            return None
        return replace(record or JobRecord(job=spec.id), schedule=identity, since=now)

    def _place(self, timed: Timed, now: datetime) -> None:
        """Put a job on the heap at its first unanswered instant, and its next ones on the board."""
        entry = self._board.jobs[timed.job]
        triggers = entry.spec.triggers if entry.spec.enabled else ()
        first = self._next_due(timed, triggers, timed.answered, SHOWN)
        self._table.put(timed, first[0].at if first else None)
        is_owed = bool(first) and first[0].at <= now
        upcoming = self._next_due(timed, triggers, now, SHOWN) if is_owed else first
        if upcoming != entry.next_due:
            entry.next_due = upcoming
            self._publish(JobChanged(job=timed.job))

    def _next_due(
        self, timed: Timed, triggers: Sequence[Trigger], after: datetime, count: int
    ) -> tuple[Due, ...]:
        """As `next_due`; equal schedules that move on together share the work and the instants."""
        key = (timed.identity, after, count)
        known = self._shared.get(key)
        if known is not None and not is_hashed(triggers):
            return tuple(Due(job=timed.job, at=at, trigger=trigger, note=note) for at, trigger, note in known)
        due = next_due(timed.job, triggers, after, count)
        if len(self._shared) >= _SHARED:
            self._shared.clear()
        self._shared[key] = tuple((each.at, each.trigger, each.note) for each in due)
        return due

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
            decisions += self._decide(timed, self._board.jobs[timed.job], now)
        return decisions

    def _decide(self, timed: Timed, entry: JobEntry, now: datetime) -> list[Decision]:
        is_late = timed.at is not None and now - timed.at > LATE
        if is_late and self._caught_up:
            return answer_missed(entry, timed.answered, now)
        begun = timed.answered
        if not self._caught_up:
            # The first round: what came due while the daemon was starting was not missed.
            begun = min(now, max(begun, self._began, now - LATE))
        due = due_between(timed.job, entry.spec.triggers, begun, now)
        return [*answer_missed(entry, timed.answered, begun), *plan(entry, list(due), now)]

    async def _move_on(self, batch: Sequence[Timed], now: datetime) -> None:
        """The next instants of jobs whose instants up to `now` are answered."""
        async for timed in self._in_turns(batch):
            entry = self._board.jobs[timed.job]
            kept = tuple(due for due in entry.next_due if due.at > now)
            last = kept[-1].at if kept else now
            entry.next_due = kept + self._next_due(timed, entry.spec.triggers, last, SHOWN - len(kept))
            timed.answered = now
            self._table.push(timed, entry.next_due[0].at if entry.next_due else None)
        # Announced when all of them have their place again: what listens can't cost a job its next instant.
        async for timed in self._in_turns(batch):
            self._publish(JobChanged(job=timed.job))

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
        if self.next_wake is None:
            return _WATCH
        held = self._held_until - self._clock.monotonic()
        left = (self.next_wake - self._clock.now()).total_seconds()
        return min(_WATCH, max(left, held, 0.0))

    def _tick(self, now: datetime) -> None:
        """Look at both clocks: a wall clock that moved otherwise than time passed has jumped."""
        if self._watch.look(now) < -WRONG_CLOCK:
            self._start_over(now - self._watch.passed, now)

    def _start_over(self, after: datetime, now: datetime) -> None:
        """The clock was wrong by more than a day: jobs must not wait until it shows that time again.

        What lies behind `after`, the last look at the clock as it should have been, is due again. The ledger
        refuses a second run for an instant that has had one.
        """
        for timed in self._table.places:
            if timed.answered > now and timed.job in self._board.jobs:
                self._place(replace(timed, answered=after), now)
