"""The due instants of a job: all its triggers as one row of instants.

An instant is told apart by its nominal time; when it is to be answered (`Due.starts_at`) is that and the
delay of `spread`. Spans of time are spans of the latter, so that consecutive spans share nothing and lose
nothing, also where delays are longer than the distance of instants.
"""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import groupby, islice, takewhile
from operator import attrgetter, itemgetter
from zoneinfo import ZoneInfo

from rota.core.board import Due, JobEntry, Situation
from rota.core.cron import has_hash
from rota.core.instant import length_ms
from rota.core.nominal import FAR, Nominal, OfTrigger, cron_of, nominal, outside_exceptions
from rota.core.spread import delay
from rota.core.triggers import (
    AfterTrigger,
    AtTrigger,
    BootTrigger,
    CronTrigger,
    EveryTrigger,
    Trigger,
)

__all__ = [
    "Stretch", "canonical", "cron_of", "due_between", "is_hashed", "is_shared", "next_due", "next_owed",
    "owed_between", "stretches_between", "zone_of",
]  # fmt: skip

_NOTHING = Situation()
_COUNTED = 100_000  # instants of one trigger that are looked at one by one


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """Due instants in a row that have the same exception or none: how many, and the newest, oldest first.

    `first` and `last` are the ends of their nominal times, `ends_at` is when the last one was to be answered.
    """

    count: int
    first: Due
    last: datetime
    ends_at: datetime
    newest: tuple[Due, ...]
    older: tuple[Due, datetime] | None = None  # of those that are not among the newest: `first` and `last`

    @property
    def excepted(self) -> str:
        """The label of the exception, or ""."""
        return self.first.excepted


def due_between(
    job: str,
    triggers: Sequence[Trigger],
    after: datetime,
    until: datetime,
    situation: Situation = _NOTHING,
) -> Iterator[Due]:
    """Due instants that start in (after, until], soonest first; triggers that name the same one give one.

    Those in an exception are marked. Raises CronError when an expression is not valid.
    """
    named = _named(job, triggers, _begin(triggers, after), situation)
    rows = _together(_started(job, triggers, named, after), situation.made, after)
    return takewhile(lambda due: due.starts_at <= until, rows)


def owed_between(
    job: str,
    triggers: Sequence[Trigger],
    after: datetime,
    until: datetime,
    situation: Situation = _NOTHING,
) -> Iterator[Due]:
    """As `due_between`, without those in an exception.

    A trigger is given up where five years bring nothing else. Raises CronError.
    """
    named = _named(job, triggers, _begin(triggers, after), situation, outside_exceptions)
    made = [due for due in situation.made if not due.excepted and not due.withheld]
    rows = _together(_started(job, triggers, named, after), made, after)
    return takewhile(lambda due: due.starts_at <= until, rows)


def next_due(
    job: str,
    triggers: Sequence[Trigger],
    after: datetime,
    count: int,
    situation: Situation = _NOTHING,
) -> tuple[Due, ...]:
    """The first `count` that start later than `after`; fewer when there are no more. Raises CronError."""
    return tuple(islice(due_between(job, triggers, after, FAR, situation), count))


def next_owed(
    job: str,
    triggers: Sequence[Trigger],
    after: datetime,
    count: int,
    situation: Situation = _NOTHING,
) -> tuple[Due, ...]:
    """As `next_due`, without those in an exception. Raises CronError."""
    return tuple(islice(owed_between(job, triggers, after, FAR, situation), count))


def stretches_between(entry: JobEntry, after: datetime, until: datetime, *, keep: int) -> list[Stretch]:
    """What the calendar of the job makes start in (after, until], counted; of each stretch the newest `keep`.

    The oldest of a very dense and very long row are counted without looking whether an exception held.
    """
    job, triggers = entry.spec.id, entry.spec.triggers
    situation = Situation(counts_from=entry.situation.counts_from)
    begin, left_out = _shortened(triggers, after, until, keep)
    due = due_between(job, triggers, begin, until, situation)
    stretches = [_stretch(row, keep) for _, row in groupby(due, key=attrgetter("excepted"))]
    if not left_out:
        return stretches
    (first,) = next_due(job, triggers, after, 1)
    older = replace(first, excepted="")
    if stretches and not stretches[0].excepted:
        newer = stretches[0]
        last = begin if newer.older is None else newer.older[1]
        whole = replace(newer, count=left_out + newer.count, first=older, older=(older, last))
        return [whole, *stretches[1:]]
    return [Stretch(count=left_out, first=older, last=begin, ends_at=begin, newest=()), *stretches]


def canonical(triggers: Sequence[Trigger]) -> str:
    """What makes a schedule the same one: equal text, equal instants. Empty without triggers.

    Of an exception it holds the words, so that a calendar that grows leaves a schedule what it was.
    """
    return "; ".join(_text(trigger) + _changes(trigger) for trigger in triggers)


def is_hashed(triggers: Sequence[Trigger]) -> bool:
    """Whether instants depend on the job or its seed, so that equal text may mean other instants."""
    return any(_is_seeded(each) for each in triggers)


def is_shared(triggers: Sequence[Trigger]) -> bool:
    """Whether equal text means equal instants: nothing hashed, no calendar, nothing that happened."""
    plain = all(
        isinstance(each, CronTrigger | AtTrigger) or (isinstance(each, EveryTrigger) and not each.from_end)
        for each in triggers
    )
    return plain and not is_hashed(triggers) and not any(each.excepts for each in triggers)


