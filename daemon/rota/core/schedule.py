"""The due instants of a job: all its triggers as one row of instants."""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from itertools import islice, takewhile
from zoneinfo import ZoneInfo

from rota.core.board import Due
from rota.core.cron import Cron, has_hash, parse
from rota.core.instant import EPOCH
from rota.core.model import AtTrigger, CronTrigger, EveryTrigger, Trigger

_HOUR = timedelta(hours=1)
_FAR = datetime(9990, 1, 1, tzinfo=UTC)

_Instant = tuple[datetime, int, str]  # when, index of the trigger, note


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """Due instants in a row: how many, the first, and the newest ones, oldest first."""

    count: int
    first: Due
    newest: tuple[Due, ...]


def due_between(job: str, triggers: Sequence[Trigger], after: datetime, until: datetime) -> Iterator[Due]:
    """Due instants in (after, until], soonest first; triggers that name the same instant give one.

    Raises CronError when an expression is not valid.
    """
    # Half-open, so that consecutive spans share no instant and lose none.
    for at, trigger, note in _instants(job, triggers, after, until):
        yield Due(job=job, at=at, trigger=trigger, note=note)


def next_due(job: str, triggers: Sequence[Trigger], after: datetime, count: int) -> tuple[Due, ...]:
    """The first `count` instants later than `after`; fewer when there are no more. Raises CronError."""
    return tuple(islice(due_between(job, triggers, after, _FAR), count))


def stretch_between(
    job: str, triggers: Sequence[Trigger], after: datetime, until: datetime, *, keep: int
) -> Stretch | None:
    """All due instants in (after, until], counted, the newest `keep` of them whole; None without any."""
    skipped = 0
    if len(triggers) == 1 and isinstance(triggers[0], EveryTrigger):
        begin = _shortened(triggers[0], after, until, keep)
        skipped = (begin - after) // triggers[0].interval
    else:
        begin = after
    first: _Instant | None = next(_instants(job, triggers, after, until), None)
    if first is None:
        return None
    count, newest = 0, deque[_Instant](maxlen=keep)
    for instant in _instants(job, triggers, begin, until):
        count += 1
        newest.append(instant)
    return Stretch(
        count=count + skipped,
        first=_due(job, first),
        newest=tuple(_due(job, instant) for instant in newest),
    )


def canonical(triggers: Sequence[Trigger]) -> str:
    """What makes a schedule the same one: equal text, equal instants. Empty without triggers."""
    return "; ".join(_text(trigger) for trigger in triggers)


def is_hashed(triggers: Sequence[Trigger]) -> bool:
    """Whether instants depend on the job or its seed, so that equal text may mean other instants."""
    return any(isinstance(each, CronTrigger) and has_hash(each.expression) for each in triggers)


def zone_of(triggers: Sequence[Trigger]) -> ZoneInfo:
    """The zone in which times of this schedule are told to people."""
    names = (trigger.timezone for trigger in triggers if not isinstance(trigger, AtTrigger))
    return ZoneInfo(next(names, "UTC"))


def cron_of(trigger: CronTrigger, job: str) -> Cron:
    """The expression, with its hashed fields chosen for that job. Raises CronError."""
    return parse(trigger.expression, seed=trigger.seed or job)


def _instants(job: str, triggers: Sequence[Trigger], after: datetime, until: datetime) -> Iterator[_Instant]:
    rows = [_of_trigger(job, index, trigger, after) for index, trigger in enumerate(triggers)]
    last = after
    for instant in takewhile(
        lambda each: each[0] <= until, rows[0] if len(rows) == 1 else heapq.merge(*rows)
    ):
        if instant[0] > last:
            last = instant[0]
            yield instant


def _of_trigger(job: str, index: int, trigger: Trigger, after: datetime) -> Iterator[_Instant]:
    match trigger:
        case CronTrigger():
            found = cron_of(trigger, job).occurrences(after, ZoneInfo(trigger.timezone))
            return ((each.at, index, each.note) for each in found)
        case EveryTrigger():
            return _every(index, trigger, after)
        case AtTrigger():
            return iter([(trigger.at.astimezone(UTC), index, "")] if trigger.at > after else [])


def _every(index: int, trigger: EveryTrigger, after: datetime) -> Iterator[_Instant]:
    anchor = _anchor(trigger.interval >= _HOUR, trigger.timezone)
    at = anchor + ((after - anchor) // trigger.interval + 1) * trigger.interval
    while at < _FAR:
        yield at, index, ""
        at += trigger.interval


@lru_cache(maxsize=1024)
def _anchor(is_long: bool, timezone: str) -> datetime:
    """The fixed instant that `every` counts from: a restart does not shift it."""
    if not is_long:
        return EPOCH
    return datetime(1970, 1, 1, tzinfo=ZoneInfo(timezone)).astimezone(UTC)


def _shortened(trigger: EveryTrigger, after: datetime, until: datetime, keep: int) -> datetime:
    """A later begin, whole intervals away, with at least `keep` instants left behind it."""
    spare = (until - after) // trigger.interval - keep - 1
    return after + max(0, spare) * trigger.interval


def _due(job: str, instant: _Instant) -> Due:
    at, trigger, note = instant
    return Due(job=job, at=at, trigger=trigger, note=note)


def _text(trigger: Trigger) -> str:
    match trigger:
        case CronTrigger():
            seed = f" {trigger.seed}" if has_hash(trigger.expression) else ""
            return f"cron {' '.join(trigger.expression.lower().split())} {trigger.timezone}{seed}"
        case EveryTrigger():
            return f"every {trigger.interval.total_seconds():.15g}s {trigger.timezone}"
        case AtTrigger():
            return f"at {trigger.at.astimezone(UTC).isoformat()}"
