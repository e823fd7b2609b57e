"""What is owed for due instants that passed while nothing could run.

Pure and idempotent, as `core.planning` is for those that have just come due.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import pairwise

from rota.core.board import Due, JobEntry, Situation
from rota.core.decisions import Decision, Skip, Start, stretch_skipped
from rota.core.model import JobSpec, MissedPolicy
from rota.core.pauses import covering, pieces
from rota.core.run import Reason, TriggeredBy
from rota.core.schedule import Stretch, canonical, due_between, stretches_between
from rota.core.seams import JobRecord, Pause
from rota.core.skip_words import asked_message, except_message, missed_message, paused_message

LATE = timedelta(seconds=10)  # an instant that nobody looked at for longer was missed
KEPT = 100  # missed instants that `missed: all` runs
WRONG_CLOCK = timedelta(minutes=1)  # answers further ahead than this come from a clock that was wrong
_LONGEST_DOWNTIME = timedelta(days=366)
_TICK = timedelta(microseconds=1)
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
    asked = _asked(entry)
    for begin, end, pause in pieces(entry.known_pauses, after, until):
        for since, to in _around(asked, begin, end):
            found = stretches_between(entry, since, to, keep=KEPT + 1)
            parts += (_part(entry, stretch, pause, asked) for stretch in found)
    awaited = entry.skip_next if entry.skip_next is not None and entry.skip_next.at is None else None
    for due in made:
        alone = Stretch(count=1, first=due, last=due.at, ends_at=due.starts_at, newest=(due,))
        pause = covering(entry.known_pauses, due.starts_at)
        parts.append(_part(entry, alone, pause, asked if awaited is None else due))
        awaited = None if parts[-1].reason is Reason.ASKED else awaited
    parts.sort(key=lambda part: (part.stretch.ends_at, part.stretch.last))
    return _bounded(parts)


def _asked(entry: JobEntry) -> Due | None:
    """The instant that somebody asked to skip, when it is known which."""
    spec, wish = entry.spec, entry.skip_next
    if wish is None or wish.at is None:
        return None
    latest = wish.at + max((trigger.spread for trigger in spec.triggers), default=timedelta(0))
    situation = Situation(counts_from=entry.situation.counts_from)
    found = due_between(spec.id, spec.triggers, wish.at - _TICK, latest, situation)
    return next((due for due in found if due.at == wish.at), None)


def _around(asked: Due | None, begin: datetime, end: datetime) -> Iterable[tuple[datetime, datetime]]:
    """(begin, end] cut so that the instant which was asked to be skipped is alone."""
    cuts = () if asked is None else (asked.starts_at - _TICK, asked.starts_at)
    return pairwise((begin, *(cut for cut in cuts if begin < cut < end), end))


def _part(entry: JobEntry, stretch: Stretch, pause: Pause | None, asked: Due | None) -> Part:
    due = stretch.first
    if due.excepted:
        return Part(stretch=stretch, reason=Reason.EXCEPT, message=except_message(due.excepted))
    if due.withheld:
        return Part(stretch=stretch, reason=Reason.UPSTREAM, message=due.withheld)
    if pause is not None:
        return Part(stretch=stretch, reason=Reason.PAUSED, message=paused_message(entry.spec, pause))
    if asked is not None and entry.skip_next is not None and due.at == asked.at and stretch.count == 1:
        message = asked_message(entry.spec, entry.skip_next)
        return Part(stretch=stretch, reason=Reason.ASKED, message=message)
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
    spec = entry.spec
    oldest = spec.missed.within
    if spec.start_deadline is not None:
        oldest = min(oldest, spec.start_deadline)
    kept: list[Due] = []
    for due in reversed(newest[-keep:] if keep > 0 else ()):
        if now - due.starts_at > oldest:
            break
        kept.insert(0, due)
    return kept
