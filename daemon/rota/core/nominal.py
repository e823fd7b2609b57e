"""The nominal instants of one trigger, before `spread`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

from rota.core.board import Situation
from rota.core.cron import Cron, parse
from rota.core.excepts import excepted, excepted_until
from rota.core.instant import EPOCH, from_ms, to_ms
from rota.core.triggers import (
    AfterTrigger,
    AtTrigger,
    BootTrigger,
    CronTrigger,
    EveryTrigger,
    Trigger,
)

FAR = datetime(9990, 1, 1, tzinfo=UTC)  # nothing is due later: what is added to an instant stays a date
_HOUR = timedelta(hours=1)
_SEARCH = timedelta(days=5 * 366)  # how far ahead the next instant outside of exceptions is looked for
_LOOKS = 100_000  # and over how many instants
_WORTH_A_JUMP = timedelta(minutes=15)


class Nominal(NamedTuple):
    at: datetime
    trigger: int  # index in the job's triggers
    note: str = ""
    excepted: str = ""


OfTrigger = Callable[[str, int, Trigger, datetime, Situation], Iterator[Nominal]]


def nominal(
    job: str, index: int, trigger: Trigger, after: datetime, situation: Situation
) -> Iterator[Nominal]:
    """All instants later than `after`, soonest first, those in an exception marked. Raises CronError.

    Boots and ends of other jobs' runs are no calendar: what they make is in `Situation.made`.
    """
    rows = _row(job, index, trigger, after, situation)
    if not trigger.excepts:
        return rows
    return (each._replace(excepted=excepted(each.at, trigger)) for each in rows)


def outside_exceptions(
    job: str, index: int, trigger: Trigger, after: datetime, situation: Situation
) -> Iterator[Nominal]:
    """As `nominal`, only those in no exception; it ends where five years bring none. Raises CronError."""
    if not trigger.excepts:
        return _row(job, index, trigger, after, situation)
    return _free(job, index, trigger, after, situation)


def cron_of(trigger: CronTrigger, job: str) -> Cron:
    """The expression, with its hashed fields chosen for that job. Raises CronError."""
    return parse(trigger.expression, seed=trigger.seed or job)


def _free(job: str, index: int, trigger: Trigger, after: datetime, situation: Situation) -> Iterator[Nominal]:
    rows = _row(job, index, trigger, after, situation)
    looks, horizon = 0, after + _SEARCH
    while (each := next(rows, None)) is not None:
        if not excepted(each.at, trigger):
            looks, horizon = 0, each.at + _SEARCH
            yield each
            continue
        looks += 1
        if looks > _LOOKS or each.at > horizon:
            return
        end = excepted_until(each.at, trigger)
        if end - each.at > _WORTH_A_JUMP:
            rows = _row(job, index, trigger, end, situation)


def _row(job: str, index: int, trigger: Trigger, after: datetime, situation: Situation) -> Iterator[Nominal]:
    match trigger:
        case CronTrigger():
            found = cron_of(trigger, job).occurrences(after, ZoneInfo(trigger.timezone))
            return (Nominal(each.at, index, each.note) for each in found)
        case EveryTrigger(from_end=True):
            return _from_end(index, trigger, after, situation.counts_from)
        case EveryTrigger():
            return _every(index, trigger, after)
        case AtTrigger():
            return iter([Nominal(trigger.at.astimezone(UTC), index)] if after < trigger.at < FAR else [])
        case BootTrigger() | AfterTrigger():
            return iter(())


def _every(index: int, trigger: EveryTrigger, after: datetime) -> Iterator[Nominal]:
    anchor = _anchor(trigger.interval >= _HOUR, trigger.timezone)
    at = anchor + ((after - anchor) // trigger.interval + 1) * trigger.interval
    while at < FAR:
        yield Nominal(at, index)
        at += trigger.interval


def _from_end(
    index: int, trigger: EveryTrigger, after: datetime, counts_from: datetime | None
) -> Iterator[Nominal]:
    """One instant, as what follows depends on what becomes of it; before it those that are skipped."""
    if counts_from is None:
        return
    at = from_ms(to_ms(counts_from)) + trigger.interval
    if at <= after:
        if not excepted(at, trigger):
            return
        at += ((after - at) // trigger.interval + 1) * trigger.interval
    while at < FAR:
        yield Nominal(at, index)
        if not excepted(at, trigger):
            return
        at += trigger.interval


@lru_cache(maxsize=1024)
def _anchor(is_long: bool, timezone: str) -> datetime:
    """The fixed instant that `every` counts from: a restart does not shift it."""
    if not is_long:
        return EPOCH
    return datetime(1970, 1, 1, tzinfo=ZoneInfo(timezone)).astimezone(UTC)
