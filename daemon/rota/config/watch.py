"""Notices that something in the job directories changed."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from pathlib import Path

from rota.core.seams import Clock

QUIET = timedelta(milliseconds=200)


def changes(directories: Sequence[Path], clock: Clock, *, quiet: timedelta = QUIET) -> AsyncIterator[None]:
    """Yields each time something below the directories changed and nothing more did for `quiet`.

    Sub-folders that appear are watched too; a directory that is missing or vanishes is watched for
    its return. Runs until its consumer is cancelled or closes it.
    Raises Unavailable when the kernel has no watches left.
    """
    raise NotImplementedError
