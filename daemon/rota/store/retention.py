"""What is old enough to go, or too much of one job: logs first, then rows.

Chosen beside the writer, job by job, and deleted in small steps that never stall it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple, Protocol

from sqlalchemy import Connection, Select, Text, bindparam, cast, exists, func, or_, select, tuple_, update

from rota.core.instant import to_ms
from rota.core.retention import Kept
from rota.core.run import RunState
from rota.store.ledger import Ledger
from rota.store.outbox import Key
from rota.store.pace import Pace
from rota.store.tables import attempts, definitions, jobs, runs

RemoveLogs = Callable[[str, int], Awaitable[None]]  # of job and number: all attempts of that run

FINAL = tuple(state.value for state in RunState if state.is_final)
_OF_RUN = (attempts.c.job == runs.c.job) & (attempts.c.number == runs.c.number)

_PAGE = 200  # runs in one read
_CHUNK = 500  # jobs in one read


def with_runs(part: Select[Any]) -> Select[Any]:
    """Some attempts, in their order, with their runs: state, its end, the name of its logs.

    `part` must have a limit: then it is read first, by its own index.
    """
    of = part.subquery()
    log_name = func.coalesce(runs.c.log_job, runs.c.job).label("log_name")
    of_run = (of.c.job == runs.c.job) & (of.c.number == runs.c.number)
    return (
        select(of, runs.c.state, runs.c.ended_at.label("run_ended_at"), log_name)
        .select_from(of.join(runs, of_run))
        .order_by(of.c.job, of.c.ended_at, of.c.number)
    )


class Rules(Protocol):
    """What is kept of each job."""

    @property
    def of_all(self) -> Kept:
        """Of those that say nothing themselves."""

    def of_job(self, job: str) -> Kept | None:
        """None when that job is not in force."""

    def of_definition(self, text: str) -> Kept:
        """Of a job that has only its last definition left."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Swept:
    """How many runs went, and how many lost their logs."""

    logs: int
    runs: int


class WithLogs(NamedTuple):
    """A run, and the job's name in the directories of its attempts."""

    job: str
    number: int
    log_name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Means:
    """What sweeping works with.

    `remove_logs` deletes the directories of all attempts of a run (one that is gone already is fine) and
    returns when they are gone; if it raises, they are named again next time.
    """

    ledger: Ledger
    remove_logs: RemoveLogs
    pace: Pace

    async def find(self, wanted: Select[Any], values: Mapping[str, Any]) -> Sequence[Any]:
        """The rows of that query."""
        bound = dict(values)
        return await self.ledger.read(lambda connection: connection.execute(wanted, bound).all())


async def rules_by_job(ledger: Ledger, rules: Rules) -> dict[str, Kept]:
    """What is kept of every job that the ledger knows."""
    known = await ledger.read(_definitions_of_jobs)
    found = {job: rules.of_job(job) for job in known}
    gone = {hash_ for job, hash_ in known.items() if found[job] is None}
    texts = await ledger.read(lambda connection: _texts(connection, sorted(gone)))
    by_hash = {hash_: rules.of_definition(text) for hash_, text in texts.items()}
    return {job: kept or by_hash.get(known[job], rules.of_all) for job, kept in found.items()}


async def sweep(means: Means, kept: Mapping[str, Kept], now: datetime) -> Swept:
    """Let everything go that is kept no longer. A run's row stays as long as its logs do."""
    logs = gone = 0
    names, read = list(kept), means.ledger.read
    for start in range(0, len(names), _CHUNK):
        part = names[start : start + _CHUNK]
        means.pace.begin()
        for job in await read(_having(_OLDEST_LOGS, part)):
            logs += await _sweep_logs(means, job, kept[job.job], now)
        means.pace.begin()
        for job in await read(_having(_OLDEST_ROWS, part)):
            gone += await _sweep_rows(means, job, kept[job.job], now)
    return Swept(logs=logs, runs=gone)


async def lose_logs(means: Means, found: Sequence[WithLogs]) -> None:
    """Delete the logs of those runs, then note that they are gone."""
    for step in means.pace.steps(found):
        for row in step:
            await means.remove_logs(row.log_name, row.number)
        await means.pace.write(_marking([(row.job, row.number) for row in step]), len(step))


class _Job(NamedTuple):
    """A job, its highest number, and when the oldest of what is asked for was made or ended (ms)."""

    job: str
    last_number: int
    oldest: int

    def surplus(self, most: int | None) -> int:
        """The highest number that is too many, or 0."""
        return 0 if most is None else max(0, self.last_number - most)