def zone_of(triggers: Sequence[Trigger]) -> ZoneInfo:
    """The zone in which times of this schedule are told to people."""
    names = (trigger.timezone for trigger in triggers if not isinstance(trigger, AtTrigger))
    return ZoneInfo(next(names, "UTC"))


def _begin(triggers: Sequence[Trigger], after: datetime) -> datetime:
    """The nominal time of what may still start later than `after`."""
    return after - max((each.spread for each in triggers), default=timedelta(0))


def _named(
    job: str,
    triggers: Sequence[Trigger],
    begin: datetime,
    situation: Situation,
    of_one: OfTrigger = nominal,
) -> Iterator[Nominal]:
    """Nominal instants later than `begin`, each once."""
    rows = [of_one(job, index, each, begin, situation) for index, each in enumerate(triggers)]
    if len(rows) == 1:
        return rows[0]
    together = groupby(heapq.merge(*rows), key=itemgetter(0))
    # Of several triggers that name it one suffices that no exception keeps from it.
    return (min(same, key=lambda each: (bool(each.excepted), each.trigger)) for _, same in together)


def _started(
    job: str, triggers: Sequence[Trigger], named: Iterator[Nominal], after: datetime
) -> Iterator[Due]:
    """In the order in which they start."""
    if not any(trigger.spread for trigger in triggers):
        for each in named:
            if each.at > after:
                yield Due(job=job, at=each.at, trigger=each.trigger, note=each.note, excepted=each.excepted)
        return
    waiting: list[tuple[datetime, datetime, Due]] = []
    for each in named:
        # Whatever is still to come is named later than this one, and starts no earlier than that.
        while waiting and waiting[0][0] < each.at:
            yield heapq.heappop(waiting)[2]
        due = _delayed(job, triggers[each.trigger], each)
        if due.starts_at > after:
            heapq.heappush(waiting, (due.starts_at, due.at, due))
    while waiting:
        yield heapq.heappop(waiting)[2]


def _delayed(job: str, trigger: Trigger, named: Nominal) -> Due:
    return Due(
        job=job,
        at=named.at,
        trigger=named.trigger,
        note=named.note,
        delay=delay(trigger.seed or job, named.at, trigger.spread),
        excepted=named.excepted,
    )


def _together(rows: Iterator[Due], made: Sequence[Due], after: datetime) -> Iterator[Due]:
    """With what was made; an instant that the calendar names as well comes once."""
    waiting = [due for due in made if due.starts_at > after]
    if not waiting:
        return rows
    merged = heapq.merge(rows, sorted(waiting, key=_order), key=_order)
    return (next(same) for _, same in groupby(merged, key=_order))


def _named_at(due: Due) -> datetime:
    return due.at


def _order(due: Due) -> tuple[datetime, datetime]:
    return due.starts_at, due.at


def _stretch(dues: Iterator[Due], keep: int) -> Stretch:
    count, newest = 0, deque[Due](maxlen=keep)
    first = last = None  # of those that are not among the newest
    for due in dues:
        count += 1
        if len(newest) == keep:
            gone = newest[0]
            first = gone if first is None or gone.at < first.at else first
            last = gone if last is None or gone.at > last.at else last
        newest.append(due)
    older = () if first is None or last is None else (first, last)
    return Stretch(
        count=count,
        first=min((*older, *newest), key=_named_at),
        last=max(due.at for due in (*older, *newest)),
        ends_at=newest[-1].starts_at,
        newest=tuple(newest),
        older=(older[0], older[1].at) if older else None,
    )


def _shortened(
    triggers: Sequence[Trigger], after: datetime, until: datetime, keep: int
) -> tuple[datetime, int]:
    """A later begin, whole intervals of a lone `every` away, and how many instants lie before it."""
    trigger = triggers[0] if len(triggers) == 1 else None
    if not isinstance(trigger, EveryTrigger) or trigger.from_end:
        return after, 0
    kept = _COUNTED if trigger.spread or trigger.excepts else 0
    spare = max(0, (until - after) // trigger.interval - max(keep + 1, kept))
    return after + spare * trigger.interval, spare


def _text(trigger: Trigger) -> str:
    match trigger:
        case CronTrigger():
            seed = f" {trigger.seed}" if has_hash(trigger.expression) else ""
            return f"cron {' '.join(trigger.expression.lower().split())} {trigger.timezone}{seed}"
        case EveryTrigger():
            begin = " from end" if trigger.from_end else ""
            return f"every {trigger.interval.total_seconds():.15g}s {trigger.timezone}{begin}"
        case AtTrigger():
            return f"at {trigger.at.astimezone(UTC).isoformat()}"
        case BootTrigger():
            return f"boot {length_ms(trigger.delay)}ms"
        case AfterTrigger():
            which = "all" if trigger.all else "any"
            return f"after {which} {','.join(sorted(trigger.jobs))} {trigger.on.value}"


def _changes(trigger: Trigger) -> str:
    """What is done to its instants; their exceptions are told in the zone."""
    words = f" spread {length_ms(trigger.spread)}ms {trigger.seed}" if trigger.spread else ""
    if trigger.excepts:
        words += f" {trigger.timezone} except {', '.join(each.label for each in trigger.excepts)}"
    return words


def _is_seeded(trigger: Trigger) -> bool:
    return bool(trigger.spread) or (isinstance(trigger, CronTrigger) and has_hash(trigger.expression))
