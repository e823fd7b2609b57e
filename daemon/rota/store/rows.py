"""Values to rows and back. What is read equals what was written, to the millisecond."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from rota.core.instant import from_ms, optional_from_ms, optional_ms, to_ms
from rota.core.run import (
    Attempt,
    Children,
    Progress,
    Reason,
    Run,
    RunState,
    Step,
    StepState,
    TriggeredBy,
    Used,
)
from rota.core.seams import JobRecord, Pause, RunBar, SkipNext

Row = dict[str, Any]

COUNTS = ("children", "progress", "message")  # what the children of a run change of it

_STATES = {state.value: state for state in RunState}
_TRIGGERS = {trigger.value: trigger for trigger in TriggeredBy}


def run_row(run: Run) -> Row:
    """Every column of `runs` but `id`."""
    return {name: column(run) for name, column in _RUN.items()}


def changed_run_row(before: Run, run: Run) -> Row:
    """The columns of `runs` that differ between the two."""
    return {name: _RUN[name](run) for name in _differences(_RUN, before, run)}


def counts_row(parent: Run) -> Row:
    """The columns of `runs` that the children of a run change."""
    return {name: _RUN[name](parent) for name in COUNTS}


def run_from(row: Mapping[Any, Any], attempts: Sequence[Attempt] = ()) -> Run:
    """The run of that row of `runs`, with its attempts."""
    job, _, parent = row["job"].partition(".")
    return Run(
        job=job,
        parent=int(parent) if parent else None,
        items=tuple(row["items"] or ()),
        children=None if row["children"] is None else Children(**row["children"]),
        number=row["number"],
        state=_STATES[row["state"]],
        reason=_reason(row["reason"]),
        message=row["message"],
        triggered_by=_TRIGGERS[row["triggered_by"]],
        due_at=optional_from_ms(row["due_at"]),
        last_due_at=optional_from_ms(row["last_due_at"]),
        count=row["count"],
        scheduled_for=optional_from_ms(row["scheduled_for"]),
        created_at=from_ms(row["created_at"]),
        started_at=optional_from_ms(row["started_at"]),
        ended_at=optional_from_ms(row["ended_at"]),
        next_attempt_at=optional_from_ms(row["next_attempt_at"]),
        cancel_requested_at=optional_from_ms(row["cancel_requested_at"]),
        replaced_by=row["replaced_by"],
        max_attempts=row["max_attempts"],
        attempt=row["attempt"],
        exit_code=row["exit_code"],
        progress=_progress_from(row["progress"]),
        params=row["params"],
        result=row["result"],
        warnings=tuple(row["warnings"]),
        steps=tuple(_step_from(step) for step in row["steps"]),
        attempts=tuple(attempts),
        retry_of=row["retry_of"],
        host=row["host"],
        definition=row["definition"],
        source_file=row["source_file"],
        source_line=row["source_line"],
        commit=row["commit"],
        dirty=bool(row["dirty"]),
        planned_at=optional_from_ms(row["planned_at"]),
        upstream=tuple(row["upstream"]),
        answered_ends=None if row["answered_ends"] is None else tuple(row["answered_ends"]),
        log_job=row["log_job"] or "",
    )


def attempt_row(attempt: Attempt) -> Row:
    """Every column of `attempts` but its place (`job`, `number`, `position`) and `log_kept`."""
    return {name: column(attempt) for name, column in _ATTEMPT.items()}


def changed_attempt_row(before: Attempt, attempt: Attempt) -> Row:
    """The columns of `attempts` that differ between the two."""
    return {name: _ATTEMPT[name](attempt) for name in _differences(_ATTEMPT, before, attempt)}


def attempt_from(row: Mapping[Any, Any]) -> Attempt:
    """The attempt of that row of `attempts`."""
    return Attempt(
        id=row["id"],
        step=row["step"],
        n=row["n"],
        state=StepState(row["state"]),
        reason=_reason(row["reason"]),
        message=row["message"],
        created_at=from_ms(row["created_at"]),
        started_at=optional_from_ms(row["started_at"]),
        ended_at=optional_from_ms(row["ended_at"]),
        timeout_at=optional_from_ms(row["timeout_at"]),
        exit_code=row["exit_code"],
        signal=row["signal"],
        pid=row["pid"],
        pid_started=row["pid_started"],
        boot_id=row["boot_id"],
        log_offset=row["log_offset"],
        log_line=row["log_line"],
        log_size=row["log_size"],
        definition=row["definition"],
        markers=bool(row["markers"]),
        argv=tuple(row["argv"]),
        cwd=row["cwd"],
        user=row["user"],
        used=_used_from(row["used"]),
        not_before=optional_from_ms(row["not_before"]),
    )


def record_row(record: JobRecord) -> Row:
    """Every column of `jobs` but `last_number`."""
    pause, skip = record.pause, record.skip_next
    return {
        "job": record.job,
        "answered_until": optional_ms(record.answered_until),
        "schedule": clean(record.schedule),
        "since": optional_ms(record.since),
        "paused_since": None if pause is None else to_ms(pause.since),
        "paused_until": None if pause is None else optional_ms(pause.until),
        "pause_note": "" if pause is None else clean(pause.note),
        "skip_at": None if skip is None else optional_ms(skip.at),
        "skip_asked_at": None if skip is None else to_ms(skip.asked_at),
        "skip_note": "" if skip is None else clean(skip.note),
        "boot": record.boot,
        "definition": record.definition,
        "source_file": clean(record.source_file),
        "source_line": record.source_line,
        "source_directory": clean(record.source_directory),
    }


def record_from(row: Mapping[Any, Any]) -> JobRecord:
    """The record of that row of `jobs`."""
    pause = None
    if row["paused_since"] is not None:
        until = optional_from_ms(row["paused_until"])
        pause = Pause(since=from_ms(row["paused_since"]), until=until, note=row["pause_note"])
    return JobRecord(
        job=row["job"],
        answered_until=optional_from_ms(row["answered_until"]),
        schedule=row["schedule"],
        since=optional_from_ms(row["since"]),
        pause=pause,
        skip_next=_skip_from(row),
        boot=row["boot"],
        definition=row["definition"],
        source_file=row["source_file"],
        source_line=row["source_line"],
        source_directory=row["source_directory"],
    )


def pause_row(pause: Pause) -> Row:
    """Every column of `pauses`."""
    return {
        "scope": clean(pause.scope),
        "since": to_ms(pause.since),
        "until": optional_ms(pause.until),
        "note": clean(pause.note),
    }


def pause_from(row: Mapping[Any, Any]) -> Pause:
    """The pause of that row of `pauses`."""
    return Pause(
        since=from_ms(row["since"]),
        until=optional_from_ms(row["until"]),
        note=row["note"],
        scope=row["scope"],
    )


def bar_from(row: Sequence[Any]) -> RunBar:
    """A history bar from `job`, `number`, `state`, `created_at`, `started_at` and `ended_at` of a run."""
    # By place and without looking a name up: a start reads hundreds of thousands of them.
    _, number, state, created, began, ended = row
    return RunBar(
        number=number,
        state=_STATES[state],
        at=from_ms(created if began is None else began),
        duration_ms=None if began is None or ended is None else max(0, ended - began),
    )


def clean(text: str) -> str:
    """Text that any database takes: without lone surrogates (undecodable bytes of a path or argv) and NUL."""
    if text.isascii() and "\0" not in text:
        return text
    return text.encode("utf-8", "replace").decode().replace("\0", "�")


def _skip_from(row: Mapping[Any, Any]) -> SkipNext | None:
    if row["skip_asked_at"] is None:
        return None
    return SkipNext(
        at=optional_from_ms(row["skip_at"]), asked_at=from_ms(row["skip_asked_at"]), note=row["skip_note"]
    )


def _step_row(step: Step) -> Row:
    return {
        "key": step.key,
        "title": step.title,
        "state": step.state.value,
        "reason": _value(step.reason),
        "share": step.share,
        "started_at": optional_ms(step.started_at),
        "ended_at": optional_ms(step.ended_at),
        "attempt": step.attempt,
        "progress": _progress_row(step.progress),
        "outputs": dict(step.outputs),
        "announced": step.announced,
        "max_attempts": step.max_attempts,
        "when": step.when,
        "needs": None if step.needs is None else list(step.needs),
    }


def _step_from(row: Mapping[Any, Any]) -> Step:
    return Step(
        key=row["key"],
        title=row["title"],
        state=StepState(row["state"]),
        reason=_reason(row["reason"]),
        share=row["share"],
        started_at=optional_from_ms(row["started_at"]),
        ended_at=optional_from_ms(row["ended_at"]),
        attempt=row["attempt"],
        progress=_progress_from(row["progress"]),
        outputs=row["outputs"],
        announced=row["announced"],
        max_attempts=row.get("max_attempts", 0),
        when=row.get("when", "success"),
        needs=None if row.get("needs") is None else tuple(row["needs"]),
    )


def _progress_row(progress: Progress) -> list[Any]:
    return [progress.current, progress.total, progress.text]


def _progress_from(row: Sequence[Any]) -> Progress:
    current, total, text = row
    return Progress(current=current, total=total, text=text)


def _value(reason: Reason | None) -> str | None:
    return None if reason is None else reason.value


def _reason(value: str | None) -> Reason | None:
    return None if value is None else Reason(value)


def _differences(columns: Iterable[str], before: object, after: object) -> Iterator[str]:
    """Columns are called as the fields they come from."""
    for name in columns:
        old, new = getattr(before, name), getattr(after, name)
        if old is not new and old != new:
            yield name


_RUN: Mapping[str, Callable[[Run], Any]] = {
    "job": lambda run: run.series,
    "number": lambda run: run.number,
    "state": lambda run: run.state.value,
    "reason": lambda run: _value(run.reason),
    "message": lambda run: clean(run.message),
    "triggered_by": lambda run: run.triggered_by.value,
    "due_at": lambda run: optional_ms(run.due_at),
    "last_due_at": lambda run: optional_ms(run.last_due_at),
    "count": lambda run: run.count,
    "scheduled_for": lambda run: optional_ms(run.scheduled_for),
    "created_at": lambda run: to_ms(run.created_at),
    "started_at": lambda run: optional_ms(run.started_at),
    "ended_at": lambda run: optional_ms(run.ended_at),
    "next_attempt_at": lambda run: optional_ms(run.next_attempt_at),
    "cancel_requested_at": lambda run: optional_ms(run.cancel_requested_at),
    "replaced_by": lambda run: run.replaced_by,
    "max_attempts": lambda run: run.max_attempts,
    "attempt": lambda run: run.attempt,
    "exit_code": lambda run: run.exit_code,
    "progress": lambda run: _progress_row(run.progress),
    "params": lambda run: dict(run.params),
    "result": lambda run: dict(run.result),
    "warnings": lambda run: list(run.warnings),
    "steps": lambda run: [_step_row(step) for step in run.steps],
    "retry_of": lambda run: run.retry_of,
    "host": lambda run: run.host,
    "definition": lambda run: run.definition,
    "source_file": lambda run: clean(run.source_file),
    "source_line": lambda run: run.source_line,
    "commit": lambda run: run.commit,
    "dirty": lambda run: run.dirty,
    "planned_at": lambda run: optional_ms(run.planned_at),
    "upstream": lambda run: list(run.upstream),
    "answered_ends": lambda run: None if run.answered_ends is None else list(run.answered_ends),
    "log_job": lambda run: run.log_job or None,
    "parent": lambda run: run.parent,
    "items": lambda run: list(run.items) or None,
    "children": lambda run: None if run.children is None else asdict(run.children),
}


def _used_from(value: Mapping[str, Any] | None) -> Used | None:
    return None if value is None else Used(**value)


_ATTEMPT: Mapping[str, Callable[[Attempt], Any]] = {
    "id": lambda attempt: attempt.id,
    "step": lambda attempt: attempt.step,
    "n": lambda attempt: attempt.n,
    "state": lambda attempt: attempt.state.value,
    "reason": lambda attempt: _value(attempt.reason),
    "message": lambda attempt: clean(attempt.message),
    "created_at": lambda attempt: to_ms(attempt.created_at),
    "started_at": lambda attempt: optional_ms(attempt.started_at),
    "ended_at": lambda attempt: optional_ms(attempt.ended_at),
    "timeout_at": lambda attempt: optional_ms(attempt.timeout_at),
    "exit_code": lambda attempt: attempt.exit_code,
    "signal": lambda attempt: attempt.signal,
    "pid": lambda attempt: attempt.pid,
    "pid_started": lambda attempt: attempt.pid_started,
    "boot_id": lambda attempt: attempt.boot_id,
    "log_offset": lambda attempt: attempt.log_offset,
    "log_line": lambda attempt: attempt.log_line,
    "log_size": lambda attempt: attempt.log_size,
    "definition": lambda attempt: attempt.definition,
    "markers": lambda attempt: attempt.markers,
    "argv": lambda attempt: list(attempt.argv),
    "cwd": lambda attempt: clean(attempt.cwd),
    "user": lambda attempt: attempt.user,
    "used": lambda attempt: None if attempt.used is None else asdict(attempt.used),
    "not_before": lambda attempt: optional_ms(attempt.not_before),
}
