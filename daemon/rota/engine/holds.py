"""What holds jobs back because people wish it: pauses of jobs, tags or all, and an instant to skip."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import replace
from datetime import datetime

from rota.core.board import JobEntry
from rota.core.events import Event, JobChanged, RunChanged
from rota.core.pauses import JOB, holds, pauses_of
from rota.core.run import Reason, Run
from rota.core.seams import JobRecord, Pause, SkipNext
from rota.engine.executor import Executor
from rota.engine.parts import Parts

_PAST = 8  # ended pauses that a job keeps in mind


class Holds:
    """Keeps `pauses` and `skip_next` of every job on the board true to what is stored.

    `records` is shared with the scheduler: whoever changes a record replaces it there. All methods raise
    Unavailable when a wish can't be stored; then nothing has changed.
    """

    def __init__(self, parts: Parts, executor: Executor, records: dict[str, JobRecord]) -> None:
        self._parts = parts
        self._executor = executor
        self._records = records
        self._shared: dict[str, Pause] = {}
        self._armed: set[Pause] = set()
        parts.bus.subscribe(self._on_event)

    @property
    def shared(self) -> Sequence[Pause]:
        """The pauses of many jobs that are in force."""
        now = self._parts.clock.now()
        return [pause for _, pause in sorted(self._shared.items()) if not _is_over(pause, now)]

    async def recall(self) -> None:
        """Read the pauses of many jobs from the ledger."""
        self._shared = dict(await self._parts.store.pauses())

    def settle(self, jobs: Iterable[str]) -> set[str]:
        """Bring these jobs up to date; answers those whose pauses changed."""
        entries = (self._parts.board.jobs.get(job) for job in jobs)
        return {entry.spec.id for entry in entries if entry is not None and self._settle(entry)}

    async def pause(self, jobs: Sequence[str], pause: Pause | None) -> None:
        """Hold each of these jobs by a pause of its own, or (None) end what it has."""
        await self._store(jobs, lambda record: replace(record, pause=pause))
        self._changed(jobs)

    async def pause_all(self, wishes: dict[str, Pause | None]) -> None:
        """Set or end pauses of many jobs, by scope."""
        await self._parts.store.save_pauses(wishes)
        for scope, pause in wishes.items():
            self._shared.pop(scope, None)
            if pause is not None:
                self._shared[scope] = pause
        self._changed(self._about(wishes))

    async def skip(self, job: str, wish: SkipNext | None) -> None:
        """Skip one instant of the job, or (None) no longer."""
        await self._store([job], lambda record: replace(record, skip_next=wish))
        self.settle([job])
        self._parts.bus.publish(JobChanged(job=job))

    def own_pause(self, job: str) -> Pause | None:
        """The pause that was said of this job alone, while it is in force."""
        record = self._records.get(job)
        pause = record.pause if record is not None else None
        return None if pause is None or _is_over(pause, self._parts.clock.now()) else pause

    def schedule_since(self, job: str) -> datetime | None:
        """When the job's present schedule was loaded first."""
        return self._record(job).since

    def _settle(self, entry: JobEntry) -> bool:
        record = self._records.get(entry.spec.id)
        wish = record.skip_next if record is not None else None
        granted = entry.last_skip is not None and is_granted(wish, entry.last_skip)
        entry.skip_next = None if granted else wish
        own = record.pause if record is not None else None
        if own is None and not self._shared and not entry.pauses:
            return False
        now = self._parts.clock.now()
        known = pauses_of(entry.spec, own, self._shared)
        pauses = tuple(pause for pause in known if not _is_over(pause, now))
        gone = [_ended(pause, now) for pause in (*entry.pauses, *known) if pause not in pauses]
        entry.past_pauses = tuple(dict.fromkeys((*entry.past_pauses, *gone)))[-_PAST:]
        for pause in pauses:
            self._arm(pause, entry.spec.id)
        is_changed = pauses != entry.pauses
        entry.pauses = pauses
        return is_changed

    def _changed(self, jobs: Iterable[str]) -> None:
        changed = self.settle(jobs)
        for job in changed:
            self._parts.bus.publish(JobChanged(job=job))
        self._executor.nudge(changed)

    def _about(self, scopes: Collection[str]) -> list[str]:
        jobs = self._parts.board.jobs.values()
        return [entry.spec.id for entry in jobs if any(holds(scope, entry.spec) for scope in scopes)]

    async def _store(self, jobs: Sequence[str], change: Callable[[JobRecord], JobRecord]) -> None:
        await self._parts.store.save_records([change(self._record(job)) for job in jobs])
        for job in jobs:  # read again: the scheduler may have moved a record on meanwhile
            self._records[job] = change(self._record(job))

    def _record(self, job: str) -> JobRecord:
        return self._records.get(job) or JobRecord(job=job)

    def _arm(self, pause: Pause, job: str) -> None:
        if pause.until is None:
            return
        key = pause if pause.scope != JOB else replace(pause, scope=job)
        if key not in self._armed:
            self._armed.add(key)
            self._executor.spawn(self._end_at(key, pause.until, None if pause.scope != JOB else job))

    async def _end_at(self, key: Pause, until: datetime, job: str | None) -> None:
        # Nothing to store: `until` is part of what is stored.
        while (left := (until - self._parts.clock.now()).total_seconds()) > 0:
            await self._parts.clock.sleep(left)
        self._armed.discard(key)
        self._changed([job] if job is not None else self._about([key.scope]))

    def _on_event(self, event: Event) -> None:
        if isinstance(event, RunChanged) and event.run.due_at is not None:
            self._used(event.run)

    def _used(self, skip: Run) -> None:
        """The instant that was to be skipped has its answer: from now on the wish is history."""
        entry = self._parts.board.jobs.get(skip.job)
        if entry is None or not is_granted(entry.skip_next, skip):
            return
        entry.skip_next = None
        record = replace(self._record(skip.job), skip_next=None)
        self._records[skip.job] = record
        self._executor.spawn(self._forget_skip(skip.job))

    async def _forget_skip(self, job: str) -> None:
        await self._store([job], lambda record: replace(record, skip_next=None))


def is_granted(wish: SkipNext | None, skip: Run) -> bool:
    """Whether that row answers the instant that was to be skipped; it may be skipped as missed as well."""
    if wish is None or skip.due_at is None:
        return False
    if wish.at is None:
        is_asked = skip.reason is Reason.ASKED and skip.ended_at is not None
        return is_asked and (skip.ended_at or wish.asked_at) >= wish.asked_at
    return skip.due_at <= wish.at <= (skip.last_due_at or skip.due_at)


def _is_over(pause: Pause, now: datetime) -> bool:
    return pause.until is not None and pause.until <= now


def _ended(pause: Pause, now: datetime) -> Pause:
    return replace(pause, until=now if pause.until is None else min(now, pause.until))
