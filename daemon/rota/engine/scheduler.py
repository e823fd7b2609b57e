"""When each job is due: one heap, one timer, and an answer for every instant."""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import count
from typing import NamedTuple

import structlog

from rota.core.board import Board, JobEntry
from rota.core.errors import Unavailable
from rota.core.events import Event, JobChanged
from rota.core.model import JobSet, JobSpec
from rota.core.planning import LATE, Decision, answer_missed, identity_of, owed_after, plan
from rota.core.schedule import due_between, next_due
from rota.core.seams import Clock, JobRecord
from rota.engine.waiting import sleep_or

SHOWN = 3  # due instants to come that the board holds per job
_FIRST_BATCH, _LARGEST_BATCH = 16, 256  # small at first, so that the first runs start at once
_SLICE = 0.002  # seconds of planning until others get a turn
_HELD = 1.0  # seconds until what could not be recorded is tried again
_JUMP = timedelta(seconds=1)
_WRONG_CLOCK = timedelta(hours=24)

_log = structlog.get_logger(__name__)


@dataclass(slots=True, kw_only=True)
class _Timed:
    """A job on the heap: all its instants up to `answered` have their answer, `at` is the next one."""

    job: str
    identity: str
    answered: datetime
    at: datetime | None = None


class _Mark(NamedTuple):
    """An entry of the heap; it counts only while its job still waits for that instant."""

    at: datetime
    order: int
    timed: _Timed


