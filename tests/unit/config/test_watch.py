"""Watching real directories, with a clock that tests move."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from fakes.clock import FakeClock
from rota.config.watch import QUIET, changes
from rota.core.seams import Clock


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "srv" / "jobs.d"
    made.mkdir(parents=True)
    (made / "a.yaml").write_text("run: x\n")
    return made


class Watched:
    """What `changes` yielded, counted; the turn at its beginning left out."""

    def __init__(self, clock: FakeClock, turns: AsyncIterator[None]) -> None:
        self._clock = clock
        self._turns = turns
        self._next: asyncio.Future[None] | None = None

    async def after(self, do: Callable[[], object]) -> None:
        """Do something, and wait for the turn that it leads to."""
        turn = asyncio.ensure_future(anext(self._turns))
        await self._clock.settle()
        do()
        await self.seen()
        await self._clock.advance(QUIET)
        await asyncio.wait_for(turn, timeout=5)

    async def seen(self) -> None:
        """The kernel has told, so that the quiet time is being waited for."""
        async with asyncio.timeout(5):
            while not self._clock.sleepers:
                await self._kernel()

    async def _kernel(self) -> None:
        await asyncio.get_running_loop().run_in_executor(None, lambda: None)


@asynccontextmanager
async def watching(clock: Clock, *folders: Path, files: tuple[Path, ...] = ()) -> AsyncIterator[Watched]:
    turns = changes(folders, clock, files=files)
    await anext(turns)
    assert isinstance(clock, FakeClock)
    try:
        yield Watched(clock, turns)
    finally:
        await turns.aclose()  # type: ignore[attr-defined]


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


async def test_a_write_a_new_file_a_rename_and_a_removal_are_changes(folder: Path, clock: FakeClock) -> None:
    async with watching(clock, folder) as watched:
        await watched.after(lambda: (folder / "a.yaml").write_text("run: y\n"))
        await watched.after(lambda: (folder / "b.yaml").write_text("run: y\n"))
        await watched.after(lambda: (folder / "b.yaml").replace(folder / "a.yaml"))
        await watched.after(lambda: (folder / "a.yaml").unlink())


async def test_files_in_a_new_sub_folder_are_seen(folder: Path, clock: FakeClock) -> None:
    async with watching(clock, folder) as watched:
        await watched.after(lambda: (folder / "db" / "nightly").mkdir(parents=True))
        await watched.after(lambda: (folder / "db" / "nightly" / "c.yaml").write_text("run: x\n"))


async def test_a_directory_that_vanishes_is_watched_for_its_return(folder: Path, clock: FakeClock) -> None:
    aside = folder.parent / "aside"
    async with watching(clock, folder) as watched:
        await watched.after(lambda: folder.rename(aside))
        await watched.after(lambda: folder.mkdir())
        await watched.after(lambda: (folder / "new.yaml").write_text("run: x\n"))


async def test_a_directory_that_is_not_there_yet_is_waited_for(tmp_path: Path, clock: FakeClock) -> None:
    folder = tmp_path / "later" / "jobs.d"
    async with watching(clock, folder) as watched:
        await watched.after(lambda: folder.mkdir(parents=True))
        await watched.after(lambda: (folder / "new.yaml").write_text("run: x\n"))


async def test_a_link_on_the_way_that_is_exchanged_is_a_change(tmp_path: Path, clock: FakeClock) -> None:
    for release in ("one", "two"):
        (tmp_path / release / "jobs.d").mkdir(parents=True)
    current = tmp_path / "current"
    current.symlink_to(tmp_path / "one")

    def exchange() -> None:
        (tmp_path / "next").symlink_to(tmp_path / "two")
        (tmp_path / "next").replace(current)

    async with watching(clock, current / "jobs.d") as watched:
        await watched.after(exchange)
        await watched.after(lambda: (tmp_path / "two" / "jobs.d" / "a.yaml").write_text("run: x\n"))


async def test_changes_in_a_row_are_one_turn_after_the_last(folder: Path, clock: FakeClock) -> None:
    async with watching(clock, folder) as watched:
        turn = asyncio.ensure_future(anext(watched._turns))
        (folder / "a.yaml").write_text("run: 1\n")
        await watched.seen()
        (folder / "a.yaml").write_text("run: 2\n")
        await watched._kernel()
        await clock.advance(QUIET)
        assert not turn.done()

        await clock.advance(QUIET)

        await asyncio.wait_for(turn, timeout=5)


async def test_a_single_file_that_is_written_exchanged_or_removed_is_a_change(
    folder: Path, clock: FakeClock
) -> None:
    file = folder.parent / "school.ics"
    async with watching(clock, folder, files=(file,)) as watched:
        await watched.after(lambda: file.write_text("a"))
        await watched.after(lambda: file.write_text("b"))
        (folder.parent / "next").write_text("c")
        await watched.after(lambda: (folder.parent / "next").replace(file))
        await watched.after(file.unlink)
        await watched.after(lambda: (folder / "a.yaml").write_text("run: y\n"))


async def test_a_single_file_among_the_jobs_leaves_them_watched(folder: Path, clock: FakeClock) -> None:
    async with watching(clock, folder, files=(folder / "school.ics",)) as watched:
        await watched.after(lambda: (folder / "b.yaml").write_text("run: y\n"))
        await watched.after(lambda: (folder / "school.ics").write_text("x"))


async def test_neighbours_of_the_directory_are_nobodys_business(folder: Path, clock: FakeClock) -> None:
    async with watching(clock, folder) as watched:
        turn = asyncio.ensure_future(anext(watched._turns))
        (folder.parent / "other.yaml").write_text("x")
        await watched._kernel()
        await clock.advance(QUIET * 2)

        assert not turn.done()
        assert not clock.sleepers
        turn.cancel()
        await asyncio.wait([turn])
