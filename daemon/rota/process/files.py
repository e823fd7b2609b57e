"""How many files the daemon may have open: as many as it can get, and what it starts begins as it did itself.

It holds one for each live attempt and for each open page; 1024, which is usual, would soon be all.
"""

from __future__ import annotations

import errno
import resource
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

from rota.core.seams import Clock

T = TypeVar("T")

PASSING = (errno.EMFILE, errno.ENFILE, errno.ENOMEM)  # the daemon's own want: what fails so can work later

_AGAIN = 1.0  # seconds
_BEGAN_WITH = resource.getrlimit(resource.RLIMIT_NOFILE)[0]


def allow_many_files() -> None:
    """Raise the limit as far as the host allows."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def as_before(command: Sequence[str]) -> list[str]:
    """That command with the limit that this process began with: programs may rely on small numbers."""
    return ["/bin/sh", "-c", 'ulimit -Sn "$0"; exec "$@"', str(_BEGAN_WITH), *command]


async def when_possible(clock: Clock, read: Callable[[], Awaitable[T]]) -> T:
    """The answer of `read`, which is tried again for as long as only the daemon's own want keeps it."""
    while True:
        try:
            return await read()
        except OSError as error:
            if error.errno not in PASSING:
                raise
        await clock.sleep(_AGAIN)
