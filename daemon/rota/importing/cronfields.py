"""The times of a crontab line as a trigger of ours, where cron's own readers take more than we do."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from rota.core.cron import CronError, parse

WEEKDAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
FIELDS = ("minute", "hour", "day of month", "month", "day of week")
_BOUNDS = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 6))
_RANDOM = re.compile(r"(\d*)~(\d*)(?:/(\d+))?")
_RANGE = re.compile(r"(\w+)-(\w+)(/\d+)?")
_STAR = re.compile(r"\*/(\d+)")
_WEEKS = {(1, 7): 1, (8, 14): 2, (15, 21): 3, (22, 28): 4}
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")


class NotConverted(Exception):
    """This has no place in a job file; the message is the reason that people read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Times:
    """A trigger as it is written in a job file."""

    trigger: Mapping[str, Any]
    notes: tuple[str, ...] = ()


def times_of(text: str) -> Times:
    """Five fields, or a word such as @daily or @reboot. Raises NotConverted."""
    if text.startswith("@"):
        return _word(text.lower())
    fields = text.split()
    notes: list[str] = []
    converted = [_field(index, each.lower(), notes) for index, each in enumerate(fields)]
    _check_days(fields, converted)
    return Times(trigger={"cron": checked(" ".join(converted))}, notes=tuple(notes))


def checked(expression: str) -> str:
    """The expression, when rota takes it. Raises NotConverted with rota's own words."""
    try:
        parse(expression, seed="job")
    except CronError as error:
        raise NotConverted(f"{error.message}" + (f"; {error.hint}" if error.hint else "")) from error
    return expression


def both_days(day: str, weekdays: tuple[str, ...]) -> tuple[str, str]:
    """Day of month and day of week where both must match; in cron either does, unless one begins with `*`.

    `weekdays` are names in the order of the week, Sunday first. Raises NotConverted.
    """
    if not weekdays or len(weekdays) == 7:
        return day, "*"
    if day.startswith("*"):
        return day, _ranges(weekdays)
    found = re.fullmatch(r"(\d+)-(\d+)", day)
    week = _WEEKS.get((int(found[1]), int(found[2]))) if found else None
    if week is None:
        raise NotConverted("a day of the month and a day of the week together: cron takes either for a match")
    return "*", ",".join(f"{name}#{week}" for name in weekdays)


def _word(word: str) -> Times:
    if word == "@reboot":
        note = "cron runs this when cron itself starts; here it is once after each boot of the host"
        return Times(trigger={"boot": "0s"}, notes=(note,))
    if word == "@every_minute":
        return Times(trigger={"cron": "* * * * *"})
    if word == "@every_second":
        return Times(trigger={"every": "1s"})
    if re.fullmatch(r"@[1-9]\d{0,7}", word):  # FreeBSD: so many seconds after the last run has ended
        return Times(trigger={"every": f"{word[1:]}s", "from": "end"})
    return Times(trigger={"cron": checked(word)})


def _field(index: int, text: str, notes: list[str]) -> str:
    if found := _RANDOM.fullmatch(text):
        return _hashed(index, found, notes)
    if "~" in text:
        raise NotConverted(
            f"{FIELDS[index]}: a random range in a list has no counterpart; write H(0-29) alone"
        )
    return ",".join(_term(index, term) for term in text.split(","))


def _check_days(theirs: list[str], ours: list[str]) -> None:
    """A day field that begins with `*` and names one day only would no longer say that both must match."""
    for index, other in ((2, 4), (4, 2)):
        if theirs[index][0] == "*" != ours[index][0] and ours[other][0] != "*":
            reason = f"{FIELDS[index]}: the step of {theirs[index]} is over its range"
            raise NotConverted(f"{reason}, so both days must match; in a cron expression either would do")


def _hashed(index: int, found: re.Match[str], notes: list[str]) -> str:
    """Cron draws at random when it loads the crontab; ours is a hash, always the same."""
    lowest, highest = _BOUNDS[index]
    low, high = int(found[1] or lowest), int(found[2] or highest)
    notes.append(
        f"{FIELDS[index]}: cron chose at random in {found[0]}; H is one value, always the same for this job"
    )
    if low == high:
        return str(low)
    step = f"/{found[3]}" if found[3] else ""
    return f"H({low}-{high}){step}"


def _term(index: int, term: str) -> str:
    low, high = _BOUNDS[index]
    if (star := _STAR.fullmatch(term)) and int(star[1]) > high - low:
        return str(low)
    found = _RANGE.fullmatch(term)
    if found is None:
        return _single_step(index, term)
    begin, end = _value(index, found[1]), _value(index, found[2])
    step = int((found[3] or "/1")[1:])
    if begin is None or end is None or step == 0:
        return term
    if begin > end:
        return _wrapped(index, begin, end, step)
    return str(begin) if begin == end or step > end - begin else term


def _single_step(index: int, term: str) -> str:
    """`5/70`: from 5 on, and the step leads out of the field at once."""
    value, slash, step = term.partition("/")
    number = _value(index, value)
    if slash and number is not None and step.isdigit() and int(step) > _BOUNDS[index][1] - number:
        return value
    return term


def _wrapped(index: int, begin: int, end: int, step: int) -> str:
    """`22-2` and `fri-mon`: around the end of the field."""
    low, high = _BOUNDS[index]
    size = high - low + 1
    values = sorted({(value - low) % size + low for value in range(begin, end + size + 1, step)})
    rows: list[list[int]] = []
    for value in values:
        if rows and value == rows[-1][-1] + 1:
            rows[-1].append(value)
        else:
            rows.append([value])
    return ",".join(str(row[0]) if len(row) == 1 else f"{row[0]}-{row[-1]}" for row in rows)


def _value(index: int, text: str) -> int | None:
    if text.isdigit():
        return int(text)
    names = {3: _MONTHS, 4: WEEKDAYS}.get(index, ())
    return names.index(text[:3]) + (1 if index == 3 else 0) if text[:3] in names else None


def _ranges(weekdays: tuple[str, ...]) -> str:
    """`mon-fri` for five days in a row."""
    rows: list[list[str]] = []
    for day in weekdays:
        if rows and WEEKDAYS.index(day) == WEEKDAYS.index(rows[-1][-1]) + 1:
            rows[-1].append(day)
        else:
            rows.append([day])
    return ",".join(row[0] if len(row) == 1 else f"{row[0]}-{row[-1]}" for row in rows)
