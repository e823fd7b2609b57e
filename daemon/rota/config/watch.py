"""Notices that something in the job directories changed."""

from __future__ import annotations

import asyncio
import errno
import os
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

from asyncinotify import Event, Inotify, Mask

from rota.config.mounts import told_of_mounts
from rota.core.errors import Unavailable
from rota.core.seams import Clock

QUIET = timedelta(milliseconds=200)

_LONGEST_UNREST = 50  # times `quiet`: after that a directory that never rests is read as it is
_NAMES = Mask.CREATE | Mask.DELETE | Mask.MOVE | Mask.ATTRIB | Mask.ONLYDIR
_WRITTEN = Mask.CLOSE_WRITE | Mask.DELETE | Mask.MOVED_FROM
_ALL = _NAMES | Mask.MODIFY | Mask.CLOSE_WRITE | Mask.DELETE_SELF | Mask.MOVE_SELF


async def changes(
    directories: Sequence[Path], clock: Clock, *, files: Sequence[Path] = (), quiet: timedelta = QUIET
) -> AsyncIterator[Turn]:
    """Yields when watching has begun, then each time something changed and nothing more did for `quiet`.

    So a consumer that reads the directories at each turn misses nothing. Sub-folders that appear are watched
    too; a directory that is missing, vanishes or is exchanged by a link is watched for its return, and so are
    single `files` that lie elsewhere. A file that somebody is still writing is waited for, within bounds.
    Runs until its consumer is cancelled or closes it. Raises Unavailable when the kernel has no watches left.
    """
    unrest = _Unrest()
    with _inotify() as inotify, told_of_mounts([*directories, *files], unrest.changed.set):
        watches = _Watches(inotify, directories, files)
        watches.cover()
        listener = asyncio.create_task(_listen(inotify, watches, unrest))
        # What ends the listener must wake the loop below, which then raises it.
        listener.add_done_callback(lambda _: unrest.changed.set())
        try:
            yield Turn(unrest)
            while True:
                is_quiet = await unrest.over(clock, quiet)
                if listener.done():
                    listener.result()
                watches.cover()
                yield Turn(unrest if is_quiet else None)
        finally:
            listener.cancel()
            with suppress(asyncio.CancelledError):
                await listener


class Turn:
    """One reason to read the directories."""

    def __init__(self, unrest: _Unrest | None) -> None:
        self._unrest = unrest

    def is_overtaken(self) -> bool:
        """Whether something changed since: what was read may be half of it, and the next turn will come.

        Never said of directories that do not rest at all, so that they are read now and then.
        """
        return self._unrest is not None and self._unrest.changed.is_set()


def _inotify() -> Inotify:
    try:
        return Inotify()
    except OSError as error:
        raise Unavailable(
            "The kernel has no inotify instance left: raise fs.inotify.max_user_instances, "
            "or set `reload: signal` in rota.yaml."
        ) from error


async def _listen(inotify: Inotify, watches: _Watches, unrest: _Unrest) -> None:
    async for event in inotify:
        if watches.concerns(event):
            unrest.note(event)
            if Mask.ISDIR in event.mask:
                watches.cover()  # at once, for what is written into a new folder next


class _Unrest:
    """That something changed, and which files are being written."""

    def __init__(self) -> None:
        self.changed = asyncio.Event()
        self._written: set[tuple[int, str]] = set()  # by watch and name: begun, and not closed yet

    def note(self, event: Event) -> None:
        self.changed.set()
        if event.watch is None:  # the queue ran over: nobody knows which files were closed
            self._written.clear()
            return
        file = event.watch.wd, str(event.name)
        if Mask.MODIFY in event.mask:
            self._written.add(file)
        elif event.mask & _WRITTEN:
            self._written.discard(file)

    async def over(self, clock: Clock, quiet: timedelta) -> bool:
        """Return when something changed and all is quiet again; False when that does not come."""
        await self.changed.wait()
        for _ in range(_LONGEST_UNREST):
            if not self.changed.is_set() and not self._written:
                return True
            self.changed.clear()
            await clock.sleep(quiet.total_seconds())
        self.changed.clear()
        self._written.clear()
        return False


class _Watches:
    """Which folders are watched, and for what.

    Of the folders above a job directory only the one name on the way to it matters: that shows when the
    directory, or a link on the way, is made, moved or exchanged.
    """

    def __init__(self, inotify: Inotify, directories: Sequence[Path], files: Sequence[Path]) -> None:
        self._inotify = inotify
        self._roots = [path.absolute() for path in directories]
        self._files = [path.absolute() for path in files]
        self._names: dict[int, set[str] | None] = {}  # watch -> names that matter; None: all

    def cover(self) -> None:
        """Watch all that is there now and nothing else. Raises Unavailable."""
        self._names, before = {}, self._names
        for path in (*self._roots, *self._files):
            for name, folder in _way_to(path):
                self._add(folder, name)
        for file in self._files:
            self._add(file.parent, file.name, _ALL)
        entered: set[tuple[int, int]] = set()
        for root in self._roots:
            self._add_tree(root, entered)
        known = {watch.wd: watch for watch in self._inotify.watches}
        for number in before.keys() - self._names.keys():
            if number in known:
                with suppress(OSError):  # its folder went away meanwhile
                    self._inotify.rm_watch(known[number])

    def concerns(self, event: Event) -> bool:
        """Whether the event can change what the directories say."""
        if Mask.Q_OVERFLOW in event.mask:
            return True
        watch = event.watch
        if watch is None or Mask.IGNORED in event.mask or watch.wd not in self._names:
            return False
        names = self._names[watch.wd]
        return names is None or str(event.name) in names

    def _add_tree(self, folder: Path, entered: set[tuple[int, int]]) -> None:
        try:
            status = folder.stat()
            if (status.st_dev, status.st_ino) in entered:
                return
            entered.add((status.st_dev, status.st_ino))
            # First the watch, then what is in it: nothing can appear unseen between the two.
            self._add(folder, None, _ALL)
            with os.scandir(folder) as entries:  # which tells folders from thousands of files without a look
                inside = [Path(each) for each in entries if _is_folder(each) and each.name[0] != "."]
        except OSError:
            return  # missing or not readable: the watch above it tells when that changes
        for path in inside:
            self._add_tree(path, entered)

    def _add(self, folder: Path, name: str | None, mask: Mask = _NAMES) -> None:
        try:
            number = self._inotify.add_watch(
                folder, mask
            ).wd  # a later mask of a folder takes the place of it
        except OSError as error:
            if error.errno in (errno.ENOSPC, errno.EMFILE, errno.ENOMEM):
                raise Unavailable(
                    f"The kernel has no inotify watch left for {folder}: raise fs.inotify.max_user_watches, "
                    "or set `reload: signal` in rota.yaml."
                ) from error
            return
        if name is None:
            self._names[number] = None
        elif (names := self._names.setdefault(number, set())) is not None:
            names.add(name)


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # links in a circle
        return False


def _way_to(root: Path) -> list[tuple[str, Path]]:
    """Each folder above, with the name in it that leads on."""
    parts = [*reversed(root.parents), root]
    return [(below.name, above) for above, below in pairwise(parts)]
