"""Sets of jobs that commands compare or simulate: from directories, a git revision, or the running daemon."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from rota.cli.client import Daemon, route
from rota.cli.failure import CouldNotAsk
from rota.cli.git_tree import Revision, write_tree
from rota.config import daemon_config
from rota.config.calendars import Calendars
from rota.config.daemon_config import DaemonConfig
from rota.config.jobset import JobReader
from rota.config.parse import Surroundings, restore
from rota.core.instant import from_ms, optional_from_ms
from rota.core.model import JobSpec, Source
from rota.core.pressure import Side
from rota.core.problems import DEFAULTS, Problem
from rota.core.seams import Pause

DEFAULT_DIRECTORY = Path("jobs.d")
_PAGE = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What holds for all jobs of a set: as rota.yaml says it, or the daemon."""

    timezone: str = "UTC"
    host: str | None = None  # None: the jobs of every host
    pools: Mapping[str, int] | None = None  # None: nobody knows
    max_running: int | None = None
    calendars: Calendars = field(default_factory=Calendars)

    @property
    def surroundings(self) -> Surroundings:
        return Surroundings(
            timezone=self.timezone, host=self.host, pools=self.pools, calendars=self.calendars
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A set of jobs, what is wrong in its files, and since when and until when its jobs are paused."""

    side: Side
    problems: tuple[Problem, ...] = ()
    pauses: Mapping[str, Pause] = field(default_factory=dict)

    @property
    def errors(self) -> tuple[Problem, ...]:
        return tuple(problem for problem in self.problems if problem.severity == "error")


@dataclass(frozen=True, slots=True, kw_only=True)
class InForce:
    """What the daemon answers: its terms, and the definitions of its jobs as the API shows them."""

    terms: Terms
    jobs: Sequence[Mapping[str, Any]]

    @property
    def medians(self) -> dict[str, timedelta]:
        return {
            job["id"]: timedelta(milliseconds=job["medianMs"])
            for job in self.jobs
            if job["medianMs"] is not None
        }


def read_config(path: Path | None) -> DaemonConfig | None:
    """None without a file. Raises CouldNotAsk when it has problems."""
    if path is None:
        return None
    found = daemon_config.read(path)
    if not isinstance(found, DaemonConfig):
        raise CouldNotAsk("\n".join(["the configuration has problems", *map(str, found)]))
    return found


def terms_of(config: DaemonConfig | None, host: str | None) -> Terms:
    """Those of rota.yaml; without one nobody knows the pools."""
    if config is None:
        return Terms(host=host)
    return Terms(
        timezone=config.timezone,
        host=host or config.host,
        pools=config.pools,
        max_running=config.max_running,
        calendars=Calendars(config.calendars),
    )


def ask_in_force(daemon: Daemon) -> InForce:
    """Everything that the daemon has loaded. Raises NoDaemon and Refused."""
    jobs: list[Mapping[str, Any]] = []
    cursor: object = None
    while True:
        page = daemon.get(route("definitions"), {"cursor": cursor, "limit": _PAGE})
        jobs += page["jobs"]
        cursor = page["nextCursor"]
        if cursor is None:
            break
    terms = Terms(
        timezone=page["timezone"],
        host=page["host"],
        pools=page["pools"],
        max_running=page["maxRunning"],
    )
    return InForce(terms=terms, jobs=jobs)


def from_daemon(found: InForce, terms: Terms) -> Found:
    """The set in force; jobs that this version of the program can't read are left out, as problems."""
    jobs: dict[str, JobSpec] = {}
    problems = []
    for job in found.jobs:
        spec = _restored(job, terms.surroundings)
        if spec is not None:
            jobs[spec.id] = spec
        else:
            source = job["source"]
            message = f"the daemon's definition of {job['id']} can't be read here: is this another version?"
            problems.append(Problem(file=source["file"], line=source["line"], column=1, message=message))
    side = _side(jobs, terms, found.medians)
    pauses = {job["id"]: _pause(job["paused"]) for job in found.jobs if job["paused"] is not None}
    return Found(side=side, problems=tuple(problems), pauses=pauses)


def from_directories(
    directories: Sequence[Path], terms: Terms, medians: Mapping[str, timedelta] | None = None
) -> Found:
    """What their files say now. Raises CouldNotAsk when one is not there."""
    for directory in directories:
        if not directory.is_dir():
            raise CouldNotAsk(f"{directory}: no such directory")
    read = JobReader(directories, terms.surroundings).read()
    side = _side(dict(read.jobs), terms, medians or {})
    return Found(side=replace(side, defaults=_defaults(directories)), problems=read.problems)


def from_revision(revision: Revision, directories: Sequence[Path], terms: Terms) -> Found:
    """What their files said at that revision. Raises CouldNotAsk."""
    with tempfile.TemporaryDirectory(prefix="rota-plan-") as folder:
        copies = [Path(folder, str(index)) for index, _ in enumerate(directories)]
        for directory, copy in zip(directories, copies, strict=True):
            write_tree(revision, directory, copy)
        return from_directories(copies, terms)


def _side(jobs: Mapping[str, JobSpec], terms: Terms, medians: Mapping[str, timedelta]) -> Side:
    return Side(jobs=jobs, medians=medians, pools=terms.pools or {}, max_running=terms.max_running)


def _restored(job: Mapping[str, Any], surroundings: Surroundings) -> JobSpec | None:
    return restore(job["id"], json.dumps(job["definition"]), Source(**job["source"]), surroundings)


def _pause(shape: Mapping[str, Any]) -> Pause:
    since: datetime = from_ms(shape["since"])
    return Pause(since=since, until=optional_from_ms(shape["until"]))


def _defaults(directories: Sequence[Path]) -> dict[str, str]:
    found = {}
    for directory in directories:
        for name in sorted(DEFAULTS):
            for path in directory.rglob(name):
                if path.is_file():
                    text = path.read_bytes().decode("utf-8", "replace")
                    found[path.relative_to(directory).as_posix()] = text
    return found
