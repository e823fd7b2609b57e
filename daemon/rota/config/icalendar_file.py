"""An iCalendar file (RFC 5545) as spans of days and instants: VEVENTs with their repetitions."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from functools import lru_cache
from itertools import chain, islice
from typing import Any
from zoneinfo import ZoneInfo

from rota.core.model import DateSpan, InstantSpan

MAX_BYTES = 1024 * 1024
MAX_SPANS = 10_000
_MOST = 100_000  # repetitions of one event, those of long ago included
_YEARS_BACK, _YEARS_AHEAD = 1, 5
_OFTEN = frozenset({"SECONDLY", "MINUTELY", "HOURLY"})
_EARLIEST = 1900  # repetitions are counted from the first one on


class CalendarError(Exception):
    """The file can't be used; `message` goes on after its name: "it is not there"."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


@dataclass(frozen=True, slots=True)
class _Local:
    """From `begin` until just before `end` by the clocks of whatever zone is asked for."""

    begin: datetime
    end: datetime


Span = DateSpan | InstantSpan | _Local


@dataclass(frozen=True, slots=True)
class Calendar:
    """What a file says; times without a zone are those of whoever asks."""

    events: tuple[Span, ...]

    def spans(self, zone: ZoneInfo) -> tuple[DateSpan | InstantSpan, ...]:
        """The events for a trigger of that zone, earliest first."""
        return _resolved(self, zone)


def parse(content: bytes, year: int) -> Calendar:
    """Every event from a year before `year` to five years after it. Raises only CalendarError."""
    if len(content) > MAX_BYTES:
        raise CalendarError(f"it is larger than {MAX_BYTES // 1024 // 1024} MiB")
    first = datetime(year - _YEARS_BACK, 1, 1, tzinfo=UTC)
    last = datetime(year + _YEARS_AHEAD + 1, 1, 1, tzinfo=UTC)
    try:
        found = list(islice(_spans(content, first, last), MAX_SPANS + 1))
    except CalendarError:
        raise
    except Exception as error:  # the parser raises whatever odd bytes lead it to
        raise CalendarError(f"it is not an iCalendar file that can be read: {error}") from error
    if len(found) > MAX_SPANS:
        raise CalendarError(f"it has more than {MAX_SPANS} events, repetitions included")
    return Calendar(tuple(dict.fromkeys(found)))


@lru_cache(maxsize=64)
def _resolved(calendar: Calendar, zone: ZoneInfo) -> tuple[DateSpan | InstantSpan, ...]:
    spans = [_in_zone(each, zone) if isinstance(each, _Local) else each for each in calendar.events]
    return tuple(sorted(spans, key=_begin))


def _begin(span: DateSpan | InstantSpan) -> datetime:
    return datetime.combine(span.first, time(), UTC) if isinstance(span, DateSpan) else span.begin


def _in_zone(span: _Local, zone: ZoneInfo) -> InstantSpan:
    return InstantSpan(begin=_utc(span.begin, zone), end=_utc(span.end, zone))


def _utc(at: datetime, zone: tzinfo) -> datetime:
    return at.replace(tzinfo=zone).astimezone(UTC)


def _spans(content: bytes, first: datetime, last: datetime) -> Iterator[Span]:
    import icalendar  # when the first calendar is met: most sets of jobs have none

    calendars: Any = icalendar.Calendar.from_ical(content, multiple=True)
    if not calendars or any(each.name != "VCALENDAR" for each in calendars):
        raise CalendarError("it is not an iCalendar file: no BEGIN:VCALENDAR")
    events = [event for each in calendars for event in each.walk("VEVENT")]
    moved = _moved(events)
    for event in events:
        if str(event.get("STATUS")) != "CANCELLED":
            yield from _event(event, moved, first, last)


def _event(event: Any, moved: Moved, first: datetime, last: datetime) -> Iterator[Span]:
    begin, end = _begin_and_end(event)
    length = end - begin
    zone = begin.tzinfo if isinstance(begin, datetime) else None
    whole_days = not isinstance(begin, datetime)
    starts = _starts(event, _naive(begin, zone), last.replace(tzinfo=None), zone)
    left_out = moved.get(str(event.get("UID")), frozenset()) if "RECURRENCE-ID" not in event else frozenset()
    for start in starts:
        if start in left_out or start + length < first.replace(tzinfo=None):
            continue
        if whole_days:
            yield DateSpan(first=start.date(), last=(start + length).date() - timedelta(days=1))
        elif zone is None:
            yield _Local(start, start + length)
        else:
            yield InstantSpan(begin=_utc(start, zone), end=_utc(start + length, zone))


Moved = dict[str, frozenset[datetime]]  # by UID: repetitions for which the file has an event of their own


