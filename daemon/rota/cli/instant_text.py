"""Instants as people type and read them at a terminal. Pure: now and the local zone are arguments."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from re import IGNORECASE, Match
from re import compile as regex
from zoneinfo import ZoneInfo

FORMS = (
    "2026-10-01T02:00, 02:00, yesterday 02:00, -3h, +3h, each also with a zone behind it (UTC, Europe/Berlin)"
)

_LENGTH = regex(r"([+-])((?:\d+[smhdw])+)")
_LENGTH_PART = regex(r"(\d+)([smhdw])")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
_DAYS = {"yesterday": -1, "today": 0, "tomorrow": 1}
_LOCAL = regex(
    r"(?:(?P<date>\d{4}-\d{2}-\d{2})|(?P<day>yesterday|today|tomorrow))?"
    r"(?:[T ]?(?P<time>\d{1,2}:\d{2}(?::\d{2})?))?"
    r"(?P<offset>Z|[+-]\d{2}:?\d{2})?",
    IGNORECASE,
)


def parse_instant(text: str, *, now: datetime, zone: tzinfo) -> datetime:
    """An aware UTC instant.

    `02:00` alone is today's; a date alone is its midnight; a local time that a clock change repeats is the
    first of the two, one that it swallows counts on from before the gap.
    Raises ValueError with a sentence for people.
    """
    words = text.strip()
    if words.lower() == "now":
        return now.astimezone(UTC)
    length = _LENGTH.fullmatch(words)
    if length:
        return _checked(text, lambda: now.astimezone(UTC) + _length(length))
    try:
        words, zone = _split_zone(words, zone)
    except ValueError as error:
        if _LOCAL.fullmatch(words.rpartition(" ")[0].strip()):
            raise
        raise ValueError(f"{text!r} is not a time: expected {FORMS}") from error
    local = _LOCAL.fullmatch(words)
    if not words or local is None or not (local["date"] or local["day"] or local["time"]):
        raise ValueError(f"{text!r} is not a time: expected {FORMS}")
    return _checked(text, lambda: _resolve(local, now, zone))


def instant_text(at: datetime, zone: tzinfo) -> str:
    """`2026-10-01 02:00:05`, in the zone; whoever prints it names the zone by `zone_name`."""
    return at.astimezone(zone).strftime("%Y-%m-%d %H:%M:%S")


def zoned_text(at: datetime, zone: tzinfo) -> str:
    """`2026-10-01 02:00:05 Europe/Berlin`."""
    return f"{instant_text(at, zone)} {zone_name(zone, at)}"


def zone_name(zone: tzinfo, at: datetime) -> str:
    """The IANA name where there is one, else what the zone calls itself at that instant."""
    if isinstance(zone, ZoneInfo):
        return zone.key.removeprefix("Etc/")
    return at.astimezone(zone).strftime("%Z")


def length_text(length: timedelta) -> str:
    """`850 ms`, `3.1 s`, `1 min 5 s`, `2 h 5 min`, `3 d 4 h`."""
    seconds = abs(length.total_seconds())
    if seconds < 1:
        return f"{round(seconds * 1000)} ms"
    if seconds < 60:
        return f"{seconds:.1f} s"
    whole = int(seconds)
    for unit, size, smaller, smaller_size in (("d", 86_400, "h", 3600), ("h", 3600, "min", 60)):
        if whole >= size:
            return _two_units(whole // size, unit, whole % size // smaller_size, smaller)
    return _two_units(whole // 60, "min", whole % 60, "s")


def distance_text(at: datetime, now: datetime) -> str:
    """`in 5 min`, `3 h ago`, `now`: the larger unit only."""
    seconds = (at - now).total_seconds()
    for unit, size in (("d", 86_400), ("h", 3600), ("min", 60), ("s", 1)):
        count = int(abs(seconds) // size)
        if count:
            return f"in {count} {unit}" if seconds > 0 else f"{count} {unit} ago"
    return "now"


def _checked(text: str, build: Callable[[], datetime]) -> datetime:
    try:
        return build()
    except (ValueError, OverflowError) as error:
        raise ValueError(f"{text!r} is not a time: {error}") from None


def _split_zone(words: str, zone: tzinfo) -> tuple[str, tzinfo]:
    head, _, name = words.rpartition(" ")
    if not head or not name[:1].isalpha() or name.lower() in _DAYS:
        return words, zone
    try:
        return head, ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise ValueError(
            f"{name!r} is not a time zone: expected an IANA name such as Europe/Berlin"
        ) from None


def _resolve(local: Match[str], now: datetime, zone: tzinfo) -> datetime:
    if local["offset"]:
        zone = _offset(local["offset"])
    day = _day(local, now.astimezone(zone).date())
    at = time.fromisoformat(local["time"].zfill(5)) if local["time"] else time()
    return datetime.combine(day, at, zone).astimezone(UTC)


def _day(local: Match[str], today: date) -> date:
    if local["date"]:
        return date.fromisoformat(local["date"])
    return today + timedelta(days=_DAYS[local["day"].lower()] if local["day"] else 0)


def _offset(text: str) -> tzinfo:
    if text.upper() == "Z":
        return UTC
    zone = datetime.fromisoformat(f"2000-01-01T00:00:00{text}").tzinfo
    assert zone is not None
    return zone


def _length(match: Match[str]) -> timedelta:
    parts = _LENGTH_PART.findall(match[2])
    seconds = sum(int(count) * _SECONDS[unit] for count, unit in parts)
    return timedelta(seconds=-seconds if match[1] == "-" else seconds)


def _two_units(count: int, unit: str, rest: int, smaller: str) -> str:
    return f"{count} {unit} {rest} {smaller}" if rest else f"{count} {unit}"
