"""A daemon that is started again and again, and dies at one chosen point each time."""

from __future__ import annotations

import signal
from collections.abc import Sequence

from crash.dying import DIE_AT
from daemon_process import DaemonProcess


def die_at_each(daemon: DaemonProcess, points: Sequence[str]) -> None:
    """Start it once for each of the points of `crash.dying`, and wait until it is dead."""
    for point in points:
        daemon.launch("crash.dying_daemon", **{DIE_AT: point})
        assert daemon.died() == -signal.SIGKILL, f"it did not die at {point}"
