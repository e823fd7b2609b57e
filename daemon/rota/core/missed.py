"""What is owed for due instants that passed while nothing could run.

Pure and idempotent, as `core.planning` is for those that have just come due.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from rota.core.board import Due, JobEntry
from rota.core.decisions import Decision, Skip, Start, stretch_skipped
from rota.core.model import JobSpec, MissedPolicy
from rota.core.pauses import covering, pieces
from rota.core.run import Reason, TriggeredBy
from rota.core.schedule import Stretch, canonical, stretches_between
from rota.core.seams import JobRecord, Pause
from rota.core.skip_words import except_message, missed_message, paused_message

LATE = timedelta(seconds=10)  # an instant that nobody looked at for longer was missed
KEPT = 100  # missed instants that `missed: all` runs
WRONG_CLOCK = timedelta(minutes=1)  # answers further ahead than this come from a clock that was wrong
_LONGEST_DOWNTIME = timedelta(days=366)
_PARTS = 200  # rows that one downtime leaves at most, beside the runs


def answer_missed(
    entry: JobEntry, after: datetime, now: datetime, made: Sequence[Due] = ()
) -> list[Decision]:
    """Answer all instants in (after, now], and those of `made`, which passed while nothing could run.

    What lies in a pause or in an exception is skipped as such; the rest follows the job's `missed` policy.
    Instants older than a year are not owed: a clock that began in 1970 and was set right skipped no runs.
    """
    spec = entry.spec
    if not spec.enabled:
        return []
    begin = max(after, now - _LONGEST_DOWNTIME)
    return catch_up(entry, _parts(entry, begin, now, made), now)


def catch_up(entry: JobEntry, parts: Sequence[Part], now: datetime) -> list[Decision]:
    """Answer parts of a downtime, oldest first: skips, and runs of the newest that are to be caught up."""
    spec, decisions = entry.spec, list[Decision]()
    keep = {MissedPolicy.SKIP: 0, MissedPolicy.LATEST: 1, MissedPolicy.ALL: KEPT}[spec.missed.run]
    running: list[Due] = []  # of all parts
    for part in reversed(parts):
        if part.reason is not Reason.MISSED:
            decisions.append(_skip_all(part.stretch, part.reason, part.message))
            continue
        kept = _caught_up(entry, part.stretch.newest, keep - len(running), now)
        running = [*kept, *running]
        decisions += (Start(job=spec.id, due=due, triggered_by=TriggeredBy.CATCH_UP) for due in kept[::-1])
        if left := _without(part.stretch, len(kept)):
            decisions.append(_skip_all(left, Reason.MISSED, missed_message(spec, running)))
    return decisions[::-1]


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A stretch of a downtime, and why its instants are skipped; MISSED: unless they are caught up."""

    stretch: Stretch
    reason: Reason
    message: str = ""


def owed_after(record: JobRecord | None, identity: str, now: datetime) -> datetime:
    """The instant after which a job of that schedule (`identity_of`) still owes answers.

    A new or changed schedule owes nothing older than its load.
    """
    if record is None or record.schedule != identity:
        return now
    answered = record.answered_until or record.since or now
    if record.since is not None:
        answered = max(answered, record.since)
    # Answers in the future come from a clock that was wrong then. Waiting for them would stop the job for as
    # long; the ledger still refuses a second run for an instant that it holds.
    return now if answered - now > WRONG_CLOCK else answered


def identity_of(spec: JobSpec) -> str:
    """What makes a schedule the same one over reloads; a disabled job has none."""
    return canonical(spec.triggers) if spec.enabled else ""


def _parts(entry: JobEntry, after: datetime, until: datetime, made: Sequence[Due]) -> list[Part]:
    parts: list[Part] = []
    for begin, end, pause in pieces(entry.known_pauses, after, until):
        found = stretches_between(entry, begin, end, keep=KEPT + 1)
        parts += (_part(entry, stretch, pause) for stretch in found)
    for due in made:
        alone = Stretch(count=1, first=due, last=due.at, ends_at=due.starts_at, newest=(due,))
        parts.append(_part(entry, alone, covering(entry.known_pauses, due.starts_at)))
    parts.sort(key=lambda part: (part.stretch.ends_at, part.stretch.last))
    return _bounded(parts)


def _part(entry: JobEntry, stretch: Stretch, pause: Pause | None) -> Part:
    due = stretch.first
    if due.excepted:
        return Part(stretch=stretch, reason=Reason.EXCEPT, message=except_message(due.excepted))
    if due.withheld:
        return Part(stretch=stretch, reason=Reason.UPSTREAM, message=due.withheld)
    if pause is not None:
        return Part(stretch=stretch, reason=Reason.PAUSED, message=paused_message(entry.spec, pause))
    return Part(stretch=stretch, reason=Reason.MISSED)


def _bounded(parts: list[Part]) -> list[Part]:
    """The oldest of very many parts become one: nobody reads a thousand rows about one downtime."""
    older = parts[:-_PARTS]
    if not older:
        return parts
    stretches = [part.stretch for part in older]
    whole = Stretch(
        count=sum(each.count for each in stretches),
        first=replace(min((each.first for each in stretches), key=lambda due: due.at), excepted=""),
        last=max(each.last for each in stretches),
        ends_at=stretches[-1].ends_at,
        newest=(),  # none of them is caught up
    )
    return [Part(stretch=whole, reason=Reason.MISSED), *parts[-_PARTS:]]


def _skip_all(stretch: Stretch, reason: Reason, message: str) -> Skip:
    last = replace(stretch.first, at=stretch.last, delay=stretch.ends_at - stretch.last)
    return stretch_skipped(stretch.first, last, stretch.count, reason, message)


def _without(stretch: Stretch, kept: int) -> Stretch | None:
    """The stretch without its newest ones."""
    if not kept:
        return stretch
    rest = stretch.newest[:-kept]
    if not rest:
        return None
    # With a long `spread` the last to start may be named before the others, so both ends may change.
    older_first, older_last = stretch.older or (rest[0], rest[0].at)
    return replace(
        stretch,
        count=stretch.count - kept,
        first=min((older_first, *rest), key=lambda due: due.at),
        last=max(older_last, *(due.at for due in rest)),
        ends_at=rest[-1].starts_at,
        newest=rest,
    )


def _caught_up(entry: JobEntry, newest: Sequence[Due], keep: int, now: datetime) -> list[Due]:
    spec, asked = entry.spec, entry.skip_next
    oldest = spec.missed.within
    if spec.start_deadline is not None:
        oldest = min(oldest, spec.start_deadline)
    kept: list[Due] = []
    for due in reversed(newest[-keep:] if keep > 0 else ()):
        if now - due.starts_at > oldest or (asked is not None and asked.at == due.at):
            break
        kept.insert(0, due)
    return kept
