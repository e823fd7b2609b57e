"""Killing a whole tree at once, also one that forks faster than it can be killed one by one.

Everything found is stopped first, and looked for again until a look finds nothing that still runs: what is
stopped forks no more. Only then all of it is killed.
"""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

from rota.runner.tree import marker_of, send

if TYPE_CHECKING:
    from collections.abc import Container, Iterable

    from rota.runner.system import Process, System

LONGEST = 1.0  # seconds, after which what was caught is killed and the rest is left to the next look
QUIET_LOOKS = 2  # that find nothing new, before it counts as caught


def kill_all(
    system: System, claim: tuple[str, int], members: Iterable[Process], others: Container[int]
) -> set[int]:
    """SIGKILL to all of them and to all that they start meanwhile; the answer is the pids.

    `claim`: id of the attempt and uid of its user; `others`: first processes of other attempts, which are
    children of the runner as orphans are.
    """
    hunt = _Hunt(system, claim, others)
    hunt.catch(members)
    until, quiet = system.boottime() + LONGEST, 0
    while quiet < QUIET_LOOKS and system.boottime() < until:
        quiet = quiet + 1 if hunt.is_quiet() else 0
    for process in hunt.caught.values():
        send(system, process, signal.SIGKILL)
    return set(hunt.caught)


class _Hunt:
    def __init__(self, system: System, claim: tuple[str, int], others: Container[int]) -> None:
        self._system = system
        self._attempt, self._uid = claim
        self._others = others
        self._own = system.own_pid()
        self._known = set(system.pids())
        self._sessions: set[int] = set()
        self.caught: dict[int, Process] = {}

    def catch(self, processes: Iterable[Process]) -> None:
        """Stop them."""
        for process in processes:
            if process.parent == self._own:
                self._system.stop_child(process.pid)  # nobody gets its pid before it is reaped
            else:
                send(self._system, process, signal.SIGSTOP)
            self.caught[process.pid] = process
            self._sessions.add(process.session)

    def is_quiet(self) -> bool:
        """Look for what came since the last look and stop what is of this tree; False if there was any."""
        pids = set(self._system.pids())
        new, self._known = pids - self._known, pids
        quiet = True
        for pid in sorted(new):
            process = self._system.process(pid)
            if process is None or process.state in "ZX":
                quiet = False  # it may have left a child that came after the list was made
            elif self._is_prey(process):
                quiet = False
                self.catch([process])
        return quiet

    def _is_prey(self, process: Process) -> bool:
        if process.parent in self.caught or process.session in self._sessions:
            return True
        if process.parent != self._own or process.pid in self._others or process.session in self._others:
            return False
        if self._system.owner(process.pid) not in (self._uid, 0):
            return False
        # An orphan that came while this tree was ending is of this tree, unless it says otherwise. Stopped
        # before it is asked, or it would be gone.
        self._system.stop_child(process.pid)
        if marker_of(self._system.environ(process.pid)) in (self._attempt, ""):
            return True
        send(self._system, process, signal.SIGCONT)
        return False
