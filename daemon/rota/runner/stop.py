"""Ending attempts: SIGTERM to all of one, SIGKILL after its grace, again and again until none is left."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

from rota.runner.freeze import kill_all
from rota.runner.tree import Snapshot, send

if TYPE_CHECKING:
    from rota.runner.attempt import Attempt
    from rota.runner.orphans import Orphans
    from rota.runner.system import Process, System
    from rota.runner.table import Table

FIRST_LOOK = 0.01
LAST_LOOK = 1.0
LINGER = 0.5  # seconds in which what outlives a first process may end by itself, as the tee of a pipe does


class Stopper:
    """The attempts that are being ended, and when to look at each again."""

    def __init__(self, system: System, table: Table, orphans: Orphans) -> None:
        self._system = system
        self._table = table
        self.orphans = orphans
        self._is_calm = True  # the last look at orphans saw all of them
        self._looks: dict[str, tuple[Attempt, float, float]] = {}  # attempt, when, pause after it

    def begin(self, attempt: Attempt, cause: str, *, immediately: bool = False) -> None:
        """End it, for that cause if there was none before. A second wish can only make it quicker."""
        now = self._system.boottime()
        if not attempt.gone:  # else it has ended by itself, and only what it left behind is to end
            attempt.cause = attempt.cause or cause
        attempt.ask_at = min(attempt.ask_at, now)
        kill_at = now if immediately else now + attempt.grace
        attempt.kill_at = kill_at if attempt.kill_at is None else min(attempt.kill_at, kill_at)
        # Signals are sent by `look`, which reads the process table once for all that end together.
        self._looks[attempt.id] = (attempt, now, FIRST_LOOK)

    def clear(self, attempt: Attempt) -> None:
        """Its first process ended by itself: end what that left behind."""
        now = self._system.boottime()
        attempt.ask_at = now + LINGER
        attempt.kill_at = now + LINGER + attempt.grace
        self._looks[attempt.id] = (attempt, now, FIRST_LOOK)

    def look_soon(self, attempt: Attempt) -> None:
        """A process of it is gone: what is left, if it is being ended?"""
        self._looks[attempt.id] = (attempt, self._system.boottime(), FIRST_LOOK)

    def is_ending(self, attempt: Attempt) -> bool:
        return attempt.id in self._looks

    def next_at(self) -> float | None:
        """Boot-time instant of the next look, or None."""
        return min((at for _, at, _ in self._looks.values()), default=None)

    def look(self) -> list[Attempt]:
        """Look at all whose time has come; the answer is those of which nothing is left."""
        now = self._system.boottime()
        due = [each for each in self._looks.values() if each[1] <= now]
        if not due:
            return []
        self._is_calm = self.orphans.look()
        snapshot = Snapshot(self._system)
        return [attempt for attempt, _, pause in due if self._look_at(attempt, snapshot, pause)]

    def _look_at(self, attempt: Attempt, snapshot: Snapshot, pause: float) -> bool:
        members = self._members(attempt, snapshot)
        now = self._system.boottime()
        if not members and self._is_over(attempt, now):
            del self._looks[attempt.id]
            return True
        kill_at = attempt.kill_at if attempt.kill_at is not None else now
        if now >= kill_at:
            self._kill(attempt, members)
            again = self._system.boottime() + pause
        elif now < attempt.ask_at:
            again = min(attempt.ask_at, now + pause)
        else:
            self._ask(attempt, members)
            # While its first process lives its end wakes us; only what outlives that must be looked for.
            again = min(kill_at, now + pause) if attempt.gone else kill_at
        self._looks[attempt.id] = (attempt, again, min(pause * 2, LAST_LOOK))
        return False

    def _is_over(self, attempt: Attempt, now: float) -> bool:
        if not attempt.gone or self.orphans.of(attempt):
            return False
        if attempt.group is not None and attempt.group.is_populated:
            return False
        # Where processes come and go all the time, maybe on the whole host, it takes no longer than this.
        return self._is_calm or attempt.kill_at is None or now > attempt.kill_at + LAST_LOOK

    def _ask(self, attempt: Attempt, members: list[Process]) -> None:
        if not attempt.is_asked:
            attempt.is_asked = True
            self._count(attempt, {process.pid for process in members})
            for process in members:
                send(self._system, process, signal.SIGTERM, signal.SIGCONT)

    def _kill(self, attempt: Attempt, members: list[Process]) -> None:
        if attempt.group is not None:
            attempt.group.kill()
        self._count(
            attempt, kill_all(self._system, (attempt.id, attempt.uid), members, self._table.first_pids())
        )

    def _count(self, attempt: Attempt, pids: set[int]) -> None:
        if attempt.gone and not attempt.cause:
            attempt.left_behind |= pids

    def _members(self, attempt: Attempt, snapshot: Snapshot) -> list[Process]:
        known = self.orphans.of(attempt) + ([] if attempt.group is None else attempt.group.pids())
        leader = (attempt.pid, attempt.pid_started) if attempt.leads else None
        members = snapshot.members((attempt.id, attempt.uid), leader, attempt.seen, known)
        attempt.remember(members)
        return members
