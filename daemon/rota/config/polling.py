"""Looks at the job directories now and then, where the kernel can't tell that they changed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from pathlib import Path

from rota.config.folder import listed
from rota.core.seams import Clock

POLL = timedelta(seconds=10)

_Look = tuple[object, ...]


async def polled(
    directories: Sequence[Path], clock: Clock, *, files: Sequence[Path] = (), every: timedelta = POLL
) -> AsyncIterator[None]:
    """Yields at once, then each time the directories or `files` look otherwise and rest for one look more.

    Runs until its consumer is cancelled or closes it.
    """
    taken = before = await asyncio.to_thread(_look, directories, files)
    yield
    while True:
        await clock.sleep(every.total_seconds())
        now = await asyncio.to_thread(_look, directories, files)
        if now == before and now != taken:
            taken = now
            yield
        before = now


def _look(directories: Sequence[Path], files: Sequence[Path]) -> _Look:
    return (*(listed(directory) for directory in directories), *(_mark(file) for file in files))


def _mark(file: Path) -> tuple[int, int, int] | None:
    try:
        status = file.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size, status.st_ino
