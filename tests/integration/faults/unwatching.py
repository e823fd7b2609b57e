"""`rota` in a user namespace whose kernel gives no inotify watch; it looks at job files more often."""

from __future__ import annotations

import ctypes
import os
import sys
from datetime import timedelta
from pathlib import Path

import rota.daemon
from rota.cli.main import main
from rota.config import polling

NOT_ALLOWED = 77
_NEW_USERS = 0x10000000  # CLONE_NEWUSER


def give_up_watches() -> None:
    """From now on the kernel refuses each watch. Raises OSError where no namespace may be made."""
    uid, gid = os.getuid(), os.getgid()
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(_NEW_USERS) != 0:
        raise OSError(ctypes.get_errno(), "unshare")
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/uid_map").write_text(f"{uid} {uid} 1")
    Path("/proc/self/gid_map").write_text(f"{gid} {gid} 1")
    Path("/proc/sys/user/max_inotify_watches").write_text("0")


if __name__ == "__main__":
    try:
        give_up_watches()
    except OSError as error:
        print(error, file=sys.stderr)  # noqa: T201
        sys.exit(NOT_ALLOWED)
    soon = timedelta(milliseconds=300)
    assert polling.polled.__kwdefaults__ is not None
    polling.polled.__kwdefaults__["every"] = soon
    setattr(rota.daemon, "POLL", soon)  # noqa: B010  it is not the module's own
    main()
