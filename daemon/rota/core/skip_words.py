"""Why a due instant or a waiting run is skipped, in words for people."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from rota.core.board import STUCK_AFTER, Due, JobEntry
from rota.core.model import JobSpec, MissedPolicy
from rota.core.run import Run, RunState
from rota.core.schedule import zone_of
from rota.core.seams import Pause, SkipNext
from rota.core.words import counted, instant_in_words, length_in_words


def overlap_message(entry: JobEntry, count: int, since: datetime) -> str:
    """For the instant that is the `count`th in a row, `since` being the first of them."""
    message = _in_the_way(entry)
    if count < STUCK_AFTER:
        return message
    begun = instant_in_words(since, zone_of(entry.spec.triggers))
    return f"stuck since {begun}, {count} due instants in a row: {message}"


def full_message(queued: int) -> str:
    """For a run that finds the job's queue full, with so many in it."""
    return f"the queue is full: {counted(queued, 'run')} {'waits' if queued == 1 else 'wait'} already"


def superseded_message(newer: Run) -> str:
    """For a run that waits for a place which a newer one takes."""
    return f"a newer run, {newer.id}, takes its place"


def paused_message(spec: JobSpec, pause: Pause) -> str:
    """For instants inside a pause."""
    words = "paused"
    if pause.until is not None:
        words += f" until {instant_in_words(pause.until, zone_of(spec.triggers))}"
    return f"{words}: {pause.note}" if pause.note else words


def not_begun(run: Run) -> str:
    """Of a PENDING run: what keeps it, as far as that is known."""
    return f"{run.id} has not begun: it {run.message or 'waits for its turn'}"


def deadline_message(spec: JobSpec, what: str) -> str:
    """`what` took too long, such as "waited in the queue"."""
    length = length_in_words(spec.start_deadline) if spec.start_deadline is not None else ""
    return f"{what} for longer than its start deadline of {length}"


def except_message(label: str) -> str:
    """For instants inside an exception of their schedule."""
    return f"its schedule leaves out {label}"


def asked_message(spec: JobSpec, asked: SkipNext) -> str:
    """For the one instant that somebody wanted skipped."""
    words = f"skipped once, as asked at {instant_in_words(asked.asked_at, zone_of(spec.triggers))}"
    return f"{words}: {asked.note}" if asked.note else words


def missed_message(spec: JobSpec, kept: Sequence[Due]) -> str:
    """For missed instants that are not caught up; `kept`: those after them that are."""
    what = "missed: nothing could run then"
    if spec.missed.run is MissedPolicy.SKIP:
        return f"{what}, and this job does not catch up"
    if kept:
        return f"{what}; {'a later one runs' if len(kept) == 1 else f'{len(kept)} later ones run'} instead"
    if spec.start_deadline is not None and spec.start_deadline < spec.missed.within:
        return f"{what}, and its start deadline of {length_in_words(spec.start_deadline)} has passed"
    return f"{what}, longer ago than {length_in_words(spec.missed.within)}"


def _in_the_way(entry: JobEntry) -> str:
    """Which run holds the job, its attempt, and until when."""
    if not entry.active and entry.queued:
        return not_begun(entry.queued[0])
    if not entry.active:
        return "the run before it has only just started"
    run, zone = entry.active[0], zone_of(entry.spec.triggers)
    if run.state is RunState.PENDING:
        return not_begun(run)
    attempt = f"attempt {run.attempt} of {run.max_attempts}"
    if run.state is RunState.RETRYING and run.next_attempt_at is not None:
        at = instant_in_words(run.next_attempt_at, zone)
        return f"{run.id} is not over: after {attempt} it tries again at {at}"
    limit = run.current_attempt.timeout_at if run.current_attempt else None
    until = "it has no timeout" if limit is None else f"until {instant_in_words(limit, zone)} at the latest"
    return f"{run.id} is still running: {attempt}, {until}"
