"""Calendars: whole days written out in `rota.yaml`, or an iCalendar file, as spans that triggers except."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from zoneinfo import ZoneInfo

from rota.config import icalendar_file
from rota.config.icalendar_file import MAX_BYTES, Calendar
from rota.config.recurrence import CalendarError
from rota.core.triggers import DateSpan, Except, InstantSpan

Spans = tuple[DateSpan | InstantSpan, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedCalendar:
    """A calendar of `rota.yaml`: dates, or the absolute path of an iCalendar file."""

    dates: tuple[DateSpan, ...] = ()
    ics: Path | None = None


def now_by_the_system() -> datetime:
    """For readers outside the daemon, which has a clock of its own."""
    return datetime.now(UTC)


@dataclass(slots=True)
class _Read:
    key: str
    answer: Calendar | CalendarError


class Calendars:
    """What `rota.yaml` names (None: nobody knows), and every iCalendar file, read once a reading.

    A file is parsed anew when its content differs or a new year began: events that repeat are followed from
    the beginning of last year to the end of the fifth year to come.
    """

    def __init__(
        self,
        named: Mapping[str, NamedCalendar] | None = None,
        *,
        now: Callable[[], datetime] = now_by_the_system,
    ) -> None:
        self.named = named
        self._now = now
        self._read: dict[Path, _Read] = {}
        self._looked_at: dict[Path, str] = {}
        self._shared: dict[tuple[object, ...], tuple[Except, ...]] = {}

    def look_again(self) -> None:
        """A new reading begins: contents that were looked at before may have changed."""
        self._looked_at.clear()
        self._shared.clear()

    def key(self, path: Path) -> str:
        """Differs whenever what the file says does."""
        if path not in self._looked_at:
            self._look(path)
        return self._looked_at[path]

    def spans(self, path: Path, zone: ZoneInfo) -> Spans:
        """When the file's events are, for a trigger of that zone. Raises CalendarError."""
        self.key(path)
        answer = self._read[path].answer
        if isinstance(answer, CalendarError):
            raise answer
        return answer.spans(zone)

    def shared(self, excepts: tuple[Except, ...]) -> tuple[Except, ...]:
        """The very tuple of another job that excepts the same: thousands of jobs then need one index."""
        key = tuple((each.label, id(each.spans) if len(each.spans) > 1 else each.spans) for each in excepts)
        return self._shared.setdefault(key, excepts)

    def _look(self, path: Path) -> None:
        year = self._now().year
        content = _content(path)
        told = content if isinstance(content, bytes) else content.message.encode()
        key = sha256(f"{year}:".encode() + told).hexdigest()
        self._looked_at[path] = key
        known = self._read.get(path)
        if known is None or known.key != key:
            answer = _parsed(content, year) if isinstance(content, bytes) else content
            self._read[path] = _Read(key, answer)


def _content(path: Path) -> bytes | CalendarError:
    try:
        if not path.is_file():
            return CalendarError("it is not there" if not path.exists() else "it is not a regular file")
        with path.open("rb") as opened:
            return opened.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        return CalendarError(f"it can't be read: {getattr(error, 'strerror', None) or error}")


def _parsed(content: bytes, year: int) -> Calendar | CalendarError:
    try:
        return icalendar_file.parse(content, year)
    except CalendarError as error:
        return error
