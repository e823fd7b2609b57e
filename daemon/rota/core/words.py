"""Schedules, lengths and instants as people say them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta, tzinfo

from rota.core.cron import Cron, has_hash
from rota.core.cronfield import CronError, Field
from rota.core.model import AfterTrigger, AtTrigger, BootTrigger, CronTrigger, EveryTrigger, Trigger
from rota.core.schedule import cron_of

BY_HAND = "by hand only"
_WEEKDAYS = ("Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday")
_MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip
_MOST_TIMES = 4
_EVERY_MINUTE = frozenset(range(60))
_EVERY_HOUR = frozenset(range(24))
_EVERY_DAY = frozenset(range(1, 32))
_EVERY_WEEKDAY = frozenset(range(7))
_EVERY_MONTH = frozenset(range(1, 13))
_UNITS = ((86_400, "day", "d"), (3_600, "hour", "h"), (60, "minute", "m"), (1, "second", "s"))


def schedule_in_words(triggers: Sequence[Trigger], job: str = "") -> str:
    """Such as "daily at 02:00" or "Monday to Friday at 09:30".

    An expression too odd for words stands as it is. With `job`, hashed fields are told as that job has them.
    """
    if not triggers:
        return BY_HAND
    return "; ".join(_trigger(trigger, job) for trigger in triggers)


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


def _trigger(trigger: Trigger, job: str) -> str:
    match trigger:
        case CronTrigger():
            return _cron(trigger, job)
        case EveryTrigger():
            words = length_in_words(trigger.interval)
            return f"every {words.removeprefix('1 ') if words in _SINGLE else words}"
        case AtTrigger():
            return f"once, on {instant_in_words(trigger.at, trigger.at.tzinfo or UTC)}"
        case BootTrigger():
            return "after each boot"
        case AfterTrigger():
            return f"after {' and '.join(trigger.jobs)}"


_SINGLE = ("1 minute", "1 hour", "1 day")


def _cron(trigger: CronTrigger, job: str) -> str:
    if has_hash(trigger.expression) and not (trigger.seed or job):
        return trigger.expression
    try:
        cron = cron_of(trigger, job)
    except CronError:
        return trigger.expression
    times, days = _times(cron), _days(cron)
    if times is None or days is None:
        return trigger.expression
    is_rhythm = times.startswith("every")
    if not days or days.startswith("in "):
        season = f", {days}" if days else ""
        return f"{times if is_rhythm else f'daily {times}'}{season}"
    return f"{times}, {days}" if is_rhythm else f"{days} {times}"


def _times(cron: Cron) -> str | None:
    """ "at 02:00 and 14:00" or "every 5 minutes"; None when words would not help."""
    is_list = cron.has_fixed_times or len(cron.hours) == 1
    if is_list and len(cron.minutes) * len(cron.hours) <= _MOST_TIMES:
        return "at " + _listed(
            f"{hour:02}:{minute:02}" for hour in sorted(cron.hours) for minute in sorted(cron.minutes)
        )
    return _hourly(cron) if len(cron.minutes) == 1 else _by_minutes(cron)


def _hourly(cron: Cron) -> str | None:
    minute = min(cron.minutes)
    step = _step(cron.hours, 24)
    if step is None:
        return _hours_named(cron, minute)
    past = "" if minute == 0 else f" at {minute} {'minute' if minute == 1 else 'minutes'} past"
    return f"every hour{past}" if step == 1 else f"every {step} hours{past or ' on the hour'}"


def _hours_named(cron: Cron, minute: int) -> str | None:
    first, last = min(cron.hours), max(cron.hours)
    if len(cron.hours) != last - first + 1:
        return None
    return f"every hour from {first:02}:{minute:02} to {last:02}:{minute:02}"


def _by_minutes(cron: Cron) -> str | None:
    step = _step(cron.minutes, 60)
    if step is None:
        return None
    rhythm = "every minute" if step == 1 else f"every {step} minutes"
    if cron.hours == _EVERY_HOUR:
        return rhythm
    first, last = min(cron.hours), max(cron.hours)
    if len(cron.hours) != last - first + 1:
        return None
    return f"{rhythm} from {first:02}:{min(cron.minutes):02} to {last:02}:{max(cron.minutes):02}"


def _step(values: frozenset[int], size: int) -> int | None:
    """The distance of values that follow one another evenly, also over the end; None when they don't."""
    if size % len(values):
        return None
    step = size // len(values)
    return step if values == frozenset(range(min(values), size, step)) else None


def _days(cron: Cron) -> str | None:
    """ "" for every day, "Monday to Friday", "on the 1st of each month"; None when words would not help."""
    by_date = _dates(cron.days, cron.months)
    by_weekday = _weekdays(cron.weekdays, cron.months)
    if by_date is None or by_weekday is None:
        return None
    if by_date and by_weekday:
        both = cron.days.star or cron.weekdays.star
        return None if both else f"{by_date} and on {by_weekday.removeprefix('on ')}"
    if by_date or by_weekday:
        every = not cron.days.star and not cron.weekdays.star  # one of the two is then written out in full
        return None if every else by_date or by_weekday
    return "" if cron.months == _EVERY_MONTH else f"in {_months(cron.months)}"


def _dates(days: Field, months: frozenset[int]) -> str | None:
    if days.values == _EVERY_DAY:
        return ""
    named = [_ordinal(day) for day in sorted(days.values)] + (["last day"] if days.last_day else [])
    if len(named) > _MOST_TIMES:
        return None
    return f"on the {_listed(named)} of {'each month' if months == _EVERY_MONTH else _months(months)}"


def _weekdays(weekdays: Field, months: frozenset[int]) -> str | None:
    where = "" if months == _EVERY_MONTH else f" in {_months(months)}"
    if weekdays.nth:
        if weekdays.values or len(weekdays.nth) > _MOST_TIMES:
            return None
        names = _listed(f"{_count(nth)} {_WEEKDAYS[day]}" for day, nth in sorted(weekdays.nth, key=_in_month))
        return f"on the {names} of {'each month' if not where else _months(months)}"
    if weekdays.values == _EVERY_WEEKDAY:
        return ""
    order = sorted(weekdays.values, key=lambda day: (day - 1) % 7)  # a week begins on Monday
    first, last = (order[0] - 1) % 7, (order[-1] - 1) % 7
    if len(order) > 2 and last - first + 1 == len(order):
        return f"{_WEEKDAYS[order[0]]} to {_WEEKDAYS[order[-1]]}{where}"
    return _listed(f"{_WEEKDAYS[day]}s" for day in order) + where


def _in_month(counted: tuple[int, int]) -> tuple[int, int]:
    day, nth = counted
    return nth or 6, day  # 0 is the last one


def _months(months: frozenset[int]) -> str:
    order = sorted(months)
    if len(order) > 2 and order[-1] - order[0] + 1 == len(order):
        return f"{_MONTHS[order[0] - 1]} to {_MONTHS[order[-1] - 1]}"
    return _listed(_MONTHS[month - 1] for month in order)


def _count(nth: int) -> str:
    return "last" if nth == 0 else _ordinal(nth)


def _ordinal(number: int) -> str:
    ending = "th" if number in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"


def _listed(names: Iterable[str]) -> str:
    *rest, last = names
    return f"{', '.join(rest)} and {last}" if rest else last
