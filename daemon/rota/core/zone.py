"""When the clocks of a zone change, in whole minutes since the Unix epoch.

A *minute* here is an instant; a *label* is what clocks on the wall show, counted as if they showed UTC.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import MINYEAR, datetime, timedelta, tzinfo
from functools import lru_cache

from rota.core.instant import EPOCH

LAST_YEAR = 9990
_MINUTE = timedelta(minutes=1)
_DAY = 24 * 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """At minute `at` the offset from UTC goes from `before` to `after` (minutes east)."""

    at: int
    before: int
    after: int

    @property
    def low(self) -> int:
        """The first label that does not exist (a gap) or comes twice (a fold)."""
        return self.at + min(self.before, self.after)

    @property
    def high(self) -> int:
        """The label after the last of those."""
        return self.at + max(self.before, self.after)

    @property
    def is_gap(self) -> bool:
        return self.after > self.before


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """Minutes [begin, end) of one offset; `opening` is the change that began it."""

    begin: int
    end: int
    offset: int
    opening: Change | None


def to_minute(at: datetime) -> int:
    """The minute that holds the instant."""
    return (at - EPOCH) // _MINUTE


def from_minute(minute: int) -> datetime:
    return EPOCH + timedelta(minutes=minute)


def offset_at(zone: tzinfo, minute: int) -> int:
    """Minutes east of UTC, rounded down."""
    # Asked some hundred times for each year of a zone: this way takes a third of the time of others.
    offset = datetime.fromtimestamp(minute * 60, zone).utcoffset()
    return 0 if offset is None else offset.days * _DAY + offset.seconds // 60


def place(zone: tzinfo, label: int) -> tuple[int, Change | None]:
    """The minute of a label, and the change that concerns it.

    A label in a gap stands for the first minute after it; one that comes twice for its first time.
    """
    year = _year(zone, from_minute(label).year)
    for change in year.changes:
        if label < change.low:
            return label - change.before, None
        if label < change.high:
            return (change.at if change.is_gap else label - change.before), change
    return label - year.last_offset, None


def segments(zone: tzinfo, start: int) -> Iterator[Segment]:
    """The offsets of the zone from the one in force at minute `start` on, cut at least at each new year."""
    opening: Change | None = None
    for number in range(from_minute(start).year, LAST_YEAR):
        year = _year(zone, number)
        begin = year.begin
        for change in year.changes:
            if change.at <= begin or change.at >= year.end:
                opening = change if change.at <= begin else opening
                continue
            if change.at > start:
                yield Segment(begin=begin, end=change.at, offset=change.before, opening=opening)
            begin, opening = change.at, change
        if year.end > start:
            yield Segment(begin=begin, end=year.end, offset=offset_at(zone, begin), opening=opening)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Year:
    begin: int  # of the year in UTC
    end: int
    changes: tuple[Change, ...]  # from two days before it to two days after it
    last_offset: int


@lru_cache(maxsize=2048)
def _year(zone: tzinfo, number: int) -> _Year:
    begin, end = (to_minute(EPOCH.replace(year=max(MINYEAR + 1, n))) for n in (number, number + 1))
    changes = []
    probe, stop = begin - 2 * _DAY, end + 2 * _DAY
    offset = offset_at(zone, probe)
    while probe < stop:
        later = offset_at(zone, probe + _DAY)
        if later != offset:
            at = _change_between(zone, probe, probe + _DAY)
            changes.append(Change(at=at, before=offset, after=later))
            offset = later
        probe += _DAY
    return _Year(begin=begin, end=end, changes=tuple(changes), last_offset=offset)


def _change_between(zone: tzinfo, low: int, high: int) -> int:
    """The first minute in (low, high] that has the offset of `high`."""
    wanted = offset_at(zone, high)
    while high - low > 1:
        middle = (low + high) // 2
        if offset_at(zone, middle) == wanted:
            high = middle
        else:
            low = middle
    return high
