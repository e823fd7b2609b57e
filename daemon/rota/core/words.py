"""Schedules, lengths and instants as people say them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, tzinfo

from rota.core.cron import has_hash
from rota.core.cron_words import cron_in_words, listed
from rota.core.cronfield import CronError
from rota.core.except_words import except_in_words
from rota.core.nominal import cron_of
from rota.core.triggers import (
    AfterTrigger,
    AtTrigger,
    BootTrigger,
    CronTrigger,
    Ending,
    EveryTrigger,
    Trigger,
)

BY_HAND = "by hand only"
_HASHED = "at times of its own, by a hash of the job"
_UNITS = ((86_400, "day", "d"), (3_600, "hour", "h"), (60, "minute", "m"), (1, "second", "s"))
_SINGLE = ("1 minute", "1 hour", "1 day")
_ENDED = {Ending.COMPLETED: "completed", Ending.FAILED: "failed", Ending.ALWAYS: "ended"}
_ENDS = {Ending.COMPLETED: "completes", Ending.FAILED: "fails", Ending.ALWAYS: "ends"}


def schedule_in_words(triggers: Sequence[Trigger], job: str = "", *, zoned: bool = False) -> str:
    """Such as "daily at 02:00" or "after export completes".

    Zones are named where they differ, or (`zoned`) always: for places that say them nowhere else. With `job`,
    hashed fields are told as that job has them.
    """
    if not triggers:
        return BY_HAND
    zones = {trigger.timezone for trigger in triggers if _is_by_the_clock(trigger)}
    with_zone = zoned or len(zones) > 1
    return "; ".join(trigger_in_words(trigger, job, with_zone=with_zone) for trigger in triggers)


def trigger_in_words(trigger: Trigger, job: str = "", *, with_zone: bool = False) -> str:
    """Such as "daily at 02:00 (Europe/Berlin), within 5 minutes after, except 24 December 2026"."""
    words = _trigger(trigger, job)
    if with_zone and _is_by_the_clock(trigger) and (":" in words or " on " in words):
        words += f" ({trigger.timezone})"
    if trigger.spread:
        words += f", within {length_in_words(trigger.spread)} after"
    if trigger.excepts:
        words += f", except {listed(except_in_words(each) for each in trigger.excepts)}"
    return words


def trigger_as_written(trigger: Trigger) -> str:
    """The trigger as its job file has it, without zone, spread and exceptions."""
    match trigger:
        case CronTrigger():
            return trigger.expression
        case EveryTrigger():
            return f"every {length_in_words(trigger.interval)}" + (" from end" if trigger.from_end else "")
        case AtTrigger():
            return f"at {trigger.at.isoformat(timespec='seconds')}"
        case BootTrigger():
            return f"boot {length_in_words(trigger.delay)}"
        case AfterTrigger():
            which = "all of " if trigger.all else "any of " if len(trigger.jobs) > 1 else ""
            return f"after {which}{', '.join(trigger.jobs)} ({trigger.on.value})"


def length_in_words(length: timedelta) -> str:
    """Such as "10 s", "5 minutes", "1 h 30 m" or "2 days"."""
    seconds = length.total_seconds()
    if seconds < 60 or seconds != int(seconds):
        return f"{seconds:g} s"
    for size, word, _ in _UNITS:
        if seconds % size == 0:
            count = int(seconds) // size
            if size > 1 and (count < 60 or size == 86_400):
                return f"{count} {word}" if count == 1 else f"{count} {word}s"
            break
    return _mixed(int(seconds))


def size_in_words(size: int) -> str:
    """As job files write it: "512M", "1.5G", "900" bytes."""
    for shift, letter in ((40, "T"), (30, "G"), (20, "M"), (10, "K")):
        if size >= 1 << shift:
            return f"{size / (1 << shift):.1f}{letter}" if size % (1 << shift) else f"{size >> shift}{letter}"
    return str(size)


def instant_in_words(at: datetime, zone: tzinfo = UTC) -> str:
    """Such as "2026-03-29 03:00 CEST"; seconds when there are any."""
    local = at.astimezone(zone)
    return local.strftime("%Y-%m-%d %H:%M:%S %Z" if local.second else "%Y-%m-%d %H:%M %Z")


def counted(count: int, noun: str) -> str:
    """Such as "1 job" or "3 jobs"."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def _mixed(seconds: int) -> str:
    parts = []
    for size, _, unit in _UNITS:
        count, seconds = divmod(seconds, size)
        if count:
            parts.append(f"{count} {unit}")
    return " ".join(parts)


def _is_by_the_clock(trigger: Trigger) -> bool:
    return isinstance(trigger, CronTrigger)


def _trigger(trigger: Trigger, job: str) -> str:
    match trigger:
        case CronTrigger():
            return _cron(trigger, job)
        case EveryTrigger(from_end=True):
            return f"{length_in_words(trigger.interval)} after the end of the last run"
        case EveryTrigger():
            words = length_in_words(trigger.interval)
            return f"every {words.removeprefix('1 ') if words in _SINGLE else words}"
        case AtTrigger():
            return f"once, on {instant_in_words(trigger.at, trigger.at.tzinfo or UTC)}"
        case BootTrigger():
            return f"{length_in_words(trigger.delay)} after each boot" if trigger.delay else "at each boot"
        case AfterTrigger():
            return _after(trigger)


def _cron(trigger: CronTrigger, job: str) -> str:
    if has_hash(trigger.expression) and not (trigger.seed or job):
        return _HASHED
    try:
        return cron_in_words(cron_of(trigger, job))
    except CronError:
        return "never: the expression is not valid"


def _after(trigger: AfterTrigger) -> str:
    if len(trigger.jobs) == 1:
        return f"after {trigger.jobs[0]} {_ENDS[trigger.on]}"
    if not trigger.all:
        return f"after {listed(trigger.jobs, 'or')} {_ENDS[trigger.on]}"
    each = "both" if len(trigger.jobs) == 2 else "all"
    return f"after {listed(trigger.jobs)} have {each} {_ENDED[trigger.on]}"
