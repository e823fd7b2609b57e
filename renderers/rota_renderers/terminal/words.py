"""Lengths, sizes and instants as the pages write them."""

from __future__ import annotations

from datetime import UTC, datetime, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo

_SIZES = ("B", "KiB", "MiB", "GiB", "TiB", "PiB")
_UNITS = ((86_400, "d", 3600, "h"), (3600, "h", 60, "min"), (60, "min", 1, "s"))


def length(ms: float) -> str:
    """`900 ms`, `3.1 s`, `1 min 5 s`, `2 h 5 min`, `3 d 4 h`."""
    if ms < 1000:
        return f"{int(ms)} ms"
    if ms < 60_000:
        return f"{int(ms / 100) / 10:g} s"
    return whole_length(ms)


def whole_length(ms: float) -> str:
    """The same in whole seconds: for what is still growing."""
    seconds = max(0, int(ms // 1000))
    for size, unit, smaller_size, smaller in _UNITS:
        if seconds >= size:
            rest = seconds % size // smaller_size
            return f"{seconds // size} {unit}" + (f" {rest} {smaller}" if rest else "")
    return f"{seconds} s"


def relative(at: float, now: float) -> str:
    """`in 12 h`, `3 min ago`, `now`."""
    distance = rough(abs(at - now))
    if not distance:
        return "now"
    return f"in {distance}" if at > now else f"{distance} ago"


def rough(ms: float) -> str:
    """The largest unit only; "" under a second."""
    seconds = int(ms // 1000)
    for size, unit in ((86_400, "d"), (3600, "h"), (60, "min"), (1, "s")):
        if seconds >= size:
            return f"{seconds // size} {unit}"
    return ""


def clock(at: float, now: float, zone: str) -> str:
    """`09:55`, `10:00:42`, `25 Sep 02:00`, `1 Jan 2026 00:00`: no more than tells it from now."""
    local = datetime.fromtimestamp(at / 1000, _zone(zone))
    today = datetime.fromtimestamp(now / 1000, _zone(zone))
    time = local.strftime("%H:%M:%S" if local.second else "%H:%M")
    if local.date() == today.date():
        return time
    day = f"{local.day} {local:%b}"
    return f"{day} {time}" if local.year == today.year else f"{day} {local.year} {time}"


def exact_time(at: float, zone: str) -> str:
    """`09:59:58`."""
    return datetime.fromtimestamp(at / 1000, _zone(zone)).strftime("%H:%M:%S")


def size(count: float) -> str:
    """`1.5 MiB`."""
    unit = 0
    while abs(count) >= 1024 and unit < len(_SIZES) - 1:
        count, unit = count / 1024, unit + 1
    return f"{round(count, 1):g} {_SIZES[unit]}"


def figure(value: object, unit: str | None) -> str:
    """A value with its unit; null is not known."""
    if value is None:
        return "not known"
    if isinstance(value, bool) or not isinstance(value, int | float):
        return str(value)
    if unit == "bytes":
        return size(value)
    if unit == "ms":
        return length(value)
    return f"{value:g}" if isinstance(value, float) else str(value)


@lru_cache(maxsize=64)
def _zone(name: str) -> tzinfo:
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return UTC
