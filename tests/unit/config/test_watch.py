"""Watching real directories, with a clock that tests move."""

from __future__ import annotations

import asyncio
import errno
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from asyncinotify import Inotify

from fakes.clock import FakeClock
from rota.config import watch
from rota.config.jobset import JobReader
from rota.config.watch import QUIET, Turn, changes
from rota.core.errors import Unavailable
from rota.core.seams import Clock


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "srv" / "jobs.d"
    made.mkdir(parents=True)
    (made / "a.yaml").write_text("run: x\n")
    return made


class Watched:
    """What `changes` yielded, counted; the turn at its beginning left out."""

    def __init__(self, clock: FakeClock, turns: AsyncIterator[Turn]) -> None:
        self._clock = clock
        self._turns = turns
        self._next: asyncio.Future[Turn] | None = None

    async def after(self, do: Callable[[], object]) -> None:
        """Do something, and wait for the turn that it leads to."""
        turn = asyncio.ensure_future(anext(self._turns))
        await self._clock.settle()
        do()
        await self.seen()
        await self._clock.advance(QUIET)
        await asyncio.wait_for(turn, timeout=30)

    async def until(self, turn: asyncio.Future[Turn]) -> None:
        """Time passes, and the kernel tells, until the turn has come."""
        async with asyncio.timeout(30):
            while not turn.done():
                await self._kernel()
                await self._clock.advance(QUIET)

    async def seen(self) -> None:
        """The kernel has told, so that the quiet time is being waited for."""
        async with asyncio.timeout(30):
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

        await asyncio.wait_for(turn, timeout=30)


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


def by_renaming(path: Path, text: str) -> None:
    """As rsync, git and most editors write: a new file takes the name."""
    aside = path.with_name(f".{path.name}.tmp")
    aside.write_text(text)
    aside.replace(path)


def with_a_backup(path: Path, text: str) -> None:
    """As vim and emacs write: the old file is moved aside first."""
    path.rename(path.with_name(f"{path.name}~"))
    path.write_text(text)


@pytest.mark.parametrize("write", [by_renaming, with_a_backup])
async def test_however_an_editor_writes_it_is_one_turn_and_the_new_text_is_read(
    folder: Path, clock: FakeClock, write: Callable[[Path, str], None]
) -> None:
    reader = JobReader([folder])
    async with watching(clock, folder) as watched:
        await watched.after(lambda: write(folder / "a.yaml", "title: New\nrun: y\n"))

        assert reader.read().jobs["a"].title == "New"


async def test_a_file_that_is_still_being_written_is_waited_for(folder: Path, clock: FakeClock) -> None:
    async with watching(clock, folder) as watched:
        turn = asyncio.ensure_future(anext(watched._turns))
        with (folder / "a.yaml").open("w") as opened:
            opened.write("title: half of")
            opened.flush()
            await watched.seen()
            for _ in range(5):
                await clock.advance(QUIET)
                await watched._kernel()
            assert not turn.done()

        await watched.until(turn)


async def test_who_never_closes_a_file_does_not_stop_the_others(folder: Path, clock: FakeClock) -> None:
    async with watching(clock, folder) as watched:
        turn = asyncio.ensure_future(anext(watched._turns))
        with (folder / "a.yaml").open("w") as opened:
            opened.write("title: half of")
            opened.flush()
            await watched.seen()
            await clock.advance(QUIET * 60)

            await asyncio.wait_for(turn, timeout=30)


async def test_a_volume_of_a_config_map_changes_as_a_whole(tmp_path: Path, clock: FakeClock) -> None:
    """Files are links to `..data/name`, and `..data` is a link that is exchanged."""
    folder = tmp_path / "jobs.d"
    for release in ("one", "two"):
        (folder / f"..{release}").mkdir(parents=True)
        for name in ("a", "b"):
            (folder / f"..{release}" / f"{name}.yaml").write_text(f"title: {release}\nrun: x\n")
    (folder / "..data").symlink_to("..one")
    for name in ("a", "b"):
        (folder / f"{name}.yaml").symlink_to(f"..data/{name}.yaml")
    reader = JobReader([folder])
    before = reader.read()

    def exchange() -> None:
        (folder / "..data_tmp").symlink_to("..two")
        (folder / "..data_tmp").replace(folder / "..data")

    async with watching(clock, folder) as watched:
        await watched.after(exchange)

    after = reader.read(before)
    assert [each.title for each in before.jobs.values()] == ["one", "one"]
    assert [each.title for each in after.jobs.values()] == ["two", "two"]
    assert after.problems == ()


async def test_a_job_directory_that_is_a_link_may_be_exchanged(tmp_path: Path, clock: FakeClock) -> None:
    for release in ("one", "two"):
        (tmp_path / release).mkdir()
        (tmp_path / release / "a.yaml").write_text(f"title: {release}\nrun: x\n")
    current = tmp_path / "jobs.d"
    current.symlink_to("one")
    reader = JobReader([current])
    before = reader.read()

    def exchange() -> None:
        (tmp_path / "next").symlink_to("two")
        (tmp_path / "next").replace(current)

    async with watching(clock, current) as watched:
        await watched.after(exchange)
        assert reader.read(before).jobs["a"].title == "two"
        await watched.after(lambda: (tmp_path / "two" / "a.yaml").write_text("title: later\nrun: x\n"))


async def test_more_changes_than_the_kernel_can_queue_are_one_turn_in_which_all_is_seen(
    folder: Path, clock: FakeClock
) -> None:
    """As by a checkout of very many files; the queue of inotify holds 16,384 events."""

    def many_changes() -> None:
        with (folder / "a.yaml").open("wb", 0) as one, (folder / "b.yaml").open("wb", 0) as other:
            for _ in range(9000):
                one.write(b"#")
                other.write(b"#")
        (folder / "sub").mkdir()

    async with watching(clock, folder) as watched:
        turn = asyncio.ensure_future(anext(watched._turns))
        await clock.settle()
        many_changes()
        await watched.seen()
        await watched.until(turn)

        await watched.after(lambda: (folder / "sub" / "c.yaml").write_text("run: y\n"))


async def test_without_an_inotify_instance_nobody_can_watch(
    folder: Path, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    def none_left() -> Inotify:
        raise OSError(errno.EMFILE, "Too many open files")

    monkeypatch.setattr(watch, "Inotify", none_left)

    with pytest.raises(Unavailable, match="max_user_instances"):
        await anext(changes([folder], clock))


async def test_what_changes_while_the_files_are_read_makes_the_turn_an_overtaken_one(
    folder: Path, clock: FakeClock
) -> None:
    async with watching(clock, folder) as watched:
        turn = asyncio.ensure_future(anext(watched._turns))
        await clock.settle()
        (folder / "a.yaml").write_text("run: y\n")
        await watched.until(turn)
        assert not turn.result().is_overtaken()

        (folder / "a.yaml").unlink()
        async with asyncio.timeout(30):
            while not turn.result().is_overtaken():
                await watched._kernel()