_OLDEST_LOG = (
    select(func.min(attempts.c.ended_at))
    .where(attempts.c.job == jobs.c.job, attempts.c.log_kept, attempts.c.ended_at.is_not(None))
    .scalar_subquery()
)
_OLDEST_LOGS = select(jobs.c.job, jobs.c.last_number, _OLDEST_LOG.label("oldest"))
_inner = runs.alias()
_FIRST_NUMBER = select(func.min(_inner.c.number)).where(_inner.c.job == jobs.c.job).scalar_subquery()
_OLDEST_ROWS = select(jobs.c.job, jobs.c.last_number, runs.c.created_at.label("oldest")).select_from(
    jobs.join(runs, (runs.c.job == jobs.c.job) & (runs.c.number == _FIRST_NUMBER))
)
_PART_OF_JOB = (
    select(attempts.c.job, attempts.c.number, attempts.c.ended_at, attempts.c.log_size)
    .where(
        attempts.c.log_kept,
        attempts.c.job == bindparam("of_job"),
        attempts.c.ended_at < bindparam("before"),
        tuple_(attempts.c.ended_at, attempts.c.number)
        > tuple_(bindparam("after_end"), bindparam("after_number")),
    )
    .order_by(attempts.c.ended_at, attempts.c.number)
    .limit(_PAGE)
)
OLD_LOGS = with_runs(_PART_OF_JOB)
# `is_`, which no index has: by the run's key it is one look, by the index of kept logs one for each of them.
_HAS_LOG = exists().where(_OF_RUN, attempts.c.log_kept.is_(True), attempts.c.ended_at.is_not(None))
# Such a row goes after those of its children; see `store.families`.
_HAS_CHILDREN = runs.c.children.is_not(None) & (
    exists().where(_inner.c.job == runs.c.job + "." + cast(runs.c.number, Text))
)
_ROWS = (
    select(
        runs.c.number,
        runs.c.created_at,
        runs.c.state,
        or_(_HAS_LOG, _HAS_CHILDREN).label("needed"),
    )
    .where(
        runs.c.job == bindparam("of_job"),
        runs.c.number > bindparam("after_number"),
        runs.c.number <= bindparam("upto"),
    )
    .order_by(runs.c.number)
    .limit(_PAGE)
)
_LOSE_LOG = (
    update(attempts)
    .where(attempts.c.job == bindparam("of_job"), attempts.c.number == bindparam("of_number"))
    .values(log_kept=False)
)


def _definitions_of_jobs(connection: Connection) -> dict[str, str]:
    return {job: hash_ for job, hash_ in connection.execute(select(jobs.c.job, jobs.c.definition))}


def _texts(connection: Connection, hashes: Sequence[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    wanted = select(definitions.c.hash, definitions.c.text)
    for start in range(0, len(hashes), _CHUNK):
        part = wanted.where(definitions.c.hash.in_(hashes[start : start + _CHUNK]))
        found |= {hash_: text for hash_, text in connection.execute(part)}
    return found


def _having(of: Select[Any], names: Sequence[str]) -> Callable[[Connection], list[_Job]]:
    """Those of the named jobs that have any."""

    def read(connection: Connection) -> list[_Job]:
        found = connection.execute(of.where(jobs.c.job.in_(names)))
        return [_Job(*row) for row in found if row.oldest is not None]

    return read


async def _sweep_logs(means: Means, job: _Job, kept: Kept, now: datetime) -> int:
    """All attempts of a run at once: the age of a log is that of its run."""
    surplus = max(job.surplus(kept.max_logs), job.surplus(kept.max_runs))
    before = to_ms(now - kept.first_age)
    if surplus == 0 and job.oldest >= before:
        return 0
    count, good, failed = 0, to_ms(now - kept.logs), to_ms(now - kept.failed_logs)
    values = {"of_job": job.job, "before": to_ms(now) + 1 if surplus else before}
    values |= {"after_end": -1, "after_number": -1}
    while found := await means.find(OLD_LOGS, values):
        expired = {
            row.number: WithLogs(row.job, row.number, row.log_name)
            for row in found
            if row.state in FINAL
            and (
                row.number <= surplus
                or row.run_ended_at < (failed if row.state == RunState.FAILED.value else good)
            )
        }
        await lose_logs(means, list(expired.values()))
        count += len(expired)
        values |= {"after_end": found[-1].ended_at, "after_number": found[-1].number}
    return count


async def _sweep_rows(means: Means, job: _Job, kept: Kept, now: datetime) -> int:
    surplus, oldest = job.surplus(kept.max_runs), to_ms(now - kept.rows)
    if surplus == 0 and job.oldest >= oldest:
        return 0
    values = {"of_job": job.job, "after_number": -1, "upto": job.last_number - kept.least}
    count = 0
    while found := await means.find(_ROWS, values):
        old = [row for row in found if row.number <= surplus or row.created_at < oldest]
        doomed: list[Key] = [(job.job, row.number) for row in old if row.state in FINAL and not row.needed]
        for step in means.pace.steps(doomed):
            await means.pace.write(means.ledger.deleting(step), len(step))
        count += len(doomed)
        values["after_number"] = found[-1].number
        if not old:
            break  # numbers go up with time: those behind are younger
    return count


def _marking(of: Sequence[Key]) -> Callable[[Connection], None]:
    def mark(connection: Connection) -> None:
        connection.execute(_LOSE_LOG, [{"of_job": job, "of_number": number} for job, number in of])

    return mark
