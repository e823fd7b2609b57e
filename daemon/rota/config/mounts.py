"""Notices that something was mounted or unmounted where the job directories are: inotify never tells."""

from __future__ import annotations

import asyncio
import select
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

_TABLE = Path("/proc/self/mountinfo")  # proc_pid_mountinfo(5): poll(2) tells of its changes by POLLPRI


@contextmanager
def told_of_mounts(paths: Sequence[Path], changed: Callable[[], None]) -> Iterator[None]:
    """While it is open, `changed` is called when one of the paths has become another file by a mount.

    Without /proc nobody is told.
    """
    try:
        table = _TABLE.open("rb")
    except OSError:
        yield
        return
    loop = asyncio.get_running_loop()
    # The table is always readable; an epoll of its own is readable only when the table has changed.
    with table, select.epoll() as changes:
        changes.register(table, select.EPOLLPRI | select.EPOLLERR)
        look = _Look(paths, changes, changed)
        loop.add_reader(changes.fileno(), look)
        try:
            yield
        finally:
            loop.remove_reader(changes.fileno())


class _Look:
    def __init__(self, paths: Sequence[Path], changes: select.epoll, changed: Callable[[], None]) -> None:
        self._paths = paths
        self._changes = changes
        self._changed = changed
        self._seen = [_identity(path) for path in paths]

    def __call__(self) -> None:
        self._changes.poll(0)  # asked, it tells of the next change
        before, self._seen = self._seen, [_identity(path) for path in self._paths]
        if self._seen != before:
            self._changed()


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino
