"""What the writer does to the tables for one call: new runs, changed runs, records.

Runs in the writer's thread only. Remembers per job where its numbers stand, and per unfinished run what is
stored of it, so that a transition costs no read; `forget` drops that when a transaction was rolled back.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, bindparam, delete, func, insert, select, update

from rota.core.after import is_no_part
from rota.core.changed import changed
from rota.core.errors import NotFound
from rota.core.instant import optional_ms, to_ms
from rota.core.run import Attempt, Reason, Run, RunState
from rota.core.seams import JobRecord
from rota.store import histories
from rota.store.outbox import Key, Order, Outbox
from rota.store.queries import read_run
from rota.store.rows import (
    COUNTS,
    Row,
    attempt_row,
    changed_attempt_row,
    changed_run_row,
    counts_row,
    record_row,
    run_row,
)
from rota.store.skips import is_void, merge, merges, relieved
from rota.store.tables import attempts, jobs, runs

_ADD_JOB = insert(jobs)
_ADD_RUN = insert(runs)
_ADD_ATTEMPT = insert(attempts)
_CHANGE_JOB = update(jobs).where(jobs.c.job == bindparam("of_job"))
_CHANGE_RUN = update(runs).where(runs.c.job == bindparam("of_job"), runs.c.number == bindparam("of_number"))
_DELETE_RUN = delete(runs).where(runs.c.job == bindparam("of_job"), runs.c.number == bindparam("of_number"))
_CHANGE_ATTEMPT = update(attempts).where(
    attempts.c.job == bindparam("of_job"),
    attempts.c.number == bindparam("of_number"),
    attempts.c.position == bindparam("of_position"),
)
_DELETE_ATTEMPTS = delete(attempts).where(
    attempts.c.job == bindparam("of_job"),
    attempts.c.number == bindparam("of_number"),
    attempts.c.position >= bindparam("kept"),
)
_DUE_BEFORE = (
    select(
        runs.c.number,
        runs.c.due_at,
        runs.c.last_due_at,
        runs.c.planned_at,
        runs.c.reason,
        runs.c.answered_ends,
    )
    .where(runs.c.job == bindparam("of_job"), runs.c.due_at <= bindparam("due"))
    .order_by(runs.c.due_at.desc())
    .limit(16)  # a stretch may begin before rows that lie inside it
)
_ANSWERED = select(func.max(runs.c.due_at), func.max(runs.c.last_due_at), func.max(runs.c.planned_at)).where(
    runs.c.job == bindparam("of_job"), runs.c.due_at >= bindparam("since")
)
_LONGEST_SPREAD = 86_400_000  # ms
_CHUNK = 500  # jobs in one IN list
_SHORTENED = ("due_at", "last_due_at", "planned_at", "count", "message")
_MERGED = (
    "count",
    "last_due_at",
    "planned_at",
    "upstream",
    "answered_ends",
    "message",
    "ended_at",
)  # columns that lengthening a skip changes


@dataclass(slots=True)
class _Head:
    """Where a job stands: its highest number, up to when all is answered (ms), its newest run if a skip."""

    number: int
    answered: int | None
    skip: Run | None = None
    knows_skip: bool = False  # whether `skip` was looked up: only skips need it


class Entries:
    """Changes of runs and records, each inside the caller's transaction, which ends with `flush`."""

    def __init__(self) -> None:
        self._heads: dict[str, _Head] = {}
        self._stored: dict[Key, Run] = {}
        self._outbox = Outbox()
        self._moved: set[str] = set()
        self._counted: dict[Key, Run] = {}  # parents, as children have changed them

    def forget(self) -> None:
        """What is remembered may differ from what is stored: read it again."""
        self._heads.clear()
        self._stored.clear()
        self._outbox.clear()
        self._moved.clear()
        self._counted.clear()

    def flush(self, connection: Connection) -> None:
        """Write what the calls of this transaction left waiting."""
        for job in self._moved:
            head = self._heads[job]
            row = {"of_job": job, "last_number": head.number, "answered_until": head.answered}
            self._outbox.put(Order.CHANGE_JOB, _CHANGE_JOB, row)
        self._moved.clear()
        for (job, number), parent in self._counted.items():  # once for all children of a transaction
            self._change((job, number), counts_row(parent))
            self._note_counts((job, number), parent)
        self._counted.clear()
        self._outbox.flush(connection)

    def add(
        self, connection: Connection, new: Sequence[Run], shortened: Sequence[Run] = ()
    ) -> list[Run | None]:
        """See `core.seams.Store.add`."""
        self._load_heads(connection, {run.job for run in new})
        for skip in shortened:
            self._shorten(connection, skip)
        answers: list[Run | None] = []
        for run in new:
            head = self._heads[run.job]
            if self._is_stored(connection, head, run):
                answers.append(None)
                continue
            answers.append(self._enter(connection, head, run))
            _advance(head, run)
            self._moved.add(run.job)
        return answers

    def add_children(self, connection: Connection, children: Sequence[Run]) -> None:
        """See `core.seams.Store.add_children`."""
        for child in children:
            self._insert(connection, child)

    def save(
        self,
        connection: Connection,
        run: Run,
        instead_of: Run | None = None,
        parent: Run | None = None,
    ) -> None:
        """See `core.seams.Store.save`. Raises NotFound when the run was never added."""
        if instead_of is not None:  # first: the run takes over its due instant
            self.delete(connection, [(instead_of.job, instead_of.number)])
        if parent is not None:
            self._counted[parent.job, parent.number] = parent
            self._note_counts((parent.job, parent.number), parent)
        key = (run.series, run.number)
        self._outbox.touch(connection, key)
        before = self._stored.get(key) or _read_stored(connection, run)
        columns = changed_run_row(before, run)
        if columns:
            self._change(key, columns)
        self._save_attempts(before.attempts, run)
        if len(run.attempts) < len(before.attempts):  # the last was only planned
            self.flush(connection)
            kept = {"of_job": run.series, "of_number": run.number, "kept": len(run.attempts)}
            connection.execute(_DELETE_ATTEMPTS, kept)
        self._tell_history(connection, before, run)
        self._remember(run)
        head = self._heads.get(run.series)
        if head is not None and head.number == run.number:
            _set_newest(head, run)

    def save_records(self, connection: Connection, records: Sequence[JobRecord]) -> None:
        """See `core.seams.Store.save_records`."""
        self.flush(connection)
        self._load_heads(connection, {record.job for record in records})
        for record in records:
            row, head = record_row(record), self._heads[record.job]
            if head.answered is None:
                head.answered = row["answered_until"]
            row["answered_until"] = head.answered
            self._outbox.put(Order.CHANGE_JOB, _CHANGE_JOB, {"of_job": row.pop("job"), **row})
        self._outbox.flush(connection)

    def delete(self, connection: Connection, gone: Sequence[Key]) -> None:
        """Remove those runs with their attempts. Their numbers are never used again."""
        self.flush(connection)
        connection.execute(_DELETE_RUN, [{"of_job": job, "of_number": number} for job, number in gone])
        histories.forget(connection, gone)
        for job, number in gone:
            self._heads.pop(job, None)  # its newest skip may be among them
            self._stored.pop((job, number), None)

    def _load_heads(self, connection: Connection, names: Iterable[str]) -> None:
        """Know where those jobs stand; one that is not there yet gets its row."""
        missing = [job for job in names if job not in self._heads]
        for start in range(0, len(missing), _CHUNK):
            part = missing[start : start + _CHUNK]
            wanted = select(jobs.c.job, jobs.c.last_number, jobs.c.answered_until).where(jobs.c.job.in_(part))
            for row in connection.execute(wanted):
                self._heads[row.job] = _Head(number=row.last_number, answered=row.answered_until)
        for job in missing:
            if job not in self._heads:
                self._heads[job] = _Head(number=0, answered=None, knows_skip=True)
                self._outbox.put(Order.ADD_JOB, _ADD_JOB, {"job": job, "last_number": 0})
                self._outbox.put(Order.ADD_HISTORY, histories.ADD, {"job": job, "ends": ""})

    def _is_stored(self, connection: Connection, head: _Head, run: Run) -> bool:
        """Whether its due instant has a row, or lies inside a stretch that one row stands for."""
        if run.due_at is None or head.answered is None or to_ms(run.due_at) > head.answered:
            return False  # newer than all that was answered: no need to look
        self.flush(connection)
        before = {"of_job": run.job, "due": to_ms(run.due_at)}
        answers = [row for row in connection.execute(_DUE_BEFORE, before).all() if _answers(row, run)]
        # Each of them is looked at: none may keep instants that come due again.
        return not all([self._is_voided(connection, head, row, run) for row in answers])

    def _is_voided(self, connection: Connection, head: _Head, row: Any, run: Run) -> bool:
        """Take due instants from a skip that need not count for `run`; it stays as history."""
        missed = row.reason == Reason.MISSED.value
        skip = read_run(connection, run.job, row.number) if missed else None
        if skip is None or not is_void(skip, run):
            return False
        left = relieved(skip, run)
        columns = run_row(left)
        self._change((run.job, skip.number), {name: columns[name] for name in _SHORTENED})
        self.flush(connection)
        if head.skip is not None and head.skip.number == skip.number:
            head.skip = left
        # What lay behind it is due again, also for a daemon that starts before it has come.
        since = to_ms(skip.due_at or skip.created_at) - _LONGEST_SPREAD
        marks = connection.execute(_ANSWERED, {"of_job": run.job, "since": since}).one()
        head.answered = max((mark for mark in marks if mark is not None), default=None)
        return True

    def _shorten(self, connection: Connection, skip: Run) -> None:
        key = (skip.job, skip.number)
        self._outbox.touch(connection, key)
        row = run_row(skip)
        self._change(key, {name: row[name] for name in _SHORTENED})
        self.flush(connection)
        head = self._heads.get(skip.job)
        if head is not None and head.number == skip.number:
            _set_newest(head, skip)

    def _enter(self, connection: Connection, head: _Head, run: Run) -> Run:
        if run.state is RunState.SKIPPED:
            skip = _newest_skip(connection, head, run.job)
            if skip is not None and merges(skip, run):
                return self._lengthen(connection, head, merge(skip, run))
        head.number += 1
        numbered = changed(run, number=head.number)
        self._insert(connection, numbered)
        _set_newest(head, numbered)
        return numbered

    def _lengthen(self, connection: Connection, head: _Head, merged: Run) -> Run:
        key = (merged.job, merged.number)
        self._outbox.touch(connection, key)
        row = run_row(merged)
        self._change(key, {name: row[name] for name in _MERGED})
        _set_newest(head, merged)
        return merged

    def _insert(self, connection: Connection, run: Run) -> None:
        self._outbox.touch(connection, (run.series, run.number))
        self._outbox.put(Order.ADD_RUN, _ADD_RUN, run_row(run))
        self._add_attempts(run, enumerate(run.attempts))
        self._tell_history(connection, None, run)
        self._remember(run)

    def _change(self, key: Key, columns: Row) -> None:
        job, number = key
        self._outbox.put(Order.CHANGE_RUN, _CHANGE_RUN, {"of_job": job, "of_number": number, **columns})

    def _save_attempts(self, before: Sequence[Attempt], run: Run) -> None:
        for place, (old, attempt) in enumerate(zip(before, run.attempts, strict=False)):
            if old is not attempt and (columns := changed_attempt_row(old, attempt)):
                of = {"of_job": run.series, "of_number": run.number, "of_position": place}
                self._outbox.put(Order.CHANGE_ATTEMPT, _CHANGE_ATTEMPT, of | columns)
        self._add_attempts(run, enumerate(run.attempts[len(before) :], start=len(before)))

    def _add_attempts(self, run: Run, placed: Iterable[tuple[int, Attempt]]) -> None:
        for place, attempt in placed:
            of: dict[str, Any] = {"job": run.series, "number": run.number, "position": place}
            self._outbox.put(Order.ADD_ATTEMPT, _ADD_ATTEMPT, of | attempt_row(attempt))

    def _tell_history(self, connection: Connection, before: Run | None, run: Run) -> None:
        if run.parent is not None:
            return  # its parent counts it
        if before is not None and histories.is_end(before):  # it was told, maybe otherwise
            self.flush(connection)
            histories.gather(connection, [run.job])
        elif histories.is_end(run):
            end = {"of_job": run.job, "end": histories.as_text(run)}
            self._outbox.put(Order.CHANGE_HISTORY, histories.APPEND, end)

    def _remember(self, run: Run) -> None:
        if run.state.is_final:
            self._stored.pop((run.series, run.number), None)
        else:
            self._stored[run.series, run.number] = run

    def _note_counts(self, key: Key, parent: Run) -> None:
        before = self._stored.get(key)
        if before is not None:
            self._stored[key] = changed(before, **{name: getattr(parent, name) for name in COUNTS})


