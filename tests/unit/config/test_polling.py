"""Looking at real directories now and then, with a clock that tests move."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from fakes.clock import FakeClock
from rota.config.polling import POLL, polled


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "jobs.d"
    made.mkdir()
    (made / "a.yaml").write_text("run: x\n")
    return made


async def looks(clock: FakeClock, times: int) -> None:
    """So many looks, each of which ends before the next."""
    for _ in range(times):
        await until_it_sleeps(clock)
        await clock.advance(POLL)
    await until_it_sleeps(clock)


def move(one: Path, other: Path) -> None:
    one.rename(other)


async def until_it_sleeps(clock: FakeClock) -> None:
    async with asyncio.timeout(30):
        while not clock.sleepers:
            await asyncio.get_running_loop().run_in_executor(None, lambda: None)


async def test_a_change_is_told_once_it_has_rested_and_only_once(folder: Path) -> None:
    clock, turns = FakeClock(), 0

    async def count() -> None:
        nonlocal turns
        async for _ in polled([folder], clock):
            turns += 1

    counting = asyncio.create_task(count())
    await looks(clock, 3)
    assert turns == 1  # the one at the beginning

    (folder / "b.yaml").write_text("run: x\n")
    await looks(clock, 1)
    assert turns == 1
    await looks(clock, 3)
    assert turns == 2

    (folder / "b.yaml").unlink()
    await looks(clock, 2)
    assert turns == 3
    counting.cancel()
    await asyncio.wait([counting])


async def test_a_directory_that_vanishes_is_a_change_and_so_is_its_return(folder: Path) -> None:
    clock, turns = FakeClock(), 0
    aside = folder.with_name("aside")

    async def count() -> None:
        nonlocal turns
        async for _ in polled([folder], clock):
            turns += 1

    counting = asyncio.create_task(count())
    await until_it_sleeps(clock)
    move(folder, aside)
    await looks(clock, 2)
    assert turns == 2
    move(aside, folder)
    await looks(clock, 2)
    assert turns == 3
    counting.cancel()
    await asyncio.wait([counting])
