"""One field of a cron expression: which values it names. Its grammar is in `core.cron`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from difflib import get_close_matches
from functools import lru_cache

from croniter import croniter
from croniter.croniter import CroniterError

from rota.core.errors import RotaError

FIELDS = ("minute", "hour", "day of month", "month", "day of week")
MINUTE, HOUR, DAY, MONTH, WEEKDAY = range(5)

_LOWEST = (0, 0, 1, 1, 0)
_HIGHEST = (59, 23, 31, 12, 7)  # 7 is Sunday, as 0 is
_LAST_OF_CYCLE = (59, 23, 31, 12, 6)
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_WEEKDAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_NAMES: dict[int, dict[str, int]] = {
    MONTH: {name: n for n, name in enumerate(_MONTHS, 1)},
    WEEKDAY: {name: n for n, name in enumerate(_WEEKDAYS)},
}
_RANGE = re.compile(r"(?P<low>\w+)(?:-(?P<high>\w+))?(?:/(?P<step>\d{1,4}))?", re.ASCII)
_STAR = re.compile(r"\*(?:/(?P<step>\d{1,4}))?", re.ASCII)
_HASH = re.compile(r"h(?:\((?P<low>\d{1,2})-(?P<high>\d{1,2})\))?(?:/(?P<step>\d{1,4}))?", re.ASCII)
_NTH = re.compile(r"(?P<day>\w+)#(?P<nth>\d+)", re.ASCII)
_LAST = re.compile(r"(?:l(?P<before>\d+|[a-z]{3})|(?P<after>\d+|[a-z]{3})l)", re.ASCII)


class CronError(RotaError):
    """The author of a cron expression must act; `hint` says what to write instead, when that is known."""

    def __init__(self, message: str, hint: str | None = None) -> None:
        super().__init__(message)
        self.hint = hint


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """What one field names: plain values (Sunday is 0), and days counted within their month."""

    star: bool  # it begins with `*`
    values: frozenset[int]
    last_day: bool = False  # `L` in day of month
    nth: frozenset[tuple[int, int]] = frozenset()  # (weekday, 1 to 5); 0 stands for the last one


@lru_cache(maxsize=4096)
def expand(index: int, text: str, seed: str = "") -> Field:
    """The field of that index, in lower case; `seed` is what its `h` is a hash of. Raises CronError."""
    if _HASH.fullmatch(text):
        return Field(star=False, values=_hashed(index, text, seed))
    parts = [_term(index, term) for term in text.split(",")]
    return Field(
        star=text.startswith("*"),
        values=frozenset(value for part in parts for value in part.values),
        last_day=any(part.last_day for part in parts),
        nth=frozenset(pair for part in parts for pair in part.nth),
    )


def _term(index: int, term: str) -> Field:
    """One item of a list."""
    if star := _STAR.fullmatch(term):
        _check_step(index, star["step"], _LOWEST[index], _LAST_OF_CYCLE[index])
        return Field(star=True, values=_croniter(index, term))
    if index == DAY and term == "l":
        return Field(star=False, values=frozenset(), last_day=True)
    if index == WEEKDAY and (counted := _counted(term)):
        return Field(star=False, values=frozenset(), nth=frozenset({counted}))
    if found := _RANGE.fullmatch(term):
        return Field(star=False, values=_croniter(index, _checked_range(index, found)))
    raise CronError(f"{FIELDS[index]}: {term!r} is not understood", _hint_for(index, term))


def _counted(term: str) -> tuple[int, int] | None:
    """`fri#2` or `5#2` as (5, 2), `l5` or `fril` as (5, 0)."""
    if found := _NTH.fullmatch(term):
        nth = int(found["nth"])
        if not 1 <= nth <= 5:
            raise CronError(f"day of week: # counts from 1 to 5, got {term!r}")
        return _value(WEEKDAY, found["day"]) % 7, nth
    if found := _LAST.fullmatch(term):
        return _value(WEEKDAY, found["before"] or found["after"]) % 7, 0
    return None


def _checked_range(index: int, found: re.Match[str]) -> str:
    """A value or range, in numbers, as croniter reads it rightly."""
    low = _value(index, found["low"])
    if found["high"] is None:
        high = _LAST_OF_CYCLE[index] if found["step"] else low
    else:
        high = _value(index, found["high"])
        if index == WEEKDAY and found["high"] == "sun":
            high = 7
    if high < low:
        raise CronError(
            f"{FIELDS[index]}: the range {found[0]!r} runs backwards",
            f"write {low}-{_LAST_OF_CYCLE[index]},{_LOWEST[index]}-{high}",
        )
    _check_step(index, found["step"], low, high)
    if index == WEEKDAY and high == 7:  # croniter takes 0-7 for a range of one day, which to it is every day
        return ",".join(str(day % 7) for day in range(low, 8, int(found["step"] or 1)))
    return str(low) if low == high else f"{low}-{high}/{found['step'] or 1}"


def _check_step(index: int, step: str | None, low: int, high: int) -> None:
    if step is None:
        return
    if int(step) == 0:
        raise CronError(f"{FIELDS[index]}: a step of 0 never moves on", "steps count from 1")
    if int(step) > high - low:
        units = {MINUTE: "m", HOUR: "h"}
        hint = f"every: {step}{units[index]}" if index in units else None
        raise CronError(
            f"{FIELDS[index]}: a step of {step} is over the range {low} to {high}, only {low} would be left",
            f"for an even rhythm write `{hint}`" if hint else f"write {low}",
        )


_BEYOND = {(MINUTE, 60): "the full hour is minute 0", (HOUR, 24): "midnight is hour 0"}


def _value(index: int, text: str) -> int:
    """A number or name, inside the field's range."""
    names = _NAMES.get(index, {})
    if text in names:
        return names[text]
    if not text.isdigit():
        raise CronError(f"{FIELDS[index]}: {text!r} is not understood", _hint_for(index, text))
    value = int(text)
    if not _LOWEST[index] <= value <= _HIGHEST[index]:
        hint = _BEYOND.get((index, value))
        raise CronError(f"{FIELDS[index]}: {value} is not in {_LOWEST[index]} to {_HIGHEST[index]}", hint)
    return value


