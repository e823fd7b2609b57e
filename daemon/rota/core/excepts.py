"""Which due instants an `except` takes out: by their nominal time in the zone of their trigger."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from rota.core.except_words import except_in_words
from rota.core.triggers import DateSpan, Except, InstantSpan, Trigger, WeeklyWindow

_LAST_DAY = date.max.toordinal()  # the calendar has no day after it
_MINUTES = 24 * 60
_TICK = timedelta(microseconds=1)
_INDEXED = 512  # sets of exceptions whose index is kept


def excepted(at: datetime, trigger: Trigger) -> str:
    """The exception that the nominal instant lies in, in words, or ""."""
    if not trigger.excepts:
        return ""
    found = _find(at, trigger)
    return "" if found is None else found.label


def excepted_until(at: datetime, trigger: Trigger) -> datetime:
    """An instant up to which everything from `at` on is surely excepted; `at` itself when it is free."""
    found = _find(at, trigger) if trigger.excepts else None
    return at if found is None else max(at, found.until)


class _Found(NamedTuple):
    label: str
    until: datetime  # the last instant that is surely in it


class _Row(NamedTuple):
    """Spans that don't meet, in order: the begin and the end of each, and its label."""

    begins: Sequence[float]
    ends: Sequence[float]
    labels: Sequence[str]

    def find(self, value: float) -> int | None:
        """The place of the span that holds the value: begin <= value < end."""
        place = bisect_right(self.begins, value) - 1
        return place if place >= 0 and value < self.ends[place] else None


class _Index(NamedTuple):
    dates: _Row  # ordinals of days
    instants: _Row  # seconds since the Unix epoch
    windows: Sequence[tuple[WeeklyWindow, str]]


# By the identity of the tuple: a calendar may have thousands of days, too many to be hashed each time.
_indexes: dict[int, tuple[tuple[Except, ...], _Index]] = {}


def _find(at: datetime, trigger: Trigger) -> _Found | None:
    index = _index(trigger.excepts)
    zone = ZoneInfo(trigger.timezone)
    local = at.astimezone(zone)
    place = index.dates.find(local.toordinal())
    if place is not None:
        last = date.fromordinal(min(int(index.dates.ends[place]), _LAST_DAY))
        end = datetime.combine(last, time(), zone).astimezone(UTC)
        return _Found(index.dates.labels[place], end - _TICK)
    place = index.instants.find(at.timestamp())
    if place is not None:
        end = datetime.fromtimestamp(index.instants.ends[place], UTC)
        return _Found(index.instants.labels[place], end - _TICK)
    for window, label in index.windows:
        left = _minutes_left(window, local)
        if left:
            return _Found(label, _behind(at, left, zone))
    return None


def _minutes_left(window: WeeklyWindow, local: datetime) -> int:
    """How many minutes, this one included, the window goes on by the clock on the wall; 0 outside of it."""
    minute = local.hour * 60 + local.minute
    weekday = local.isoweekday() % 7  # Sunday is 0
    if window.begin <= window.end:
        is_in = weekday in window.days and window.begin <= minute <= window.end
        return window.end + 1 - minute if is_in else 0
    if weekday in window.days and minute >= window.begin:
        return _MINUTES + window.end + 1 - minute
    return window.end + 1 - minute if (weekday - 1) % 7 in window.days and minute <= window.end else 0


def _behind(at: datetime, minutes: int, zone: ZoneInfo) -> datetime:
    """The last instant of that many minutes; only `at` when a clock change lies between."""
    end = at.replace(second=0, microsecond=0) + timedelta(minutes=minutes) - _TICK
    same = at.astimezone(zone).utcoffset() == end.astimezone(zone).utcoffset()
    return end if same else at


def _index(excepts: tuple[Except, ...]) -> _Index:
    known = _indexes.get(id(excepts))
    if known is not None and known[0] is excepts:
        return known[1]
    if len(_indexes) >= _INDEXED:
        _indexes.clear()
    index = _built(excepts)
    _indexes[id(excepts)] = (excepts, index)
    return index


def _built(excepts: tuple[Except, ...]) -> _Index:
    dates: list[tuple[float, float, str]] = []
    instants: list[tuple[float, float, str]] = []
    windows: list[tuple[WeeklyWindow, str]] = []
    for each in excepts:
        label = except_in_words(each)
        for span in each.spans:
            match span:
                case DateSpan():
                    dates.append((span.first.toordinal(), span.last.toordinal() + 1, label))
                case InstantSpan():
                    instants.append((span.begin.timestamp(), span.end.timestamp(), label))
                case WeeklyWindow():
                    windows.append((span, label))
    return _Index(dates=_row(dates), instants=_row(instants), windows=windows)


def _row(spans: Iterable[tuple[float, float, str]]) -> _Row:
    """Spans that overlap become one, which has the label of the first."""
    merged: list[tuple[float, float, str]] = []
    for begin, end, label in sorted(spans):
        if merged and begin < merged[-1][1]:
            first, last, name = merged[-1]
            merged[-1] = (first, max(last, end), name)
        else:
            merged.append((begin, end, label))
    return _Row(
        begins=[begin for begin, _, _ in merged],
        ends=[end for _, end, _ in merged],
        labels=[label for _, _, label in merged],
    )
