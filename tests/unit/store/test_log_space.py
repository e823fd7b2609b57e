from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from fakes.clock import FakeClock
from rota.core.retention import ATTEMPT_BYTES, Kept
from rota.core.run import Attempt, Run, RunState, StepState, TriggeredBy
from rota.store.ledger import Ledger
from rota.store.log_space import Eased, ease
from rota.store.pace import Pace
from rota.store.retention import Means

NOW = datetime(2026, 6, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)
LOG = 100_000
EACH = ATTEMPT_BYTES + LOG


@pytest.fixture
async def ledger(tmp_path: Path) -> AsyncIterator[Ledger]:
    opened = Ledger.open(tmp_path / "ledger.db", FakeClock(NOW))
    yield opened
    await opened.close()


async def add(
    ledger: Ledger, job: str, *, hours_ago: int, state: RunState = RunState.COMPLETED, tries: int = 1
) -> None:
    at = NOW - hours_ago * HOUR
    made = [
        Attempt(
            id=f"{job}{n}",
            n=n,
            state=StepState.COMPLETED,
            created_at=at,
            ended_at=at + HOUR / 9,
            log_size=LOG,
        )
        for n in range(1, tries + 1)
    ]
    run = Run(
        job=job,
        number=0,
        state=RunState.RUNNING,
        triggered_by=TriggeredBy.MANUAL,
        created_at=at,
        attempts=tuple(made),
    )
    (stored,) = await ledger.add([run])
    assert stored is not None
    await ledger.save(replace(stored, state=state, ended_at=at if state.is_final else None))


async def eased(ledger: Ledger, limit: int, **kept: Kept) -> tuple[Eased, list[str]]:
    removed: list[str] = []

    async def remove(job: str, number: int) -> None:
        removed.append(f"{job}.{number}")

    means = Means(ledger=ledger, remove_logs=remove, pace=Pace(ledger, FakeClock(NOW)))
    return await ease(means, {"a": Kept(), "b": Kept(), **kept}, limit), removed


async def test_within_the_limit_all_logs_stay(ledger: Ledger) -> None:
    await add(ledger, "a", hours_ago=1)

    found, removed = await eased(ledger, EACH)

    assert (found, removed) == (Eased(used=EACH, limit=EACH), [])


async def test_the_oldest_of_good_runs_go_first_whatever_their_job(ledger: Ledger) -> None:
    for job, hours in (("a", 1), ("a", 9), ("b", 20), ("b", 2)):
        await add(ledger, job, hours_ago=hours)

    found, removed = await eased(ledger, 3 * EACH)

    assert removed == ["b.1"] or sorted(removed) == ["a.2", "b.1"]
    assert found.used - found.freed <= found.limit


async def test_logs_of_failed_runs_go_when_those_of_good_ones_are_not_enough(ledger: Ledger) -> None:
    await add(ledger, "a", hours_ago=50, state=RunState.FAILED)
    await add(ledger, "a", hours_ago=1)
    await add(ledger, "a", hours_ago=40, state=RunState.CANCELLED)

    _, few = await eased(ledger, int(2.2 * EACH))
    _, more = await eased(ledger, int(1.2 * EACH))

    assert (few, more) == (["a.2"], ["a.1"])


async def test_a_run_that_goes_on_loses_nothing_and_is_told(ledger: Ledger) -> None:
    await add(ledger, "a", hours_ago=100, state=RunState.RETRYING)

    found, removed = await eased(ledger, 10)

    assert removed == []
    assert found.is_too_much


async def test_all_attempts_of_a_run_go_together_and_once(ledger: Ledger) -> None:
    await add(ledger, "a", hours_ago=9, tries=3)

    found, removed = await eased(ledger, 10)

    assert removed == ["a.1"]
    assert found.freed == 3 * EACH
    assert (await eased(ledger, 10))[0].used == 0


async def test_what_a_job_wrote_beyond_its_limit_takes_no_room(ledger: Ledger) -> None:
    await add(ledger, "a", hours_ago=9)

    found, _ = await eased(ledger, 10**9, a=Kept(output=1000))

    assert found.used == ATTEMPT_BYTES + 1000


async def test_many_jobs_are_walked_page_by_page(ledger: Ledger) -> None:
    for n in range(250):
        await add(ledger, f"j{n}", hours_ago=n)

    found, removed = await eased(ledger, 50 * EACH)

    assert len(removed) == found.runs
    assert 50 * EACH * 0.9 <= found.used - found.freed <= 50 * EACH
    oldest_left = max(n for n in range(250) if f"j{n}.1" not in removed)
    assert oldest_left <= 60  # ages are told apart by hours
