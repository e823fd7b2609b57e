"""Processes that jobs left to the runner: as child subreaper it becomes the parent of all their orphans.

While an attempt's first process lives, its descendants hang on it. Once it is gone, whatever lives on of its
tree is below a child of the runner that the runner did not start. So one look at the runner's own children
tells whether anything was left behind, however it was daemonized.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rota.runner.tree import marker_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rota.runner.attempt import Attempt
    from rota.runner.system import Process, System
    from rota.runner.table import Table

MOST_PASSES = 20
TRUSTED_FOR = 5.0  # seconds that a process known to be no child of ours is not looked at again


class Orphans:
    """Who owns each: the one attempt it surely belongs to, or those that it may belong to."""

    def __init__(self, system: System, table: Table) -> None:
        self._system = system
        self._table = table
        self._owners: dict[int, frozenset[str]] = {}
        self._strangers: set[int] = set()
        self._trusted_until = 0.0

    def look(self) -> bool:
        """Take note of those that came since the last look. To be called when all that ended is reaped.

        False: some come and go faster than one can look.
        """
        firsts = self._table.first_pids()
        dead: set[int] = set()
        for _ in range(MOST_PASSES):
            before = len(dead)
            for pid in self._children(firsts, dead):
                if pid not in firsts and pid not in self._owners:
                    self._take(pid, dead)
            if len(dead) == before:
                return True
            # What died just now may have left children that were not there when the list was made.
        return False

    def of(self, attempt: Attempt) -> list[int]:
        """Orphans that can only be that attempt's."""
        return [pid for pid, owners in self._owners.items() if owners == {attempt.id}]

    def reaped(self, pid: int) -> Attempt | None:
        """That child is no more; the answer is whose it was, if that is known."""
        owners = self._owners.pop(pid, frozenset())
        return self._table.attempts.get(next(iter(owners))) if len(owners) == 1 else None

    def ended(self, attempt: Attempt) -> None:
        """What may have been that attempt's can only be another's now: the last one ends it."""
        for pid, owners in self._owners.items():
            if attempt.id in owners:
                self._owners[pid] = owners - {attempt.id}

    def _take(self, pid: int, dead: set[int]) -> None:
        process = self._system.process(pid)
        if process is None or process.state in "ZX":
            dead.add(pid)
        else:
            self._owners[pid] = self._owners_of(process)

    def _owners_of(self, process: Process) -> frozenset[str]:
        owner = self._system.owner(process.pid)
        named = self._table.attempts.get(marker_of(self._system.environ(process.pid)))
        if named is not None and owner in (named.uid, 0):
            return frozenset({named.id})
        live = [attempt for attempt in self._table.live() if attempt.leads and not attempt.adopted]
        for attempt in live:
            if attempt.pid in (process.session, process.group):
                return frozenset({attempt.id})
        live = [attempt for attempt in live if owner in (attempt.uid, 0)] or live
        for attempt in live:
            if self._writes_to(process, attempt):
                return frozenset({attempt.id})
        # It left the session and wipes its tracks: one of those that were there before it.
        return frozenset(attempt.id for attempt in live if attempt.pid_started <= process.started)

    def _writes_to(self, process: Process, attempt: Attempt) -> bool:
        out = f"/{attempt.directory}/job/out"
        return any(self._system.opened(process.pid, fd).endswith(out) for fd in (1, 2))

    def _children(self, firsts: Iterable[int], dead: set[int]) -> Iterable[int]:
        """Pids of the runner's children; kernels that list none are searched for what is new."""
        listed = self._system.children()
        if listed is not None:
            return listed
        pids = set(self._system.pids())
        now = self._system.boottime()
        if now >= self._trusted_until:  # pids are given away again, though not so soon
            self._strangers.clear()
            self._trusted_until = now + TRUSTED_FOR
        self._strangers &= pids
        return self._among(pids - self._strangers - self._owners.keys(), firsts, dead)

    def _among(self, pids: set[int], firsts: Iterable[int], dead: set[int]) -> list[int]:
        own = self._system.own_pid()
        found = {pid: process for pid in pids if (process := self._system.process(pid)) is not None}
        dead |= pids - found.keys()
        family = {own, *firsts, *self._owners}
        parents = {pid: process.parent for pid, process in found.items()}
        for pid in found:
            chain = [pid]
            while chain[-1] in parents and parents[chain[-1]] not in chain:
                chain.append(parents[chain[-1]])
            if family.isdisjoint(chain) and (chain[-1] == 0 or chain[-1] in self._strangers):
                self._strangers.update(chain)  # nobody becomes a descendant of ours later
        return [pid for pid, parent in parents.items() if parent == own]
