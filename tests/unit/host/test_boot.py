from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from fakes.clock import FakeClock
from fakes.store import MemoryStore
from rota.core.errors import Unavailable
from rota.core.instant import from_ms
from rota.core.seams import Boot
from rota.host.boot import read_boot, remembered

BOOT = Boot(id="b-1", at=from_ms(1_790_000_000_000))


def test_the_kernel_tells_when_the_host_began(tmp_path: Path) -> None:
    (tmp_path / "stat").write_text("cpu 1 2 3\nctxt 5\nbtime 1790000000\nprocesses 9\n")

    assert read_boot(tmp_path).at == from_ms(1_790_000_000_000)
    assert read_boot().id


async def test_a_later_start_of_the_daemon_sees_the_same_instant() -> None:
    clock = FakeClock()
    store = MemoryStore(clock=clock)
    wobbled = Boot(id=BOOT.id, at=BOOT.at + timedelta(seconds=1))

    assert await remembered(BOOT, store, clock.now()) == BOOT
    assert await remembered(wobbled, store, clock.now()) == BOOT


async def test_a_clock_that_was_set_since_gives_a_new_instant() -> None:
    clock = FakeClock()
    store = MemoryStore(clock=clock)
    moved = Boot(id=BOOT.id, at=BOOT.at + timedelta(days=365))

    await remembered(BOOT, store, clock.now())

    assert await remembered(moved, store, clock.now()) == moved
    assert await remembered(moved, store, clock.now()) == moved


async def test_a_ledger_that_can_not_be_written_is_no_reason_not_to_begin() -> None:
    clock = FakeClock()
    store = MemoryStore(clock=clock, broken=Unavailable("the disk is full"))

    assert await remembered(BOOT, store, clock.now()) == BOOT
