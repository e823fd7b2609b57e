"""The `except:` of a trigger as spans of time."""

from __future__ import annotations

from calendar import month_name, monthrange
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from rota.config import near
from rota.config.calendars import Calendars, Spans
from rota.config.findings import Findings
from rota.config.part import Part
from rota.config.recurrence import CalendarError
from rota.core.triggers import DateSpan, Except, WeeklyWindow

_WEEKDAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_LAST_MINUTE = 24 * 60 - 1
_MONTHS = 12


class DaysError(ValueError):
    """Days that don't exist or run backwards; `hint` says what to write instead."""

    def __init__(self, message: str, hint: str | None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


def days(written: str) -> DateSpan:
    """`2026-12-24` or `2026-12-24/2026-12-27`, of the shape that the schema asks for. Raises DaysError."""
    begin, _, end = written.partition("/")
    first, last = _day(begin), _day(end or begin)
    if last < first:
        raise DaysError(f'"{written}" ends before it begins', f'did you mean "{end}/{begin}"?')
    return DateSpan(first=first, last=last)


@dataclass(frozen=True, slots=True, kw_only=True)
class Excepting:
    """Reads the exceptions of one trigger. `folder` is where relative paths begin."""

    part: Part
    path: tuple[str | int, ...]  # of `except` in the job
    zone: ZoneInfo
    folder: str
    calendars: Calendars
    findings: Findings

    def read(self, written: Any) -> tuple[Except, ...]:
        """All that can be used; what is wrong with the rest goes to the findings."""
        if not isinstance(written, list):
            found = self._one(written, self.path)
            return () if found is None else (found,)
        each = (self._one(one, (*self.path, index)) for index, one in enumerate(written))
        return tuple(found for found in each if found is not None)

    def _one(self, written: Any, path: Sequence[str | int]) -> Except | None:
        if isinstance(written, str):
            return self._days(written, path)
        if "calendar" in written:
            return self._named(written["calendar"], [*path, "calendar"])
        if "ics" in written:
            file = Path(self.folder) / written["ics"]
            spans = self._file(file, f"the calendar {file}", [*path, "ics"])
            return None if spans is None else Except(label=f"calendar {written['ics']}", spans=spans)
        return Except(label=_weekly_label(written), spans=(_weekly(written),))

    def _days(self, written: str, path: Sequence[str | int]) -> Except | None:
        try:
            return Except(label=written, spans=(days(written),))
        except DaysError as error:
            self.findings.problems.append(self.part.problem(path, error.message, error.hint))
            return None

    def _named(self, name: str, path: Sequence[str | int]) -> Except | None:
        label, known = f"calendar {name}", self.calendars.named
        if known is None:
            message = f'nobody can say here which days the calendar "{name}" has: it excepts nothing'
            hint = "calendars stand in rota.yaml: name it with --config"
            self.findings.problems.append(self.part.problem(path, message, hint, severity="warning"))
            return Except(label=label, spans=())
        if name not in known:
            hint = near.word(name, known) or _listed("calendars", known)
            message = f'there is no calendar "{name}" in rota.yaml'
            self.findings.problems.append(self.part.problem(path, message, hint))
            return None
        calendar = known[name]
        if calendar.ics is None:
            return Except(label=label, spans=calendar.dates)
        spans = self._file(calendar.ics, f'the calendar "{name}", {calendar.ics},', path)
        return None if spans is None else Except(label=label, spans=spans)

    def _file(self, file: Path, named: str, path: Sequence[str | int]) -> Spans | None:
        self.findings.calendars[file] = self.calendars.key(file)
        try:
            return self.calendars.spans(file, self.zone)
        except CalendarError as error:
            message = f"{named} can't be used: {error.message}"
            self.findings.problems.append(self.part.problem(path, message))
            return None


def _listed(what: str, known: Mapping[str, object]) -> str:
    return f"{what} in rota.yaml: {', '.join(sorted(known)) or 'none'}"


def _day(written: str) -> date:
    try:
        return date.fromisoformat(written)
    except ValueError:
        year, month, _ = map(int, written.split("-"))
        if year and 1 <= month <= _MONTHS:
            hint = f"{month_name[month]} {year} has {monthrange(year, month)[1]} days"
        else:
            hint = "write year-month-day, such as 2026-12-24"
        raise DaysError(f'there is no day "{written}"', hint) from None


def _weekly(written: Mapping[str, Any]) -> WeeklyWindow:
    return WeeklyWindow(
        days=frozenset(_WEEKDAYS.index(day) for day in _named_days(written)) or frozenset(range(7)),
        begin=_minutes(written["from"]) if "from" in written else 0,
        end=_minutes(written["to"]) if "to" in written else _LAST_MINUTE,
    )


def _weekly_label(written: Mapping[str, Any]) -> str:
    parts = [
        ", ".join(_named_days(written)),
        *(f"{key} {written[key]}" for key in ("from", "to") if key in written),
    ]
    return " ".join(part for part in parts if part)


def _named_days(written: Mapping[str, Any]) -> list[str]:
    named = written.get("days", [])
    return [named] if isinstance(named, str) else list(named)


def _minutes(written: str) -> int:
    return int(written[:2]) * 60 + int(written[3:])
