"""When jobs are due: the frozen values that a checked `schedule:` becomes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum


class Ending(StrEnum):
    """Which ends of an upstream's run let a job start that comes after it."""

    COMPLETED = "completed"
    FAILED = "failed"
    ALWAYS = "always"  # any end but skipped


@dataclass(frozen=True, slots=True, kw_only=True)
class DateSpan:
    """Whole days in the trigger's zone, both ends included."""

    first: date
    last: date


@dataclass(frozen=True, slots=True, kw_only=True)
class WeeklyWindow:
    """Times of day on some weekdays (Sunday is 0) in the trigger's zone, both ends included.

    Minutes since midnight. A window whose end lies before its begin goes on into the next day.
    """

    days: frozenset[int]
    begin: int
    end: int


@dataclass(frozen=True, slots=True, kw_only=True)
class InstantSpan:
    """From `begin` until just before `end`, UTC: what a calendar file says with times of day."""

    begin: datetime
    end: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Except:
    """When due instants are skipped, not postponed; `label` is what people read: as written in the file."""

    label: str
    spans: tuple[DateSpan | WeeklyWindow | InstantSpan, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CronTrigger:
    """Five fields or a macro, in a zone; grammar in `core.cron`."""

    expression: str
    timezone: str = "UTC"
    seed: str = ""  # what `H` and `spread` are a hash of, such as "<host>/<job>"; empty: the job's id
    spread: timedelta = timedelta(0)  # instants are delayed by less than this, by a hash
    excepts: tuple[Except, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class EveryTrigger:
    """Elapsed time from a fixed anchor, so that a restart does not shift it.

    With `from_end` it counts from the end of the job's last run instead.
    """

    interval: timedelta
    timezone: str = "UTC"
    from_end: bool = False
    seed: str = ""
    spread: timedelta = timedelta(0)
    excepts: tuple[Except, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class AtTrigger:
    """One instant, once, ever."""

    at: datetime
    timezone: str = "UTC"
    seed: str = ""
    spread: timedelta = timedelta(0)
    excepts: tuple[Except, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class BootTrigger:
    """Once after each boot of the host, that long after it."""

    delay: timedelta
    timezone: str = "UTC"
    seed: str = ""
    spread: timedelta = timedelta(0)
    excepts: tuple[Except, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class AfterTrigger:
    """When runs of other jobs end so: each such end of any of them, or one of every one of them (`all`)."""

    jobs: tuple[str, ...]
    all: bool = False
    on: Ending = Ending.COMPLETED
    timezone: str = "UTC"
    seed: str = ""
    spread: timedelta = timedelta(0)
    excepts: tuple[Except, ...] = ()


Trigger = CronTrigger | EveryTrigger | AtTrigger | BootTrigger | AfterTrigger