class Scheduler:
    """Keeps `next_due` of each job on the board, and hands decisions to `carry_out` when instants come due.

    `carry_out` records and starts; when it raises, nothing was recorded and the same instants are answered
    later, by the missed policy when they have become too old. `watch_every` is how often the wall clock is
    compared with the monotonic one while nothing is due.
    """

    def __init__(
        self,
        *,
        clock: Clock,
        board: Board,
        records: dict[str, JobRecord],
        carry_out: Callable[[Sequence[Decision]], Awaitable[None]],
        publish: Callable[[Event], None],
        watch_every: timedelta = timedelta(seconds=1),
    ) -> None:
        self._clock = clock
        self._board = board
        self._records = records
        self._carry_out = carry_out
        self._publish = publish
        self._watch_every = watch_every.total_seconds()
        self._timed: dict[str, _Timed] = {}
        self._heap: list[_Mark] = []
        self._order = count()
        self._caught_up = False
        self._held_until = 0.0
        self._loaded = asyncio.Event()
        self._tick_at = clock.now()
        self._tick_monotonic = clock.monotonic()
        self.jumps = 0  # of the wall clock, seen since the start

    @property
    def last_tick_at(self) -> datetime:
        """When the scheduler last looked at the clock (wall clock)."""
        return self._tick_at

    @property
    def tick_lag(self) -> timedelta:
        """How long ago that was, however the wall clock moved: over a few seconds means that it hangs."""
        return timedelta(seconds=self._clock.monotonic() - self._tick_monotonic)

    @property
    def next_wake(self) -> datetime | None:
        """The next due instant of all jobs, or None when nothing is planned."""
        while self._heap and not self._is_current(self._heap[0]):
            heapq.heappop(self._heap)
        return self._heap[0].at if self._heap else None

    def load(self, jobset: JobSet, now: datetime) -> list[JobRecord]:
        """Take over a set that the board has taken over already; answers the records to be saved.

        Unchanged schedules keep their place, new and changed ones owe nothing older than `now`. At the first
        load, jobs whose schedule is the one of their record owe what passed since; the first step answers it.
        """
        changed = [record for spec in jobset.jobs.values() if (record := self._load(spec, now)) is not None]
        for job in self._timed.keys() - jobset.jobs.keys():
            del self._timed[job]
        for job, record in self._records.items():
            if job not in jobset.jobs and record.schedule:
                changed.append(replace(record, schedule=""))
        self._records.update({record.job: record for record in changed})
        self._loaded.set()
        return changed

    async def run(self, startup_delay: timedelta = timedelta(0)) -> None:
        """Answer instants as they come due, until cancelled; nothing before `startup_delay` has passed."""
        ready_at = self._clock.monotonic() + startup_delay.total_seconds()
        while True:
            self._loaded.clear()
            if self._clock.monotonic() >= ready_at:
                await self._guarded_step()
                await sleep_or(self._clock, self._pause(), self._loaded)
            else:
                self._tick(self._clock.now())
                left = ready_at - self._clock.monotonic()
                await self._clock.sleep(min(self._watch_every, left))

    async def step(self) -> None:
        """Answer everything that is due now."""
        now = self._clock.now()
        self._tick(now)
        if self._clock.monotonic() < self._held_until:
            return
        size = _FIRST_BATCH
        while batch := self._pop(now, size):
            if not await self._answer(batch, now):
                return
            size = min(2 * size, _LARGEST_BATCH)
            await self._clock.sleep(0)
            self._tick(self._clock.now())
        self._caught_up = True

    def _load(self, spec: JobSpec, now: datetime) -> JobRecord | None:
        identity, known = identity_of(spec), self._timed.get(spec.id)
        if known is not None and known.identity == identity:
            return None
        record = self._records.get(spec.id)
        after = owed_after(record, identity, now) if known is None else now
        self._place(_Timed(job=spec.id, identity=identity, answered=after), now)
        if record is not None and record.schedule == identity and after != now:
            return None
        return replace(record or JobRecord(job=spec.id), schedule=identity, since=now)

    def _place(self, timed: _Timed, now: datetime) -> None:
        """Put a job on the heap at its first unanswered instant, and its next ones on the board."""
        self._timed[timed.job] = timed
        entry = self._board.jobs[timed.job]
        triggers = entry.spec.triggers if entry.spec.enabled else ()
        first = next_due(timed.job, triggers, timed.answered, SHOWN)
        self._push(timed, first[0].at if first else None)
        is_owed = bool(first) and first[0].at <= now
        upcoming = next_due(timed.job, triggers, now, SHOWN) if is_owed else first
        if upcoming != entry.next_due:
            entry.next_due = upcoming
            self._publish(JobChanged(job=timed.job))

    def _push(self, timed: _Timed, at: datetime | None) -> None:
        timed.at = at
        if at is not None:
            heapq.heappush(self._heap, _Mark(at, next(self._order), timed))

    def _is_current(self, mark: _Mark) -> bool:
        return self._timed.get(mark.timed.job) is mark.timed and mark.timed.at == mark.at

    def _pop(self, now: datetime, size: int) -> list[_Timed]:
        """At most `size` jobs that are due."""
        batch: list[_Timed] = []
        while len(batch) < size and (wake := self.next_wake) is not None and wake <= now:
            batch.append(heapq.heappop(self._heap).timed)
        return batch

    async def _answer(self, batch: Sequence[_Timed], now: datetime) -> bool:
        """Plan and carry out for these jobs; False when it has to be tried again."""
        decisions = await self._decisions(batch, now)
        try:
            if decisions:
                await self._carry_out(decisions)
        except BaseException as error:
            self._put_back(batch)
            if not isinstance(error, Exception):
                raise
            self._hold(error)
            return False
        for timed in batch:
            if self._timed.get(timed.job) is timed:
                timed.answered = now
                self._move_on(timed, now)
        return True

    async def _decisions(self, batch: Sequence[_Timed], now: datetime) -> list[Decision]:
        decisions: list[Decision] = []
        turn_ends = self._clock.monotonic() + _SLICE
        for timed in batch:
            entry = self._board.jobs.get(timed.job)
            if entry is not None and self._timed.get(timed.job) is timed:
                decisions += self._decide(timed, entry, now)
            if self._clock.monotonic() > turn_ends:
                await self._clock.sleep(0)
                turn_ends = self._clock.monotonic() + _SLICE
        return decisions

    def _decide(self, timed: _Timed, entry: JobEntry, now: datetime) -> list[Decision]:
        is_late = timed.at is not None and now - timed.at > LATE
        try:
            if is_late or not self._caught_up:
                return answer_missed(entry, timed.answered, now)
            due = due_between(timed.job, entry.spec.triggers, timed.answered, now)
            return plan(entry, list(due), now)
        except Exception:  # one job that can't be planned must not stop the others
            _log.exception("job.plan_failed", job=timed.job, due_at=timed.at)
            return []

    def _move_on(self, timed: _Timed, now: datetime) -> None:
        """The next instants of a job whose instants up to `now` are answered."""
        entry = self._board.jobs[timed.job]
        kept = tuple(due for due in entry.next_due if due.at > now)
        last = kept[-1].at if kept else now
        entry.next_due = kept + next_due(timed.job, entry.spec.triggers, last, SHOWN - len(kept))
        self._push(timed, entry.next_due[0].at if entry.next_due else None)
        self._publish(JobChanged(job=timed.job))

    def _put_back(self, batch: Sequence[_Timed]) -> None:
        for timed in batch:
            if self._timed.get(timed.job) is timed:
                self._push(timed, timed.at)

    def _hold(self, error: Exception) -> None:
        self._held_until = self._clock.monotonic() + _HELD
        if isinstance(error, Unavailable):
            _log.warning("scheduler.held", error=error.message)
        else:
            _log.error("scheduler.held", exc_info=error)

    async def _guarded_step(self) -> None:
        try:
            await self.step()
        except Exception:  # the loop that owns all jobs goes on; the watchdog sees a hang, not a fault
            _log.exception("scheduler.step_failed")
            self._held_until = self._clock.monotonic() + _HELD

    def _pause(self) -> float:
        """Seconds until the next look at the clock."""
        held = self._held_until - self._clock.monotonic()
        wake = self.next_wake
        if wake is None:
            return self._watch_every
        left = (wake - self._clock.now()).total_seconds()
        return min(self._watch_every, max(left, held, 0.0))

    def _tick(self, now: datetime) -> None:
        """Look at both clocks: a wall clock that moved otherwise than time passed has jumped."""
        monotonic = self._clock.monotonic()
        passed = timedelta(seconds=monotonic - self._tick_monotonic)
        jump = now - self._tick_at - passed
        self._tick_at, self._tick_monotonic = now, monotonic
        if abs(jump) <= _JUMP:
            return
        self.jumps += 1
        _log.warning("clock.jumped", seconds=round(jump.total_seconds(), 3), now=now.isoformat())
        if jump < -_WRONG_CLOCK:
            self._start_over(now)

    def _start_over(self, now: datetime) -> None:
        """The clock was wrong by more than a day: jobs must not wait until it shows that time again.

        The ledger refuses a second run for an instant that it holds.
        """
        for timed in list(self._timed.values()):
            if timed.answered > now:
                self._place(replace(timed, answered=now), now)
