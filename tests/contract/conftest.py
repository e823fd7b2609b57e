"""Both stores, one after the other: the one in memory and the ledger."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from fakes.clock import FakeClock
from fakes.recorded import NOON
from fakes.store import MemoryStore
from rota.core.seams import Store
from rota.store.ledger import Ledger


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock(NOON)


@pytest.fixture(params=["memory", "ledger"])
async def store(request: pytest.FixtureRequest, tmp_path: Path, clock: FakeClock) -> AsyncIterator[Store]:
    if request.param == "memory":
        yield MemoryStore(clock=clock)
        return
    ledger = Ledger.open(tmp_path / "ledger.db", clock)
    yield ledger
    await ledger.close()
