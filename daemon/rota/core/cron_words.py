"""Cron expressions as people say them: short where there is a short way, else part by part."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable

from rota.core.cron import Cron
from rota.core.cronfield import Field

_WEEKDAYS = ("Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday")
_MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip
_MOST_TIMES = 4
_EVERY_HOUR = frozenset(range(24))
_EVERY_DAY = frozenset(range(1, 32))
_EVERY_WEEKDAY = frozenset(range(7))
_EVERY_MONTH = frozenset(range(1, 13))


def cron_in_words(cron: Cron) -> str:
    """Such as "daily at 02:00" or "every 5 minutes from 09:00 to 17:55, Monday to Friday"; never empty."""
    times, days = _times(cron), _days(cron)
    is_rhythm = not times.startswith("at ") or times.startswith("at minute")
    if not days or days.startswith("in "):
        season = f", {days}" if days else ""
        return f"{times if is_rhythm else f'daily {times}'}{season}"
    return f"{times}, {days}" if is_rhythm else f"{days} {times}"


def weekdays_in_words(days: Collection[int]) -> str:
    """Such as "Monday to Friday" or "Saturdays and Sundays" (Sunday is 0); "" for every day."""
    if frozenset(days) == _EVERY_WEEKDAY:
        return ""
    order = sorted(days, key=lambda day: (day - 1) % 7)  # a week begins on Monday
    first, last = (order[0] - 1) % 7, (order[-1] - 1) % 7
    if len(order) > 2 and last - first + 1 == len(order):
        return f"{_WEEKDAYS[order[0]]} to {_WEEKDAYS[order[-1]]}"
    return listed(f"{_WEEKDAYS[day]}s" for day in order)


def listed(names: Iterable[str], word: str = "and") -> str:
    """Such as "a, b and c"."""
    *rest, last = names
    return f"{', '.join(rest)} {word} {last}" if rest else last


def _times(cron: Cron) -> str:
    """ "at 02:00 and 14:00" or "every 5 minutes"."""
    is_list = cron.has_fixed_times or len(cron.hours) == 1
    if is_list and len(cron.minutes) * len(cron.hours) <= _MOST_TIMES:
        return "at " + listed(
            f"{hour:02}:{minute:02}" for hour in sorted(cron.hours) for minute in sorted(cron.minutes)
        )
    if len(cron.minutes) == 1:
        minute = min(cron.minutes)
        return _hourly(cron) or "at " + listed(f"{hour:02}:{minute:02}" for hour in sorted(cron.hours))
    return _by_minutes(cron) or _part_by_part(cron)


def _hourly(cron: Cron) -> str:
    minute = min(cron.minutes)
    step = _step(cron.hours, 24)
    if step is None:
        return _hours_named(cron, minute)
    past = "" if minute == 0 else f" at {minute} {'minute' if minute == 1 else 'minutes'} past"
    return f"every hour{past}" if step == 1 else f"every {step} hours{past or ' on the hour'}"


def _hours_named(cron: Cron, minute: int) -> str:
    first, last = min(cron.hours), max(cron.hours)
    distance = _distance(cron.hours)
    if distance is None:
        return ""
    rhythm = "every hour" if distance == 1 else f"every {distance} hours"
    return f"{rhythm} from {first:02}:{minute:02} to {last:02}:{minute:02}"


def _by_minutes(cron: Cron) -> str:
    step = _step(cron.minutes, 60)
    if step is None:
        return ""
    rhythm = "every minute" if step == 1 else f"every {step} minutes"
    if cron.hours == _EVERY_HOUR:
        return rhythm
    first, last = min(cron.hours), max(cron.hours)
    if len(cron.hours) != last - first + 1:
        return ""
    return f"{rhythm} from {first:02}:{min(cron.minutes):02} to {last:02}:{max(cron.minutes):02}"


def _part_by_part(cron: Cron) -> str:
    """What no short form says: which minutes, then of which hours."""
    minutes = _minutes_named(cron.minutes)
    if cron.hours == _EVERY_HOUR:
        return f"{minutes} of every hour"
    if len(cron.hours) == 1:
        return f"{minutes} in the hour of {min(cron.hours):02}:00"
    return f"{minutes} in the hours of {_series(cron.hours, lambda hour: f'{hour:02}:00')}"


def _minutes_named(minutes: frozenset[int]) -> str:
    if (step := _step(minutes, 60)) is not None:
        return "every minute" if step == 1 else f"every {step} minutes"
    distance = _distance(minutes)
    if distance is None or len(minutes) <= _MOST_TIMES:
        return f"at minutes {_series(minutes, str)}"
    rhythm = "every minute" if distance == 1 else f"every {distance} minutes"
    return f"{rhythm} from minute {min(minutes)} to {max(minutes)}"


def _step(values: frozenset[int], size: int) -> int | None:
    """The distance of values that follow one another evenly, also over the end; None when they don't."""
    if size % len(values):
        return None
    step = size // len(values)
    return step if values == frozenset(range(min(values), size, step)) else None


