"""Deleting the directories of attempts whose logs are no longer kept."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from rota.core.seams import AttemptRef
from rota.process.output import Logs


async def remove_logs(logs: Logs, refs: Sequence[AttemptRef]) -> None:
    """Delete those directories, and the folders of run and job that become empty by it.

    One that is gone already is fine. Raises OSError when one can't be deleted.
    """
    await asyncio.to_thread(_remove_all, [logs.directory(ref) for ref in refs])


def _remove_all(directories: Sequence[Path]) -> None:
    for directory in directories:
        with suppress(FileNotFoundError):
            shutil.rmtree(directory)
        for folder in (directory.parent, directory.parent.parent):
            with suppress(OSError):  # not empty: other attempts or runs are still there
                folder.rmdir()
