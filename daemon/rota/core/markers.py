"""Lines by which a running job tells of itself: `::progress`, `::step`, `::output`, `::warning`, `::error`.

A well-formed marker has an effect and is hidden from the log; a line that only looks like one is shown.

    ::progress 42/100 Copying users      ::progress 42%      ::progress 7 files seen
    ::step verify Verify the dump
    ::output size=1048576
    ::warning The replica is two hours behind
    ::error Row 7 has no date
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from re import compile as regex

NAME = regex(r"[a-z][a-z0-9_]{0,62}")
VALUE_LIMIT = 64 * 1024  # bytes in one output
TEXT_LIMIT = 500  # characters of a text that a marker carries
_SHORT = 256  # characters of a line that is worth remembering

_NUMBER = r"\d{1,15}(?:\.\d{1,9})?"
_PROGRESS = regex(rf"({_NUMBER})(?:\s*/\s*({_NUMBER})|\s*(%))?(?:\s+(.*))?")


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgressMarker:
    """`total` 0 means not known."""

    current: float
    total: float
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StepMarker:
    key: str
    title: str  # the key when nothing else was said


@dataclass(frozen=True, slots=True, kw_only=True)
class OutputMarker:
    key: str
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WarningMarker:
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorMarker:
    """Why the job is about to fail, in its own words."""

    text: str


Marker = ProgressMarker | StepMarker | OutputMarker | WarningMarker | ErrorMarker


def parse(line: str) -> Marker | None:
    """The marker that the line is, or None for every other line."""
    if not line.startswith("::"):
        return None
    return _read_again(line) if len(line) <= _SHORT else _read(line)


def _read(line: str) -> Marker | None:
    word, _, rest = line.rstrip("\r\n").partition(" ")
    reader = _READERS.get(word)
    return None if reader is None else reader(rest.strip())


# A line is looked at three times: to know how it is shown, whether it is, and what it means.
_read_again = lru_cache(maxsize=4096)(_read)


def is_marker(line: str) -> bool:
    """Whether it is a well-formed marker: then it is not shown in the log."""
    return parse(line) is not None


def looks_like_marker(line: str) -> bool:
    """Whether it begins with the word of a known marker: when it is none, its author should hear of it."""
    return line.startswith("::") and line.rstrip("\r\n").partition(" ")[0] in _READERS


def parse_output(line: str) -> OutputMarker | None:
    """A `key=value` line, as `::output` carries it and the file `$ROTA_OUTPUT` holds it."""
    key, equals, value = line.rstrip("\r\n").partition("=")
    if not equals or not NAME.fullmatch(key) or "\0" in value:
        return None
    if len(value.encode("utf-8", "replace")) > VALUE_LIMIT:
        return None
    return OutputMarker(key=key, value=value)


def _progress(rest: str) -> ProgressMarker | None:
    match = _PROGRESS.fullmatch(rest)
    if match is None:
        return None
    current, total, percent, text = match.groups()
    whole = 100.0 if percent else float(total or 0)
    return ProgressMarker(current=float(current), total=whole, text=clip(text or ""))


def _step(rest: str) -> StepMarker | None:
    key, _, title = rest.partition(" ")
    if not NAME.fullmatch(key):
        return None
    return StepMarker(key=key, title=clip(title.strip()) or key)


def _warning(rest: str) -> WarningMarker | None:
    return WarningMarker(text=clip(rest)) if rest else None


def _error(rest: str) -> ErrorMarker | None:
    return ErrorMarker(text=clip(rest)) if rest else None


def clip(text: str) -> str:
    """As much of a text as is kept."""
    return text if len(text) <= TEXT_LIMIT else text[: TEXT_LIMIT - 1] + "…"


_READERS: Mapping[str, Callable[[str], Marker | None]] = {
    "::progress": _progress,
    "::step": _step,
    "::output": parse_output,
    "::warning": _warning,
    "::error": _error,
}
