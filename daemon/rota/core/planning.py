"""What a due instant leads to: a run, a place in the queue, or a skip with its reason.

Pure and idempotent: the same job, instants and time give the same decisions, and none is carried out here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from rota.core.board import Due, JobEntry
from rota.core.model import JobSpec, MissedPolicy, Overlap
from rota.core.run import Reason, Run, RunState, TriggeredBy
from rota.core.schedule import Stretch, canonical, stretch_between, zone_of
from rota.core.seams import JobRecord, Pause
from rota.core.words import instant_in_words, length_in_words

LATE = timedelta(seconds=10)  # an instant that nobody looked at for longer was missed
KEPT = 100  # missed instants that `missed: all` runs
_WRONG_CLOCK = timedelta(hours=24)
_LONGEST_DOWNTIME = timedelta(days=366)
_TICK = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """Make a run for `due` and start it. CATCH_UP runs start one after another, oldest first."""

    job: str
    due: Due
    triggered_by: TriggeredBy = TriggeredBy.SCHEDULE


@dataclass(frozen=True, slots=True, kw_only=True)
class Queue:
    """Make a run for `due` that waits (PENDING, QUEUED) until the job has a free place."""

    job: str
    due: Due


@dataclass(frozen=True, slots=True, kw_only=True)
class Skip:
    """Write a SKIPPED run for `due`, and for `count` - 1 further instants up to `last_due_at`."""

    job: str
    due: Due
    reason: Reason
    message: str
    count: int = 1
    last_due_at: datetime | None = None


Decision = Start | Queue | Skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """Start this queued run now."""

    run: Run


@dataclass(frozen=True, slots=True, kw_only=True)
class Expire:
    """End this queued run as SKIPPED with `reason` and `message`."""

    run: Run
    reason: Reason
    message: str


def plan(entry: JobEntry, due: Sequence[Due], now: datetime) -> list[Decision]:
    """Answer instants that have just come due, oldest first; each is in exactly one decision.

    A disabled job has no instants, so nothing is decided for it.
    """
    if not entry.spec.enabled:
        return []
    round_ = _Round(entry, now)
    return _merged(round_.decide(each) for each in due)


def answer_missed(entry: JobEntry, after: datetime, now: datetime) -> list[Decision]:
    """Answer all instants in (after, now], which passed while nothing could run.

    What lies in a pause is skipped as paused; the rest follows the job's `missed` policy. Instants older than
    a year are not owed: a clock that began in 1970 and was then set right skipped no runs.
    """
    if not entry.spec.enabled:
        return []
    decisions: list[Decision] = []
    for begin, end, paused in _parts(entry.pause, max(after, now - _LONGEST_DOWNTIME), now):
        missed = stretch_between(entry.spec.id, entry.spec.triggers, begin, end, keep=KEPT + 1)
        if missed is None:
            continue
        if paused is not None:
            decisions.append(_skip_all(missed, Reason.PAUSED, _paused_message(entry.spec, paused)))
        else:
            decisions += catch_up(entry.spec, missed, now)
    return decisions


def catch_up(spec: JobSpec, missed: Stretch, now: datetime) -> list[Decision]:
    """Answer missed instants by the job's `missed` policy: one skip for the older ones, then runs."""
    kept = _caught_up(spec, missed, now)
    decisions: list[Decision] = []
    left = missed.count - len(kept)
    if left:
        last = missed.newest[-len(kept) - 1].at
        message = _missed_message(spec, kept)
        decisions.append(_skip(missed.first, Reason.MISSED, message, left, last))
    decisions += (Start(job=spec.id, due=due, triggered_by=TriggeredBy.CATCH_UP) for due in kept)
    return decisions


