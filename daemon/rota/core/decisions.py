"""What can be decided about due instants and about runs that wait: values that the engine carries out."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from rota.core.board import Due
from rota.core.run import Reason, Run, TriggeredBy


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """Make a run for `due` and start it. CATCH_UP runs start one after another, oldest first."""

    job: str
    due: Due
    triggered_by: TriggeredBy = TriggeredBy.SCHEDULE


@dataclass(frozen=True, slots=True, kw_only=True)
class Queue:
    """Make a run for `due` that waits (PENDING, QUEUED) until the job has a free place."""

    job: str
    due: Due


@dataclass(frozen=True, slots=True, kw_only=True)
class Skip:
    """Write a SKIPPED run for `due`, and for `count` - 1 further instants up to `last_due_at`."""

    job: str
    due: Due
    reason: Reason
    message: str
    count: int = 1
    last_due_at: datetime | None = None
    last_planned_at: datetime | None = None  # when the last was to be answered, if not at its own time


Decision = Start | Queue | Skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """Start this queued run now."""

    run: Run


@dataclass(frozen=True, slots=True, kw_only=True)
class Expire:
    """End this queued run as SKIPPED with `reason` and `message`."""

    run: Run
    reason: Reason
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Replace:
    """Ask this active run to end: the run `by` (its id) waits to take its place."""

    run: Run
    by: str


def stretch_skipped(first: Due, last: Due, count: int, reason: Reason, message: str) -> Skip:
    """One skip for `count` instants, `first` and `last` being the ends of their nominal times.

    `last.starts_at` is when the last of them was to be answered.
    """
    return Skip(
        job=first.job,
        due=first,
        reason=reason,
        message=message,
        count=count,
        last_due_at=last.at if count > 1 else None,
        last_planned_at=last.starts_at if last.delay else None,
    )
