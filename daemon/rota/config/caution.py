"""What may surprise about one cron expression in one zone: found once for all jobs that share both."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from itertools import pairwise, takewhile
from zoneinfo import ZoneInfo

from rota.core import cron
from rota.core.cron import Cron, Occurrence
from rota.core.zone import Change, from_minute, segments, to_minute

YEAR = timedelta(days=366)
_AVOID = "move it to a time that every day has once, or use a zone without clock changes, such as UTC"
_MINUTES_OF_HOUR, _HOURS_OF_DAY = 60, 24
_DAY = 24 * 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Caution:
    """A warning without its place. `at` is the instant it is about, where it is about one."""

    rule: str
    message: str
    hint: str
    at: datetime | None = None


def cautions(expression: str, timezone: str, seed: str, now: datetime) -> tuple[Caution, ...]:
    """What there is to say about it on the day of `now`. `seed` is what `H` is a hash of.

    Of the clock changes of the next year each has its own, soonest first: one may lie in an exception.
    """
    day = now.replace(hour=0, minute=0, second=0, microsecond=0)
    return _cautions(cron.parse(expression, seed=seed), timezone, day)


# By the parsed expression: thousands of jobs with `H 3 * * *` have sixty different times.
@lru_cache(maxsize=16384)
def _cautions(parsed: Cron, timezone: str, day: datetime) -> tuple[Caution, ...]:
    zone = ZoneInfo(timezone)
    fields = parsed.expression.split()
    found = [_never_soon(parsed, zone, day), _both_days(fields, parsed), *_uneven(fields)]
    if found[0] is None:
        found += _clock_changes(parsed, zone, day)
    return tuple(caution for caution in found if caution is not None)


def shortest_distance(expression: str, seed: str) -> timedelta:
    """The shortest time between two of its instants on one day, or from one day to the next."""
    parsed = cron.parse(expression, seed=seed)
    times = [60 * hour + minute for hour in sorted(parsed.hours) for minute in sorted(parsed.minutes)]
    distances = [later - sooner for sooner, later in pairwise(times)]
    if parsed.days.star and parsed.weekdays.star:
        distances.append(times[0] + _DAY - times[-1])
    return timedelta(minutes=min(distances, default=_DAY))


def _never_soon(parsed: Cron, zone: ZoneInfo, day: datetime) -> Caution | None:
    following = parsed.next_after(day, zone)
    if following is not None and following.at - day <= YEAR:
        return None
    when = "never again" if following is None else f"next on {following.at.astimezone(zone).date()}"
    message = f"it is due {when}: not within a year"
    return Caution(rule="never-soon", message=message, hint="check day, month and day of week")


def _both_days(fields: list[str], parsed: Cron) -> Caution | None:
    if parsed.days.star or parsed.weekdays.star:
        return None
    message = (
        f"day of month ({fields[2]}) and day of week ({fields[4]}) are both restricted: "
        "it runs on days that match either of them, not both"
    )
    hint = "for both at once put * into one of them and test it in the job, or use fri#1 or friL"
    return Caution(rule="both-days", message=message, hint=hint)


def _uneven(fields: list[str]) -> Iterator[Caution]:
    for index, (name, size) in enumerate((("minute", _MINUTES_OF_HOUR), ("hour", _HOURS_OF_DAY))):
        if index < len(fields) and fields[index].startswith("*/"):
            step = int(fields[index][2:])
            if size % step:
                yield _uneven_step(name, step, size)


def _uneven_step(name: str, step: int, size: int) -> Caution:
    last = (size - 1) // step * step
    left = size - last
    divisors = [each for each in range(1, size) if size % each == 0]
    even = sorted(divisors, key=lambda each: (abs(each - step), each))[0]
    shown = (f":{last:02}", ":00") if name == "minute" else (f"{last:02}:00", "00:00")
    message = (
        f"a step of {step} does not divide {size}: after {shown[0]} comes {shown[1]}, "
        f"{left} {name}{'s' if left > 1 else ''} later"
    )
    unit = name[0]
    return Caution(
        rule="uneven-step",
        message=message,
        hint=f"write */{even}, or `every: {step}{unit}` for an even rhythm",
    )


def _clock_changes(parsed: Cron, zone: ZoneInfo, day: datetime) -> Iterator[Caution]:
    """The changes of the clocks that do something to it. An elapsed rhythm round the clock has none."""
    if len(parsed.hours) == _HOURS_OF_DAY:
        return
    start, end = to_minute(day), to_minute(day + YEAR)
    for segment in takewhile(lambda each: each.begin < end, segments(zone, start)):
        change = segment.opening
        if change is not None and change.at == segment.begin and change.at >= start:
            noted = _noted(parsed, zone, change)
            if noted is not None:
                at = from_minute(change.at) if change.is_gap else noted.at
                yield Caution(rule="clock-change", message=f"{noted.note} ({zone.key})", hint=_AVOID, at=at)


def _noted(parsed: Cron, zone: ZoneInfo, change: Change) -> Occurrence | None:
    """The first of the instants that this change concerns, with what is said of it."""
    length = change.high - change.low
    following = parsed.occurrences(from_minute(change.at - length - 1), zone)
    # What an elapsed schedule loses is said of its next instant, which may be days later.
    until = from_minute(change.at + (31 * _DAY if change.is_gap else length))
    looked_at = takewhile(lambda each: each.at <= until, following)
    return next((each for each in looked_at if each.note), None)
