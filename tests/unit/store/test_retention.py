from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, event

from fakes.clock import FakeClock
from rota.core.batch import Chunk
from rota.core.retention import Kept
from rota.core.run import Attempt, Children, Run, RunState, StepState, TriggeredBy
from rota.core.seams import JobRecord, RunQuery
from rota.store.families import sweep_children
from rota.store.ledger import Ledger
from rota.store.pace import Pace
from rota.store.retention import Means, Swept, rules_by_job, sweep

NOW = datetime(2026, 6, 1, tzinfo=UTC)
DAY = timedelta(days=1)
KEPT = Kept(runs=1)


class Directories:
    """Log directories that remember what was removed."""

    def __init__(self) -> None:
        self.removed: list[str] = []

    async def remove(self, job: str, number: int) -> None:
        self.removed.append(f"{job}.{number}")


class Refusing(Directories):
    """Log directories that can't be removed."""

    async def remove(self, job: str, number: int) -> None:
        raise OSError("read-only")


CLOCK = FakeClock(NOW)


async def swept(ledger: Ledger, logs: Directories, kept: Kept = KEPT, **others: Kept) -> Swept:
    means = Means(ledger=ledger, remove_logs=logs.remove, pace=Pace(ledger, CLOCK))
    return await sweep(means, {"backup": kept, **others}, NOW)


@pytest.fixture
async def ledger(tmp_path: Path) -> AsyncIterator[Ledger]:
    opened = Ledger.open(tmp_path / "ledger.db", CLOCK)
    yield opened
    await opened.close()


@pytest.fixture
def logs() -> Directories:
    return Directories()


