"""`overlap: replace`: the newest run of a job takes the place of the oldest that is under way.

Nothing of it is stored but the runs themselves: what is to be done follows from those that wait and those
that are under way, so that it goes on after a crash where it was.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from rota.core.board import Board, JobEntry
from rota.core.decisions import Replace
from rota.core.model import Overlap
from rota.core.run import Run


def replaces(entry: JobEntry) -> bool:
    """Whether a new run of the job takes the place of one that is under way."""
    return entry.spec.concurrency.overlap is Overlap.REPLACE


def waits_for(board: Board, run: Run) -> str:
    """What a queued run waits for now, for people: room, or the end of the one it replaces; else ""."""
    entry = board.jobs.get(run.job)
    old = next((each for each in entry.active if each.replaced_by == run.id), None) if entry else None
    told = "" if old is None else f"waits for the end of {old.id}, whose place it takes"
    return told or board.room.blocked_by(run.id)


def superseded(entry: JobEntry, waiting: Sequence[Run], free: int) -> Sequence[Run]:
    """Which of the runs that wait (without those that catch up) give way to newer ones that wait as well.

    As many stay as there are places of the job that nobody has, and at least the newest.
    """
    if not replaces(entry):
        return ()
    newest_last = sorted(waiting, key=lambda run: run.number)
    return newest_last[: -max(1, free)]


def make_way(entry: JobEntry, left: Collection[Run]) -> Sequence[Replace]:
    """Which runs under way are to end for the newest of those that found no place (`left`).

    A run that is asked to end already makes way as well; it is named again when another takes its place.
    """
    if not left or not replaces(entry):
        return ()
    by = max(left, key=lambda run: run.number).id
    active = sorted(entry.active, key=lambda run: run.number)
    going_on = [run for run in active if run.cancel_requested_at is None]
    surplus = len(going_on) - entry.spec.concurrency.max + 1
    oldest = going_on[: max(0, surplus)]
    renamed = [run for run in active if run.replaced_by not in (None, by)]
    return [Replace(run=run, by=by) for run in (*renamed, *oldest)]
