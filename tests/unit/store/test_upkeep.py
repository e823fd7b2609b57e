from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select
from structlog.testing import capture_logs

from fakes.clock import FakeClock
from rota.core.retention import Kept
from rota.core.run import Attempt, Run, RunState, TriggeredBy
from rota.store.backup import backup_folder
from rota.store.ledger import Ledger
from rota.store.tables import facts
from rota.store.upkeep import Keep, Upkeep

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock(NOON)


@pytest.fixture
async def ledger(tmp_path: Path, clock: FakeClock) -> AsyncIterator[Ledger]:
    opened = Ledger.open(tmp_path / "ledger.db", clock)
    yield opened
    await opened.close()


async def remove(_job: str, _number: int) -> None:
    pass


class Rules:
    of_all = Kept()

    def of_job(self, job: str) -> Kept | None:
        return None

    def of_definition(self, text: str) -> Kept:
        return self.of_all


KEEP = Keep(rules=Rules(), log_limit=lambda: 4 * 2**30)


def backups(ledger: Ledger) -> list[str]:
    return sorted(file.name for file in backup_folder(ledger.path).glob("*"))


async def test_a_backup_is_taken_once_a_day(ledger: Ledger, clock: FakeClock) -> None:
    upkeep = Upkeep(ledger, clock, KEEP, remove)

    await upkeep.step()
    await upkeep.step()
    clock.step_wall(timedelta(days=1))
    await upkeep.step()

    assert backups(ledger) == ["ledger-2026-03-01.db", "ledger-2026-03-02.db"]


async def test_a_damaged_ledger_pushes_no_sound_backup_out(
    ledger: Ledger, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    upkeep = Upkeep(ledger, clock, KEEP, remove)
    monkeypatch.setattr("rota.store.upkeep.check", lambda _path, **_: ["page 3 is never used"])

    with capture_logs() as logs:
        await upkeep.step()

    assert backups(ledger) == []
    assert upkeep.damage == ("page 3 is never used",)
    assert [entry["event"] for entry in logs] == ["store.damaged"]


async def test_a_step_that_fails_is_logged_and_the_next_one_tries_again(
    ledger: Ledger, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_path: Path, **_: object) -> list[str]:
        raise OSError("disk is gone")

    upkeep = Upkeep(ledger, clock, KEEP, remove)
    with monkeypatch.context() as patched, capture_logs() as logs:
        patched.setattr("rota.store.upkeep.check", fail)
        await upkeep.step()
    await upkeep.step()

    assert [entry["event"] for entry in logs] == ["store.upkeep_failed"]
    assert len(backups(ledger)) == 1


async def test_the_first_step_waits_until_the_start_is_over(ledger: Ledger, clock: FakeClock) -> None:
    steps: list[datetime] = []
    looks: list[datetime] = []

    class Counting(Upkeep):
        async def step(self) -> None:
            steps.append(clock.now())

        async def look(self) -> None:
            looks.append(clock.now())

    task = asyncio.ensure_future(Counting(ledger, clock, KEEP, remove).run())
    await clock.advance(timedelta(hours=2))
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task

    assert [(at - NOON).total_seconds() for at in steps] == [60, 3660]
    assert [(at - NOON).total_seconds() for at in looks][:3] == [360, 660, 960]


async def test_facts_that_expired_are_gone_from_the_disk(ledger: Ledger, clock: FakeClock) -> None:
    await ledger.remember("session", "old", "x", NOON - timedelta(days=1))
    await ledger.remember("session", "new", "x", NOON + timedelta(days=1))

    await Upkeep(ledger, clock, KEEP, remove).step()

    assert await ledger.read(lambda connection: connection.scalars(select(facts.c.key)).all()) == ["new"]


async def test_logs_beyond_the_limit_are_told(ledger: Ledger, clock: FakeClock) -> None:
    running = Run(
        job="a",
        number=0,
        state=RunState.RUNNING,
        triggered_by=TriggeredBy.MANUAL,
        created_at=NOON,
        attempts=(Attempt(id="a1", created_at=NOON),),
    )
    await ledger.add([running])

    with capture_logs() as logs:
        await Upkeep(ledger, clock, replace(KEEP, log_limit=lambda: 1000), remove).look()

    assert [entry["event"] for entry in logs] == ["store.logs_too_large"]


async def test_the_end_of_the_daemon_waits_for_no_check(
    ledger: Ledger, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, ended = threading.Event(), threading.Event()

    def endless(_path: Path, *, is_stopped: Callable[[], bool]) -> list[str]:
        begun.set()
        while not is_stopped():
            pass
        ended.set()
        return []

    monkeypatch.setattr("rota.store.upkeep.check", endless)
    step = asyncio.ensure_future(Upkeep(ledger, clock, KEEP, remove).step())
    await asyncio.to_thread(begun.wait, 5)
    step.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await step

    assert await asyncio.to_thread(ended.wait, 5)
    assert backups(ledger) == []
