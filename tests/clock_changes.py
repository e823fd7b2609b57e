"""Every change of a clock in the zones of tzdata, and the due instants around one, found minute by minute.

Nothing here knows `rota.core`: it is what the rules are held against.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from importlib.resources import files
from itertools import pairwise
from zoneinfo import ZoneInfo, available_timezones

FIRST, LAST = datetime(2015, 1, 1, tzinfo=UTC), datetime(2036, 1, 1, tzinfo=UTC)
ODD = (
    "Africa/Cairo",  # summer time that ends at 24:00, abolished and back again
    "Africa/Casablanca",  # an hour less in Ramadan: four changes a year
    "Africa/El_Aaiun",
    "America/Asuncion",  # changes at midnight, and then no more
    "America/Havana",  # midnight is skipped, 01:00 goes back to midnight
    "America/Santiago",
    "America/Sao_Paulo",  # midnight is skipped
    "America/Scoresbysund",  # another offset and another rule in one year
    "Antarctica/Casey",  # by two and three hours, at any time of the year
    "Antarctica/Troll",  # two hours at once
    "Asia/Amman",
    "Asia/Beirut",  # midnight is skipped
    "Asia/Gaza",
    "Asia/Pyongyang",  # half an hour, once each way
    "Asia/Tehran",  # +03:30, midnight is skipped, abolished
    "Atlantic/Azores",
    "Australia/Lord_Howe",  # half an hour
    "Europe/Berlin",
    "Europe/Dublin",  # winter time is the exception: its summer time is standard
    "Pacific/Apia",
    "Pacific/Bougainville",
    "Pacific/Chatham",  # +12:45
    "Pacific/Easter",
    "Pacific/Norfolk",
)
_STEP = timedelta(days=7)  # no zone changes twice within eight days in these years
_MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True, order=True)
class ClockChange:
    """At `at` the clocks of the zone go by `by`, forward when it is positive."""

    zone: str
    at: datetime
    by: timedelta


COVERED: set[ClockChange] = set()  # by the tests of this session


def examples(usual: int) -> int:
    """How many examples a property is tried with: `usual`, or what ROTA_TEST_EXAMPLES says."""
    return int(os.environ.get("ROTA_TEST_EXAMPLES", usual))


@cache
def clock_changes() -> tuple[ClockChange, ...]:
    """Of all zones, one name for each, in order of the names."""
    return tuple(change for name in _different_zones() for change in changes_of(name))


@cache
def changes_of(name: str) -> tuple[ClockChange, ...]:
    """Those of one zone, oldest first."""
    zone, found, at = ZoneInfo(name), [], FIRST
    before = _offset(at, zone)
    while at < LAST:
        after = _offset(at + _STEP, zone)
        if after != before:
            found.append(ClockChange(name, _between(at, at + _STEP, zone), after - before))
            before = after
        at += _STEP
    return tuple(found)


@dataclass(frozen=True, slots=True)
class Walls:
    """What clocks on the wall show at each minute around an instant."""

    begin: datetime
    shown: tuple[datetime, ...]

    @classmethod
    def around(cls, at: datetime, name: str, *, hours: int) -> Walls:
        zone, begin = ZoneInfo(name), at - timedelta(hours=hours)
        minutes = (begin + n * _MINUTE for n in range(2 * hours * 60))
        return cls(begin, tuple(minute.astimezone(zone).replace(tzinfo=None) for minute in minutes))

    def fixed(self, matches: Callable[[datetime], bool]) -> Iterator[datetime]:
        """Each time on the wall exactly once: the first time, or the first minute after it was skipped."""
        seen = {self.shown[0]}
        for index, (before, wall) in enumerate(pairwise(self.shown), 1):
            passed = max(1, (wall - before) // _MINUTE)
            fresh = {before + n * _MINUTE for n in range(1, passed)} | {wall}
            if any(matches(label) for label in fresh - seen):
                yield self.begin + index * _MINUTE
            seen |= fresh

    def elapsed(self, matches: Callable[[datetime], bool]) -> Iterator[datetime]:
        """Whenever the clock on the wall matches."""
        for index, wall in enumerate(self.shown):
            if index and matches(wall):
                yield self.begin + index * _MINUTE


def _different_zones() -> list[str]:
    kept: dict[bytes, str] = {}
    for name in [*ODD, *sorted(available_timezones() - {"localtime"})]:
        kept.setdefault(files("tzdata.zoneinfo").joinpath(*name.split("/")).read_bytes(), name)
    return sorted(kept.values())


def _offset(at: datetime, zone: ZoneInfo) -> timedelta:
    return at.astimezone(zone).utcoffset() or timedelta(0)


def _between(low: datetime, high: datetime, zone: ZoneInfo) -> datetime:
    """The first minute with the offset of `high`."""
    while high - low > _MINUTE:
        middle = low + (high - low) // _MINUTE // 2 * _MINUTE
        low, high = (middle, high) if _offset(middle, zone) == _offset(low, zone) else (low, middle)
    return high
