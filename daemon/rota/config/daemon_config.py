"""The daemon's own configuration, `rota.yaml`: read once at start, with problems like those of job files."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Literal

from rota.core.problems import Problem


@dataclass(frozen=True, slots=True, kw_only=True)
class Retention:
    """How long rows and logs are kept; `runs` is the number of newest runs of a job that always stay."""

    rows: timedelta = timedelta(days=90)
    runs: int = 100
    logs: timedelta = timedelta(days=30)
    failed_logs: timedelta = timedelta(days=90)


@dataclass(frozen=True, slots=True, kw_only=True)
class DaemonConfig:
    """Everything `rota.yaml` can say; `DaemonConfig()` is a daemon without that file.

    `jobs` are absolute; `host` None means the name of this machine; `web_hosts` are names beside the loopback
    ones that the page may be asked for by.
    """

    listen: str = "127.0.0.1:8321"
    jobs: tuple[Path, ...] = ()
    timezone: str = "UTC"
    host: str | None = None
    reload: Literal["watch", "signal"] = "watch"
    retention: Retention = field(default_factory=Retention)
    web_hosts: tuple[str, ...] = ()
    startup_delay: timedelta = timedelta(0)
    log_format: Literal["text", "json"] = "text"


def read(path: Path) -> DaemonConfig | tuple[Problem, ...]:
    """The configuration in that file, or every problem in it (at least one). Never raises for its content."""
    raise NotImplementedError
