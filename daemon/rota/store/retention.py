"""What is old enough to go: logs first, then rows.

Chosen beside the writer, deleted in small steps that never stall it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple, Protocol, TypeVar

from sqlalchemy import Connection, bindparam, delete, exists, func, or_, select, update

from rota.core.instant import to_ms
from rota.core.run import RunState
from rota.store.ledger import Ledger
from rota.store.outbox import Key
from rota.store.tables import attempts, facts, jobs, runs

K = TypeVar("K")
RemoveLogs = Callable[[str, int], Awaitable[None]]  # of job and number: all attempts of that run

STEP = 200  # runs at a time

_FINAL = tuple(state.value for state in RunState if state.is_final)
_LOSE_LOG = (
    update(attempts)
    .where(attempts.c.job == bindparam("of_job"), attempts.c.number == bindparam("of_number"))
    .values(log_kept=False)
)
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
    """How many runs went, and how many lost their logs."""

    logs: int
    runs: int


async def sweep(ledger: Ledger, policy: RetentionPolicy, remove_logs: RemoveLogs, now: datetime) -> Swept:
    """Let everything go that the policy no longer keeps.

    `remove_logs` deletes the directories of those attempts (one that is gone already is fine) and returns
    when they are gone; if it raises, they are named again next time. A run's row stays as long as its logs
    do.
    """
    with_logs = await ledger.read(lambda connection: _expired_logs(connection, policy, now))
    for step in _steps(with_logs):
        for row in step:
            await remove_logs(row.log_name, row.number)
        await ledger.write(_marking([(row.job, row.number) for row in step]))
    doomed = await ledger.read(lambda connection: _expired_runs(connection, policy, now))
    for gone in _steps(doomed):
        await ledger.delete_runs(gone)
    await ledger.write(lambda connection: _forget_facts(connection, now))
    return Swept(logs=len(with_logs), runs=len(doomed))


class _WithLogs(NamedTuple):
    """A run, and the job's name in the directories of its attempts."""

    job: str
    number: int
    log_name: str


def _steps(of: Sequence[K]) -> list[Sequence[K]]:
    return [of[start : start + STEP] for start in range(0, len(of), STEP)]


def _expired_logs(connection: Connection, policy: RetentionPolicy, now: datetime) -> list[_WithLogs]:
    """All attempts of a run at once: the age of a log is that of its run."""
    is_failed = runs.c.state == RunState.FAILED.value
    is_old = ~is_failed & (runs.c.ended_at < to_ms(now - policy.logs))
    is_old_failure = is_failed & (runs.c.ended_at < to_ms(now - policy.failed_logs))
    wanted = (
        select(runs.c.job, runs.c.number, func.coalesce(runs.c.log_job, runs.c.job).label("log_name"))
        .distinct()
        .join(attempts, _OF_RUN)
        .where(attempts.c.log_kept, runs.c.state.in_(_FINAL), or_(is_old, is_old_failure))
        # Says nothing new, but lets the index of kept logs be walked from its old end.
        .where(attempts.c.ended_at < to_ms(now - min(policy.logs, policy.failed_logs)))
        .order_by(runs.c.job, runs.c.number)
    )
    return [_WithLogs(*row) for row in connection.execute(wanted)]


def _marking(of: Sequence[Key]) -> Callable[[Connection], None]:
    def mark(connection: Connection) -> None:
        connection.execute(_LOSE_LOG, [{"of_job": job, "of_number": number} for job, number in of])

    return mark


def _expired_runs(connection: Connection, policy: RetentionPolicy, now: datetime) -> list[Key]:
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