def _read_stored(connection: Connection, run: Run) -> Run:
    found = read_run(connection, run.series, run.number)
    if found is None:
        raise NotFound(f"The ledger has no run {run.id}.")
    return found


def _newest_skip(connection: Connection, head: _Head, job: str) -> Run | None:
    if not head.knows_skip:
        newest = read_run(connection, job, head.number)
        head.skip = newest if newest is not None and newest.state is RunState.SKIPPED else None
        head.knows_skip = True
    return head.skip


def _set_newest(head: _Head, run: Run) -> None:
    head.skip = run if run.state is RunState.SKIPPED else None
    head.knows_skip = True


def _answers(row: Any, run: Run) -> bool:
    """See `store.skips.covers`, for a row that begins no later than the run's due instant."""
    last = row.last_due_at or row.due_at
    due = optional_ms(run.due_at)
    if due is None or due > last:
        return False
    if due in (row.due_at, last):
        return True
    if row.reason == Reason.UPSTREAM.value and run.reason is not Reason.UPSTREAM:
        return False
    if is_no_part(run.upstream, row.answered_ends):
        return False
    planned = optional_ms(run.planned_at) or due
    return bool(planned <= max(last, row.planned_at or last))


def _advance(head: _Head, run: Run) -> None:
    """The mark is about when instants were to be answered, which `spread` makes later than they are named."""
    for at in (run.last_due_at or run.due_at, run.planned_at):
        head.answered = _latest(head.answered, None if at is None else to_ms(at))


def _latest(one: int | None, other: int | None) -> int | None:
    return max((at for at in (one, other) if at is not None), default=None)
