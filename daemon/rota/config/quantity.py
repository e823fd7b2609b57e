"""Durations, sizes, percentages and instants as people write them.

Each takes what the schema's pattern of that name accepts.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

_DURATION = re.compile(r"(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s?)?")
_SIZE = re.compile(r"(\d+)([KMGT]?)")
_SHIFTS = {"": 0, "K": 10, "M": 20, "G": 30, "T": 40}


@lru_cache(maxsize=1024)  # the same few lengths stand in thousands of files
def duration(written: str | int | float) -> timedelta:
    """`90`, `30s`, `1h30m`, `2d`; a bare number counts seconds. Raises ValueError for anything else."""
    if not isinstance(written, str):
        return timedelta(seconds=int(written))
    found = _DURATION.fullmatch(written)
    if found is None or not written:
        raise ValueError(f"{written!r} is not a duration such as 30s, 5m or 1h30m")
    days, hours, minutes, seconds = (int(part or 0) for part in found.groups())
    return timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)


def size(written: str | int | float) -> int:
    """Bytes: `512K`, `16M`, `2G`, in powers of 1024; a bare number counts bytes. Raises ValueError."""
    if not isinstance(written, str):
        return int(written)
    found = _SIZE.fullmatch(written)
    if found is None:
        raise ValueError(f"{written!r} is not a size such as 512K, 16M or 2G")
    return int(found[1]) << _SHIFTS[found[2]]


def fraction(written: str) -> float:
    """`10%` as 0.1. Raises ValueError."""
    number, percent, rest = written.partition("%")
    if not percent or rest:
        raise ValueError(f"{written!r} is not a percentage such as 10%")
    return float(number) / 100


def whole_percent(written: str) -> int:
    """`150%` as 150. Raises ValueError."""
    number, percent, rest = written.partition("%")
    if not percent or rest:
        raise ValueError(f"{written!r} is not a percentage such as 150%")
    return int(number)


def instant(written: str, zone: ZoneInfo) -> datetime:
    """`2027-01-01T00:00:00Z` or local time of the zone, as aware UTC.

    Raises ValueError when there is no such day or time, or when a clock change swallows that local time.
    A local time that occurs twice is the first of the two.
    """
    parsed = datetime.fromisoformat(written.replace(" Z", "Z").replace(" +", "+").replace(" -", "-"))
    if parsed.tzinfo is not None:
        return parsed.astimezone(UTC)
    at = parsed.replace(tzinfo=zone).astimezone(UTC)
    if at.astimezone(zone).replace(tzinfo=None) != parsed:
        raise ValueError(f"the clocks of {zone.key} leave out {written} that day")
    return at
