"""Jobs and runs as the API shows them: the shapes of `openapi.yaml`, camelCase, instants in milliseconds."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from rota.core.board import Board, Due, HealthItem, JobEntry
from rota.core.eta import completed_durations, estimate
from rota.core.instant import length_ms, optional_ms, to_ms
from rota.core.log_page import LogLine
from rota.core.model import JobSet, JobSpec, Source
from rota.core.problems import Problem
from rota.core.run import Attempt, Children, Progress, Run, Step, Used
from rota.core.seams import Pause, SkipNext
from rota.core.triggers import AfterTrigger, BootTrigger, CronTrigger, EveryTrigger, Trigger
from rota.core.why import Why
from rota.core.words import schedule_in_words, trigger_as_written

Shape = dict[str, Any]


def job_shape(entry: JobEntry, problems: Iterable[Problem] = ()) -> Shape:
    """One job; `problems` are those of its file."""
    spec = entry.spec
    return {
        "id": spec.id,
        "title": spec.title,
        "description": spec.description,
        "state": entry.state.value,
        "enabled": spec.enabled,
        "stale": entry.stale,
        "paused": optional_pause_shape(entry.pause),
        "pauses": [optional_pause_shape(pause) for pause in entry.pauses],
        "skipNext": _skip_next(entry.skip_next),
        "schedule": {
            "text": schedule_in_words(spec.triggers, spec.id, zoned=True),
            "triggers": [_trigger(trigger) for trigger in spec.triggers],
        },
        "nextAt": optional_ms(None if entry.next_run is None else entry.next_run.starts_at),
        "lastRun": None if entry.last is None else _last_run(entry.last),
        "running": [run.id for run in entry.active],
        "queued": [run.id for run in entry.queued],
        "source": _source(spec.source),
        "problems": [problem_shape(problem) for problem in problems],
        "tags": list(spec.tags),
        "owner": spec.owner,
        "links": [{"label": link.label, "href": link.href} for link in spec.links],
        "params": {name: dict(schema) for name, schema in spec.params.items()},
        "steps": [step.id for step in spec.steps] if spec.has_steps else [],
    }


def problems_of(spec: JobSpec, board: Board) -> list[Problem]:
    """What is wrong or odd in the file that the job comes from, and in the defaults that hold for it."""
    if not board.problems and not board.advice:
        return []
    scopes = frozenset(spec.source.scopes)
    return [problem for problem in (*board.problems, *board.advice) if problem.scope in scopes]


def run_shape(run: Run, *, now: datetime, entry: JobEntry | None = None) -> Shape:
    """One run; with its job's entry an active one has an `etaMs`."""
    attempt = run.current_attempt
    return {
        "id": run.id,
        "job": run.job,
        "number": run.number,
        **_where(run),
        **_instants(run),
        "attempt": run.attempt,
        "maxAttempts": run.max_attempts,
        "progress": _progress(run.progress),
        "etaMs": _eta_ms(run, entry, now),
        "steps": [_step(step) for step in run.steps],
        "params": dict(run.params),
        "result": dict(run.result),
        "warnings": list(run.warnings),
        "retryOf": run.retry_of,
        "parent": None if run.parent is None else run.series,
        **_family(run),
        "upstream": list(run.upstream),
        "host": run.host,
        **_process(attempt),
        "definition": {
            "hash": run.definition,
            "commit": run.commit,
            "dirty": run.dirty,
            "file": run.source_file,
            "line": run.source_line,
        },
        "attempts": [_attempt(attempt) for attempt in run.attempts],
        "count": run.count,
    }


def children_shape(children: Children) -> Shape:
    """How many children of a batch are where."""
    return {
        "total": children.total,
        "pending": children.pending,
        "running": children.running,
        "completed": children.completed,
        "failed": children.failed,
        "cancelled": children.cancelled,
    }


def pause_shape(pause: Pause) -> Shape:
    return {
        "scope": pause.scope,
        "since": to_ms(pause.since),
        "until": optional_ms(pause.until),
        "note": pause.note,
    }


def optional_pause_shape(pause: Pause | None) -> Shape | None:
    return None if pause is None else pause_shape(pause)


def why_shape(why: Why) -> Shape:
    return {
        "question": why.question,
        "answer": why.answer,
        "at": optional_ms(why.at),
        "run": why.run,
        "reason": why.reason,
        "details": list(why.details),
    }


def problem_shape(problem: Problem) -> Shape:
    return {
        "file": problem.file,
        "line": problem.line,
        "column": problem.column,
        "path": problem.path,
        "message": problem.message,
        "hint": problem.hint,
        "severity": problem.severity,
    }


def due_shape(due: Due, triggers: tuple[Trigger, ...]) -> Shape:
    """A due instant, in the zone of the trigger that names it."""
    trigger = triggers[due.trigger]
    zone = trigger.timezone
    shape = {
        "job": due.job,
        "trigger": trigger_as_written(trigger),
        "at": to_ms(due.at),
        "startsAt": to_ms(due.starts_at),
        "local": due.at.astimezone(ZoneInfo(zone)).isoformat(timespec="seconds"),
        "zone": zone,
    }
    notes = [
        note
        for note in (due.note, f"skipped: its schedule leaves out {due.excepted}" * bool(due.excepted))
        if note
    ]
    return shape | ({"note": "; ".join(notes)} if notes else {})


def log_line_shape(line: LogLine) -> Shape:
    return {"n": line.n, "at": to_ms(line.at), "text": line.text, "level": line.level}


