"""All logs together have a limit: when they take more, those of runs that ended well go first."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, bindparam, case, func, select, tuple_

from rota.core.retention import ATTEMPT_BYTES, Kept
from rota.core.run import RunState
from rota.store.retention import FINAL, Means, WithLogs, lose_logs, with_runs
from rota.store.tables import attempts

_SLACK = 20  # a twentieth of the limit is made free beyond it, so that this is not to be done every time
_PARTS = 20  # how many ages are told apart
_HOUR = 3_600_000  # ms
_PAGE = 200

_CAP = Kept().output  # what one attempt's log takes at most where its job says nothing
_GOOD = (RunState.COMPLETED.value,)


@dataclass(frozen=True, slots=True, kw_only=True)
class Eased:
    """Bytes that logs took before, that they may take, and that were made free; runs that lost theirs."""

    used: int
    limit: int
    freed: int = 0
    runs: int = 0

    @property
    def is_too_much(self) -> bool:
        """Whether more than the limit is still taken: the rest are logs of runs that go on."""
        return self.used - self.freed > self.limit


async def ease(means: Means, kept: Mapping[str, Kept], limit: int) -> Eased:
    """Let logs go until all together take no more than `limit` bytes, by what the ledger knows of each."""
    used = await means.ledger.read(lambda connection: log_bytes(connection, kept))
    if used <= limit:
        return Eased(used=used, limit=limit)
    wanted = used - limit + limit // _SLACK
    ages = await means.ledger.read(_ages)
    freed = count = 0
    for states in (_GOOD, FINAL):
        for before in _cutoffs(ages, wanted):
            if freed < wanted:
                more, gone = await _Freeing(means, kept).run(states, before, wanted - freed)
                freed, count = freed + more, count + gone
    return Eased(used=used, limit=limit, freed=freed, runs=count)


def log_bytes(connection: Connection, kept: Mapping[str, Kept]) -> int:
    """What all logs take."""
    total = _sum(connection, _CAP)
    for job, own in kept.items():
        if own.output != _CAP:
            total += _sum(connection, own.output, job) - _sum(connection, _CAP, job)
    return total


def _sum(connection: Connection, cap: int, job: str | None = None) -> int:
    wanted = select(func.count(), func.coalesce(func.sum(_capped(cap)), 0)).where(attempts.c.log_kept)
    if job is not None:
        wanted = wanted.where(attempts.c.job == job)
    count, size = connection.execute(wanted).one()
    return int(size) + int(count) * ATTEMPT_BYTES


def _capped(cap: int) -> ColumnElement[int]:
    return case((attempts.c.log_size > cap, cap), else_=attempts.c.log_size)


def _ages(connection: Connection) -> list[tuple[int, int]]:
    """How many bytes logs take by the hour that they ended in, oldest first."""
    hour = attempts.c.ended_at // _HOUR
    wanted = (
        select(hour, func.sum(_capped(_CAP)) + func.count() * ATTEMPT_BYTES)
        .where(attempts.c.log_kept, attempts.c.ended_at.is_not(None))
        .group_by(hour)
        .order_by(hour)
    )
    return [(int(at), int(size)) for at, size in connection.execute(wanted)]


def _cutoffs(ages: Sequence[tuple[int, int]], excess: int) -> Iterator[int]:
    """Instants (ms): what ended before the first might be enough, then later and later ones."""
    total, seen, wanted = sum(size for _, size in ages), 0, excess
    for hour, size in ages:
        seen += size
        if seen >= min(wanted, total):
            yield (hour + 1) * _HOUR
            wanted = seen + total // _PARTS


_PART = (
    select(attempts.c.job, attempts.c.number, attempts.c.ended_at, attempts.c.log_size)
    .where(
        attempts.c.log_kept,
        attempts.c.ended_at < bindparam("before"),
        tuple_(attempts.c.job, attempts.c.ended_at, attempts.c.number)
        > tuple_(bindparam("after_job"), bindparam("after_end"), bindparam("after_number")),
    )
    .order_by(attempts.c.job, attempts.c.ended_at, attempts.c.number)
    .limit(_PAGE)
)
_OLD = with_runs(_PART)


class _Freeing:
    """One walk over the kept logs, job by job."""

    def __init__(self, means: Means, kept: Mapping[str, Kept]) -> None:
        self._means = means
        self._kept = kept

    async def run(self, states: Sequence[str], before: int, wanted: int) -> tuple[int, int]:
        """Bytes made free, and runs that lost their logs."""
        values: dict[str, Any] = {"before": before, "after_job": "", "after_end": -1, "after_number": -1}
        freed = count = 0
        while freed < wanted:
            found = await self._means.find(_OLD, values)
            if not found:
                break
            taken, size = self._take([row for row in found if row.state in states], wanted - freed)
            await lose_logs(self._means, taken)
            freed, count = freed + size, count + len(taken)
            last = found[-1]
            values |= {"after_job": last.job, "after_end": last.ended_at, "after_number": last.number}
        return freed, count

    def _take(self, found: Sequence[Any], wanted: int) -> tuple[list[WithLogs], int]:
        """As many runs as are needed, and the bytes they take; all attempts of a run go with it."""
        taken: dict[tuple[str, int], WithLogs] = {}
        size = 0
        for row in found:
            if size >= wanted and (row.job, row.number) not in taken:
                break
            taken[row.job, row.number] = WithLogs(row.job, row.number, row.log_name)
            size += ATTEMPT_BYTES + min(row.log_size, self._cap(row.job))
        return list(taken.values()), size

    def _cap(self, job: str) -> int:
        job = job.partition(".")[0]  # of children that of their parent
        return self._kept[job].output if job in self._kept else _CAP
