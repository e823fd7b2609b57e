"""What is owed for due instants that passed while nothing could run.

Pure and idempotent, as `core.planning` is for those that have just come due.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from rota.core.board import Due, JobEntry
from rota.core.decisions import Decision, Skip, Start, stretch_skipped
from rota.core.model import JobSpec, MissedPolicy
from rota.core.run import Reason, TriggeredBy
from rota.core.schedule import Stretch, canonical, stretch_between
from rota.core.seams import JobRecord, Pause
from rota.core.skip_words import missed_message, paused_message

LATE = timedelta(seconds=10)  # an instant that nobody looked at for longer was missed
KEPT = 100  # missed instants that `missed: all` runs
WRONG_CLOCK = timedelta(hours=24)  # answers further ahead than this come from a clock that was wrong
_LONGEST_DOWNTIME = timedelta(days=366)
_TICK = timedelta(microseconds=1)


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
            decisions.append(_skip_all(missed, Reason.PAUSED, paused_message(entry.spec, paused)))
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
        message = missed_message(spec, kept)
        decisions.append(stretch_skipped(missed.first, Reason.MISSED, message, left, last))
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
    return now if answered - now > WRONG_CLOCK else answered


def identity_of(spec: JobSpec) -> str:
    """What makes a schedule the same one over reloads; a disabled job has none."""
    return canonical(spec.triggers) if spec.enabled else ""


def _skip_all(stretch: Stretch, reason: Reason, message: str) -> Skip:
    return stretch_skipped(stretch.first, reason, message, stretch.count, stretch.newest[-1].at)


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
