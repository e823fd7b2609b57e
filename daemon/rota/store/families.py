"""Children go with their parent: their logs when its own would go, their rows just before its row.

A parent may have a hundred thousand of them, so they go in steps like everything else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, delete, func, select, text

from rota.core.instant import to_ms
from rota.core.retention import Kept
from rota.core.run import RunState, parse_run_id
from rota.store.retention import FINAL, OLD_LOGS, Means, Swept, WithLogs, lose_logs
from rota.store.tables import attempts, chunks, jobs, runs

_PAGE = 200
_CHUNK = 400  # numbers in one IN list
# One step along the index for each name, however many rows it has.
_SERIES = text(
    "WITH RECURSIVE names(job) AS (SELECT min(job) FROM runs UNION ALL "
    "SELECT (SELECT min(job) FROM runs WHERE runs.job > names.job) FROM names WHERE names.job IS NOT NULL) "
    "SELECT job FROM names WHERE job LIKE '%.%'"
)
_CHILDREN = select(runs.c.number).where(runs.c.job == bindparam("series")).limit(_PAGE)
_KEPT_LOG = (
    select(attempts.c.number).where(attempts.c.job == bindparam("series"), attempts.c.log_kept).limit(1)
)
_FIRST_CHUNK = select(func.min(chunks.c.position)).where(
    chunks.c.job == bindparam("of_job"), chunks.c.number == bindparam("of_number")
)
_DROP_CHUNKS = delete(chunks).where(
    chunks.c.job == bindparam("of_job"),
    chunks.c.number == bindparam("of_number"),
    chunks.c.position < bindparam("upto"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Parent:
    """A parent that has ended, and how many runs of its job came after it."""

    job: str
    number: int
    is_failed: bool
    created_at: int
    ended_at: int
    later: int

    @property
    def series(self) -> str:
        return f"{self.job}.{self.number}"

    def loses_logs(self, kept: Kept, now: datetime) -> bool:
        age = kept.failed_logs if self.is_failed else kept.logs
        return self._is_surplus(kept.max_logs, kept) or self.ended_at < to_ms(now - age)

    def goes(self, kept: Kept, now: datetime) -> bool:
        old = self._is_surplus(None, kept) or self.created_at < to_ms(now - kept.rows)
        return old and self.later >= kept.least

    def _is_surplus(self, most: int | None, kept: Kept) -> bool:
        bounds = [bound for bound in (most, kept.max_runs) if bound is not None]
        return bool(bounds) and self.later >= min(bounds)


async def sweep_children(means: Means, kept: Mapping[str, Kept], now: datetime) -> Swept:
    """Let those go whose parents are kept no longer; `kept` is of each job. To be called before `sweep`."""
    logs = gone = 0
    for parent in await means.ledger.read(lambda connection: list(_parents(connection))):
        rule = kept.get(parent.job)
        if rule is None:
            continue
        if parent.loses_logs(rule, now):
            logs += await _lose_logs(means, parent.series, now)
        if parent.goes(rule, now) and not await means.find(_KEPT_LOG, {"series": parent.series}):
            gone += await _drop_children(means, parent)
    return Swept(logs=logs, runs=gone)


def _parents(connection: Connection) -> Iterator[_Parent]:
    numbers: dict[str, list[int]] = {}
    for series in connection.scalars(_SERIES):
        job, number = parse_run_id(series)
        numbers.setdefault(job, []).append(number)
    for job, found in numbers.items():
        last = connection.scalar(select(jobs.c.last_number).where(jobs.c.job == job)) or 0
        for start in range(0, len(found), _CHUNK):
            for row in connection.execute(_rows(job, found[start : start + _CHUNK])):
                yield _Parent(
                    job=job,
                    number=row.number,
                    is_failed=row.state == RunState.FAILED.value,
                    created_at=row.created_at,
                    ended_at=row.ended_at or row.created_at,
                    later=last - row.number,
                )


def _rows(job: str, numbers: Sequence[int]) -> Any:
    of_parents = runs.c.number.in_(numbers)
    return select(runs.c.number, runs.c.state, runs.c.created_at, runs.c.ended_at).where(
        runs.c.job == job, of_parents, runs.c.state.in_(FINAL)
    )


async def _lose_logs(means: Means, series: str, now: datetime) -> int:
    count = 0
    values = {"of_job": series, "before": to_ms(now) + 1, "after_end": -1, "after_number": -1}
    while found := await means.find(OLD_LOGS, values):
        lost = {row.number: WithLogs(row.job, row.number, row.log_name) for row in found}
        await lose_logs(means, list(lost.values()))
        count += len(lost)
        values |= {"after_end": found[-1].ended_at, "after_number": found[-1].number}
    return count


async def _drop_children(means: Means, parent: _Parent) -> int:
    count = 0
    means.pace.begin()
    while found := await means.find(_CHILDREN, {"series": parent.series}):
        for step in means.pace.steps([(parent.series, row.number) for row in found]):
            await means.pace.write(means.ledger.deleting(step), len(step))
            count += len(step)
    key = {"of_job": parent.job, "of_number": parent.number}
    while (first := (await means.find(_FIRST_CHUNK, key))[0][0]) is not None:
        rows = means.pace.rows
        await means.pace.write(_dropping({**key, "upto": first + rows}), rows)
    return count


def _dropping(values: Mapping[str, Any]) -> Callable[[Connection], None]:
    def drop(connection: Connection) -> None:
        connection.execute(_DROP_CHUNKS, dict(values))

    return drop
