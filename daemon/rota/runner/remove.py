"""Deletes directories of attempts, in which a job may have made anything: a million files, a very deep tree.

Nothing is followed, no more than two directories are open at once, and between two steps others have a turn.
"""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rota.runner.system import System

NAMES = 256  # that a step deletes at most
MOST_STEPS = 200_000  # whoever still makes files while they are deleted is not followed for ever


def removing(system: System, name: str, at: int) -> Iterator[None]:
    """Delete what is named so in the directory `at`, a step at a time. Raises OSError.

    Not there is fine. The directory itself must be the runner's own: nobody else puts anything into it.
    """
    try:
        top = system.open_directory(name, at)
    except FileNotFoundError:
        return
    except OSError:
        # no directory, or a link: what is named so goes, nothing behind it
        system.unlink(name, at)
        return
    try:
        yield from _emptying(system, top)
    finally:
        system.close(top)
    system.rmdir(name, at)


def _emptying(system: System, top: int) -> Iterator[None]:
    moved = 0
    for _ in range(MOST_STEPS):
        names = system.some_names(top, NAMES)
        if not names:
            return
        for name in names:
            if not _is_deleted(system, name, top):
                moved = _empty_some(system, name, top, moved)
                yield
    raise OSError(errno.ENOTEMPTY, "more comes than is deleted")


def _empty_some(system: System, name: str, top: int, moved: int) -> int:
    """Delete some of what is in that directory; what is not empty in it moves up to the top, however deep."""
    inner = system.open_directory(name, top)
    try:
        for each in system.some_names(inner, NAMES):
            if not _is_deleted(system, each, inner):
                moved += 1
                system.move(each, inner, f".{moved}", top)
    finally:
        system.close(inner)
    return moved


def _is_deleted(system: System, name: str, at: int) -> bool:
    """False for a directory that is not empty."""
    try:
        system.unlink(name, at)
    except FileNotFoundError:
        return True
    except IsADirectoryError:
        return _is_dropped(system, name, at)
    return True


def _is_dropped(system: System, name: str, at: int) -> bool:
    try:
        system.rmdir(name, at)
    except OSError as error:
        if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
            raise
        return False
    return True
