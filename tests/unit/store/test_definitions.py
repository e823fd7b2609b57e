from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from fakes.clock import FakeClock
from rota.core.run import Attempt, Run, RunState, TriggeredBy
from rota.core.seams import JobRecord
from rota.store.definitions import prune
from rota.store.ledger import Ledger
from rota.store.pace import Pace

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
CLOCK = FakeClock(NOON)


@pytest.fixture
async def ledger(tmp_path: Path) -> AsyncIterator[Ledger]:
    """Four definitions from an earlier life: of a job, a run, an attempt, and one that nobody needs."""
    first = Ledger.open(tmp_path / "ledger.db", CLOCK)
    await first.save_definitions({hash_: "{}" for hash_ in ("job", "run", "attempt", "nobody")})
    await first.save_records([JobRecord(job="backup", definition="job")])
    attempt = Attempt(id="a", created_at=NOON, definition="attempt")
    await first.add(
        [
            Run(
                job="backup",
                number=0,
                state=RunState.COMPLETED,
                triggered_by=TriggeredBy.MANUAL,
                created_at=NOON,
                definition="run",
                attempts=(attempt,),
            )
        ]
    )
    await first.close()
    opened = Ledger.open(tmp_path / "ledger.db", CLOCK)
    yield opened
    await opened.close()


async def left(ledger: Ledger) -> list[str]:
    known = ("job", "run", "attempt", "nobody")
    return [hash_ for hash_ in known if await ledger.definition(hash_) is not None]


async def test_a_definition_goes_when_no_job_run_or_attempt_refers_to_it(ledger: Ledger) -> None:
    assert await prune(ledger, Pace(ledger, CLOCK)) == 1

    assert await left(ledger) == ["job", "run", "attempt"]


async def test_one_that_has_just_come_back_stays(ledger: Ledger) -> None:
    await ledger.save_definitions({"nobody": "{}"})

    assert await prune(ledger, Pace(ledger, CLOCK)) == 0


async def test_one_goes_with_its_last_run(ledger: Ledger) -> None:
    await ledger.write(ledger.deleting([("backup", 1)]))

    await prune(ledger, Pace(ledger, CLOCK))

    assert await left(ledger) == ["job"]
