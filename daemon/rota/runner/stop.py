"""Ending attempts: SIGTERM to all of one, SIGKILL after its grace, again and again until none is left."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

from rota.runner.tree import Snapshot, send

if TYPE_CHECKING:
    from rota.runner.attempt import Attempt
    from rota.runner.system import Process, System

FIRST_LOOK = 0.01
LAST_LOOK = 1.0


class Stopper:
    """The attempts that are being ended, and when to look at each again."""

    def __init__(self, system: System) -> None:
        self._system = system
        self._looks: dict[str, tuple[Attempt, float, float]] = {}  # attempt, when, pause after it

    def begin(self, attempt: Attempt, cause: str, *, immediately: bool = False) -> None:
        """End it, for that cause if there was none before. A second wish can only make it quicker."""
        now = self._system.boottime()
        attempt.cause = attempt.cause or cause
        kill_at = now if immediately else now + attempt.grace
        attempt.kill_at = kill_at if attempt.kill_at is None else min(attempt.kill_at, kill_at)
        # Signals are sent by `look`, which reads the process table once for all that end together.
        self._looks[attempt.id] = (attempt, now, FIRST_LOOK)

    def look_soon(self, attempt: Attempt) -> None:
        """Its first process is gone: what is left of it?"""
        self._looks[attempt.id] = (attempt, self._system.boottime(), FIRST_LOOK)

    def next_at(self) -> float | None:
        """Boot-time instant of the next look, or None."""
        return min((at for _, at, _ in self._looks.values()), default=None)

    def look(self) -> list[Attempt]:
        """Look at all whose time has come; the answer is those of which nothing is left."""
        now = self._system.boottime()
        due = [each for each in self._looks.values() if each[1] <= now]
        if not due:
            return []
        snapshot = Snapshot(self._system)
        return [attempt for attempt, _, pause in due if self._look_at(attempt, snapshot, pause)]

    def _look_at(self, attempt: Attempt, snapshot: Snapshot, pause: float) -> bool:
        members = self._members(attempt, snapshot)
        if not members and attempt.gone:
            del self._looks[attempt.id]
            return True
        now = self._system.boottime()
        kill_at = attempt.kill_at if attempt.kill_at is not None else now
        again = now + pause
        if now >= kill_at:
            self._send(members, signal.SIGKILL)
        elif not attempt.is_asked:
            attempt.is_asked = True
            self._send(members, signal.SIGTERM, signal.SIGCONT)
        if now < kill_at:
            # While its first process lives its end wakes us; only what outlives that must be looked for.
            again = min(kill_at, again) if attempt.gone else kill_at
        self._looks[attempt.id] = (attempt, again, min(pause * 2, LAST_LOOK))
        return False

    def _send(self, members: list[Process], *numbers: int) -> None:
        for process in members:
            send(self._system, process, *numbers)

    def _members(self, attempt: Attempt, snapshot: Snapshot) -> list[Process]:
        members = snapshot.members(attempt.id, (attempt.pid, attempt.pid_started), attempt.seen)
        attempt.remember(members)
        return members
