"""What a due instant leads to: a run, a place in the queue, or a skip with its reason.

Pure and idempotent: the same job, instants and time give the same decisions, and none is carried out here.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime

from rota.core.board import Due, JobEntry
from rota.core.decisions import Decision, Expire, Queue, Release, Replace, Skip, Start, stretch_skipped
from rota.core.model import JobSpec, Overlap
from rota.core.pauses import covering
from rota.core.replacing import make_way, replaces, superseded
from rota.core.run import Reason, Run, TriggeredBy
from rota.core.seams import Pause
from rota.core.skip_words import (
    asked_message,
    deadline_message,
    except_message,
    full_message,
    overlap_message,
    paused_message,
    superseded_message,
)


def plan(
    entry: JobEntry, due: Sequence[Due], now: datetime, *, begun: int = 0, queued: int = 0
) -> list[Decision]:
    """Answer instants that have just come due, oldest first; each is in exactly one decision.

    A disabled job has no instants, so nothing is decided for it. `begun`, `queued`: runs of the job that were
    decided just before, and that the board does not show yet.
    """
    if not entry.spec.enabled:
        return []
    round_ = _Round(entry, now, begun, queued)
    return _merged(round_.decide(each) for each in due)


def release(entry: JobEntry, now: datetime) -> list[Release | Expire | Replace]:
    """What becomes of queued runs now: which may start, oldest first, and which never will.

    Those in neither list wait on. A pause holds them, but not what somebody asked for while it was paused. Of
    catch-up runs one goes at a time, and none expires. Where the newest run takes the place of another, that
    one is told to end, and those that waited for the same place are over.
    """
    pause = covering(entry.pauses, now)
    free = entry.spec.concurrency.max - len(entry.active)
    catching_up = any(_is_catch_up(run) for run in entry.active)
    expired = _expired(entry, free, now)
    outcomes: list[Release | Expire | Replace] = list(expired.values())
    left: list[Run] = []
    for run in sorted(entry.queued, key=lambda run: (run.due_at or run.created_at, run.number)):
        if run.id in expired or _is_held(run, pause):
            continue
        if free > 0 and not (catching_up and _is_catch_up(run)):
            free -= 1
            catching_up = catching_up or _is_catch_up(run)
            outcomes.append(Release(run=run))
        elif not _is_catch_up(run):
            left.append(run)
    return [*outcomes, *make_way(entry, left)]


def _expired(entry: JobEntry, free: int, now: datetime) -> dict[str, Expire]:
    """Of the job's queue, by their ids: those that waited too long, and those that a newer one stands for."""
    found: dict[str, Expire] = {}
    for run in _waiting(entry):
        if _too_late(entry.spec, run.planned_at or run.due_at, now):
            told = f": it {run.message}" if run.message else ""
            message = deadline_message(entry.spec, "waited in the queue") + told
            found[run.id] = Expire(run=run, reason=Reason.START_DEADLINE, message=message)
    waiting = [run for run in _waiting(entry) if run.id not in found]
    for run in superseded(entry, waiting, free):
        message = superseded_message(max(waiting, key=lambda each: each.number))
        found[run.id] = Expire(run=run, reason=Reason.OVERLAP, message=message)
    return found


def expires_at(entry: JobEntry) -> datetime | None:
    """When the next queued run of the job has waited too long, or None."""
    deadline = entry.spec.start_deadline
    due = [at for run in _waiting(entry) if (at := run.planned_at or run.due_at) is not None]
    return min(due) + deadline if due and deadline is not None else None


def is_paused(pause: Pause | None, at: datetime) -> bool:
    """Whether the pause covers that instant; `until` itself is free again."""
    return pause is not None and covering((pause,), at) is not None


def trigger_of(due: Due) -> TriggeredBy:
    """What makes a run for that instant when it is on time."""
    return TriggeredBy.AFTER if due.upstream else TriggeredBy.SCHEDULE


