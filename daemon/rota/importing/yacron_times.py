"""Schedules of yacron and cronstable: their fields, and what their parser makes of them."""

from __future__ import annotations

import re
from collections.abc import Mapping

from rota.core.cron import CronError
from rota.core.cron import parse as parse_cron
from rota.importing.cronfields import WEEKDAYS, NotConverted, Times, both_days, times_of
from rota.importing.spots import Spot

_SCHEDULE = ("minute", "hour", "dayOfMonth", "month", "dayOfWeek")
_EACH_SECONDS = re.compile(r"\*(?:/(1|2|3|4|5|6|10|12|15|20|30))?(?: \*){6}")  # an even rhythm


def schedule_of(spot: Spot) -> Times:
    """The trigger of a schedule, written as text or as a map of fields. Raises NotConverted."""
    text = _expression(spot.members) if spot.members else spot.text
    if found := _EACH_SECONDS.fullmatch(text):
        return Times(trigger={"every": f"{found[1] or 1}s"})
    return times_of(_five_fields(text))


def _expression(fields: Mapping[str, Spot]) -> str:
    """The map form: what is not written is `*`."""
    parts = [fields[key].text if key in fields else "*" for key in _SCHEDULE]
    year = fields["year"].text if "year" in fields else "*"
    second = fields["second"].text if "second" in fields else "0"
    return " ".join([second, *parts, year])


def _five_fields(text: str) -> str:
    """Six fields end with the year, seven also begin with the second."""
    fields = text.split()
    if text.startswith("@"):
        return text
    if len(fields) not in (6, 7):
        return " ".join(_days(fields))
    second = fields.pop(0) if len(fields) == 7 else "0"
    year = fields.pop()
    if year != "*":
        raise NotConverted(
            f"the year {year}: a cron expression here has none; write `at:` for a single instant"
        )
    if second not in ("0", "00"):
        raise NotConverted(f"the second {second}: for seconds write `schedule: {{every: 10s}}`")
    return " ".join(_days(fields))


def _days(fields: list[str]) -> list[str]:
    """Its parser wants the day of the month and the day of the week to match, both."""
    fields = ["*" if field == "?" else field for field in fields]
    if len(fields) != 5 or fields[2][0] == "*" or fields[4][0] == "*":
        return fields
    try:
        days = parse_cron(f"0 0 * * {fields[4]}").weekdays
    except CronError as error:
        raise NotConverted(error.message) from error
    if days.nth:
        raise NotConverted(f"{fields[4]} together with a day of the month: both had to match")
    day, weekday = both_days(fields[2], tuple(WEEKDAYS[each] for each in sorted(days.values)))
    return [*fields[:2], day, fields[3], weekday]