def _distance(values: Collection[int]) -> int | None:
    """The distance of at least three values that follow one another evenly; None when they don't."""
    order = sorted(values)
    if len(order) < 3:
        return None
    step = order[1] - order[0]
    return step if order == list(range(order[0], order[-1] + 1, step)) else None


def _days(cron: Cron) -> str:
    """ "" for every day, "Monday to Friday", "on the 1st of each month"."""
    by_date = _dates(cron.days, cron.months)
    by_weekday = _weekdays(cron.weekdays, cron.months)
    both = cron.days.star or cron.weekdays.star
    if by_date and by_weekday:
        weekdays = by_weekday.removeprefix("on ")
        return (
            f"{weekdays} that fall on {by_date.removeprefix('on ')}"
            if both
            else f"{by_date} and on {weekdays}"
        )
    if both and (by_date or by_weekday):  # else one of the two is written out in full, and names every day
        return by_date or by_weekday
    return "" if cron.months == _EVERY_MONTH else f"in {_months(cron.months)}"


def _dates(days: Field, months: frozenset[int]) -> str:
    if days.values == _EVERY_DAY:
        return ""
    where = "each month" if months == _EVERY_MONTH else _months(months)
    distance = _distance(days.values)
    if distance is not None and distance > 1 and len(days.values) > _MOST_TIMES and not days.last_day:
        first, last = _ordinal(min(days.values)), _ordinal(max(days.values))
        return f"on every {_ordinal(distance)} day from the {first} to the {last} of {where}"
    named = [_series(days.values, _ordinal)] if days.values else []
    return f"on the {listed([*named, *(['last day'] if days.last_day else [])])} of {where}"


def _weekdays(weekdays: Field, months: frozenset[int]) -> str:
    if weekdays.values == _EVERY_WEEKDAY:
        return ""
    parts = [weekdays_in_words(weekdays.values)] if weekdays.values else []
    is_plain = not weekdays.nth
    where = "" if months == _EVERY_MONTH else f" in {_months(months)}"
    if is_plain:
        return parts[0] + where
    names = listed(f"{_count(nth)} {_WEEKDAYS[day]}" for day, nth in sorted(weekdays.nth, key=_in_month))
    parts.append(f"the {names} of {'each month' if not where else _months(months)}")
    return "on " + listed(parts, "and on")


def _series(values: Collection[int], name: Callable[[int], str]) -> str:
    """Each by its name; three and more in a row as the first and the last of them."""
    rows: list[list[int]] = []
    for value in sorted(values):
        if rows and rows[-1][-1] == value - 1:
            rows[-1].append(value)
        else:
            rows.append([value])
    names: list[str] = []
    for row in rows:
        is_long = len(row) > 2 and len(values) > _MOST_TIMES
        names += [f"{name(row[0])} to {name(row[-1])}"] if is_long else map(name, row)
    return listed(names)


def _in_month(counted: tuple[int, int]) -> tuple[int, int]:
    day, nth = counted
    return nth or 6, day  # 0 is the last one


def _months(months: frozenset[int]) -> str:
    order = sorted(months)
    if len(order) > 2 and order[-1] - order[0] + 1 == len(order):
        return f"{_MONTHS[order[0] - 1]} to {_MONTHS[order[-1] - 1]}"
    return listed(_MONTHS[month - 1] for month in order)


def _count(nth: int) -> str:
    return "last" if nth == 0 else _ordinal(nth)


def _ordinal(number: int) -> str:
    ending = "th" if number in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"
