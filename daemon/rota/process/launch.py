"""A runner for a daemon that nobody gave one: started when none answers, and ended when nothing needs it."""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Mapping
from pathlib import Path

import rota
from rota.core.errors import Unavailable
from rota.core.seams import Clock
from rota.process.client import RunnerClient
from rota.process.files import as_before
from rota.process.layout import Layout

_LOOK_EVERY = 0.02  # seconds, while a runner starts or ends
_MISS_AFTER = 0.5  # seconds without a runner before another one is started
_NOT_FOR_IT = ("NOTIFY_SOCKET", "LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES", "WATCHDOG_PID", "WATCHDOG_USEC")


class Launcher:
    """Sees to it that a runner serves `layout.runner_state` on `layout.runner_socket`."""

    def __init__(self, layout: Layout, *, clock: Clock) -> None:
        self._layout = layout
        self._clock = clock
        self._pid = 0  # of the runner that was started here and has not been seen ending

    async def ensure(self, *, within: float = 10.0) -> bool:
        """Start one when none answers; True when this call did. Raises Unavailable when it won't serve."""
        if answers(self._layout.runner_socket):
            return False
        self._reap()
        if not self._pid:
            try:
                self._pid = self._spawn()
            except OSError as error:
                raise Unavailable(f"the runner can't be started: {error}") from error
        deadline = self._clock.monotonic() + within
        while not answers(self._layout.runner_socket):
            self._reap()
            if not self._pid or self._clock.monotonic() > deadline:
                raise Unavailable(f"the runner did not start; see {self._log}")
            await self._clock.sleep(_LOOK_EVERY)
        return True

    async def keep(self, client: RunnerClient) -> None:
        """For ever: start another one when the runner is gone and nobody else started one."""
        missing = False
        while True:
            await self._clock.sleep(_MISS_AFTER)
            self._reap()
            if client.facts is None and missing:
                try:
                    await self.ensure()
                except Unavailable as error:
                    client.problem = error.message
            missing = client.facts is None

    async def end(self, client: RunnerClient, *, within: float = 1.0) -> bool:
        """At a normal end of the daemon: end the runner if it holds nothing. True when none answers then."""
        await client.quit()
        deadline = self._clock.monotonic() + within
        while answers(self._layout.runner_socket):
            if self._clock.monotonic() > deadline:
                return False
            await self._clock.sleep(_LOOK_EVERY)
        self._reap()
        return True

    @property
    def _log(self) -> Path:
        return self._layout.state / "runner.log"

    def _spawn(self) -> int:
        self._layout.state.mkdir(parents=True, exist_ok=True)
        make_private(self._layout.runner_socket.parent)
        runner = [sys.executable, "-m", "rota.runner"]
        runner += ["--state", str(self._layout.runner_state), "--socket", str(self._layout.runner_socket)]
        argv = as_before(runner)
        to_log = os.O_WRONLY | os.O_CREAT | os.O_APPEND
        actions = [
            (os.POSIX_SPAWN_OPEN, 0, "/dev/null", os.O_RDONLY, 0),
            (os.POSIX_SPAWN_OPEN, 1, str(self._log), to_log, 0o640),
            (os.POSIX_SPAWN_DUP2, 1, 2),
        ]
        # A session of its own: Ctrl-C in the daemon's terminal is not for the jobs.
        return os.posix_spawn(argv[0], argv, _environment(os.environ), file_actions=actions, setsid=True)

    def _reap(self) -> None:
        if self._pid and os.waitpid(self._pid, os.WNOHANG)[0]:
            self._pid = 0


def answers(path: Path) -> bool:
    """Whether somebody listens on a runner's socket."""
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as probe:
            probe.connect(str(path))
    except OSError:
        return False
    return True


def make_private(folder: Path) -> None:
    """Make the folder of the sockets, ours alone. Raises Unavailable when it is there and somebody else's."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for level in (folder, folder.parent, folder.parent.parent):
        if level.stat().st_uid not in (os.geteuid(), 0):
            raise Unavailable(f"{level} belongs to somebody else, so no socket is made there")


def _environment(environ: Mapping[str, str]) -> dict[str, str]:
    """The daemon's own, but for what its supervisor meant for it, and with this very package found first."""
    kept = {name: value for name, value in environ.items() if name not in _NOT_FOR_IT}
    package = str(Path(rota.__file__).resolve().parents[1])
    kept["PYTHONPATH"] = os.pathsep.join(filter(None, (package, environ.get("PYTHONPATH", ""))))
    return kept