def _moved(events: list[Any]) -> Moved:
    found: Moved = {}
    for event in events:
        if "RECURRENCE-ID" in event and "DTSTART" in event:
            at = event["RECURRENCE-ID"].dt
            zone = getattr(at, "tzinfo", None)
            uid = str(event.get("UID"))
            found[uid] = found.get(uid, frozenset()) | {_naive(at, zone)}
    return found


def _begin_and_end(event: Any) -> tuple[date, date]:
    """Of the first repetition. Raises CalendarError."""
    for key, message in event.errors:
        if key in ("DTSTART", "DTEND", "DURATION", "RRULE", "EXDATE", "RDATE", "RECURRENCE-ID", None):
            raise CalendarError(f"the event {_name(event)} has a wrong {key or 'line'}: {message}")
    if "DTSTART" not in event:
        raise CalendarError(f"the event {_name(event)} has no DTSTART")
    begin: date = event["DTSTART"].dt
    end = _end(event, begin)
    if isinstance(begin, datetime) != isinstance(end, datetime):
        raise CalendarError(
            f"the event {_name(event)} begins with a time and ends without one, or the reverse"
        )
    if isinstance(begin, datetime) and isinstance(end, datetime):
        if (begin.tzinfo is None) != (end.tzinfo is None):
            raise CalendarError(f"the event {_name(event)} names a time zone at one end only")
        end = end.astimezone(begin.tzinfo) if begin.tzinfo else end
    if end < begin:
        raise CalendarError(f"the event {_name(event)} ends before it begins")
    return begin, end


def _end(event: Any, begin: date) -> date:
    if "DTEND" in event:
        end: date = event["DTEND"].dt
    elif "DURATION" in event:
        end = begin + event["DURATION"].dt
    else:
        end = begin
    is_day = not isinstance(begin, datetime)
    return begin + timedelta(days=1) if is_day and end == begin else end


def _starts(event: Any, begin: datetime, last: datetime, zone: tzinfo | None) -> Iterator[datetime]:
    """When it begins, by the clocks of its own zone."""
    excluded = {_naive(each, zone) for each in _listed(event, "EXDATE")}
    starts = chain(_repeated(event, begin, last, zone), (_naive(at, zone) for at in _listed(event, "RDATE")))
    return (start for start in starts if start not in excluded)


def _repeated(event: Any, begin: datetime, last: datetime, zone: tzinfo | None) -> Iterator[datetime]:
    rules = event.get("RRULE", [])
    rules = rules if isinstance(rules, list) else [rules]
    if not rules:
        yield begin
    for rule in rules:
        yield from _by_rule(event, dict(rule), begin, last, zone)


def _by_rule(
    event: Any, rule: dict[str, list[Any]], begin: datetime, last: datetime, zone: tzinfo | None
) -> Iterator[datetime]:
    from dateutil.rrule import rrulestr
    from icalendar import vRecur

    often = str(rule.get("FREQ", [""])[0])
    if often in _OFTEN or int(rule.get("INTERVAL", [1])[0]) < 1 or begin.year < _EARLIEST:
        raise CalendarError(
            f"the event {_name(event)} repeats in a way that is not followed here: "
            f"it must repeat DAILY or more seldom, and begin after {_EARLIEST}"
        )
    count = int(rule.pop("COUNT", [_MOST])[0])
    until = rule.pop("UNTIL", [None])[0]
    end = last if until is None else min(last, _naive(until, zone, end_of_day=True))
    text = vRecur(rule).to_ical().decode()  # type: ignore[no-untyped-call]
    # COUNT is counted here, so that `until` always bounds the search: some rules never come true.
    found: Any = rrulestr(text, dtstart=begin)
    for number, start in enumerate(islice(found.replace(until=end), count)):
        if number >= _MOST:
            raise CalendarError(f"the event {_name(event)} repeats more than {_MOST} times")
        yield start


def _listed(event: Any, key: str) -> Iterator[date]:
    written = event.get(key, [])
    for each in written if isinstance(written, list) else [written]:
        for stamp in each.dts:
            yield stamp.dt[0] if isinstance(stamp.dt, tuple) else stamp.dt  # a period's begin


def _naive(at: date, zone: tzinfo | None, *, end_of_day: bool = False) -> datetime:
    """By the clocks of that zone; a day stands for its midnight, or its last moment."""
    if not isinstance(at, datetime):
        return datetime.combine(at, time.max if end_of_day else time())
    return (at.astimezone(zone) if at.tzinfo and zone else at).replace(tzinfo=None)


def _name(event: Any) -> str:
    text = str(event.get("SUMMARY") or event.get("UID") or "without a name")
    return f'"{text if len(text) <= 60 else text[:59] + "…"}"'
