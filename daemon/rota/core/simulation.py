"""The whole schedule on a virtual clock: the real planning decides, runs take their usual time and complete.

Deterministic. Left out are boots, conditions, failures and with them retries.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import count

from rota.core.after import NOTHING, Gathered, fold, upstreams
from rota.core.board import Due, JobEntry, Situation
from rota.core.decisions import Expire, Replace, Skip, Start
from rota.core.instant import from_ms, length_ms, to_ms
from rota.core.model import JobSpec
from rota.core.planning import expires_at, plan, release
from rota.core.pressure import Side
from rota.core.replacing import replaces
from rota.core.room import Room, claim_of
from rota.core.run import Reason, Run, RunState, TriggeredBy
from rota.core.schedule import due_between, zone_of
from rota.core.seams import Pause
from rota.core.simulated import Simulated
from rota.core.tally import JobTally, LevelTally, MinuteTally, bucket_of
from rota.core.triggers import EveryTrigger
from rota.core.words import instant_in_words, length_in_words

_END, _TURN, _DUE = range(3)  # what comes first at the same instant

_Event = tuple[int, int, str, int, Run | Due | None]  # ms, what, job, order, of which


def simulate(
    side: Side, *, begin: datetime, until: datetime, pauses: Mapping[str, Pause] | None = None
) -> Simulated:
    """All that is due in (begin, until], with the pools and limits of that side. Raises CronError."""
    return _Simulation(side, begin, until, pauses or {}).run()


@dataclass(slots=True, kw_only=True)
class _Job:
    """A job in the simulation; `calendar` are its due instants to come."""

    entry: JobEntry
    tally: JobTally
    calendar: Iterator[Due]
    downstream: list[str] = field(default_factory=list)
    gathered: Gathered = NOTHING
    numbers: Iterator[int] = field(default_factory=lambda: count(1))
    from_end: bool = False
    counted: Due | None = None  # the instant of `every … from: end` that counts; a newer end takes it back

    @property
    def spec(self) -> JobSpec:
        return self.entry.spec

    @property
    def takes(self) -> str:
        """Its usual length, in words."""
        return length_in_words(self.tally.length.value)


class _Simulation:
    def __init__(self, side: Side, begin: datetime, until: datetime, pauses: Mapping[str, Pause]) -> None:
        self._begin, self._until = begin, until
        self._origin, self._last = to_ms(begin), to_ms(until)
        self._bucket = bucket_of(begin, until)
        self._events: list[_Event] = []
        self._order = count()
        self._room = Room(side.pools, side.max_running)
        self._minutes = MinuteTally()
        self._running = LevelTally(side.max_running)
        self._pools: dict[str, LevelTally] = {}
        self._jobs = {
            job: self._job(spec, side, pauses.get(job))
            for job, spec in sorted(side.jobs.items())
            if spec.enabled
        }
        for job in self._jobs.values():
            for upstream in upstreams(job.spec.triggers) & self._jobs.keys():
                self._jobs[upstream].downstream.append(job.spec.id)

    def run(self) -> Simulated:
        for job in self._jobs.values():
            self._next(job)
            self._count_from(job, self._begin)
        while self._events and self._events[0][0] <= self._last:
            at, what, name, _, subject = heapq.heappop(self._events)
            job = self._jobs[name]
            if what == _END and isinstance(subject, Run):
                if subject.number in job.entry.open_runs:  # else it made way for another
                    self._ended(job, subject, at)
            elif what == _DUE and isinstance(subject, Due):
                self._due(job, subject, at)
            else:
                self._turn(job, at)
        return self._result()

    def _job(self, spec: JobSpec, side: Side, pause: Pause | None) -> _Job:
        entry = JobEntry(spec=spec, pauses=(pause,) if pause is not None else ())
        if pause is not None and pause.until is not None:
            self._push(to_ms(pause.until), _TURN, spec.id)
        return _Job(
            entry=entry,
            tally=JobTally(spec, side.length(spec)),
            calendar=due_between(spec.id, spec.triggers, self._begin, self._until),
            from_end=any(isinstance(each, EveryTrigger) and each.from_end for each in spec.triggers),
        )

    def _push(self, at: int, what: int, job: str, subject: Run | Due | None = None) -> None:
        heapq.heappush(self._events, (at, what, job, next(self._order), subject))

    def _next(self, job: _Job) -> None:
        due = next(job.calendar, None)
        if due is not None:
            self._push(to_ms(due.starts_at), _DUE, job.spec.id, due)

    def _count_from(self, job: _Job, end: datetime) -> None:
        """The next instant of `every … from: end`; there is none while a run goes on."""
        job.counted = None
        if not job.from_end or job.entry.active:
            return
        triggers = job.spec.triggers
        found = due_between(job.spec.id, triggers, end, self._until, Situation(counts_from=end))
        for due in found:
            trigger = triggers[due.trigger]
            if isinstance(trigger, EveryTrigger) and trigger.from_end:
                job.counted = due
                self._push(to_ms(due.starts_at), _DUE, job.spec.id, due)
                return

    def _due(self, job: _Job, due: Due, now: int) -> None:
        trigger = job.spec.triggers[due.trigger]
        is_from_end = isinstance(trigger, EveryTrigger) and trigger.from_end
        if is_from_end and due is not job.counted:
            return
        if not is_from_end and not due.upstream:
            self._next(job)
        for decision in plan(job.entry, [due], from_ms(now)):
            if isinstance(decision, Skip):
                self._skip(job, decision, now)
                if is_from_end:
                    self._count_from(job, from_ms(now))
                continue
            run = self._new(job, due, now)
            if isinstance(decision, Start) and self._room.admit(claim_of(run, job.spec)):
                self._start(job, run, now)
            else:
                self._wait(
                    job, replace(run, state=RunState.PENDING, reason=Reason.QUEUED, started_at=None), now
                )

    def _new(self, job: _Job, due: Due, now: int) -> Run:
        """As most runs are: on their way at once."""
        return Run(
            job=job.spec.id,
            number=next(job.numbers),
            state=RunState.RUNNING,
            started_at=from_ms(now),
            triggered_by=TriggeredBy.AFTER if due.upstream else TriggeredBy.SCHEDULE,
            due_at=due.at,
            planned_at=due.starts_at,
            created_at=from_ms(now),
        )

    def _wait(self, job: _Job, run: Run, now: int) -> None:
        job.entry.open_runs[run.number] = run
        deadline = expires_at(job.entry)
        if deadline is not None:
            self._push(to_ms(deadline) + 1, _TURN, job.spec.id)
        self._turn(job, now)

    def _start(self, job: _Job, run: Run, now: int) -> None:
        """It has its place in the room already."""
        started = run
        if run.is_queued:
            started = replace(run, state=RunState.RUNNING, reason=None, started_at=from_ms(now))
        job.entry.open_runs[run.number] = started
        end = now + max(1, length_ms(job.tally.length.value))
        if not replaces(job.entry):  # else its end may come earlier
            job.tally.ran(now, end, self._origin, self._bucket)
        job.tally.waited(now - to_ms(run.created_at))
        job.counted = None
        self._minutes.start(job.spec.id, now)
        self._change(job, 1, now)
        self._push(end, _END, job.spec.id, started)

    def _ended(self, job: _Job, run: Run, now: int, state: RunState = RunState.COMPLETED) -> None:
        del job.entry.open_runs[run.number]
        if replaces(job.entry) and run.started_at is not None:
            job.tally.ran(to_ms(run.started_at), now, self._origin, self._bucket)
        self._room.leave(run.id)
        self._change(job, -1, now)
        if job.downstream:
            self._tell(job, replace(run, state=state, ended_at=from_ms(now)), now)
        self._count_from(job, from_ms(now))
        self._turn(job, now)

    def _turn(self, job: _Job, now: int) -> None:
        """Who may start now: of this job those whose turn it is, of all jobs those for whom there is room."""
        if job.entry.open_runs:
            for outcome in release(job.entry, from_ms(now)):
                if isinstance(outcome, Expire):
                    self._expire(job, outcome, now)
                elif isinstance(outcome, Replace):
                    job.tally.replaced += 1
                    self._ended(job, outcome.run, now, RunState.CANCELLED)  # at once: nobody knows its grace
                    break  # which has looked at the others again
                else:
                    self._room.wait(claim_of(outcome.run, job.spec))
        for claim in self._room.grant():
            granted = self._jobs[claim.job]
            self._start(granted, granted.entry.open_runs[claim.number], now)

    def _expire(self, job: _Job, outcome: Expire, now: int) -> None:
        run = job.entry.open_runs.pop(outcome.run.number)
        self._room.leave(run.id)
        self._skip_told(job, outcome.reason, run.due_at or run.created_at, outcome.message, now)

    def _skip(self, job: _Job, skip: Skip, now: int) -> None:
        # Only the first of a reason is told: no words need to be made for the others.
        is_told = skip.reason is Reason.OVERLAP and not job.tally.knows(skip.reason.value)
        message = self._in_the_way(job) if is_told else skip.message
        self._skip_told(job, skip.reason, skip.due.at, message, now)

    def _skip_told(self, job: _Job, reason: Reason, at: datetime, message: str, now: int) -> None:
        job.tally.skipped(reason.value, at, message)
        if job.downstream:
            row = Run(
                job=job.spec.id,
                number=next(job.numbers),
                state=RunState.SKIPPED,
                reason=reason,
                message=message,
                triggered_by=TriggeredBy.SCHEDULE,
                due_at=at,
                created_at=from_ms(now),
                ended_at=from_ms(now),
            )
            self._tell(job, row, now)

    def _in_the_way(self, job: _Job) -> str:
        """What keeps a job busy: its own run, or what that waits for."""
        zone = zone_of(job.spec.triggers)
        for run in job.entry.active:
            begun = instant_in_words(run.started_at or run.created_at, zone)
            return f"the run that began {begun} is still going on, as it takes {job.takes}"
        waiting = (self._room.blocked_by(run.id) for run in job.entry.queued)
        return next((f"the run before it {text}" for text in waiting if text), "its runs wait in the queue")

    def _tell(self, job: _Job, end: Run, now: int) -> None:
        """What jobs that come after it make of the end of a run, or of a skip."""
        for name in job.downstream:
            after = self._jobs[name]
            after.gathered, made = fold(name, after.spec.triggers, after.gathered, end)
            for due in made:
                self._push(max(now, to_ms(due.starts_at)), _DUE, name, due)

    def _change(self, job: _Job, by: int, now: int) -> None:
        self._running.change(by, now)
        pool = job.spec.concurrency.pool
        if pool is not None:
            size = self._room.size(pool)
            tally = self._pools.setdefault(pool, LevelTally(size))
            tally.change(by * min(job.spec.concurrency.weight, size), now)

    def _result(self) -> Simulated:
        for tally in (self._running, *self._pools.values()):
            tally.close(self._last)
        for job in self._jobs.values():
            for run in job.entry.active if replaces(job.entry) else ():
                end = to_ms(run.started_at or run.created_at) + max(1, length_ms(job.tally.length.value))
                job.tally.ran(to_ms(run.started_at or run.created_at), end, self._origin, self._bucket)
            job.tally.waiting = len(job.entry.queued)
        return Simulated(
            begin=self._begin,
            until=self._until,
            bucket=timedelta(milliseconds=self._bucket),
            jobs=tuple(job.tally.timeline(self._bucket) for job in self._jobs.values()),
            collisions=self._minutes.collisions(),
            running=self._running.at_limit(),
            pools={name: tally.at_limit() for name, tally in sorted(self._pools.items())},
        )
