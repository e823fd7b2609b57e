"""What an attempt left for the daemon in files, outputs and items: no secret stays in them.

They lie where the job's user may put anything, also links and what is somebody else's. A mask is shorter than
any secret, so that a file is masked where it lies, from its beginning to its end.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rota.runner.mask import Mask
    from rota.runner.system import System

OUTPUTS = "job/outputs"
OUTPUTS_MOST = 1024 * 1024  # bytes that count
ITEMS = "job/items"
ITEMS_MOST = 64 * 1024 * 1024  # bytes of those of a job with secrets: nobody else has a turn meanwhile
_AT_ONCE = 1 << 20  # bytes


def mask_outputs(system: System, files: int, mask: Mask, uid: int) -> None:
    """The file that `$ROTA_OUTPUT` named, before anybody reads it; `files` is the attempt's directory.

    Anything but a regular file is left for the reader to refuse, and so is one that is too large, emptied.
    """
    fd = _open_own(system, OUTPUTS, files, uid)
    if fd < 0:
        return
    try:
        content = system.read_file(fd, OUTPUTS_MOST)
    except OSError:
        system.replace_content(fd, b"", OUTPUTS_MOST + 1)
    else:
        masked = mask.whole(content)
        if masked != content:
            system.replace_content(fd, masked, len(masked))
    finally:
        system.close(fd)


def mask_items(system: System, files: int, mask: Mask, uid: int) -> None:
    """The items of a batch that it found; what is too much or can't be masked is cut off."""
    fd = _open_own(system, ITEMS, files, uid)
    if fd < 0:
        return
    read = written = 0
    try:
        while read < ITEMS_MOST and (piece := system.read_at(fd, _AT_ONCE, read)):
            read += len(piece)
            written += system.write_at(fd, mask.take(piece), written)
        written += system.write_at(fd, mask.end(), written)
    except OSError:
        pass  # no regular file, say, or a disk that fails
    finally:
        system.cut(fd, written)
        system.close(fd)


def _open_own(system: System, path: str, files: int, uid: int) -> int:
    """-1 when there is none, or a link, which nobody follows. What is another user's is no more named so."""
    try:
        fd = system.open(path, os.O_RDWR | os.O_NONBLOCK, files)
    except OSError:
        return -1
    if system.owner_of(fd) == uid:
        return fd
    system.close(fd)
    try:
        system.unlink(path, files)
    except OSError:
        return -1
    return -1
