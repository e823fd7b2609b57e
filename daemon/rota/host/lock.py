"""One daemon for a state directory at a time."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rota.core.errors import UsageError

_MODE = 0o640


@contextmanager
def lock_state(state: Path) -> Iterator[None]:
    """Hold the state directory, which is made when it is not there.

    The kernel lets go of the lock when the process is gone, however it went. Raises UsageError that names the
    daemon in the way, or says why the directory can't be used.
    """
    try:
        state.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(state / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, _MODE)
    except OSError as error:
        raise UsageError(f"the state directory {state} can't be used: {error.strerror}") from error
    try:
        _take(descriptor, state)
        yield
    finally:
        os.close(descriptor)


def _take(descriptor: int, state: Path) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        owner = os.read(descriptor, 32).decode("ascii", "replace").strip() or "?"
        raise UsageError(
            f"another daemon (pid {owner}) already uses {state}: stop it, or give this one another --state"
        ) from None
    os.ftruncate(descriptor, 0)
    os.write(descriptor, f"{os.getpid()}\n".encode())