def _hashed(index: int, text: str, seed: str) -> frozenset[int]:
    found = _HASH.fullmatch(text)
    assert found is not None
    low, high = _LOWEST[index], 28 if index == DAY else _LAST_OF_CYCLE[index]  # every month has a 28th
    if found["low"] is not None:
        low, high = _value(index, found["low"]), _value(index, found["high"])
        if not low < high <= _LAST_OF_CYCLE[index]:
            raise CronError(f"{FIELDS[index]}: H needs a range that runs forwards, got {text!r}")
    _check_step(index, found["step"], low, high)
    step = f"/{found['step']}" if found["step"] else ""
    # The field's name is part of the seed, so that the minute says nothing of the hour.
    return _croniter(index, f"h({low}-{high}){step}", f"{seed}/{FIELDS[index]}")


def _croniter(index: int, term: str, seed: str | None = None) -> frozenset[int]:
    """croniter expands one checked term."""
    fields = ["*"] * len(FIELDS)
    fields[index] = term
    try:
        values, _ = croniter.expand(" ".join(fields), hash_id=None if seed is None else seed.encode())
    except CroniterError as error:
        raise CronError(f"{FIELDS[index]}: {term!r} is not understood") from error
    if values[index] == ["*"]:
        return frozenset(range(_LOWEST[index], _LAST_OF_CYCLE[index] + 1))
    return frozenset(value for value in values[index] if isinstance(value, int))


def _hint_for(index: int, text: str) -> str | None:
    if text == "":
        return "remove the comma, or write what is to stand there"
    if text.startswith("-") or text.endswith("-"):
        return "a range has two ends, such as 1-5"
    if "?" in text:
        return "write * instead of ?"
    if index == DAY and "w" in text:
        return "there is no W here; name the day, or use a day of week such as fri#1"
    if text.startswith("h"):
        return "H stands alone in its field: H, H/15, H(0-29) or H(0-29)/10"
    if text.startswith("r"):
        return "use H: a hash of the job, so that the times can be shown in advance"
    names = _NAMES.get(index, {})
    alike = [name for name in names if name[0] == text[0]]
    near = get_close_matches(text, names, n=1) or get_close_matches(text[:3], alike, n=1)
    return f"did you mean {near[0]}?" if near else None
