"""Where jobs and runs are, in the words of the page."""

from __future__ import annotations

from signal import Signals
from zoneinfo import ZoneInfo

from rota.core.board import Due, JobEntry, JobState
from rota.core.instant import length_ms
from rota.core.model import JobSpec
from rota.core.pauses import JOB, scope_in_words
from rota.core.run import Reason, Run, RunState, TriggeredBy
from rota.core.seams import Pause, RunBar
from rota.core.triggers import AfterTrigger, AtTrigger, EveryTrigger
from rota.core.words import counted, instant_in_words, schedule_in_words

WORDS = {
    "new": "not run yet",
    "scheduled": "waits for its time",
    "pending": "pending",
    "running": "running",
    "retrying": "retrying",
    "completed": "completed",
    "failed": "failed",
    "cancelled": "cancelled",
    "skipped": "skipped",
    "missed": "missed",
    "paused": "paused",
    "disabled": "disabled",
    "invalid": "invalid",
    "unknown": "unknown",
}

_TRIGGERS = {
    TriggeredBy.SCHEDULE: "schedule",
    TriggeredBy.AFTER: "after",
    TriggeredBy.CATCH_UP: "catching up",
    TriggeredBy.MANUAL: "by hand",
    TriggeredBy.RETRY: "retry",
}


def phase_of(entry: JobEntry) -> str:
    """The state shown for a job; one that never ran is `pending`, `scheduled` or `new`, by what comes."""
    state = entry.state
    if state is JobState.UNKNOWN and entry.last is None:
        return "pending" if entry.queued else ("scheduled" if entry.next_due else "new")
    return state.value


def note_of(entry: JobEntry) -> str:
    """Why the job is where it is, in a few words; "" when there is nothing to say."""
    if entry.pause is not None:
        return entry.pause.note or _held(entry.pause)
    state = entry.state
    if state is JobState.MISSED and entry.last_skip is not None:
        return entry.last_skip.message
    if state is JobState.UNKNOWN and entry.last is None:
        return _in_line(entry) or ("never ran" if entry.next_due else "")
    if (since := entry.stuck_since) is not None:
        return f"stuck since {instant_in_words(since, ZoneInfo(zone_of(entry.spec)))}"
    if state in (JobState.FAILED, JobState.UNKNOWN) and entry.last is not None:
        return entry.last.message
    if state is JobState.RETRYING:
        return next((run.message for run in entry.active if run.state is RunState.RETRYING), "")
    return _in_line(entry)


def _in_line(entry: JobEntry) -> str:
    waiting = len(entry.queued)
    return f"{counted(waiting, 'run')} in line" if waiting else ""


def _held(pause: Pause) -> str:
    return "due instants are skipped" if pause.scope == JOB else f"with {scope_in_words(pause.scope)}"


def phase_of_run(run: Run | RunBar) -> str:
    """The state shown for a run: an end nobody saw is `unknown`, a skip for a missed time is `missed`."""
    if isinstance(run, Run):
        if run.state is RunState.FAILED and run.reason is Reason.UNKNOWN:
            return "unknown"
        if run.state is RunState.SKIPPED and run.reason is Reason.MISSED:
            return "missed"
    return run.state.value


def trigger_of(run: Run) -> str:
    """What started it."""
    if run.triggered_by is TriggeredBy.RETRY and run.retry_of:
        return f"retry of {run.retry_of}"
    if run.upstream and run.triggered_by in (TriggeredBy.AFTER, TriggeredBy.CATCH_UP):
        late = "" if run.triggered_by is TriggeredBy.AFTER else f"{_TRIGGERS[run.triggered_by]} "
        return f"{late}after {' and '.join(run.upstream)}"
    if run.parent is not None:
        return f"batch {run.series}"
    return _TRIGGERS[run.triggered_by]


def duration_ms(run: Run) -> int | None:
    """How long a run that has ended took; None while it goes on and when it never started."""
    if run.started_at is None or run.ended_at is None:
        return None
    return max(0, length_ms(run.ended_at - run.started_at))


def signal_name(number: int) -> str:
    """`SIGKILL` for 9."""
    try:
        return Signals(number).name
    except ValueError:
        return f"signal {number}"


def awaited(entry: JobEntry) -> str:
    """What has to happen before the job has its next instant, where no calendar names one; else ""."""
    open_ended = [
        each
        for each in entry.spec.triggers
        if isinstance(each, AfterTrigger) or (isinstance(each, EveryTrigger) and each.from_end)
    ]
    if not open_ended or entry.next_due or not entry.spec.enabled:
        return ""
    words = schedule_in_words(open_ended, entry.spec.id)
    return words.replace("the last run", "the run under way") if entry.open_runs else words


def due_note(due: Due, zone: str) -> str:
    """What a clock change, its spread or the jobs before it have to do with a due instant."""
    notes = [due.note] if due.note else []
    if due.delay:
        notes.append(f"due at {due.at.astimezone(ZoneInfo(zone)):%H:%M} + spread")
    if due.upstream:
        notes.append(f"after {', '.join(due.upstream)}")
    return "; ".join(notes)


def zone_of(spec: JobSpec) -> str:
    """The zone in which people think of the job."""
    zones = [trigger.timezone for trigger in spec.triggers if not isinstance(trigger, AtTrigger)]
    return zones[0] if zones else spec.timezone
