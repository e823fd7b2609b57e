"""What the writer does to the tables for one call: new runs, changed runs, records.

Runs in the writer's thread only. Remembers per job where its numbers stand, and per unfinished run what is
stored of it, so that a transition costs no read; `forget` drops that when a transaction was rolled back.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection, bindparam, delete, insert, select, tuple_, update

from rota.core.errors import NotFound
from rota.core.instant import to_ms
from rota.core.run import Attempt, Run, RunState
from rota.core.seams import JobRecord
from rota.store.queries import read_run
from rota.store.rows import Row, attempt_row, record_row, run_row
from rota.store.skips import merge, merges
from rota.store.tables import attempts, jobs, runs

_JOB = select(jobs.c.last_number, jobs.c.answered_until).where(jobs.c.job == bindparam("of_job"))
_UPDATE_JOB = update(jobs).where(jobs.c.job == bindparam("of_job"))
_UPDATE_RUN = update(runs).where(runs.c.job == bindparam("of_job"), runs.c.number == bindparam("of_number"))
_UPDATE_ATTEMPT = update(attempts).where(
    attempts.c.job == bindparam("of_job"),
    attempts.c.number == bindparam("of_number"),
    attempts.c.position == bindparam("of_position"),
)
_DUE_BEFORE = (
    select(runs.c.due_at, runs.c.last_due_at)
    .where(runs.c.job == bindparam("of_job"), runs.c.due_at <= bindparam("due"))
    .order_by(runs.c.due_at.desc())
    .limit(1)
)


@dataclass(slots=True)
class _Head:
    """Where a job stands: its highest number, up to when all is answered (ms), its newest run if that is a
    skip.
    """

    number: int
    answered: int | None
    skip: Run | None


class Entries:
    """Changes of runs and records, each inside the caller's transaction."""

    def __init__(self) -> None:
        self._heads: dict[str, _Head] = {}
        self._stored: dict[tuple[str, int], Run] = {}

    def forget(self) -> None:
        """What is remembered may differ from what is stored: read it again."""
        self._heads.clear()
        self._stored.clear()

    def add(self, connection: Connection, new: Sequence[Run]) -> list[Run | None]:
        """See `core.seams.Store.add`."""
        answers: list[Run | None] = []
        waiting: list[Run] = []  # inserted together, at the latest before something reads them
        for run in new:
            head = self._head(connection, run.job)
            old = run.due_at is not None and head.answered is not None and to_ms(run.due_at) <= head.answered
            if old or merges(head.skip, run):
                self._insert(connection, waiting)
            if old and _is_stored(connection, run):
                answers.append(None)
                continue
            answers.append(self._enter(connection, head, run, waiting))
            _advance(head, run)
        self._insert(connection, waiting)
        self._save_heads(connection, {run.job for run in new})
        return answers

    def save(self, connection: Connection, run: Run) -> None:
        """See `core.seams.Store.save`. Raises NotFound when the run was never added."""
        key = (run.job, run.number)
        before = self._stored.get(key) or read_run(connection, run.job, run.number)
        if before is None:
            raise NotFound(f"The ledger has no run {run.id}.")
        changed = _difference(run_row(before), run_row(run))
        if changed:
            connection.execute(_UPDATE_RUN, {"of_job": run.job, "of_number": run.number, **changed})
        self._save_attempts(connection, before.attempts, run)
        self._remember(run)
        head = self._heads.get(run.job)
        if head is not None and head.number == run.number:
            head.skip = run if run.state is RunState.SKIPPED else None

    def save_records(self, connection: Connection, records: Sequence[JobRecord]) -> None:
        """See `core.seams.Store.save_records`."""
        known = set(connection.scalars(select(jobs.c.job)))
        for record in records:
            row = record_row(record)
            if record.job not in known:
                connection.execute(insert(jobs), {"last_number": 0, **row})
                known.add(record.job)
            else:
                head = self._head(connection, record.job)
                row["answered_until"] = _latest(head.answered, row["answered_until"])
                connection.execute(_UPDATE_JOB, {"of_job": row.pop("job"), **row})
            self._heads.pop(record.job, None)

    def delete(self, connection: Connection, gone: Sequence[tuple[str, int]]) -> None:
        """Remove those runs with their attempts. Their numbers are never used again."""
        connection.execute(delete(runs).where(tuple_(runs.c.job, runs.c.number).in_(gone)))
        self.forget()

    def _head(self, connection: Connection, job: str) -> _Head:
        head = self._heads.get(job)
        if head is None:
            head = self._heads[job] = _read_head(connection, job)
        return head

    def _enter(self, connection: Connection, head: _Head, run: Run, waiting: list[Run]) -> Run:
        if head.skip is not None and merges(head.skip, run):
            merged = head.skip = merge(head.skip, run)
            names = ("count", "last_due_at", "message", "ended_at")
            changed = {name: value for name, value in run_row(merged).items() if name in names}
            connection.execute(_UPDATE_RUN, {"of_job": merged.job, "of_number": merged.number, **changed})
            return merged
        head.number += 1
        numbered = replace(run, number=head.number)
        head.skip = numbered if run.state is RunState.SKIPPED else None
        waiting.append(numbered)
        return numbered

    def _insert(self, connection: Connection, waiting: list[Run]) -> None:
        if not waiting:
            return
        connection.execute(insert(runs), [run_row(run) for run in waiting])
        rows = [row for run in waiting for row in _attempt_rows(run, enumerate(run.attempts))]
        if rows:
            connection.execute(insert(attempts), rows)
        for run in waiting:
            self._remember(run)
        waiting.clear()

    def _save_attempts(self, connection: Connection, before: Sequence[Attempt], run: Run) -> None:
        changed = [
            (place, attempt)
            for place, (old, attempt) in enumerate(zip(before, run.attempts, strict=False))
            if old is not attempt and old != attempt
        ]
        for row in _attempt_rows(run, changed):
            of = {f"of_{name}": row.pop(name) for name in ("job", "number", "position")}
            connection.execute(_UPDATE_ATTEMPT, of | row)
        added = enumerate(run.attempts[len(before) :], start=len(before))
        rows = list(_attempt_rows(run, added))
        if rows:
            connection.execute(insert(attempts), rows)

    def _remember(self, run: Run) -> None:
        if run.state.is_final:
            self._stored.pop((run.job, run.number), None)
        else:
            self._stored[run.job, run.number] = run

    def _save_heads(self, connection: Connection, touched: Iterable[str]) -> None:
        rows = [
            {
                "of_job": job,
                "last_number": self._heads[job].number,
                "answered_until": self._heads[job].answered,
            }
            for job in touched
        ]
        if rows:
            connection.execute(_UPDATE_JOB, rows)


