"""Triggers, job sets and scheduled runs, as tests of time need them."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from rota.core.model import JobSet, JobSpec
from rota.core.run import Run, RunState, TriggeredBy
from rota.core.triggers import CronTrigger, EveryTrigger

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)


def cron(expression: str, timezone: str = "UTC") -> CronTrigger:
    return CronTrigger(expression=expression, timezone=timezone)


def every(interval: timedelta, timezone: str = "UTC") -> EveryTrigger:
    return EveryTrigger(interval=interval, timezone=timezone)


def a_set(*specs: JobSpec) -> JobSet:
    return JobSet(jobs={spec.id: spec for spec in specs}, files=len(specs))


def a_scheduled_run(number: int = 1, *, created_at: datetime, **changes: Any) -> Run:
    """A run of `backup` that its schedule started."""
    run = Run(
        job="backup",
        number=number,
        state=RunState.RUNNING,
        triggered_by=TriggeredBy.SCHEDULE,
        created_at=created_at,
        due_at=created_at,
        attempt=1,
    )
    return replace(run, **changes)
