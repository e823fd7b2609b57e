from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from fakes.clock import FakeClock
from rota.core.board import BARS, bar
from rota.core.run import Run, RunState, TriggeredBy
from rota.store import histories
from rota.store.ledger import Ledger
from rota.store.tables import histories as table

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)


@pytest.fixture
async def ledger(tmp_path: Path) -> AsyncIterator[Ledger]:
    opened = Ledger.open(tmp_path / "ledger.db", FakeClock(NOON))
    yield opened
    await opened.close()


async def begun(ledger: Ledger, count: int) -> list[Run]:
    made = [
        Run(
            job="backup",
            number=0,
            state=RunState.RUNNING,
            triggered_by=TriggeredBy.MANUAL,
            created_at=NOON + timedelta(minutes=n),
            started_at=NOON + timedelta(minutes=n, milliseconds=7),
        )
        for n in range(count)
    ]
    return [run for run in await ledger.add(made) if run is not None]


async def end(ledger: Ledger, run: Run, state: RunState = RunState.COMPLETED) -> Run:
    ended = replace(run, state=state, ended_at=run.created_at + timedelta(seconds=90))
    await ledger.save(ended)
    return ended


async def test_each_end_is_kept_as_its_bar(ledger: Ledger) -> None:
    one, two, three, _open = await begun(ledger, 4)
    ended = [
        await end(ledger, two, RunState.FAILED),  # ends in any order
        await end(ledger, one),
        await end(ledger, three, RunState.CANCELLED),
    ]

    kept = await ledger.read(lambda connection: histories.read(connection, BARS))

    assert kept == {"backup": [bar(run) for run in sorted(ended, key=lambda run: run.number)]}


async def test_more_than_are_shown_are_not_kept(ledger: Ledger) -> None:
    for run in await begun(ledger, histories.KEPT + 30):
        await end(ledger, run)

    def length(connection: object) -> int:
        text = connection.execute(table.select()).one().ends  # type: ignore[attr-defined]
        return len(text) // 32

    assert await ledger.read(length) == histories.KEPT
    assert [found.number for found in (await ledger.bars(3))["backup"]] == [96, 97, 98]


async def test_a_run_that_is_deleted_is_no_bar_any_more(ledger: Ledger) -> None:
    runs = [await end(ledger, run) for run in await begun(ledger, 5)]

    await ledger.write(ledger.deleting([("backup", 2), ("backup", 5)]))

    assert (await ledger.bars(60))["backup"] == [bar(runs[0]), bar(runs[2]), bar(runs[3])]


async def test_ends_of_an_older_rota_are_gathered_and_shown_already_before(ledger: Ledger) -> None:
    for run in await begun(ledger, 3):
        await end(ledger, run)
    told = await ledger.bars(60)
    await ledger.write(lambda connection: connection.execute(table.delete()))

    assert await ledger.bars(60) == told
    (missing,) = await ledger.read(lambda connection: histories.unknown(connection, 10))
    await ledger.write(lambda connection: histories.gather(connection, [missing]))

    assert await ledger.read(lambda connection: histories.unknown(connection, 10)) == []
    assert await ledger.read(lambda connection: histories.read(connection, 60)) == told


async def test_while_they_are_not_gathered_a_new_end_is_not_all_there_is(ledger: Ledger) -> None:
    one, two = await begun(ledger, 2)
    await end(ledger, one)
    await ledger.write(lambda connection: connection.execute(table.delete()))

    await end(ledger, two)

    assert [found.number for found in (await ledger.bars(60))["backup"]] == [1, 2]
