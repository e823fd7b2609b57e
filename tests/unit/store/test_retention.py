from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from fakes.clock import FakeClock
from rota.core.run import Attempt, Run, RunState, StepState, TriggeredBy
from rota.core.seams import RunQuery
from rota.store.ledger import Ledger
from rota.store.retention import sweep

NOW = datetime(2026, 6, 1, tzinfo=UTC)
DAY = timedelta(days=1)


@dataclass(frozen=True, kw_only=True)
class Policy:
    rows: timedelta = 90 * DAY
    runs: int = 1
    logs: timedelta = 30 * DAY
    failed_logs: timedelta = 90 * DAY


class Directories:
    """Log directories that remember what was removed."""

    def __init__(self) -> None:
        self.removed: list[str] = []

    async def remove(self, job: str, number: int) -> None:
        self.removed.append(f"{job}.{number}")


@pytest.fixture
async def ledger(tmp_path: Path) -> AsyncIterator[Ledger]:
    opened = Ledger.open(tmp_path / "ledger.db", FakeClock(NOW))
    yield opened
    await opened.close()


@pytest.fixture
def logs() -> Directories:
    return Directories()


async def add(ledger: Ledger, *, days_ago: float, state: RunState = RunState.COMPLETED) -> None:
    at = NOW - days_ago * DAY
    attempt = Attempt(id=f"a{days_ago}", state=StepState.COMPLETED, created_at=at, ended_at=at)
    run = Run(
        job="backup",
        number=0,
        state=RunState.RUNNING,
        triggered_by=TriggeredBy.MANUAL,
        created_at=at,
        attempts=(attempt,),
    )
    (stored,) = await ledger.add([run])
    assert stored is not None
    await ledger.save(replace(stored, state=state, ended_at=at))


async def numbers(ledger: Ledger) -> list[int]:
    return sorted(run.number for run in (await ledger.runs(RunQuery())).runs)


async def test_logs_go_after_their_time_and_those_of_failed_runs_later(
    ledger: Ledger, logs: Directories
) -> None:
    await add(ledger, days_ago=91, state=RunState.FAILED)
    await add(ledger, days_ago=31, state=RunState.FAILED)
    await add(ledger, days_ago=32)
    await add(ledger, days_ago=1)

    swept = await sweep(ledger, Policy(rows=365 * DAY), logs.remove, NOW)

    assert logs.removed == ["backup.1", "backup.3"]
    assert (swept.logs, swept.runs) == (2, 0)


async def test_a_log_is_named_once(ledger: Ledger, logs: Directories) -> None:
    await add(ledger, days_ago=31)

    await sweep(ledger, Policy(), logs.remove, NOW)
    await sweep(ledger, Policy(), logs.remove, NOW)

    assert logs.removed == ["backup.1"]


async def test_logs_that_could_not_be_removed_are_named_again_and_keep_their_rows(ledger: Ledger) -> None:
    async def refuse(_job: str, _number: int) -> None:
        raise OSError("read-only")

    await add(ledger, days_ago=100)
    await add(ledger, days_ago=0)
    with pytest.raises(OSError, match="read-only"):
        await sweep(ledger, Policy(), refuse, NOW)

    assert await numbers(ledger) == [1, 2]


async def test_rows_go_after_their_time_with_their_attempts(ledger: Ledger, logs: Directories) -> None:
    for days in (100, 95, 80, 1):
        await add(ledger, days_ago=days)

    swept = await sweep(ledger, Policy(), logs.remove, NOW)

    assert swept.runs == 2
    assert await numbers(ledger) == [3, 4]


async def test_the_newest_runs_of_a_job_stay_whatever_their_age(ledger: Ledger, logs: Directories) -> None:
    for days in (300, 200, 100):
        await add(ledger, days_ago=days)

    await sweep(ledger, Policy(runs=2), logs.remove, NOW)

    assert await numbers(ledger) == [2, 3]


async def test_a_run_that_is_not_over_stays(ledger: Ledger, logs: Directories) -> None:
    await add(ledger, days_ago=100, state=RunState.RETRYING)
    await add(ledger, days_ago=1)

    await sweep(ledger, Policy(), logs.remove, NOW)

    assert await numbers(ledger) == [1, 2]


async def test_numbers_of_deleted_runs_are_never_used_again(ledger: Ledger, logs: Directories) -> None:
    await add(ledger, days_ago=100)

    await sweep(ledger, Policy(runs=0), logs.remove, NOW)
    await add(ledger, days_ago=0)

    assert await numbers(ledger) == [2]


async def test_facts_that_expired_are_gone_from_the_disk(ledger: Ledger, logs: Directories) -> None:
    await ledger.remember("session", "old", "x", NOW - DAY)
    await ledger.remember("session", "new", "x", NOW + DAY)

    await sweep(ledger, Policy(), logs.remove, NOW)

    def count(connection: object) -> object:
        return connection.exec_driver_sql("SELECT key FROM facts").scalars().all()  # type: ignore[attr-defined]

    assert await ledger.read(count) == ["new"]


async def test_more_than_one_step_is_done(ledger: Ledger, logs: Directories) -> None:
    old = NOW - 100 * DAY
    attempts = tuple(Attempt(id=f"a{n}", n=n, created_at=old, ended_at=old) for n in (1, 2))
    run = Run(
        job="backup",
        number=0,
        state=RunState.COMPLETED,
        triggered_by=TriggeredBy.MANUAL,
        created_at=old,
        ended_at=old,
        attempts=attempts,
    )
    await ledger.add([run] * 450)

    swept = await sweep(ledger, Policy(), logs.remove, NOW)

    assert logs.removed == [f"backup.{number}" for number in range(1, 451)]
    assert (swept.logs, swept.runs) == (450, 449)