async def add(
    ledger: Ledger, *, days_ago: float, state: RunState = RunState.COMPLETED, job: str = "backup"
) -> None:
    at = NOW - days_ago * DAY
    attempt = Attempt(id=f"a{days_ago}", state=StepState.COMPLETED, created_at=at, ended_at=at)
    run = Run(
        job=job,
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

    found = await swept(ledger, logs, Kept(rows=365 * DAY, runs=1))

    assert logs.removed == ["backup.1", "backup.3"]
    assert (found.logs, found.runs) == (2, 0)


async def test_a_log_is_named_once(ledger: Ledger, logs: Directories) -> None:
    await add(ledger, days_ago=31)

    await swept(ledger, logs, KEPT)
    await swept(ledger, logs, KEPT)

    assert logs.removed == ["backup.1"]


async def test_logs_that_could_not_be_removed_are_named_again_and_keep_their_rows(ledger: Ledger) -> None:
    await add(ledger, days_ago=100)
    await add(ledger, days_ago=0)
    with pytest.raises(OSError, match="read-only"):
        await swept(ledger, Refusing())

    assert await numbers(ledger) == [1, 2]


async def test_rows_go_after_their_time_with_their_attempts(ledger: Ledger, logs: Directories) -> None:
    for days in (100, 95, 80, 1):
        await add(ledger, days_ago=days)

    found = await swept(ledger, logs, KEPT)

    assert found.runs == 2
    assert await numbers(ledger) == [3, 4]


async def test_the_newest_runs_of_a_job_stay_whatever_their_age(ledger: Ledger, logs: Directories) -> None:
    for days in (300, 200, 100):
        await add(ledger, days_ago=days)

    await swept(ledger, logs, Kept(runs=2))

    assert await numbers(ledger) == [2, 3]


async def test_a_run_that_is_not_over_stays(ledger: Ledger, logs: Directories) -> None:
    await add(ledger, days_ago=100, state=RunState.RETRYING)
    await add(ledger, days_ago=1)

    await swept(ledger, logs, KEPT)

    assert await numbers(ledger) == [1, 2]


async def test_numbers_of_deleted_runs_are_never_used_again(ledger: Ledger, logs: Directories) -> None:
    await add(ledger, days_ago=100)

    await swept(ledger, logs, Kept(runs=0))
    await add(ledger, days_ago=0)

    assert await numbers(ledger) == [2]


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

    found = await swept(ledger, logs, KEPT)

    assert logs.removed == [f"backup.{number}" for number in range(1, 451)]
    assert (found.logs, found.runs) == (450, 449)


async def test_no_more_runs_stay_than_may_however_young_and_their_logs_go_first(
    ledger: Ledger, logs: Directories
) -> None:
    for days in (5, 4, 3, 2, 1):
        await add(ledger, days_ago=days)

    found = await swept(ledger, logs, Kept(max_runs=2))

    assert logs.removed == ["backup.1", "backup.2", "backup.3"]
    assert (found.runs, await numbers(ledger)) == (3, [4, 5])


async def test_no_more_runs_keep_their_logs_than_may(ledger: Ledger, logs: Directories) -> None:
    for days in (3, 2, 1):
        await add(ledger, days_ago=days, state=RunState.FAILED)

    await swept(ledger, logs, Kept(max_logs=1))

    assert logs.removed == ["backup.1", "backup.2"]
    assert await numbers(ledger) == [1, 2, 3]


async def test_a_run_under_way_loses_no_log_to_a_number(ledger: Ledger, logs: Directories) -> None:
    await add(ledger, days_ago=3, state=RunState.RETRYING)
    await add(ledger, days_ago=2)

    await swept(ledger, logs, Kept(max_runs=1, max_logs=1))

    assert logs.removed == []
    assert await numbers(ledger) == [1, 2]


async def test_each_job_is_kept_by_its_own_rules(ledger: Ledger, logs: Directories) -> None:
    await add(ledger, days_ago=10)
    await add(ledger, days_ago=10, job="audit")
    await add(ledger, days_ago=10, job="noisy")

    strict = Kept(logs=DAY, failed_logs=DAY, rows=2 * DAY, runs=0)
    await swept(ledger, logs, KEPT, audit=Kept(), noisy=strict)

    assert logs.removed == ["noisy.1"]
    assert sorted(run.job for run in (await ledger.runs(RunQuery())).runs) == ["audit", "backup"]


class InForce:
    """What is kept of each job: `noisy` is in force, of others only a definition is left."""

    of_all = KEPT

    def of_job(self, job: str) -> Kept | None:
        return Kept(logs=DAY) if job == "noisy" else None

    def of_definition(self, text: str) -> Kept:
        return Kept(max_runs=int(text))


async def test_a_removed_job_is_kept_as_it_said_itself(ledger: Ledger) -> None:
    await ledger.save_definitions({"h": "7"})
    await ledger.save_records([JobRecord(job="noisy"), JobRecord(job="gone", definition="h")])
    await ledger.save_records([JobRecord(job="unknown", definition="lost")])

    found = await rules_by_job(ledger, InForce())

    assert found == {"noisy": Kept(logs=DAY), "gone": Kept(max_runs=7), "unknown": KEPT}


async def test_what_is_old_is_found_by_indexes_however_large_the_ledger_is(
    ledger: Ledger, logs: Directories
) -> None:
    await add(ledger, days_ago=100)
    plans: list[str] = []

    def explain(connection: Connection, _cursor: object, statement: str, values: Any, *_: object) -> None:
        if statement.lstrip().startswith("SELECT"):
            found = connection.connection.driver_connection.execute(f"EXPLAIN QUERY PLAN {statement}", values)  # type: ignore[union-attr]
            plans.extend(row[3] for row in found)

    event.listen(ledger._reading, "before_cursor_execute", explain)
    await swept(ledger, logs, Kept(max_runs=1))

    assert [plan for plan in plans if "SCAN" in plan and "SUBQUERY" not in plan and "anon" not in plan] == []
    assert any("ix_attempts_kept" in plan for plan in plans)
    assert not any("ix_runs" in plan for plan in plans)


async def add_parent(ledger: Ledger, *, days_ago: float, children: int) -> Run:
    at = NOW - days_ago * DAY
    run = Run(
        job="backup",
        number=0,
        state=RunState.RUNNING,
        triggered_by=TriggeredBy.MANUAL,
        created_at=at,
        children=Children(completed=children),
    )
    (parent,) = await ledger.add([run])
    assert parent is not None
    await ledger.save_chunks(parent.id, 1, [Chunk(place=n, items=(n,)) for n in range(1, children + 1)])
    for n in range(1, children + 1):
        attempt = Attempt(id=f"{parent.id}.{n}", state=StepState.COMPLETED, created_at=at, ended_at=at)
        child = replace(
            run,
            parent=parent.number,
            number=n,
            items=(n,),
            children=None,
            attempts=(attempt,),
            state=RunState.COMPLETED,
            ended_at=at,
        )
        await ledger.add_children([child])
    ended = replace(parent, state=RunState.COMPLETED, ended_at=at)
    await ledger.save(ended)
    return ended


async def test_children_lose_their_logs_with_their_parent_and_go_before_it(
    ledger: Ledger, logs: Directories
) -> None:
    old = await add_parent(ledger, days_ago=95, children=3)
    middle = await add_parent(ledger, days_ago=40, children=2)
    new = await add_parent(ledger, days_ago=1, children=2)

    means = Means(ledger=ledger, remove_logs=logs.remove, pace=Pace(ledger, CLOCK))
    found = await sweep_children(means, {"backup": KEPT}, NOW)
    await sweep(means, {"backup": KEPT}, NOW)

    assert (found.logs, found.runs) == (5, 3)
    assert sorted(logs.removed) == [*(f"{old.id}.{n}" for n in (1, 2, 3)), f"{middle.id}.1", f"{middle.id}.2"]
    assert await numbers(ledger) == [middle.number, new.number]
    assert (await ledger.runs(RunQuery(job=old.id))).total == 0
    assert (await ledger.runs(RunQuery(job=middle.id))).total == 2
    assert len(await ledger.chunks(new.id, 0, 9)) == 2
    assert not await ledger.chunks(old.id, 0, 9)


async def test_a_parent_stays_as_long_as_it_has_children(ledger: Ledger, logs: Directories) -> None:
    await add_parent(ledger, days_ago=95, children=1)
    await add(ledger, days_ago=1)

    await swept(ledger, logs)

    assert await numbers(ledger) == [1, 2]
