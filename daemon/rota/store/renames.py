"""A job that is called otherwise from now on: its record and its runs go to the new name."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Exists,
    RowMapping,
    Text,
    cast,
    delete,
    exists,
    func,
    insert,
    literal,
    select,
    update,
)

from rota.core.run import RunState
from rota.store import histories
from rota.store.tables import attempts, chunks, jobs, renames, runs

_FINAL = tuple(state.value for state in RunState if state.is_final)
_PLAN = ("answered_until", "schedule", "since", "boot")
_PAUSE = ("paused_since", "paused_until", "pause_note")
_SKIP = ("skip_at", "skip_asked_at", "skip_note")


def rename(connection: Connection, old: str, new: str, waiting: Sequence[int] = ()) -> bool:
    """See `core.seams.Store.rename`. Nothing may wait to be written for the two jobs."""
    before = connection.execute(select(jobs).where(jobs.c.job == old)).mappings().first()
    if before is None or old == new:
        return False
    if renamed(connection, old) != new:
        if _collide(connection, old, new):
            return False
        _take_over(connection, before, new)
        _note(connection, old, new)
    # Of names before `old`, too: what ended last there may not have been moved yet.
    names = connection.scalars(select(renames.c.old).where(renames.c.new == new)).all()
    for name in names:
        _move_runs(connection, name, new, waiting if name == old else ())
    histories.gather(connection, [*names, new])
    return True


def renamed(connection: Connection, old: str) -> str | None:
    """See `core.seams.Store.renamed`."""
    found: str | None = connection.scalar(select(renames.c.new).where(renames.c.old == old))
    return found


def _collide(connection: Connection, old: str, new: str) -> bool:
    wanted = select(runs.c.id).where(runs.c.job == old, _same_number(new)).limit(1)
    return connection.scalar(wanted) is not None


def _same_number(new: str) -> Exists:
    other = runs.alias()
    return exists().where(other.c.job == new, other.c.number == runs.c.number)


def _take_over(connection: Connection, before: RowMapping, new: str) -> None:
    """The record of the new name; what it has of its own already stays."""
    own = connection.execute(select(jobs).where(jobs.c.job == new)).mappings().first()
    if own is None:
        connection.execute(insert(jobs), {"job": new, "last_number": 0})
    taken: dict[str, Any] = {"last_number": max(before["last_number"], own["last_number"] if own else 0)}
    for columns, is_own in (
        (_PLAN, own is not None and own["schedule"]),
        (_PAUSE, own is not None and own["paused_since"] is not None),
        (_SKIP, own is not None and own["skip_asked_at"] is not None),
    ):
        if not is_own:
            taken |= {column: before[column] for column in columns}
    connection.execute(update(jobs).where(jobs.c.job == new), taken)
    # The numbers stay: should another job get the old name, its runs are called otherwise than these were.
    left = {
        "schedule": "",
        **dict.fromkeys((*_PAUSE, *_SKIP)),
        "pause_note": "",
        "skip_note": "",
    }
    connection.execute(update(jobs).where(jobs.c.job == before["job"]), left)


def _note(connection: Connection, old: str, new: str) -> None:
    connection.execute(delete(renames).where(renames.c.old.in_((old, new))))
    connection.execute(update(renames).where(renames.c.new == old), {"new": new})
    connection.execute(insert(renames), {"old": old, "new": new})


def _move_runs(connection: Connection, old: str, new: str, waiting: Sequence[int]) -> None:
    other = runs.alias()
    taken = exists().where(other.c.job == new, other.c.due_at == runs.c.due_at)
    # One run that can't have its number there must not keep all others back.
    free = runs.c.state.in_(_FINAL) | (runs.c.number.in_(waiting) & (runs.c.state == RunState.PENDING.value))
    moving = (runs.c.job == old) & free & ~_same_number(new)
    connection.execute(update(runs).where(moving, taken).values(due_at=None))
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("PRAGMA defer_foreign_keys=ON")  # until both tables have the new name
    prefix = len(old) + 1
    again = {
        "job": new,
        "log_job": func.coalesce(runs.c.log_job, old),
        "retry_of": new + func.substr(runs.c.retry_of, prefix),
        "replaced_by": new + func.substr(runs.c.replaced_by, prefix),
    }
    moved = select(runs.c.number).where(moving)
    _move_children(connection, old, new, moving)
    connection.execute(
        update(attempts).where(attempts.c.job == old, attempts.c.number.in_(moved)), {"job": new}
    )
    connection.execute(update(runs).where(moving).values(**again))


def _move_children(connection: Connection, old: str, new: str, final: ColumnElement[bool]) -> None:
    """Those of the parents that move; all of them have ended."""
    prefix = len(old) + 1
    series = literal(f"{old}.").concat(cast(runs.c.number, Text))
    parents = select(series).where(final, runs.c.children.is_not(None))
    moved = select(runs.c.number).where(final)
    connection.execute(update(chunks).where(chunks.c.job == old, chunks.c.number.in_(moved)), {"job": new})
    connection.execute(
        update(attempts)
        .where(attempts.c.job.in_(parents))
        .values(job=new + func.substr(attempts.c.job, prefix))
    )
    again = {
        "job": new + func.substr(runs.c.job, prefix),
        "log_job": func.coalesce(runs.c.log_job, runs.c.job),
    }
    connection.execute(update(runs).where(runs.c.job.in_(parents)).values(**again))