def _read_head(connection: Connection, job: str) -> _Head:
    row = connection.execute(_JOB, {"of_job": job}).first()
    if row is None:
        connection.execute(insert(jobs), {"job": job, "last_number": 0})
        return _Head(number=0, answered=None, skip=None)
    newest = read_run(connection, job, row.last_number)
    skip = newest if newest is not None and newest.state is RunState.SKIPPED else None
    return _Head(number=row.last_number, answered=row.answered_until, skip=skip)


def _is_stored(connection: Connection, run: Run) -> bool:
    """Whether its due instant has a row, or lies inside a stretch that one row stands for."""
    assert run.due_at is not None
    due = to_ms(run.due_at)
    row = connection.execute(_DUE_BEFORE, {"of_job": run.job, "due": due}).first()
    return row is not None and (row.due_at == due or (row.last_due_at is not None and row.last_due_at >= due))


def _advance(head: _Head, run: Run) -> None:
    due = run.last_due_at or run.due_at
    head.answered = _latest(head.answered, None if due is None else to_ms(due))


def _latest(one: int | None, other: int | None) -> int | None:
    return max((at for at in (one, other) if at is not None), default=None)


def _difference(before: Row, after: Row) -> Row:
    return {name: value for name, value in after.items() if before[name] != value}


def _attempt_rows(run: Run, placed: Iterable[tuple[int, Attempt]]) -> Iterable[dict[str, Any]]:
    for place, attempt in placed:
        yield {"job": run.job, "number": run.number, "position": place, **attempt_row(attempt)}
