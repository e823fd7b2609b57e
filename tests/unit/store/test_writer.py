"""Who waits for the disk at the same time waits together."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Connection, text

from rota.core.errors import Unavailable
from rota.store.database import open_engine
from rota.store.writer import Writer


@pytest.fixture
def writer(tmp_path: Path) -> Iterator[Writer]:
    path = tmp_path / "ledger.db"
    writer = Writer(open_engine(path, writes=True), path, finish=lambda _: None, forget=lambda: None)
    yield writer
    asyncio.run(writer.close())


async def test_what_is_asked_for_in_one_turn_of_the_loop_is_one_transaction(writer: Writer) -> None:
    answers = await asyncio.gather(*(writer.write(lambda _, n=n: n) for n in range(500)))  # type: ignore[misc]

    assert answers == list(range(500))
    assert writer.transactions == 1


async def test_a_transaction_has_its_bound(writer: Writer) -> None:
    await asyncio.gather(*(writer.write(lambda _: None) for _ in range(2500)))

    assert writer.transactions == 3


async def test_one_that_fails_harms_no_other_of_its_transaction(writer: Writer) -> None:
    def fail(_: Connection) -> None:
        raise ValueError("mine alone")

    await writer.write(lambda connection: connection.execute(text("CREATE TABLE seen (n)")))
    wishes = [
        writer.write(lambda connection: connection.execute(text("INSERT INTO seen VALUES (1)")).rowcount)
    ]
    found = await asyncio.gather(*wishes, writer.write(fail), return_exceptions=True)

    assert found[0] == 1
    assert str(found[1]) == "mine alone"


async def test_what_was_asked_for_before_the_end_is_written(writer: Writer) -> None:
    asked = asyncio.ensure_future(writer.write(lambda _: "written"))
    await asyncio.wait([asked], timeout=0)

    await writer.close()

    assert await asked == "written"
    with pytest.raises(Unavailable):
        await writer.write(lambda _: None)