class _Round:
    """Decides for the instants of one job in turn, each knowing what the one before led to."""

    def __init__(self, entry: JobEntry, now: datetime, begun: int, queued: int) -> None:
        self._entry = entry
        self._now = now
        self._busy = len(entry.active) + begun
        self._queued = len(_waiting(entry)) + queued
        self._overlaps = entry.overlap_skips  # in a row
        self._overlaps_since = entry.last_skip.due_at if entry.last_skip and self._overlaps else None
        self._asked = entry.skip_next

    def decide(self, due: Due) -> Decision:
        return self._withheld(due) or self._placed(due)

    def _withheld(self, due: Due) -> Skip | None:
        """The skip of an instant that is not to start, whatever else goes on."""
        spec = self._entry.spec
        if due.excepted:
            return self._skip(due, Reason.EXCEPT, except_message(due.excepted))
        if due.withheld:
            return self._skip(due, Reason.UPSTREAM, due.withheld)
        pause = covering(self._entry.known_pauses, due.starts_at)
        if pause is not None:
            return self._skip(due, Reason.PAUSED, paused_message(spec, pause))
        asked = self._asked
        if asked is not None and asked.at in (None, due.at):
            self._asked = None
            return self._skip(due, Reason.ASKED, asked_message(spec, asked))
        if _too_late(spec, due.starts_at, self._now):
            return self._skip(due, Reason.START_DEADLINE, deadline_message(spec, "could not start"))
        return None

    def _placed(self, due: Due) -> Decision:
        spec = self._entry.spec
        # Those that wait come first: for their turn when there is none left, else for room.
        if self._busy + self._queued < spec.concurrency.max:
            self._busy += 1
            self._overlaps, self._overlaps_since = 0, None
            return Start(job=spec.id, due=due, triggered_by=trigger_of(due))
        if spec.concurrency.overlap is Overlap.SKIP:
            self._overlaps, self._overlaps_since = self._overlaps + 1, self._overlaps_since or due.at
            message = overlap_message(self._entry, self._overlaps, self._overlaps_since)
            return self._skip(due, Reason.OVERLAP, message)
        if replaces(self._entry) or self._queued < spec.concurrency.queue:
            self._queued += 1
            return Queue(job=spec.id, due=due)
        return self._skip(due, Reason.QUEUE_FULL, full_message(self._queued))

    def _skip(self, due: Due, reason: Reason, message: str) -> Skip:
        return Skip(job=self._entry.spec.id, due=due, reason=reason, message=message)


def _merged(decisions: Iterable[Decision]) -> list[Decision]:
    merged: list[Decision] = []
    for decision in decisions:
        last = merged[-1] if merged else None
        if isinstance(decision, Skip) and isinstance(last, Skip) and _are_one(last, decision):
            merged[-1] = _lengthened(last, decision)
        else:
            merged.append(decision)
    return merged


def _are_one(skip: Skip, newer: Skip) -> bool:
    """What ends of other runs made stays apart here: the ledger makes one row of it that names them all."""
    return skip.reason is newer.reason and not skip.due.upstream and not newer.due.upstream


def _lengthened(skip: Skip, newer: Skip) -> Skip:
    due = newer.due
    at = max(skip.last_due_at or skip.due.at, due.at)
    last = replace(due, at=at, delay=due.starts_at - at)
    first = min(skip.due, due, key=lambda each: each.at)
    return stretch_skipped(first, last, skip.count + 1, skip.reason, newer.message)


def _is_held(run: Run, pause: Pause | None) -> bool:
    by_hand = run.triggered_by in (TriggeredBy.MANUAL, TriggeredBy.RETRY)
    return pause is not None and not (by_hand and run.created_at >= pause.since)


def _waiting(entry: JobEntry) -> list[Run]:
    """The job's queue; catch-up runs wait outside it."""
    return [run for run in entry.queued if not _is_catch_up(run)]


def _is_catch_up(run: Run) -> bool:
    return run.triggered_by is TriggeredBy.CATCH_UP


def _too_late(spec: JobSpec, due_at: datetime | None, now: datetime) -> bool:
    return due_at is not None and spec.start_deadline is not None and now - due_at > spec.start_deadline
