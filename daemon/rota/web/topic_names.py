"""Names of topics: `overview?page=2`, `timeline`, `job/backup`, `run/backup.12?step=x`, `log/a.1/main.1`."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import parse_qsl, urlencode

from rota.core.run import parse_run_id

LONGEST = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class OverviewTopic:
    """Jobs that need attention come first; `state` and `q` leave jobs out of the table."""

    page: int = 1
    state: str = ""
    q: str = ""

    def __str__(self) -> str:
        return _name("overview", page=str(self.page) if self.page > 1 else "", q=self.q, state=self.state)


@dataclass(frozen=True, slots=True, kw_only=True)
class JobTopic:
    """`before` is the cursor of the run table's page."""

    job: str
    before: str = ""

    def __str__(self) -> str:
        return _name(f"job/{self.job}", before=self.before)


@dataclass(frozen=True, slots=True, kw_only=True)
class RunTopic:
    """`step` and `attempt` choose the log that is shown; else the newest attempt's.

    Of a batch `state` and `before`, a cursor, choose the children. A child's `job` is the id of its parent.
    """

    job: str
    number: int
    step: str = ""
    attempt: int = 0
    state: str = ""
    before: str = ""

    def __str__(self) -> str:
        attempt = str(self.attempt) if self.attempt else ""
        return _name(
            f"run/{self.job}.{self.number}",
            attempt=attempt,
            before=self.before,
            state=self.state,
            step=self.step,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class LogTopic:
    """The log of one attempt."""

    job: str
    number: int
    step: str
    attempt: int

    def __str__(self) -> str:
        return f"log/{self.job}.{self.number}/{self.step}.{self.attempt}"


@dataclass(frozen=True, slots=True, kw_only=True)
class TimelineTopic:
    """The last and the next day of all jobs."""

    def __str__(self) -> str:
        return "timeline"


TreeTopic = OverviewTopic | JobTopic | RunTopic | TimelineTopic


def parse(name: str) -> TreeTopic | LogTopic:
    """Raises ValueError for a name that is no topic. Equal topics have equal `str`."""
    if len(name) > LONGEST:
        raise ValueError(f"a topic has at most {LONGEST} characters")
    path, _, query = name.partition("?")
    params = dict(parse_qsl(query, keep_blank_values=False))
    kind, _, rest = path.partition("/")
    if kind == "overview" and not rest:
        return OverviewTopic(
            page=_count(params, "page") or 1, state=params.get("state", ""), q=params.get("q", "")
        )
    if path == "timeline":
        return TimelineTopic()
    if kind == "job" and rest:
        return JobTopic(job=rest, before=params.get("before", ""))
    if kind == "run":
        job, number = parse_run_id(rest)
        return RunTopic(
            job=job,
            number=number,
            step=params.get("step", ""),
            attempt=_count(params, "attempt"),
            state=params.get("state", ""),
            before=params.get("before", ""),
        )
    if kind == "log":
        return _log(rest)
    raise ValueError(f"{name!r} is no topic: there are overview, timeline, job/…, run/… and log/…")


def _log(rest: str) -> LogTopic:
    run, _, place = rest.partition("/")
    step, _, attempt = place.rpartition(".")
    if not step or not attempt.isascii() or not attempt.isdigit():
        raise ValueError(f"log/{rest} names no attempt: expected log/<run>/<step>.<number>")
    job, number = parse_run_id(run)
    return LogTopic(job=job, number=number, step=step, attempt=int(attempt))


def _count(params: dict[str, str], name: str) -> int:
    text = params.get(name, "0")
    if not text.isascii() or not text.isdigit() or len(text) > 9:
        raise ValueError(f"{name} must be a number")
    return int(text)


def _name(path: str, **params: str) -> str:
    given = {name: value for name, value in params.items() if value}
    return f"{path}?{urlencode(given)}" if given else path
