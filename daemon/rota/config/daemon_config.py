"""The daemon's own configuration, `rota.yaml`: read once at start, with problems like those of job files."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any, Literal

from rota.config import yaml12, zones
from rota.config.calendars import NamedCalendar
from rota.config.checker import Shape, checker
from rota.config.excepts import DaysError, days
from rota.config.part import Part, in_order
from rota.config.quantity import duration
from rota.config.retention import READERS, check_retention
from rota.config.wording import explain
from rota.core.problems import Problem
from rota.core.retention import Kept

Raw = Mapping[str, Any]

_KEPT = Kept()


def default_max_running() -> int:
    """Four runs a processor, and 16 at least."""
    return max(16, 4 * (os.cpu_count() or 1))


@dataclass(frozen=True, slots=True, kw_only=True)
class Retention:
    """What is kept of every job that says nothing itself, and how much all logs together may take.

    The first six are those of `core.retention.Kept`; `logs_size` is bytes, `logs_share` a fraction of the
    disk that the logs lie on, and the smaller of the two counts.
    """

    rows: timedelta = _KEPT.rows
    runs: int = _KEPT.runs
    max_runs: int | None = None
    logs: timedelta = _KEPT.logs
    failed_logs: timedelta = _KEPT.failed_logs
    max_logs: int | None = None
    logs_size: int = 4 * 2**30
    logs_share: float = 0.1

    @property
    def kept(self) -> Kept:
        return Kept(
            rows=self.rows,
            runs=self.runs,
            max_runs=self.max_runs,
            logs=self.logs,
            failed_logs=self.failed_logs,
            max_logs=self.max_logs,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class DaemonConfig:
    """Everything `rota.yaml` can say; `DaemonConfig()` is a daemon without that file.

    `jobs` are absolute; `host` None means the name of this machine; `web_hosts` are names beside the loopback
    ones that the page may be asked for by. `max_running` is the number of runs that may go on at once.
    """

    listen: str = "127.0.0.1:8321"
    jobs: tuple[Path, ...] = ()
    timezone: str = "UTC"
    host: str | None = None
    reload: Literal["watch", "signal"] = "watch"
    retention: Retention = field(default_factory=Retention)
    web_hosts: tuple[str, ...] = ()
    startup_delay: timedelta = timedelta(0)
    pools: Mapping[str, int] = field(default_factory=dict)  # name -> places
    max_running: int = field(default_factory=default_max_running)
    calendars: Mapping[str, NamedCalendar] = field(default_factory=dict)
    log_format: Literal["text", "json"] = "text"


def read(path: Path) -> DaemonConfig | tuple[Problem, ...]:
    """The configuration in that file, or every problem in it (at least one). Never raises for its content."""
    try:
        with path.open("rb") as opened:
            content = opened.read(yaml12.MAX_BYTES + 1)
    except OSError as error:
        return (Problem(file=str(path), line=1, column=1, message=f"can't be read: {error.strerror}"),)
    return parse(content, str(path), path.absolute().parent)


def parse(content: bytes, file: str, folder: Path) -> DaemonConfig | tuple[Problem, ...]:
    """As `read`; `folder` is where relative job directories begin. An empty file sets nothing."""
    document = yaml12.read(content, file)
    if not document.readable:
        return document.problems
    data: Any = {} if document.data is None else document.data
    part = Part(data=data, places=document.places)
    errors = list(checker(Shape.CONFIG).iter_errors(data))
    problems = [*document.problems, *explain(errors, part)]
    refused = {error.absolute_path[0] for error in errors if error.absolute_path}
    if isinstance(data, dict):
        fitting = {key: value for key, value in data.items() if key not in refused}
        problems += [*_beyond_schema(fitting, part), *_wrong_dates(fitting, part)]
        check_retention(fitting, part, problems)
    return in_order(problems) if problems else _build(data, folder)


def _beyond_schema(data: Raw, part: Part) -> Iterator[Problem]:
    zone = data.get("timezone")
    if zone is not None and zones.find(zone) is None:
        yield part.problem(["timezone"], f'"{zone}" is not a time zone', zones.hint(zone))
    listen = data.get("listen", "")
    if listen and int(listen.rpartition(":")[2]) > _LAST_PORT:
        yield part.problem(
            ["listen"], f"there is no port {listen.rpartition(':')[2]}: expected 0 to {_LAST_PORT}"
        )


def _wrong_dates(data: Raw, part: Part) -> Iterator[Problem]:
    for name, calendar in data.get("calendars", {}).items():
        for index, written in enumerate(calendar.get("dates", ())):
            try:
                days(written)
            except DaysError as error:
                yield part.problem(["calendars", name, "dates", index], error.message, error.hint)


def _build(data: Raw, folder: Path) -> DaemonConfig:
    return DaemonConfig(
        **{_FIELDS.get(key, key): _READERS[key](value, folder) for key, value in data.items()}
    )


def _directories(written: str | list[str], folder: Path) -> tuple[Path, ...]:
    return tuple(folder / each for each in ([written] if isinstance(written, str) else written))


def _retention(written: Raw, _: Path) -> Retention:
    return Retention(**{key: READERS[key](value) for key, value in written.items()})


def _calendars(written: Raw, folder: Path) -> dict[str, NamedCalendar]:
    return {name: _calendar(calendar, folder) for name, calendar in written.items()}


def _calendar(written: Raw, folder: Path) -> NamedCalendar:
    if "ics" in written:
        return NamedCalendar(ics=folder / written["ics"])
    return NamedCalendar(dates=tuple(days(each) for each in written["dates"]))


def _as_written(value: Any, _: Path) -> Any:
    return value


_LAST_PORT = 65535
_FIELDS = {"web": "web_hosts", "log": "log_format"}  # where a key and its field have different names
_READERS: dict[str, Callable[[Any, Path], Any]] = {
    "listen": _as_written,
    "jobs": _directories,
    "timezone": _as_written,
    "host": _as_written,
    "reload": _as_written,
    "retention": _retention,
    "web": lambda written, _: tuple(written.get("hosts", ())),
    "startup_delay": lambda written, _: duration(written),
    "pools": lambda written, _: {pool: int(size) for pool, size in written.items()},
    "max_running": lambda written, _: int(written),
    "calendars": _calendars,
    "log": _as_written,
}
