"""An iCalendar file (RFC 5545) as spans of days and instants: VEVENTs with their repetitions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from functools import lru_cache
from itertools import islice
from typing import Any
from zoneinfo import ZoneInfo

from rota.config.recurrence import CalendarError, Event, Repetitions, naive, name_of
from rota.core.triggers import DateSpan, InstantSpan

MAX_BYTES = 1024 * 1024
MAX_SPANS = 10_000
_YEARS_BACK, _YEARS_AHEAD = 1, 5
_FIRST, _LAST = datetime(1, 1, 2, tzinfo=UTC), datetime(9999, 12, 31, tzinfo=UTC)
_READ = ("DTSTART", "DTEND", "DURATION", "RRULE", "EXDATE", "RDATE", "RECURRENCE-ID", None)


@dataclass(frozen=True, slots=True)
class _Local:
    """From `begin` until just before `end` by the clocks of whatever zone is asked for."""

    begin: datetime
    end: datetime


Span = DateSpan | InstantSpan | _Local


@dataclass(
    frozen=True, slots=True, eq=False
)  # to compare thousands of events would take longer than to resolve
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
    try:
        found = list(islice(_spans(content, year), MAX_SPANS + 1))
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
    try:
        return at.replace(tzinfo=zone).astimezone(UTC)
    except OverflowError:  # within hours of the first or the last instant there is
        return _LAST if at.year > _LAST.year // 2 else _FIRST


def _spans(content: bytes, year: int) -> Iterator[Span]:
    import icalendar  # when the first calendar is met: most sets of jobs have none

    calendars: Any = icalendar.Calendar.from_ical(content, multiple=True)
    if not calendars or any(each.name != "VCALENDAR" for each in calendars):
        raise CalendarError("it is not an iCalendar file: no BEGIN:VCALENDAR")
    events = [event for each in calendars for event in each.walk("VEVENT")]
    repetitions = Repetitions(datetime(year + _YEARS_AHEAD, 12, 31, 23, 59, 59))  # noqa: DTZ001  any zone's
    moved = _moved(events)
    for event in events:
        begin, end = _begin_and_end(event)
        starts = repetitions.starts(event, begin)
        if "RECURRENCE-ID" not in event:
            left_out = moved.get(str(event.get("UID")), frozenset())
            starts = (start for start in starts if start not in left_out)
        if str(event.get("STATUS")) != "CANCELLED":
            yield from _event(begin, end, starts, year - _YEARS_BACK)


def _event(begin: date, end: date, starts: Iterator[datetime], first_year: int) -> Iterator[Span]:
    length = end - begin
    zone = begin.tzinfo if isinstance(begin, datetime) else None
    for start in starts:
        if (start + length).year < first_year:
            continue
        if not isinstance(begin, datetime):
            yield DateSpan(first=start.date(), last=(start + length).date() - timedelta(days=1))
        elif zone is None:
            yield _Local(start, start + length)
        else:
            yield InstantSpan(begin=_utc(start, zone), end=_utc(start + length, zone))


def _moved(events: Sequence[Event]) -> dict[str, frozenset[datetime]]:
    """By UID: repetitions for which the file has an event of their own."""
    zones = {
        str(event.get("UID")): getattr(event["DTSTART"].dt, "tzinfo", None)
        for event in events
        if "RECURRENCE-ID" not in event and "DTSTART" in event and not event.errors
    }
    found: dict[str, frozenset[datetime]] = {}
    for event in events:
        if "RECURRENCE-ID" in event and not event.errors:
            uid = str(event.get("UID"))
            at = naive(event["RECURRENCE-ID"].dt, zones.get(uid))
            found[uid] = found.get(uid, frozenset()) | {at}
    return found


def _begin_and_end(event: Event) -> tuple[date, date]:
    """Of the first repetition. Raises CalendarError."""
    for key, message in event.errors:
        if key in _READ:
            raise CalendarError(f"the event {name_of(event)} has a wrong {key or 'line'}: {message}")
    if "DTSTART" not in event:
        raise CalendarError(f"the event {name_of(event)} has no DTSTART")
    begin: date = event["DTSTART"].dt
    end = _end(event, begin)
    if isinstance(begin, datetime) != isinstance(end, datetime):
        raise CalendarError(
            f"of the event {name_of(event)} only begin or end has a time of day: both need one, or none"
        )
    if isinstance(begin, datetime) and isinstance(end, datetime):
        if (begin.tzinfo is None) != (end.tzinfo is None):
            raise CalendarError(f"the event {name_of(event)} names a time zone at one end only")
        end = end.astimezone(begin.tzinfo) if begin.tzinfo else end
    if end < begin:
        raise CalendarError(f"the event {name_of(event)} ends before it begins")
    return begin, end


def _end(event: Event, begin: date) -> date:
    if "DTEND" in event:
        end: date = event["DTEND"].dt
    elif "DURATION" in event:
        end = begin + event["DURATION"].dt
    else:
        end = begin
    is_day = not isinstance(begin, datetime)
    return begin + timedelta(days=1) if is_day and end == begin else end