def owed_after(record: JobRecord | None, identity: str, now: datetime) -> datetime:
    """The instant after which a job of that schedule (`identity_of`) still owes answers.

    A new or changed schedule owes nothing older than its load.
    """
    if record is None or record.schedule != identity:
        return now
    answered = record.answered_until or record.since or now
    if record.since is not None:
        answered = max(answered, record.since)
    # Answers far in the future come from a clock that was wrong then. Waiting for them would stop the job
    # for as long; the ledger still refuses a second run for an instant that it holds.
    return now if answered - now > _WRONG_CLOCK else answered


def identity_of(spec: JobSpec) -> str:
    """What makes a schedule the same one over reloads; a disabled job has none."""
    return canonical(spec.triggers) if spec.enabled else ""


def release(entry: JobEntry, now: datetime) -> list[Release | Expire]:
    """What becomes of queued runs now: which may start, oldest first, and which waited too long.

    Those in neither list wait on. A pause holds them. Of catch-up runs one goes at a time, and none expires.
    """
    free = entry.spec.concurrency.max - len(entry.active)
    catching_up = any(_is_catch_up(run) for run in entry.active)
    outcomes: list[Release | Expire] = []
    for run in sorted(entry.queued, key=lambda run: (run.due_at or run.created_at, run.number)):
        if not _is_catch_up(run) and _too_late(entry.spec, run.due_at, now):
            message = _deadline_message(entry.spec, "waited in the queue")
            outcomes.append(Expire(run=run, reason=Reason.START_DEADLINE, message=message))
        elif free > 0 and not is_paused(entry.pause, now) and not (catching_up and _is_catch_up(run)):
            free -= 1
            catching_up = catching_up or _is_catch_up(run)
            outcomes.append(Release(run=run))
    return outcomes


def expires_at(entry: JobEntry) -> datetime | None:
    """When the next queued run of the job has waited too long, or None."""
    deadline = entry.spec.start_deadline
    due = [run.due_at for run in _waiting(entry) if run.due_at is not None]
    return min(due) + deadline if due and deadline is not None else None


def is_paused(pause: Pause | None, at: datetime) -> bool:
    """Whether the pause covers that instant; `until` itself is free again."""
    return pause is not None and pause.since <= at and (pause.until is None or at < pause.until)


class _Round:
    """Decides for the instants of one job in turn, each knowing what the one before led to."""

    def __init__(self, entry: JobEntry, now: datetime) -> None:
        self._entry = entry
        self._now = now
        self._busy = len(entry.active)
        self._queued = len(_waiting(entry))

    def decide(self, due: Due) -> Decision:
        spec = self._entry.spec
        pause = self._entry.pause
        if pause is not None and is_paused(pause, due.at):
            return self._skip(due, Reason.PAUSED, _paused_message(spec, pause))
        if _too_late(spec, due.at, self._now):
            return self._skip(due, Reason.START_DEADLINE, _deadline_message(spec, "could not start"))
        if self._busy < spec.concurrency.max and not self._queued:
            self._busy += 1
            return Start(job=spec.id, due=due)
        if spec.concurrency.overlap is Overlap.SKIP:
            return self._skip(due, Reason.OVERLAP, _overlap_message(self._entry))
        if self._queued < spec.concurrency.queue:
            self._queued += 1
            return Queue(job=spec.id, due=due)
        return self._skip(due, Reason.QUEUE_FULL, f"the queue is full: {self._queued} runs wait already")

    def _skip(self, due: Due, reason: Reason, message: str) -> Skip:
        return Skip(job=self._entry.spec.id, due=due, reason=reason, message=message)


def _merged(decisions: Iterable[Decision]) -> list[Decision]:
    merged: list[Decision] = []
    for decision in decisions:
        last = merged[-1] if merged else None
        if isinstance(decision, Skip) and isinstance(last, Skip) and decision.reason is last.reason:
            merged[-1] = _skip(last.due, last.reason, last.message, last.count + 1, decision.due.at)
        else:
            merged.append(decision)
    return merged


