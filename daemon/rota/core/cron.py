"""Cron expressions: their grammar, and the instants they name in a zone.

    expression = field{5} | macro                  at most 256 characters, upper and lower case mean the same
    field      = term ("," term)* | hash           minute, hour, day of month, month, day of week
    term       = "*" [step] | value [step] | value "-" value [step]
    step       = "/" number                        at most the width of the range; value/step runs to the end
    value      = number | name                     jan-dec, sun-sat; 0 and 7 are Sunday
    hash       = "H" ["(" number "-" number ")"] [step]
    macro      = "@yearly" | "@annually" | "@monthly" | "@weekly" | "@daily" | "@midnight" | "@hourly"

Day of month also takes `L` (the last day); day of week also `fri#2` (the second Friday) and `friL` or `L5`
(the last Friday). `H` is one value, or with a step one phase, chosen by a hash: always the same for a job,
different between jobs. Ranges run forwards. When day of month and day of week are both restricted, either
matches; a field that begins with `*` counts as unrestricted, so then both must match.

When the clocks change: a schedule whose minute and hour fields do not begin with `*` has fixed times. Each
local time runs exactly once; one that does not exist runs at the first instant after the gap, several of them
once, and one that comes twice runs the first time. All other schedules follow elapsed time: they run whenever
the clock on the wall matches, so a repeated hour has its runs twice and a skipped one none.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from calendar import monthrange
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, tzinfo
from functools import lru_cache

from rota.core.cronfield import CronError, Field, expand
from rota.core.zone import LAST_YEAR, Change, Segment, from_minute, offset_at, place, segments, to_minute

__all__ = ["Cron", "CronError", "Occurrence", "has_hash", "parse"]

LONGEST = 256  # characters
_MACROS = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}
_DAY = 24 * 60
_EPOCH_DAY = date(1970, 1, 1).toordinal()
_HORIZON = 41  # years: 29 February comes to one weekday again within 40
_CYCLE = range(2000, 2028)  # each date falls on each weekday in it


@dataclass(frozen=True, slots=True, kw_only=True)
class Occurrence:
    """A due instant in UTC; `note` says what a clock change does to it."""

    at: datetime
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cron:
    """A checked expression; build it with `parse`."""

    expression: str
    has_fixed_times: bool
    minutes: frozenset[int]
    hours: frozenset[int]
    months: frozenset[int]
    days: Field
    weekdays: Field

    def next_after(self, after: datetime, zone: tzinfo) -> Occurrence | None:
        """The first instant later than `after`, or None when there is none within a lifetime."""
        return next(self.occurrences(after, zone), None)

    def occurrences(self, after: datetime, zone: tzinfo) -> Iterator[Occurrence]:
        """All instants later than `after`, soonest first."""
        return (Occurrence(at=from_minute(at), note=note) for at, note in self.walk(after, zone))

    def walk(self, after: datetime, zone: tzinfo) -> Iterator[tuple[int, str]]:
        """As `occurrences`, in minutes since the Unix epoch."""
        start = to_minute(after) + 1
        return self._fixed(start, zone) if self.has_fixed_times else self._elapsed(start, zone)

    def _fixed(self, start: int, zone: tzinfo) -> Iterator[tuple[int, str]]:
        last = start - 1
        for label in self._labels(start + offset_at(zone, last)):
            at, change = place(zone, label)
            if at > last:
                last = at
                yield at, self._fixed_note(label, change)

    def _elapsed(self, start: int, zone: tzinfo) -> Iterator[tuple[int, str]]:
        last, note = start, ""
        for segment in segments(zone, start):
            if segment.begin >= start:
                note = self._lost_note(segment.opening, segment.begin) or note
            for label in self._labels(max(segment.begin, start) + segment.offset):
                at = label - segment.offset
                if at >= segment.end:
                    break
                yield at, note or _twice_note(label, segment, zone)
                last, note = at, ""
            if segment.end - last > _HORIZON * 366 * _DAY:
                return

    def _labels(self, start: int) -> Iterator[int]:
        """What clocks on the wall show when the expression matches, from `start` on."""
        times = _times(self.minutes, self.hours)
        first_day, minute = divmod(start, _DAY)
        for day in self._matching_days(first_day):
            begin = bisect_left(times, minute) if day == first_day else 0
            for index in range(begin, len(times)):
                yield day * _DAY + times[index]

    def _matching_days(self, start: int) -> Iterator[int]:
        """Days since the Unix epoch."""
        first = date.fromordinal(start + _EPOCH_DAY)
        for year in range(first.year, LAST_YEAR):
            for month in range(first.month if year == first.year else 1, 13):
                if month in self.months:
                    begin = date(year, month, 1).toordinal() - _EPOCH_DAY - 1
                    for day in _days(self.days, self.weekdays, year, month):
                        if begin + day >= start:
                            yield begin + day

    def _fixed_note(self, label: int, change: Change | None) -> str:
        if change is None:
            return ""
        if not change.is_gap:
            return f"the clock shows {_clock(label)} twice on {_date(label)}: it runs the first time"
        swallowed = sum(1 for _ in _until(change.high, self._labels(label)))
        more = f" (and {swallowed - 1} more times that night)" if swallowed > 1 else ""
        return (
            f"the clock skips {_clock(label)}{more} on {_date(label)}: it runs once, at {_clock(change.high)}"
        )

    def _lost_note(self, change: Change | None, begin: int) -> str:
        """What an elapsed schedule loses when all its times of a day lie in a gap."""
        if change is None or not change.is_gap or change.at != begin:
            return ""
        day = change.low // _DAY
        labels = list(_until(min(change.high, (day + 1) * _DAY), self._labels(change.low)))
        times = _times(self.minutes, self.hours)
        if not labels or len(labels) < len(times):
            return ""
        return f"no run on {_date(change.low)}: the clock skips {_clock(labels[0])} to {_clock(labels[-1])}"


def parse(expression: str, *, seed: str = "") -> Cron:
    """Check an expression; `seed` is what `H` is a hash of.

    Raises CronError, also for an expression that would never fire.
    """
    if len(expression) > LONGEST:
        raise CronError(f"the expression has {len(expression)} characters, {LONGEST} are allowed")
    text = expression.strip(" \t").lower()
    return _parse(text, seed if has_hash(text) else "")


@lru_cache(maxsize=16384)
def has_hash(expression: str) -> bool:
    """Whether a field of it is a hash, so that its times depend on the seed."""
    return any(field[:1] in ("h", "H") for field in expression.split())


@lru_cache(maxsize=16384)
def _parse(text: str, seed: str) -> Cron:
    fields = re.split(r"[ \t]+", _MACROS.get(text, text))
    _check_shape(text, fields)
    minute, hour, day, month, weekday = (
        expand(index, field, seed if field.startswith("h") else "") for index, field in enumerate(fields)
    )
    cron = Cron(
        expression=text,
        has_fixed_times=not minute.star and not hour.star,
        minutes=minute.values,
        hours=hour.values,
        days=day,
        months=month.values,
        weekdays=weekday,
    )
    if not any(_days(day, weekday, year, number) for year in _CYCLE for number in month.values):
        raise CronError(
            f"{text!r} never fires: no month of those named has such a day",
            "write L for the last day of a month",
        )
    return cron


def _check_shape(text: str, fields: list[str]) -> None:
    if text == "@reboot":
        raise CronError("@reboot names no time", "write times, such as 0 2 * * *")
    if text.startswith("@") and text not in _MACROS:
        raise CronError(f"{text!r} is not known", f"known are {', '.join(_MACROS)}; or `every: 5m`")
    if len(fields) in (6, 7):
        raise CronError(
            f"{len(fields)} fields, expected five: minute, hour, day of month, month, day of week",
            "for seconds write `every: 10s`",
        )
    if len(fields) != 5:
        found = len(fields) if text else "no"
        raise CronError(
            f"{found} fields, expected five: minute, hour, day of month, month, day of week",
            "such as 0 2 * * *",
        )


@lru_cache(maxsize=4096)
def _times(minutes: frozenset[int], hours: frozenset[int]) -> tuple[int, ...]:
    return tuple(60 * hour + minute for hour in sorted(hours) for minute in sorted(minutes))


@lru_cache(maxsize=8192)
def _days(days: Field, weekdays: Field, year: int, month: int) -> tuple[int, ...]:
    """The days of a month that match."""
    first_weekday, length = monthrange(year, month)  # Monday is 0
    matching = []
    for day in range(1, length + 1):
        weekday = (first_weekday + day) % 7  # Sunday is 0
        by_date = day in days.values or (days.last_day and day == length)
        counted = ((weekday, (day + 6) // 7), (weekday, 0 if day + 7 > length else -1))
        by_weekday = weekday in weekdays.values or any(pair in weekdays.nth for pair in counted)
        both = days.star or weekdays.star
        if (by_date and by_weekday) if both else (by_date or by_weekday):
            matching.append(day)
    return tuple(matching)


def _until(end: int, labels: Iterator[int]) -> Iterator[int]:
    for label in labels:
        if label >= end:
            return
        yield label


def _twice_note(label: int, segment: Segment, zone: tzinfo) -> str:
    """Said of both instants that show the same time on the wall."""
    _, change = place(zone, label)
    if change is None or change.is_gap:
        return ""
    return f"the clock shows {_clock(label)} twice on {_date(label)}: it runs both times"


def _clock(label: int) -> str:
    return f"{label % _DAY // 60:02}:{label % 60:02}"


def _date(label: int) -> str:
    return date.fromordinal(label // _DAY + _EPOCH_DAY).isoformat()
