"""Near misses: what was probably meant."""

from __future__ import annotations

import re
from collections.abc import Iterable
from difflib import get_close_matches

# Words of other schedulers, and what holds them here.
_ELSEWHERE = {
    "name": "title",
    "displayname": "title",
    "isenabled": "enabled",
    "cron": "schedule: {cron: …}",
    "cronexpression": "schedule: {cron: …}",
    "every": "schedule: {every: …}",
    "at": "schedule: {at: …}",
    "timezone": "schedule: {timezone: …}",
    "command": "run or exec",
    "cmd": "run or exec",
    "attempts": "retry: {attempts: …}",
    "retries": "retry: {attempts: …}",
    "maxattempts": "retry: {attempts: …}",
    "timeout": "limits: {timeout: …}",
    "timeoutseconds": "limits: {timeout: …}",
    "grace": "limits: {grace: …}",
    "maxconcurrent": "concurrency: {max: …}",
    "overlap": "concurrency: {overlap: …}",
    "parameters": "params",
    "environment": "env",
    "workdir": "cwd",
    "workingdirectory": "cwd",
    "backoffstrategy": "backoff",
    "initialdelayseconds": "delay",
    "maxdelayseconds": "max_delay",
}
_FIRST_WORD = re.compile(r"\w+")
_NUMBER_AND_UNIT = re.compile(r"(\d+)\s*([a-zA-Z]+)")
_DURATION_UNITS = {"s": "s", "m": "m", "h": "h", "d": "d", "w": "d"}
_MULTIPLES = {"w": 7}
_SIZE_UNITS = re.compile(r"(\d+)\s*([kmgt])i?b?", re.IGNORECASE)
_NOT_OF_ID = re.compile(r"[^a-z0-9]+")
_BOOLEANS = {"yes": "true", "on": "true", "y": "true", "no": "false", "off": "false", "n": "false"}


def key(written: str, known: Iterable[str]) -> str | None:
    """A hint for a key that is not known, or None when nothing is near."""
    keys = list(known)
    hint = word(written, keys)
    if hint is not None:
        return hint
    near = get_close_matches(_bare(written), _ELSEWHERE, n=1, cutoff=0.8)
    if not near:
        return None
    elsewhere = _ELSEWHERE[near[0]]
    holder = _FIRST_WORD.match(elsewhere)
    return f"did you mean `{elsewhere}`?" if holder and holder[0] in keys else None


def word(written: str, known: Iterable[str]) -> str | None:
    """A hint for a word that is none of the known ones, or None when nothing is near."""
    words = {each.lower(): each for each in known}
    plain = written.lower().replace("-", "_")
    near = [plain] if plain in words else get_close_matches(written.lower(), words, n=1, cutoff=0.6)
    return f'did you mean "{words[near[0]]}"?' if near else None


def value(written: object, expected: str) -> str | None:
    """A hint for a value of the wrong shape; `expected` is what the schema's title calls it."""
    if written is None:
        return "give it a value, or remove the key"
    if not isinstance(written, str):
        return _quoted(written, expected)
    for beginning, repair in _REPAIRS.items():
        if expected.startswith(beginning):
            repaired = repair(written)
            return None if repaired is None else f"did you mean {repaired}?"
    return None


def _bare(written: str) -> str:
    return written.lower().replace("_", "").replace("-", "")


def _quoted(written: object, expected: str) -> str | None:
    takes_text = expected.startswith(("text", "one line of text", "shell text", "a path", "a time zone"))
    if takes_text and isinstance(written, bool | int | float):
        return f'put it in quotes: "{str(written).lower()}"'
    return None


def _duration(written: str) -> str | None:
    parts = _NUMBER_AND_UNIT.findall(written)
    units = [unit.lower()[0] for _, unit in parts]
    if not parts or any(unit not in _DURATION_UNITS for unit in units) or "ms" in written:
        return None
    return "".join(
        f"{int(number) * _MULTIPLES.get(unit, 1)}{_DURATION_UNITS[unit]}"
        for (number, _), unit in zip(parts, units, strict=True)
    )


def _size(written: str) -> str | None:
    found = _SIZE_UNITS.fullmatch(written.strip())
    return None if found is None else f"{found[1]}{found[2].upper()}"


def _job_id(written: str) -> str | None:
    return _NOT_OF_ID.sub("-", written.lower()).strip("-")[:63] or None


def _name(written: str) -> str | None:
    return _NOT_OF_ID.sub("_", written.lower()).strip("_0123456789")[:63] or None


def _boolean(written: str) -> str | None:
    return _BOOLEANS.get(written.lower())


_REPAIRS = {
    "a duration": _duration,
    "a size": _size,
    "a job id": _job_id,
    "a name": _name,
    "true or false": _boolean,
}
