"""The items that an attempt of a batch found, as `handlers.items` leaves them: JSON, one in a line."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Iterator

from rota.core.errors import JobError

_LINE = 512 * 1024  # bytes; 64 KiB of text may be six times as long as JSON


def read_items(path: str) -> Iterator[object]:
    """The items in order; reads as it goes. Raises JobError when there is something else, OSError."""
    # It lies where the job may write: nothing is followed or waited for.
    fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(fd, "rb") as file:
        status = os.fstat(fd)
        if not stat.S_ISREG(status.st_mode) or status.st_nlink > 1:
            raise JobError("What it left as items is no regular file of its own.")
        for line in iter(lambda: file.readline(_LINE), b""):
            yield _parsed(line)


def _parsed(line: bytes) -> object:
    try:
        item = json.loads(line)
    except (ValueError, RecursionError):
        raise JobError("What it left as items is not JSON, one in a line.") from None
    if item is None or isinstance(item, list):
        raise JobError("What it left as items holds something that is no item.")
    return item