def _skip(first: Due, reason: Reason, message: str, count: int, last: datetime) -> Skip:
    return Skip(
        job=first.job,
        due=first,
        reason=reason,
        message=message,
        count=count,
        last_due_at=last if count > 1 else None,
    )


def _skip_all(stretch: Stretch, reason: Reason, message: str) -> Skip:
    return _skip(stretch.first, reason, message, stretch.count, stretch.newest[-1].at)


def _waiting(entry: JobEntry) -> list[Run]:
    """The job's queue; catch-up runs wait outside it."""
    return [run for run in entry.queued if not _is_catch_up(run)]


def _is_catch_up(run: Run) -> bool:
    return run.triggered_by is TriggeredBy.CATCH_UP


def _too_late(spec: JobSpec, due_at: datetime | None, now: datetime) -> bool:
    return due_at is not None and spec.start_deadline is not None and now - due_at > spec.start_deadline


def _parts(
    pause: Pause | None, after: datetime, until: datetime
) -> Iterator[tuple[datetime, datetime, Pause | None]]:
    """(after, until] cut into pieces, each with the pause that covers it."""
    begin, end = _paused_span(pause, after, until)
    pieces = ((after, begin, None), (begin, end, pause), (end, until, None))
    return (piece for piece in pieces if piece[0] < piece[1])


def _paused_span(pause: Pause | None, after: datetime, until: datetime) -> tuple[datetime, datetime]:
    if pause is None:
        return until, until
    # Half-open the other way than the pause itself: an instant at `since` is paused, one at `until` is not.
    begin = min(max(pause.since - _TICK, after), until)
    end = until if pause.until is None else min(max(pause.until - _TICK, begin), until)
    return begin, end


def _caught_up(spec: JobSpec, missed: Stretch, now: datetime) -> Sequence[Due]:
    oldest = spec.missed.within
    if spec.start_deadline is not None:
        oldest = min(oldest, spec.start_deadline)
    keep = {MissedPolicy.SKIP: 0, MissedPolicy.LATEST: 1, MissedPolicy.ALL: KEPT}[spec.missed.run]
    newest = missed.newest[-keep:] if keep else ()
    return [due for due in newest if now - due.at <= oldest]


def _missed_message(spec: JobSpec, kept: Sequence[Due]) -> str:
    what = "missed: nothing could run then"
    if spec.missed.run is MissedPolicy.SKIP:
        return f"{what}, and this job does not catch up"
    if kept:
        return f"{what}; {'a later one runs' if len(kept) == 1 else f'{len(kept)} later ones run'} instead"
    if spec.start_deadline is not None and spec.start_deadline < spec.missed.within:
        return f"{what}, and its start deadline of {length_in_words(spec.start_deadline)} has passed"
    return f"{what}, longer ago than {length_in_words(spec.missed.within)}"


def _paused_message(spec: JobSpec, pause: Pause) -> str:
    words = "paused"
    if pause.until is not None:
        words += f" until {instant_in_words(pause.until, zone_of(spec.triggers))}"
    return f"{words}: {pause.note}" if pause.note else words


def _deadline_message(spec: JobSpec, what: str) -> str:
    length = length_in_words(spec.start_deadline) if spec.start_deadline is not None else ""
    return f"{what} for longer than its start deadline of {length}"


def _overlap_message(entry: JobEntry) -> str:
    """Which run holds the job, its attempt, and until when."""
    if not entry.active:
        return "the run before it has only just started"
    run, zone = entry.active[0], zone_of(entry.spec.triggers)
    attempt = f"attempt {run.attempt} of {run.max_attempts}"
    if run.state is RunState.RETRYING and run.next_attempt_at is not None:
        at = instant_in_words(run.next_attempt_at, zone)
        return f"{run.id} is not over: after {attempt} it tries again at {at}"
    limit = run.current_attempt.timeout_at if run.current_attempt else None
    until = "it has no timeout" if limit is None else f"until {instant_in_words(limit, zone)} at the latest"
    return f"{run.id} is still running: {attempt}, {until}"
