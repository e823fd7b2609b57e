"""Which due instants of a job appear, move or vanish when its definition changes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from rota.core.board import Due
from rota.core.due_table import DueTable
from rota.core.model import JobSpec

LISTED = 12  # changes of one job that are told one by one; more are told as two counts


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    before: Due
    after: Due


@dataclass(frozen=True, slots=True, kw_only=True)
class InstantChanges:
    """Of one job. With more than LISTED changes the lists are empty, and the counts tell."""

    job: str
    before: int  # instants in the span
    after: int
    appear: tuple[Due, ...] = ()
    move: tuple[Move, ...] = ()
    vanish: tuple[Due, ...] = ()
    excepted: tuple[Due, ...] = ()  # the ones of `vanish` that an exception answers from now on

    @property
    def is_listed(self) -> bool:
        return bool(self.appear or self.move or self.vanish)


def instant_changes(
    job: str, before: JobSpec | None, after: JobSpec | None, table: DueTable
) -> InstantChanges | None:
    """None when the job is due at the same instants."""
    if before is not None and after is not None and table.key(before) == table.key(after):
        return None
    old = table.owed(before) if before is not None else ()
    new = table.owed(after) if after is not None else ()
    gone, come = _only(old, new), _only(new, old)
    if not gone and not come:
        return None
    if len(gone) + len(come) > LISTED:
        return InstantChanges(job=job, before=len(old), after=len(new))
    moves = _moves(gone, come)
    moved_from = {move.before.at for move in moves}
    moved_to = {move.after.at for move in moves}
    vanish = tuple(due for due in gone if due.at not in moved_from)
    return InstantChanges(
        job=job,
        before=len(old),
        after=len(new),
        appear=tuple(due for due in come if due.at not in moved_to),
        move=moves,
        vanish=vanish,
        excepted=_excepted(vanish, after, table),
    )


def _only(these: Sequence[Due], those: Sequence[Due]) -> list[Due]:
    known = {due.starts_at for due in those}
    return [due for due in these if due.starts_at not in known]


def _moves(gone: Sequence[Due], come: Sequence[Due]) -> tuple[Move, ...]:
    """Each instant that vanishes with the nearest one that the same trigger brings, nearest pairs first."""
    taken: set[datetime] = set()
    given: set[datetime] = set()
    moves = []
    for old, new in _pairs(gone, come):
        if old.at not in taken and new.at not in given:
            taken.add(old.at)
            given.add(new.at)
            moves.append(Move(before=old, after=new))
    return tuple(sorted(moves, key=lambda move: _either_way(move.before, move.after)))


def _pairs(gone: Sequence[Due], come: Sequence[Due]) -> list[tuple[Due, Due]]:
    pairs = [(old, new) for old in gone for new in come if old.trigger == new.trigger]
    return sorted(pairs, key=lambda pair: (abs(pair[1].starts_at - pair[0].starts_at), _either_way(*pair)))


def _either_way(one: Due, other: Due) -> tuple[datetime, datetime]:
    """The same for there and back."""
    return min(one.at, other.at), max(one.at, other.at)


def _excepted(vanish: Sequence[Due], after: JobSpec | None, table: DueTable) -> tuple[Due, ...]:
    if after is None:
        return ()
    answered = {due.at: due for due in table.dues(after) if due.excepted}
    return tuple(answered[due.at] for due in vanish if due.at in answered)
