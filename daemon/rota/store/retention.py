"""What is old enough to go: logs first, then rows.

Chosen beside the writer, deleted in small steps that never stall it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol, TypeVar

from sqlalchemy import Connection, delete, exists, or_, select, tuple_, update

from rota.core.instant import to_ms
from rota.core.run import RunState
from rota.core.seams import AttemptRef
from rota.store.ledger import Ledger
from rota.store.tables import attempts, facts, jobs, runs

T = TypeVar("T")

RemoveLogs = Callable[[Sequence[AttemptRef]], Awaitable[None]]

STEP = 200  # rows or log directories at a time

_FINAL = tuple(state.value for state in RunState if state.is_final)
_OF_RUN = (attempts.c.job == runs.c.job) & (attempts.c.number == runs.c.number)


class RetentionPolicy(Protocol):
    """How long rows and logs are kept; the newest `runs` runs of a job keep their rows whatever their age."""

    @property
    def rows(self) -> timedelta: ...
    @property
    def runs(self) -> int: ...
    @property
    def logs(self) -> timedelta: ...
    @property
    def failed_logs(self) -> timedelta: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Swept:
    """How much went: log directories and runs."""

    logs: int
    runs: int


async def sweep(ledger: Ledger, policy: RetentionPolicy, remove_logs: RemoveLogs, now: datetime) -> Swept:
    """Let everything go that the policy no longer keeps.

    `remove_logs` deletes the directories of those attempts (one that is gone already is fine) and returns
    when they are gone; if it raises, they are named again next time. A run's row stays as long as its logs
    do.
    """
    refs = await ledger.read(lambda connection: _expired_logs(connection, policy, now))
    for part in _parts(refs):
        await remove_logs(part)
        await ledger.write(_marking(part))
    doomed = await ledger.read(lambda connection: _expired_runs(connection, policy, now))
    for step in _parts(doomed):
        await ledger.delete_runs(step)
    await ledger.write(lambda connection: _forget_facts(connection, now))
    return Swept(logs=len(refs), runs=len(doomed))


def _parts(of: Sequence[T]) -> list[Sequence[T]]:
    return [of[start : start + STEP] for start in range(0, len(of), STEP)]


def _expired_logs(connection: Connection, policy: RetentionPolicy, now: datetime) -> list[AttemptRef]:
    is_old = (runs.c.state != RunState.FAILED.value) & (attempts.c.ended_at < to_ms(now - policy.logs))
    is_old_failure = (runs.c.state == RunState.FAILED.value) & (
        attempts.c.ended_at < to_ms(now - policy.failed_logs)
    )
    wanted = (
        select(attempts.c.id, attempts.c.job, attempts.c.number, attempts.c.step, attempts.c.n)
        .join(runs, _OF_RUN)
        .where(attempts.c.log_kept, runs.c.state.in_(_FINAL), or_(is_old, is_old_failure))
        .where(attempts.c.ended_at < to_ms(now - min(policy.logs, policy.failed_logs)))
        .order_by(attempts.c.ended_at)
    )
    return [AttemptRef(**row) for row in connection.execute(wanted).mappings()]


def _marking(refs: Sequence[AttemptRef]) -> Callable[[Connection], None]:
    places = [(ref.job, ref.number) for ref in refs]
    ids = [ref.id for ref in refs]

    def mark(connection: Connection) -> None:
        of_runs = tuple_(attempts.c.job, attempts.c.number).in_(places)
        connection.execute(update(attempts).where(of_runs, attempts.c.id.in_(ids)).values(log_kept=False))

    return mark


def _expired_runs(connection: Connection, policy: RetentionPolicy, now: datetime) -> list[tuple[str, int]]:
    has_log = exists().where(_OF_RUN, attempts.c.log_kept, attempts.c.ended_at.is_not(None))
    wanted = (
        select(runs.c.job, runs.c.number)
        .join(jobs, jobs.c.job == runs.c.job)
        .where(
            runs.c.state.in_(_FINAL),
            runs.c.created_at < to_ms(now - policy.rows),
            runs.c.number <= jobs.c.last_number - policy.runs,
            ~has_log,
        )
    )
    return [(row.job, row.number) for row in connection.execute(wanted)]


def _forget_facts(connection: Connection, now: datetime) -> None:
    connection.execute(delete(facts).where(facts.c.expires_at <= to_ms(now)))
