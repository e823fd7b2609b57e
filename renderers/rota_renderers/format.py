"""Times, lengths and quantities in words; `web/assets/format.js` gives the same strings.

Instants and lengths are integers in ms. Everything is cut, never rounded up: what is shown has passed.
"""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo

SECOND = 1000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def duration(ms: int) -> str:
    """`250 ms`, `3.1 s`, `42 s`, `1 min 5 s`, `2 h 5 min`, `3 d 4 h`."""
    if ms < SECOND:
        return f"{ms} ms"
    if ms < 10 * SECOND:
        whole, tenth = divmod(ms // 100, 10)
        return f"{whole}.{tenth} s" if tenth else f"{whole} s"
    return elapsed(ms)


def elapsed(ms: int) -> str:
    """A length that goes on, in whole seconds: `0 s`, `37 s`, `1 min 5 s`, `2 h 5 min`, `3 d 4 h`."""
    if ms < MINUTE:
        return f"{max(0, ms) // SECOND} s"
    for unit, word, part, part_word in (
        (DAY, "d", HOUR, "h"),
        (HOUR, "h", MINUTE, "min"),
        (MINUTE, "min", SECOND, "s"),
    ):
        if ms >= unit:
            rest = ms % unit // part
            return f"{ms // unit} {word} {rest} {part_word}" if rest else f"{ms // unit} {word}"
    return ""


def coarse(ms: int) -> str:
    """A length in one unit: `42 s`, `3 min`, `12 h`, `3 d`."""
    if ms < MINUTE:
        return f"{ms // SECOND} s"
    if ms < HOUR:
        return f"{ms // MINUTE} min"
    return f"{ms // HOUR} h" if ms < 2 * DAY else f"{ms // DAY} d"


def relative(at: int, now: int) -> str:
    """`in 12 h`, `3 min ago`, `now`."""
    if at - now >= SECOND:
        return f"in {coarse(at - now)}"
    return f"{coarse(now - at)} ago" if now - at >= SECOND else "now"


def countdown(at: int, now: int, overdue: str = "") -> str:
    """`in 12 h`, then `due now`, then `due 3 min ago`, or with a word of one's own `late by 3 min`."""
    if at - now >= SECOND:
        return f"in {coarse(at - now)}"
    if now - at < SECOND:
        return overdue or "due now"
    return f"{overdue} by {coarse(now - at)}" if overdue else f"due {coarse(now - at)} ago"


def left(at: int, now: int) -> str:
    """Until a likely end: `about 23 s left`, `almost done`."""
    return f"about {coarse(at - now)} left" if at - now >= SECOND else "almost done"


def over(at: int, now: int, limit: int) -> str:
    """`longer than usual` once more than `limit` has passed since `at`, else nothing."""
    return "longer than usual" if now - at > limit else ""


def moment(at: int, now: int, zone: str) -> str:
    """An instant on the clock of a zone, short: `02:00`, `25 Sep 02:00`, `2027-01-22 02:00`."""
    there, here = _local(at, zone), _local(now, zone)
    if there.date() == here.date():
        return _clock(there)
    if there.year == here.year:
        return f"{there.day} {_MONTHS[there.month - 1]} {_clock(there)}"
    return f"{there.year:04}-{there.month:02}-{there.day:02} {_clock(there)}"


def clock(at: int, zone: str) -> str:
    """`02:00:07`"""
    return f"{_local(at, zone):%H:%M:%S}"


def iso(at: int) -> str:
    """`2026-09-25T00:00:00.000Z`"""
    there = _EPOCH + timedelta(milliseconds=at)
    return f"{there.year:04}-{there:%m-%dT%H:%M:%S}.{at % 1000:03}Z"


def percent(fraction: float) -> int:
    """Whole percent, cut."""
    # The nudge takes back what 0.29 * 100 loses; both languages lose the same.
    return math.floor(fraction * 100 + 1e-9)


def level(share: float) -> int:
    """How full a part of a picture is, from 1 to 4."""
    return min(4, 1 + math.floor(share * 4))


def size(count: float) -> str:
    """`512 B`, `1.5 MiB`, `120 GiB`."""
    units = ("B", "KiB", "MiB", "GiB", "TiB", "PiB")
    level = 0
    while level < len(units) - 1 and abs(count) >= 1024 ** (level + 1):
        level += 1
    tenths = math.floor(abs(count) * 10 / 1024**level)
    whole, tenth = divmod(tenths, 10)
    sign = "-" if count < 0 else ""
    shown = f"{whole}.{tenth}" if tenth and whole < 100 and level else f"{whole}"
    return f"{sign}{shown} {units[level]}"


def number(value: float) -> str:
    """At most two decimals: `42`, `0.5`, `3.14`; from 10,000 on grouped by narrow spaces."""
    if abs(value) >= 1e15:
        return f"{value:.3e}"
    whole, cents = divmod(math.floor(abs(value) * 100 + 0.5), 100)
    shown = f"{whole:,}".replace(",", "\u202f") if whole >= 10_000 else str(whole)
    decimals = f".{cents:02}".rstrip("0") if cents else ""
    return f"{'-' if value < 0 and (whole or cents) else ''}{shown}{decimals}"


def quantity(value: str | float | None, unit: str = "") -> str:
    """A figure with its unit; bytes and ms are put in words, None is `not known`."""
    if value is None:
        return "not known"
    if isinstance(value, str):
        return f"{value} {unit}" if unit and unit not in _UNITS else value
    if unit == "bytes":
        return size(value)
    if unit == "ms":
        return duration(max(0, math.floor(value)))
    if unit == "percent":
        return f"{number(value)} %"
    return f"{number(value)} {unit}" if unit else number(value)


_UNITS = frozenset({"bytes", "ms", "percent"})


def _clock(there: datetime) -> str:
    return f"{there:%H:%M:%S}" if there.second else f"{there:%H:%M}"


def _local(at: int, zone: str) -> datetime:
    try:
        return (_EPOCH + timedelta(milliseconds=at)).astimezone(_zone(zone))
    except OverflowError:
        return _EPOCH + timedelta(milliseconds=at)


@lru_cache(maxsize=512)
def _zone(name: str) -> tzinfo:
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return UTC
