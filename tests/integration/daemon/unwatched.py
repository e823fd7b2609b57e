"""`rota` on a kernel that has no inotify instance left, where one looks at the job files more often."""

from __future__ import annotations

import errno
from datetime import timedelta
from typing import NoReturn

import rota.daemon
from rota.cli.main import main
from rota.config import polling, watch


def none_left() -> NoReturn:
    raise OSError(errno.EMFILE, "Too many open files")


if __name__ == "__main__":
    setattr(watch, "Inotify", none_left)  # noqa: B010  it is not the module's own
    soon = timedelta(milliseconds=300)
    assert polling.polled.__kwdefaults__ is not None
    polling.polled.__kwdefaults__["every"] = soon
    setattr(rota.daemon, "POLL", soon)  # noqa: B010
    main()
