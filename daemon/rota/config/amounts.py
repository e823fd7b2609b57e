"""What to write instead of a length, size, number, day or time that is written in another way."""

from __future__ import annotations

import re

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
_PART = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,9})?)\s*([a-z]+)")
_UNIT_WORDS = re.compile(
    r"s|secs?|seconds?|m|mins?|minutes?|h|hrs?|hours?|d|days?|w|wks?|weeks?", re.IGNORECASE
)
_BETWEEN_PARTS = re.compile(r"\s|,|and|[+-]")
_ISO = re.compile(r"p(?:([0-9]{1,9})d)?(?:t(?:([0-9]{1,9})h)?(?:([0-9]{1,9})m)?(?:([0-9]{1,9})s)?)?")
_CLOCK = re.compile(r"([0-9]{1,3}):([0-9]{2})(?::([0-9]{2}))?")
_WHOLE = re.compile(r"-?[0-9]{1,18}")
NAMED = {
    **dict.fromkeys(("minute", "minutely"), "1m"),
    **dict.fromkeys(("hour", "hourly"), "1h"),
    **dict.fromkeys(("day", "daily"), "1d"),
    **dict.fromkeys(("week", "weekly"), "7d"),
}
_SIZE = re.compile(r"([0-9]{1,12}(?:\.[0-9]{1,12})?)\s*([kmgt])(?:i?b?|[a-z]*bytes?)", re.IGNORECASE)
DAY = re.compile(r"([0-9]{4})-([0-9]{1,2})-([0-9]{1,2})")
_GERMAN = re.compile(r"([0-9]{1,2})\.([0-9]{1,2})\.([0-9]{4})")
_TIME = re.compile(r"([0-9]{1,2})(?::?([0-5][0-9]))?\s*(am|pm)?")
_AMERICAN = re.compile(r"([0-9]{1,2})/([0-9]{1,2})/([0-9]{4})(?: +([0-9]{1,2}:[0-9]{2}))?")


def duration(written: object) -> str | None:
    """A hint for what was to be a duration."""
    if isinstance(written, float) and not isinstance(written, bool):
        return f"write whole seconds, such as {max(1, round(written))}s"
    if not isinstance(written, str):
        return None
    text = re.sub(r"^(every|after|in) +", "", written.strip().lower())
    if re.search(r"[0-9]\s*(ms|milli|us|ns)", text):
        return "the shortest length is 1s"
    if re.search(r"month|year", text):
        return "months and years differ in length: write days, such as 30d"
    seconds = in_seconds(text)
    meant = length(seconds) if seconds else NAMED.get(text)
    return None if meant is None or meant == written else f"did you mean {meant}?"


def in_seconds(text: str) -> int | None:
    """The length of a text in whole seconds: units in words, ISO 8601 and clock times; None for others."""
    if found := _CLOCK.fullmatch(text):
        hours, minutes, seconds = int(found[1]), int(found[2]), int(found[3] or 0)
        return hours * 3600 + minutes * 60 + seconds
    if (found := _ISO.fullmatch(text)) and any(found.groups()):
        return sum(
            int(part or 0) * unit for part, unit in zip(found.groups(), (86400, 3600, 60, 1), strict=True)
        )
    parts = _PART.findall(text)
    if not parts or _BETWEEN_PARTS.sub("", _PART.sub("", text)):
        return None
    if not all(_UNIT_WORDS.fullmatch(unit) for _, unit in parts):
        return None
    return round(sum(float(number) * _UNITS[unit[0]] for number, unit in parts))


def length(seconds: int) -> str:
    """Seconds as a duration, such as 1h30m."""
    days, rest = divmod(seconds, 86400)
    hours, rest = divmod(rest, 3600)
    minutes, rest = divmod(rest, 60)
    parts = zip((days, hours, minutes, rest), "dhms", strict=True)
    return "".join(f"{number}{unit}" for number, unit in parts if number)


def size(written: object) -> str | None:
    """A hint for what was to be a size."""
    found = _SIZE.fullmatch(written.strip()) if isinstance(written, str) else None
    if found is None:
        return None
    number, unit = float(found[1]), found[2].upper()
    if number == int(number):
        return f"did you mean {int(number)}{unit}?"
    smaller = {"T": "G", "G": "M", "M": "K", "K": ""}[unit]
    return f"did you mean {round(number * 1024)}{smaller}?"


def percentage(written: object) -> str | None:
    """A hint for what was to be a percentage."""
    if isinstance(written, bool) or not isinstance(written, int | str):
        return None
    found = re.fullmatch(r"([0-9]{1,2}|100)\s*(%|percent)?", str(written).strip())
    return f'did you mean "{found[1]}%"?' if found else None


def number(written: object) -> str | None:
    """A hint for what was to be a whole number."""
    if not isinstance(written, str):
        return None
    bare = written.replace("_", "").replace(",", "").strip()
    if not _WHOLE.fullmatch(bare):
        return None
    return f"write {bare} without quotes" if bare == written else f"did you mean {bare}?"


def instant(written: object) -> str | None:
    """A hint for what was to be an instant."""
    if not isinstance(written, str):
        return None
    if DAY.fullmatch(written):
        return f"add the time, such as {written}T00:00"
    if found := _AMERICAN.fullmatch(written):
        time = (found[4] or "00:00").rjust(5, "0")
        return f"did you mean {found[3]}-{int(found[1]):02}-{int(found[2]):02}T{time}?"
    if found := _CLOCK.fullmatch(written):
        return f'for every day write {{cron: "{int(found[2])} {int(found[1])} * * *"}}'
    return "write year, month, day and time"


def day(written: object) -> str | None:
    """A hint for what was to be a day."""
    found = _GERMAN.fullmatch(written) if isinstance(written, str) else None
    if found:
        return f"did you mean {found[3]}-{int(found[2]):02}-{int(found[1]):02}?"
    found = _AMERICAN.fullmatch(written) if isinstance(written, str) else None
    return f"did you mean {found[3]}-{int(found[1]):02}-{int(found[2]):02}?" if found else None


def time(written: object) -> str | None:
    """A hint for what was to be a time of day."""
    found = _TIME.fullmatch(written.strip().lower()) if isinstance(written, str) else None
    if found is None or int(found[1]) > 23:
        return 'write it in quotes, such as "02:00"' if isinstance(written, int) else None
    hour = int(found[1]) % 12 + (12 if found[3] == "pm" else 0) if found[3] else int(found[1])
    return f'did you mean "{hour:02}:{found[2] or "00"}"?'
