"""Which instants of a job come next: for the heap, and for those who look at the board."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

import structlog

from rota.core.board import Due, JobEntry, Situation
from rota.core.schedule import next_due, next_owed
from rota.core.triggers import EveryTrigger, Trigger
from rota.engine.timetable import Timed

SHOWN = 3  # due instants to come that the board holds per job
_SHARED = 1024  # schedules whose next instants are kept for others of the same text
_BARREN = timedelta(days=1)  # how long nobody looks again where years of exceptions leave nothing

_log = structlog.get_logger(__name__)

_Find = Callable[[str, Sequence[Trigger], datetime, int, Situation], tuple[Due, ...]]


class Upcoming:
    """Equal schedules that move on together share the work and the instants."""

    def __init__(self) -> None:
        self._shared: dict[tuple[str, datetime, int], tuple[tuple[datetime, int, str], ...]] = {}

    def next_answer(self, timed: Timed, entry: JobEntry, after: datetime) -> datetime | None:
        """When something is to be answered next, if only by a skip."""
        found = self._next(timed, entry, after, 1, next_due)
        return min((due.starts_at for due in (*found, *entry.situation.made)), default=None)

    def shown(
        self, timed: Timed, entry: JobEntry, after: datetime, known: Sequence[Due] = ()
    ) -> tuple[Due, ...]:
        """The next ones that no exception takes out, `known` being the first of those after `after`."""
        if len(known) >= SHOWN or (timed.barren_until is not None and after < timed.barren_until):
            return tuple(known)
        last = known[-1].starts_at if known else after
        found = self._next(timed, entry, last, SHOWN - len(known), next_owed)
        if not found and timed.has_exceptions:
            timed.barren_until = after + _BARREN
        return (*known, *found)

    def _next(
        self, timed: Timed, entry: JobEntry, after: datetime, count: int, find: _Find
    ) -> tuple[Due, ...]:
        if not timed.is_shared:
            situation = entry.situation if find is next_owed else calendar_of(entry)
            return _found(find, timed, after, count, situation)
        key = (timed.identity, after, count)
        known = self._shared.get(key)
        if known is not None:
            return tuple(Due(job=timed.job, at=at, trigger=trigger, note=note) for at, trigger, note in known)
        due = _found(find, timed, after, count, Situation())
        if len(self._shared) >= _SHARED:
            self._shared.clear()
        self._shared[key] = tuple((each.at, each.trigger, each.note) for each in due)
        return due


def _found(find: _Find, timed: Timed, after: datetime, count: int, situation: Situation) -> tuple[Due, ...]:
    try:
        return find(timed.job, timed.triggers, after, count, situation)
    except Exception as error:  # a fault of ours: it keeps no other job from its place
        _log.error("job.plan_failed", job=timed.job, exc_info=error)
        return ()


def calendar_of(entry: JobEntry) -> Situation:
    """What the calendar alone depends on: without what boots and other jobs have made."""
    return Situation(counts_from=entry.situation.counts_from)


def counts_from_end(triggers: Sequence[Trigger]) -> bool:
    """Whether an instant of theirs depends on the end of the job's last run."""
    return any(isinstance(each, EveryTrigger) and each.from_end for each in triggers)
