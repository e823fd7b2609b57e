"""Whether the jobs of a set start all at once: most of them at minute 0 of the same hour."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from rota.config.caution import Caution
from rota.core import cron
from rota.core.model import JobSpec
from rota.core.triggers import CronTrigger

_FEW = 10
_SHOWN = 3
_ON_THE_HOUR = frozenset({0})
_HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Crowded:
    """The first of the jobs, and which of its triggers it is."""

    spec: JobSpec
    trigger: int
    caution: Caution


def crowd(jobs: Iterable[JobSpec], now: datetime) -> Crowded | None:
    """The fullest hour, when over ten jobs are scheduled and over half of them start at its minute 0."""
    scheduled = [spec for spec in jobs if spec.enabled and spec.triggers]
    if len(scheduled) <= _FEW:
        return None
    hours: Counter[int] = Counter()
    starting = [(spec, *found) for spec in scheduled if (found := _on_the_hour(spec, now))]
    for _, _, mine in starting:
        hours.update(mine)
    hour, count = max(hours.items(), key=lambda each: (each[1], -each[0]), default=(0, 0))
    if count * 2 <= len(scheduled):
        return None
    there = [(spec, trigger) for spec, trigger, mine in starting if hour in mine]
    return Crowded(spec=there[0][0], trigger=there[0][1], caution=_caution(there, len(scheduled), hour))


def _on_the_hour(spec: JobSpec, now: datetime) -> tuple[int, frozenset[int]] | None:
    """The first trigger that starts at minute 0, and the hours of such triggers in UTC as offsets are now."""
    found = [
        (index, frozenset(_hours(trigger, spec.id, now)))
        for index, trigger in enumerate(spec.triggers)
        if isinstance(trigger, CronTrigger) and not trigger.spread
    ]
    used = [(index, hours) for index, hours in found if hours]
    return (used[0][0], frozenset().union(*(hours for _, hours in used))) if used else None


def _hours(trigger: CronTrigger, job: str, now: datetime) -> Iterator[int]:
    if cron.has_hash(trigger.expression):
        return
    parsed = cron.parse(trigger.expression, seed=trigger.seed or job)
    offset = now.astimezone(ZoneInfo(trigger.timezone)).utcoffset() or timedelta(0)
    if parsed.minutes == _ON_THE_HOUR and offset % _HOUR == timedelta(0):
        for hour in parsed.hours:
            yield (hour - offset // _HOUR) % 24


def _caution(there: list[tuple[JobSpec, int]], of: int, hour: int) -> Caution:
    names = ", ".join(spec.id for spec, _ in there[:_SHOWN])
    more = ", …" if len(there) > _SHOWN else ""
    return Caution(
        rule="minute-zero",
        message=f"{len(there)} of {of} jobs start at {hour:02}:00 UTC, all at once ({names}{more})",
        hint="write H instead of minute 0 (a fixed minute for each job), or give them a `spread: 10m`",
    )
