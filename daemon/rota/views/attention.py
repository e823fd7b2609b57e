"""What needs a person, worst first, each with its cause and the one useful action."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import IntEnum

from rota.core.board import HealthItem, HealthState, JobEntry, JobState
from rota.core.instant import optional_ms
from rota.core.problems import Problem
from rota.core.run import Reason, Run
from rota.core.words import counted
from rota.views.ids import job_element, job_path, key, run_path
from rota.views.job_row import run_offer
from rota.views.phases import phase_of_run, signal_name
from rota_catalog.tree import Action, Node

SHOWN = 20
_MOST_WARNINGS = 5


class Trouble(IntEnum):
    """Kinds of trouble of a job, worst first."""

    FAILED = 0
    UNKNOWN = 1
    STUCK = 2
    MISSED = 3


def trouble_of(entry: JobEntry) -> Trouble | None:
    """Why the job needs attention, or None."""
    state = entry.state
    if state is JobState.FAILED:
        return Trouble.FAILED
    if state is JobState.UNKNOWN and entry.last is not None:
        return Trouble.UNKNOWN
    if entry.stuck_since is not None:
        return Trouble.STUCK
    if state is JobState.MISSED:
        return Trouble.MISSED
    return None


def job_alert(entry: JobEntry, trouble: Trouble, last_lines: Sequence[str] = ()) -> Node:
    """The job's trouble with its cause; `last_lines` are the end of the failed run's log."""
    spec = entry.spec
    id_ = job_element(spec.id, "alert")
    if trouble is Trouble.MISSED and entry.last_skip is not None:
        message = entry.last_skip.message or "Due instants passed while nothing could run."
        props: dict[str, object] = {"title": f"{spec.name} missed its time", "message": message}
        props |= {"state": "missed", "href": job_path(spec.id)}
        return _alert(id_, props, [run_offer(entry)])
    if trouble is Trouble.STUCK and entry.last_skip is not None:
        return _stuck(id_, spec.name, entry.active[0], entry.last_skip)
    assert entry.last is not None
    return failure(id_, spec.name, entry.last, last_lines)


def failure(id_: str, name: str, run: Run, last_lines: Sequence[str] = (), log_href: str = "") -> Node:
    """A run that ended badly: what happened, how often it was tried, and Retry."""
    unseen = run.reason is Reason.UNKNOWN
    props: dict[str, object] = {
        "title": f"{name} may have failed" if unseen else f"{name} failed",
        "message": run.message or "No reason was recorded.",
        "state": "unknown" if unseen else "failed",
        "href": run_path(run.id),
    }
    if (at := optional_ms(run.ended_at)) is not None:
        props["at"] = at
    if not run.message:  # else it says so itself
        props |= _outcome(run)
    if run.reason is not Reason.CHILDREN:  # else the log says how items were found, not why children failed
        props["logHref"] = log_href or f"{run_path(run.id)}#h-log"
        props |= {"lastLines": list(last_lines)} if last_lines else {}
    retry = Action(do="run.retry", label="Retry", args={"run": run.id}, expect={"state": run.state.value})
    return _alert(id_, props, [retry])


def _stuck(id_: str, name: str, run: Run, skip: Run) -> Node:
    props: dict[str, object] = {"title": f"{name} is stuck", "message": skip.message}
    props |= {"state": phase_of_run(run), "href": run_path(run.id), "logHref": f"{run_path(run.id)}#h-log"}
    disabled = None if run.cancel_requested_at is None else "already_requested"
    expect = {"state": run.state.value}
    cancel = Action(do="run.cancel", label="Cancel", args={"run": run.id}, expect=expect, disabled=disabled)
    return _alert(id_, props, [cancel])


def file_alerts(problems: Iterable[Problem], stale: Iterable[JobEntry]) -> list[Node]:
    """One alert for each file with errors: the first with its place, the others as lines."""
    running = {scope for entry in stale for scope in entry.spec.source.scopes}
    by_file: dict[str, list[Problem]] = {}
    for problem in problems:
        if problem.severity == "error":
            by_file.setdefault(problem.file, []).append(problem)
    return [_file_alert(file, found, found[0].scope in running) for file, found in by_file.items()]


def file_warnings(problems: Iterable[Problem]) -> list[Node]:
    """One banner for what is right in the job's files but may surprise."""
    warnings = [problem for problem in problems if problem.severity == "warning"]
    if not warnings:
        return []
    title = f"{counted(len(warnings), 'warning')} about its file"
    body = "; ".join(map(_warning, warnings[:_MOST_WARNINGS]))
    props = {"tone": "warn", "title": title, "body": body}
    return [Node(type="Banner", id="banner.warnings", props=props, text=f"{title}: {body}")]


def health_alerts(items: Iterable[HealthItem]) -> list[Node]:
    """The daemon's own parts that have failed."""
    return [
        Node(
            type="Banner",
            id=f"trouble.{key(item.key)}",
            props={"tone": "failed", "title": f"{item.label} failed", "body": item.note},
            text=f"{item.label} failed: {item.note}",
        )
        for item in items
        if item.state is HealthState.FAILED and item.key != "jobs"
    ]


def _outcome(run: Run) -> dict[str, object]:
    attempt = run.current_attempt
    facts: dict[str, object] = {}
    if run.max_attempts > 1 and run.attempt:
        facts |= {"attempt": run.attempt, "maxAttempts": max(run.attempt, run.max_attempts)}
    if run.exit_code is not None:
        facts["exitCode"] = run.exit_code
    elif attempt is not None and attempt.signal:
        facts["signal"] = signal_name(attempt.signal)
    return facts


def _file_alert(file: str, problems: Sequence[Problem], last_good: bool) -> Node:
    first, *others = problems
    name = file.rpartition("/")[2]
    hint = f" ({first.hint})" if first.hint else ""
    props: dict[str, object] = {
        "title": f"{name}: its last good version runs" if last_good else f"{name} can't be used",
        "message": f"{first.message}{hint}",
        "state": "stale" if last_good else "invalid",
        "file": f"{file}:{first.line}:{first.column}",
    }
    if others:
        props["lastLines"] = [f"{p.line}:{p.column} {p.message}" for p in others[:20]]
    return _alert(f"file.{key(file)}", props, [])


def _warning(problem: Problem) -> str:
    place = f"{problem.file.rpartition('/')[2]}:{problem.line}:{problem.column}"
    return f"{place}: {problem.message}{f' ({problem.hint})' if problem.hint else ''}"


def _alert(id_: str, props: dict[str, object], actions: Sequence[Action]) -> Node:
    return Node(
        type="ErrorAlert", id=id_, props=props, actions=actions, text=f"{props['title']}: {props['message']}"
    )
