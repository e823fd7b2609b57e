from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import Connection, text

from fakes.clock import FakeClock
from rota.store import vacuum
from rota.store.ledger import Ledger
from rota.store.pace import Pace
from rota.store.vacuum import give_back

CLOCK = FakeClock(datetime(2026, 6, 1, 12, tzinfo=UTC))


@pytest.fixture
async def ledger(tmp_path: Path) -> AsyncIterator[Ledger]:
    opened = Ledger.open(tmp_path / "ledger.db", CLOCK)
    await opened.save_definitions({f"{n}": "x" * 3000 for n in range(400)})
    yield opened
    await opened.close()


async def pages(ledger: Ledger, what: str) -> int:
    def read(connection: Connection) -> int:
        return int(connection.execute(text(f"PRAGMA {what}")).scalar_one())

    return await ledger.read(read)


async def empty(ledger: Ledger) -> None:
    await ledger.write(lambda connection: connection.execute(text("DELETE FROM definitions")))


async def test_room_that_new_runs_will_use_soon_stays(ledger: Ledger) -> None:
    await empty(ledger)

    assert await give_back(ledger, Pace(ledger, CLOCK)) == 0


async def test_much_room_goes_back_to_the_disk(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vacuum, "_ENOUGH", 40)
    before = await pages(ledger, "page_count")
    await empty(ledger)
    free = await pages(ledger, "freelist_count")

    given = await give_back(ledger, Pace(ledger, CLOCK))

    assert given > free // 2
    assert await pages(ledger, "page_count") == before - given
    assert await pages(ledger, "freelist_count") == free - given
