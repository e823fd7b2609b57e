"""Who belongs to an attempt: its session and process group, their descendants, and all that carry its id.

A descendant that left the session is found by parentage while its parents live, and by the attempt's id in
the environment it was started with; an orphan, which is the runner's own child, as `orphans` says.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rota.runner.system import Process, System

MARKER = b"ROTA_ATTEMPT_ID="
_KERNEL = 2  # pid of kthreadd, parent of all kernel threads


class Snapshot:
    """The process table at one moment; zombies are left out, they are dead already."""

    def __init__(self, system: System) -> None:
        self._system = system
        own = system.own_pid()
        found = (system.process(pid) for pid in system.pids())
        self.processes = {
            process.pid: process
            for process in found
            if process is not None
            and process.state not in "ZX"
            and _KERNEL not in (process.pid, process.parent)
        }
        self.processes.pop(own, None)
        self._children: dict[int, list[Process]] = {}
        for process in self.processes.values():
            self._children.setdefault(process.parent, []).append(process)
        self._marked: dict[str, list[Process]] | None = None

    def members(
        self,
        claim: tuple[str, int],
        leader: tuple[int, int] | None,
        seen: Iterable[tuple[int, int]],
        known: Iterable[int] = (),
    ) -> list[Process]:
        """All that belong to the attempt and live.

        `claim` is its id and the uid of its user; `leader` is pid and start time of its first process, when
        its session is surely its own; `seen` the same of members found before; `known` are pids that surely
        are its processes at this moment.
        """
        found = self.marked(*claim)
        if leader is not None and self._is_still(*leader):
            pid = leader[0]
            found += [each for each in self.processes.values() if pid in (each.pid, each.session, each.group)]
        found += [self.processes[each] for each, ticks in seen if self._is_known(each, ticks)]
        found += [self.processes[each] for each in known if each in self.processes]
        return self._with_descendants(found)

    def marked(self, attempt: str, uid: int) -> list[Process]:
        """Processes with that id in their environment.

        Anybody may write anything there, so only its own user and root are believed.
        """
        claiming = self._by_marker().get(attempt, ())
        return [process for process in claiming if self._system.owner(process.pid) in (uid, 0)]

    def _by_marker(self) -> dict[str, list[Process]]:
        if self._marked is None:
            self._marked = {}
            for process in self.processes.values():
                attempt = marker_of(self._system.environ(process.pid))
                if attempt:
                    self._marked.setdefault(attempt, []).append(process)
        return self._marked

    def _is_still(self, pid: int, started: int) -> bool:
        # While a session lives the kernel gives its id to nobody; a leader that is gone leaves no entry.
        process = self.processes.get(pid)
        return process is None or process.started == started

    def _is_known(self, pid: int, started: int) -> bool:
        process = self.processes.get(pid)
        return process is not None and process.started == started

    def _with_descendants(self, found: list[Process]) -> list[Process]:
        members: dict[int, Process] = {}
        while found:
            process = found.pop()
            if process.pid not in members:
                members[process.pid] = process
                found += self._children.get(process.pid, ())
        # Parents first: a job that ends its own children is asked before they are.
        return sorted(members.values(), key=lambda process: (process.started, process.pid))


def send(system: System, process: Process, *numbers: int) -> None:
    """Signal exactly that process: a pid that has been given away since is left alone."""
    pidfd = system.open_process(process.pid)
    if pidfd is None:
        return
    try:
        now = system.process(process.pid)
        if now is not None and now.started == process.started:
            for number in numbers:
                system.signal(pidfd, number)
    finally:
        system.close(pidfd)


def marker_of(environ: bytes) -> str:
    """The attempt id in an environment; empty when there is none."""
    for entry in environ.split(b"\0"):
        if entry.startswith(MARKER):
            return entry[len(MARKER) :].decode("utf-8", "replace")
    return ""
