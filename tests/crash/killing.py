"""SIGKILL for daemon and runner at random moments, also while they start."""

from __future__ import annotations

import os
import signal
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from random import Random
from threading import Event

from daemon_process import DaemonProcess
from eventually import eventually
from runner_process import is_alive

WHO = ("daemon",) * 6 + ("runner", "both")
_READY = 120.0  # seconds that a loaded machine may need for a start
_OPEN = "state=pending&state=running&state=retrying"


class Killer:
    """`kill` one of them and start it again; `count` is of how many deaths."""

    def __init__(self, daemon: DaemonProcess, chance: Random) -> None:
        self.count: Counter[str] = Counter()
        self._daemon = daemon
        self._chance = chance

    def kill_any(self) -> None:
        """Now, mostly the daemon; every fourth time it dies once more while it starts."""
        self.kill(self._chance.choice(WHO), start_again=False)
        if not self._daemon.is_up and not self._chance.randrange(4):
            self._daemon.launch("rota")
            Event().wait(self._chance.uniform(0.0, 0.6))
            self.kill("daemon", start_again=False)
        if not self._daemon.is_up:
            self._daemon.start()

    def kill(self, who: str, *, down: float = 0, start_again: bool = True) -> None:
        """`who`: daemon, runner or both; `down`: seconds until the daemon is started again."""
        self.count[who] += 1
        if who in ("daemon", "both") or down:
            self._daemon.kill9()
        if who in ("runner", "both"):
            self._kill_runner()
        if start_again and not self._daemon.is_up:
            Event().wait(down)
            self._daemon.start()

    def _kill_runner(self) -> None:
        """The one that serves now; there is none between the death of one and the start of the next."""
        pid = living_runner(self._daemon)
        if pid is not None:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


def living_runner(daemon: DaemonProcess) -> int | None:
    pid = int((daemon.state / "runner" / ".lock").read_text() or 0)
    return pid if pid and is_alive(pid) else None


def let_it_run(daemon: DaemonProcess, seconds: float) -> None:
    """The moment of the kill is random on purpose, so here real time must pass."""
    eventually(lambda: daemon.request("GET", "/readyz")[0] == 200, within=_READY)
    Event().wait(seconds)


def keep_up(daemon: DaemonProcess, most: int, within: float = 300) -> None:
    """On a busy machine more comes due than so many lives can do: wait until at most that many are open."""
    eventually(lambda: _open_runs(daemon) <= most, within=within, every=0.1)


def come_to_rest(daemon: DaemonProcess, *, off: Callable[[str], str], within: float) -> None:
    """Write every job file as `off` answers it, and wait until nothing that was due is open any more."""
    for path in daemon.jobs.glob("*.yaml"):
        daemon.job(path.stem, off(path.read_text()))
    daemon.post("/api/v1/reload")
    eventually(lambda: _is_at_rest(daemon), within=within, every=0.2)


def _is_at_rest(daemon: DaemonProcess) -> bool:
    """Also of those who have just ended, what comes after them has its run."""
    for _ in range(3):
        if _open_runs(daemon):
            return False
        Event().wait(0.1)
    return True


def _open_runs(daemon: DaemonProcess) -> int:
    return int(daemon.get(f"/api/v1/runs?{_OPEN}&limit=1")["total"])
