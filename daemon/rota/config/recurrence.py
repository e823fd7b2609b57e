"""When the events of an iCalendar file begin: RRULE, RDATE and EXDATE of RFC 5545, and an end to it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import MAXYEAR, date, datetime, time, timedelta, tzinfo
from itertools import chain, islice
from typing import Any

Event = Any  # a VEVENT of the icalendar package: a map from names of properties to values of many types

_PATIENCE = 100_000  # what following all rules of a file may cost: one for each repetition,
_RULE, _NEVER = 20, 5_000  # so much for each rule, and so much for one that never comes true
_OFTEN = frozenset({"SECONDLY", "MINUTELY", "HOURLY"})
_EARLIEST = 1900  # repetitions are counted from the first one on
_CYCLE = timedelta(days=146_097)  # 400 years, after which all dates fall on the same weekdays again


class CalendarError(Exception):
    """The file can't be used; `message` goes on after its name: "it is not there"."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


def naive(at: date, zone: tzinfo | None, *, end_of_day: bool = False) -> datetime:
    """By the clocks of that zone; a day stands for its midnight, or its last moment."""
    if not isinstance(at, datetime):
        return datetime.combine(at, time.max if end_of_day else time())
    return (at.astimezone(zone) if at.tzinfo and zone else at).replace(tzinfo=None)


def name_of(event: Event) -> str:
    """What people know the event by, in quotes."""
    text = str(event.get("SUMMARY") or event.get("UID") or "without a name")
    return f'"{text if len(text) <= 60 else text[:59] + "…"}"'


class Repetitions:
    """Follows the events of one file up to `last`, which is local time of any zone."""

    def __init__(self, last: datetime) -> None:
        self._last = last
        self._patience = _PATIENCE

    def starts(self, event: Event, begin: date) -> Iterator[datetime]:
        """When it begins, again and again, by the clocks of its own zone. Raises CalendarError."""
        zone = begin.tzinfo if isinstance(begin, datetime) else None
        excluded = {naive(each, zone) for each in _listed(event, "EXDATE")}
        added = (naive(at, zone) for at in _listed(event, "RDATE"))
        starts = chain(self._by_rules(event, naive(begin, zone), zone), added)
        return (start for start in starts if start not in excluded)

    def _by_rules(self, event: Event, begin: datetime, zone: tzinfo | None) -> Iterator[datetime]:
        rules = event.get("RRULE", [])
        rules = rules if isinstance(rules, list) else [rules]
        if not rules:
            yield begin
        for rule in rules:
            often = str(rule.get("FREQ", [""])[0]) in _OFTEN
            if often or int(rule.get("INTERVAL", [1])[0]) < 1 or begin.year < _EARLIEST:
                raise CalendarError(
                    f"the event {name_of(event)} repeats in a way that is not followed here: "
                    f"it must repeat DAILY or more seldom, and begin after {_EARLIEST}"
                )
            yield from self._by_rule(dict(rule), begin, zone)

    def _by_rule(
        self, rule: dict[str, list[Any]], begin: datetime, zone: tzinfo | None
    ) -> Iterator[datetime]:
        from dateutil.rrule import rrulestr
        from icalendar import vRecur

        count = int(rule.pop("COUNT", [_PATIENCE + 1])[0])
        until = rule.pop("UNTIL", [None])[0]
        end = self._last if until is None else min(self._last, naive(until, zone, end_of_day=True))
        text = vRecur(rule).to_ical().decode()  # type: ignore[no-untyped-call]
        # What never comes true is followed to the year 9999, whatever `until` says: asked as if it were
        # centuries later, it ends soon.
        later = (MAXYEAR - self._last.year) // 400 * _CYCLE
        found: Any = rrulestr(text, dtstart=begin + later)
        self._spend(_RULE)
        cost = _NEVER
        for start in islice(found.replace(until=end + later), count):
            cost = 0
            self._spend(1)
            yield start - later
        self._spend(cost)

    def _spend(self, cost: int) -> None:
        """Some rules of a few letters would take hours."""
        self._patience -= cost
        if self._patience < 0:
            raise CalendarError("its events repeat too often, or never, to be followed")


def _listed(event: Event, key: str) -> Iterator[date]:
    written = event.get(key, [])
    for each in written if isinstance(written, list) else [written]:
        for stamp in each.dts:
            yield stamp.dt[0] if isinstance(stamp.dt, tuple) else stamp.dt  # a period's begin
