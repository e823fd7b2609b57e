"""FIFOs of live attempts, held open: what a job writes while no runner is there waits in the pipe."""

from __future__ import annotations

import os
import resource

from rota.core.seams import AttemptRef


class Fifos:
    """One descriptor an attempt, never read from, and never all that the daemon may have."""

    def __init__(self) -> None:
        self._held: dict[str, int] = {}
        self._most = resource.getrlimit(resource.RLIMIT_NOFILE)[0] // 2

    def hold(self, ref: AttemptRef, root: str) -> None:
        """Open it, once; `root` is the runner's state directory. One that can't be had is done without."""
        if ref.id in self._held or len(self._held) >= self._most:
            return
        path = f"{root}/{ref.job}/{ref.number}/{ref.step}.{ref.n}/job/out"
        try:
            self._held[ref.id] = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC)
        except OSError:
            # Another user's, or the attempt has just ended: the runner alone holds it then.
            return

    def release(self, attempt_id: str) -> None:
        fd = self._held.pop(attempt_id, None)
        if fd is not None:
            os.close(fd)

    def close(self) -> None:
        for attempt_id in list(self._held):
            self.release(attempt_id)
