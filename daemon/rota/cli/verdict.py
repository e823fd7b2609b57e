"""What a monitoring system is told: one line, one exit status. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rota.cli.output import end_text

WORDS = ("OK", "WARNING", "CRITICAL", "UNKNOWN")
_CODES: Mapping[str, int] = {"failed": 2, "missed": 1, "invalid": 1, "late": 1}
_NAMED = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """`code` is the exit status: 0 to 3; `perfdata` follows the text behind a bar."""

    code: int
    text: str
    perfdata: str = ""

    @property
    def word(self) -> str:
        return WORDS[self.code]

    @property
    def line(self) -> str:
        """A plug-in's line; a bar in the text would begin the performance data."""
        text = " ".join(self.text.replace("|", "/").split())
        return f"{self.word} - {text}" + (f" | {self.perfdata}" if self.perfdata else "")


def of_all(jobs: Sequence[Mapping[str, Any]], not_ready: Sequence[str], broken_files: str = "") -> Verdict:
    """Of the whole daemon; `not_ready` are the reasons why it does not run jobs on time.

    `broken_files` says what is wrong with job files: a job that was never right is in no list of jobs.
    """
    states = Counter(job["state"] for job in jobs)
    codes = {job["id"]: code_of(job) for job in jobs}
    perfdata = " ".join(f"{name}={states[name]}" for name in ("running", "failed", "missed", "paused"))
    perfdata = f"jobs={len(jobs)} {perfdata}"
    if not_ready:
        return Verdict(code=2, text="; ".join(not_ready), perfdata=perfdata)
    worst = max(codes.values(), default=0)
    if worst == 0 and broken_files:
        return Verdict(code=1, text=f"job files: {broken_files}", perfdata=perfdata)
    if worst == 0:
        return Verdict(code=0, text=f"{_count(len(jobs))} fine", perfdata=perfdata)
    bad = [f"{job['id']} {_why(job)}" for job in jobs if codes[job["id"]] > 0]
    more = f" and {len(bad) - _NAMED} more" if len(bad) > _NAMED else ""
    return Verdict(
        code=worst,
        text=f"{len(bad)} of {_count(len(jobs))}: {', '.join(bad[:_NAMED])}{more}",
        perfdata=perfdata,
    )


def of_job(job: Mapping[str, Any], not_ready: Sequence[str]) -> Verdict:
    """Of one job."""
    if not_ready:
        return Verdict(code=2, text=f"{job['id']}: {'; '.join(not_ready)}")
    last = job["lastRun"]
    told = f"last run {last['id']} {end_text(last)}" if last else "has not run yet"
    return Verdict(code=code_of(job), text=f"{job['id']} {_why(job)}: {told}")


def code_of(job: Mapping[str, Any]) -> int:
    """0, 1 or 2.

    While a job runs or waits for its next attempt, the end of its run before still counts; a disabled or
    paused one is as somebody wants it.
    """
    if job["state"] in ("disabled", "paused"):
        return 0
    code = _CODES.get(job["state"], 0)
    last = job["lastRun"]
    if job["state"] in ("running", "retrying") and last and last["state"] == "failed":
        code = 2
    if last and last["reason"] == "unknown":
        code = max(code, 1)
    return max(code, 1) if job["stale"] or job["problems"] else code


def _why(job: Mapping[str, Any]) -> str:
    return f"{job['state']}, its file has problems" if job["stale"] else str(job["state"])


def _count(jobs: int) -> str:
    return f"{jobs} job" if jobs == 1 else f"{jobs} jobs"