def health_shape(item: HealthItem) -> Shape:
    return {"key": item.key, "label": item.label, "state": item.state.value, "note": item.note}


def reloaded_shape(jobset: JobSet) -> Shape:
    return {
        "jobs": len(jobset.jobs),
        "files": jobset.files,
        "stale": sorted(jobset.stale),
        "problems": [problem_shape(problem) for problem in jobset.problems],
    }


def _source(source: Source) -> Shape:
    return {"file": source.file, "line": source.line, "commit": source.commit, "dirty": source.dirty}


def _trigger(trigger: Trigger) -> Shape:
    shape: Shape = {"text": trigger_as_written(trigger), "zone": trigger.timezone}
    if trigger.spread:
        shape["spreadMs"] = length_ms(trigger.spread)
    if trigger.excepts:
        shape["except"] = [each.label for each in trigger.excepts]
    if isinstance(trigger, CronTrigger):
        return {"kind": "cron", "expression": trigger.expression, **shape}
    if isinstance(trigger, EveryTrigger):
        return {"kind": "every", "everyMs": length_ms(trigger.interval), "fromEnd": trigger.from_end, **shape}
    if isinstance(trigger, BootTrigger):
        return {"kind": "boot", "delayMs": length_ms(trigger.delay), **shape}
    if isinstance(trigger, AfterTrigger):
        upstream = {"jobs": list(trigger.jobs), "all": trigger.all, "on": trigger.on.value}
        return {"kind": "after", **upstream, **shape}
    return {"kind": "at", "at": to_ms(trigger.at), **shape}


def _skip_next(wish: SkipNext | None) -> Shape | None:
    if wish is None:
        return None
    return {"at": optional_ms(wish.at), "askedAt": to_ms(wish.asked_at), "note": wish.note}


def _last_run(run: Run) -> Shape:
    return {
        "id": run.id,
        "state": run.state.value,
        "reason": run.reason.value if run.reason else None,
        "message": run.message,
        "startedAt": optional_ms(run.started_at),
        "endedAt": optional_ms(run.ended_at),
        "exitCode": run.exit_code,
    }


def _where(run: Run) -> Shape:
    return {
        "state": run.state.value,
        "reason": run.reason.value if run.reason else None,
        "message": run.message,
        "trigger": run.triggered_by.value,
        "exitCode": run.exit_code,
    }


def _instants(run: Run) -> Shape:
    return {
        "scheduledFor": optional_ms(run.scheduled_for),
        "createdAt": to_ms(run.created_at),
        "startedAt": optional_ms(run.started_at),
        "endedAt": optional_ms(run.ended_at),
        "nextAttemptAt": optional_ms(run.next_attempt_at),
        "cancelRequestedAt": optional_ms(run.cancel_requested_at),
        "lastDueAt": optional_ms(run.last_due_at),
        "plannedAt": optional_ms(run.planned_at),
    }


def _family(run: Run) -> Shape:
    shape: Shape = {} if run.children is None else {"children": children_shape(run.children)}
    return shape | ({"items": list(run.items)} if run.parent is not None else {})


def _progress(progress: Progress) -> Shape:
    return {
        "current": progress.current,
        "total": progress.total,
        "percent": progress.percent,
        "text": progress.text,
    }


def _eta_ms(run: Run, entry: JobEntry | None, now: datetime) -> int | None:
    if entry is None or run.started_at is None or not run.state.is_active:
        return None
    durations = completed_durations(tuple(entry.bars))
    eta = estimate(durations, started_at=run.started_at, now=now, fraction=run.progress.fraction)
    left = eta.remaining(now)
    return None if left is None else length_ms(left)


def _step(step: Step) -> Shape:
    return {
        "id": step.key,
        "title": step.title,
        "state": step.state.value,
        "reason": step.reason.value if step.reason else None,
        "share": step.share,
        "needs": None if step.needs is None else list(step.needs),
        "if": step.when,
        "maxAttempts": step.max_attempts or None,
        "startedAt": optional_ms(step.started_at),
        "endedAt": optional_ms(step.ended_at),
        "attempt": step.attempt,
        "progress": _progress(step.progress),
        "outputs": dict(step.outputs),
    }


def _process(attempt: Attempt | None) -> Shape:
    if attempt is None:
        return {"pid": None, "user": "", "argv": [], "cwd": "", "timeoutAt": None}
    return {
        "pid": attempt.pid,
        "user": attempt.user,
        "argv": list(attempt.argv),
        "cwd": attempt.cwd,
        "timeoutAt": optional_ms(attempt.timeout_at),
    }


def _attempt(attempt: Attempt) -> Shape:
    return {
        "id": attempt.id,
        "step": attempt.step,
        "n": attempt.n,
        "state": attempt.state.value,
        "reason": attempt.reason.value if attempt.reason else None,
        "message": attempt.message,
        "notBefore": optional_ms(attempt.not_before),
        "startedAt": optional_ms(attempt.started_at),
        "endedAt": optional_ms(attempt.ended_at),
        "exitCode": attempt.exit_code,
        "signal": attempt.signal,
        "used": None if attempt.used is None else _used(attempt.used),
    }


def _used(used: Used) -> Shape:
    return {
        "userMs": used.user_ms,
        "systemMs": used.system_ms,
        "peakBytes": used.peak_bytes,
        "readBytes": used.read_bytes,
        "writtenBytes": used.written_bytes,
        "switches": used.switches,
    }
