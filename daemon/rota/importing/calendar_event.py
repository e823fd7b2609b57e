"""Calendar events of systemd (`man systemd.time`) as triggers of ours."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from zoneinfo import available_timezones

from rota.importing.cronfields import WEEKDAYS, NotConverted, both_days, checked

_WORDS = {
    "minutely": "*-*-* *:*:00",
    "hourly": "*-*-* *:00:00",
    "daily": "*-*-* 00:00:00",
    "monthly": "*-*-01 00:00:00",
    "weekly": "Mon *-*-* 00:00:00",
    "yearly": "*-01-01 00:00:00",
    "annually": "*-01-01 00:00:00",
    "quarterly": "*-01,04,07,10-01 00:00:00",
    "semiannually": "*-01,07-01 00:00:00",
    "biannually": "*-01,07-01 00:00:00",
    "bi-annually": "*-01,07-01 00:00:00",
    "semi-annually": "*-01,07-01 00:00:00",
    "anually": "*-01-01 00:00:00",
}
_LONG_DAYS = ("sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday")
_WEEKDAYS = re.compile(r"[A-Za-z]{3,9}(?:(?:,|\.\.|-)[A-Za-z]{3,9})*,?")
_TERM = re.compile(r"(\d+)(?:\.\.(\d+))?(?:/(\d+))?|\*(?:/(\d+))?")
_BOUNDS = {"minute": (0, 59), "hour": (0, 23), "day": (1, 31), "month": (1, 12)}


def trigger_of(event: str, timezone: str | None) -> Mapping[str, Any]:
    """The trigger that names the same instants. `timezone` is for events without one. Raises NotConverted."""
    words = event.split()
    zone = timezone
    if len(words) > 1 and (words[-1] == "UTC" or words[-1] in available_timezones()):
        zone = words.pop()
    if len(words) == 1 and words[0].lower() in _WORDS:
        words = _WORDS[words[0].lower()].split()
    weekday = _weekdays(words.pop(0)) if words and _is_weekdays(words[0]) else ()
    date = words.pop(0) if words and ":" not in words[0] else "*-*-*"
    time = words.pop(0) if words else "00:00:00"
    if words or not date:
        raise NotConverted(f"{event!r} is not understood as a calendar event")
    year, month, day = _date(date)
    hour, minute, second = _time(time)
    named = {"timezone": zone} if zone else {}
    if year != "*":
        return {"at": _instant(year, month, day, time), **named}
    if second != "0":
        return _seconds(second, (month, day, hour, minute, *weekday))
    return {"cron": _cron(minute, hour, day, month, weekday), **named}


def _is_weekdays(word: str) -> bool:
    return _WEEKDAYS.fullmatch(word) is not None


def _weekdays(word: str) -> tuple[str, ...]:
    """`Mon..Wed,Fri` as the days one by one, Sunday first as cron counts."""
    days: set[int] = set()
    for part in word.strip(",").split(","):
        first, _, last = part.replace("..", "-").partition("-")
        begin, end = _weekday(first), _weekday(last or first)
        days |= {day % 7 for day in range(begin, end + (8 if end < begin else 1))}
    return tuple(WEEKDAYS[day] for day in sorted(days))


def _weekday(name: str) -> int:
    lower = name.lower()
    if lower in WEEKDAYS:
        return WEEKDAYS.index(lower)
    if lower in _LONG_DAYS:
        return _LONG_DAYS.index(lower)
    raise NotConverted(f"{name!r} is no day of the week")


def _date(text: str) -> tuple[str, str, str]:
    if text.startswith("@"):
        raise NotConverted(f"{text}: seconds since 1970; write `at:` with the date")
    head, tilde, last = text.partition("~")
    parts = head.split("-")
    if tilde:
        parts.append("~" + last)
    if len(parts) == 2:
        parts.insert(0, "*")
    if len(parts) != 3:
        raise NotConverted(f"{text!r} is not understood as a date")
    return parts[0], parts[1], parts[2]


def _time(text: str) -> tuple[str, str, str]:
    parts = text.split(":")
    if len(parts) not in (2, 3):
        raise NotConverted(f"{text!r} is not understood as a time of day")
    second = parts[2] if len(parts) == 3 else "0"
    return parts[0], parts[1], "0" if second.strip("0") in ("", ".") else second


def _instant(year: str, month: str, day: str, time: str) -> str:
    """A date with its year is an instant when nothing in it is open."""
    parts = [*time.split(":"), "00"][:3]
    if not all(part.isdigit() for part in (year, month, day, *parts)) or len(year) != 4:
        raise NotConverted(f"the year {year}: only a single instant may name its year, as `at:`")
    hour, minute, second = (int(part) for part in parts)
    return f"{year}-{int(month):02}-{int(day):02}T{hour:02}:{minute:02}:{second:02}"


def _seconds(second: str, others: tuple[str, ...]) -> Mapping[str, Any]:
    """Seconds are fine as long as they make an even rhythm through all minutes."""
    found = re.fullmatch(r"(?:0+|\*)/(\d+)|\*", second)
    step = int(found[1] or 1) if found else 0
    if not step or 60 % step or any(other != "*" for other in others):
        raise NotConverted("seconds: a cron expression has none; for an even rhythm write `every: 10s`")
    return {"every": f"{step}s"}


def _cron(minute: str, hour: str, day: str, month: str, weekdays: tuple[str, ...]) -> str:
    fields = [_field("minute", minute), _field("hour", hour)]
    if day.startswith("~"):
        days, named = _from_the_end(day[1:], weekdays)
    else:
        days, named = both_days(_field("day", day), weekdays)
    return checked(" ".join([*fields, days, _field("month", month), named]))


def _field(name: str, text: str) -> str:
    return ",".join(_term(name, term) for term in text.split(","))


def _term(name: str, term: str) -> str:
    found = _TERM.fullmatch(term)
    if found is None:
        raise NotConverted(f"{name}: {term!r} is not understood")
    low, high = _BOUNDS[name]
    if found[1] is None:
        return term if found[4] is None or int(found[4]) <= high - low else str(low)
    begin, step = int(found[1]), int(found[3] or 0)
    end = int(found[2]) if found[2] else (high if step else begin)
    if begin == end or step > end - begin:
        return str(begin)
    if step and (begin, end) == (low, high):
        return f"*/{step}"  # a rhythm, also where the clocks change
    return f"{begin}-{end}/{step}" if step else f"{begin}-{end}"


def _from_the_end(text: str, weekdays: tuple[str, ...]) -> tuple[str, str]:
    """`~01` is the last day of the month, and `Mon *-*~07/1` its last Monday."""
    if text.lstrip("0") == "1" and not weekdays:
        return "L", "*"
    if re.fullmatch(r"0*7/1", text) and weekdays:
        return "*", ",".join(f"{day}L" for day in weekdays)
    raise NotConverted(f"~{text}: from the end of the month only L, the last day, or friL can be written")
