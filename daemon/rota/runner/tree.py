"""Who belongs to an attempt: its session and process group, their descendants, and all that carry its id.

A descendant that left the session is found by parentage while its parents live, and by the attempt's id in
the environment it was started with.
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
        self, attempt: str, leader: tuple[int, int], seen: Iterable[tuple[int, int]]
    ) -> list[Process]:
        """All that belong to the attempt and live.

        `leader` is pid and start time of its first process, `seen` the same of members found before.
        """
        pid, started = leader
        found = list(self.marked().get(attempt, ()))
        if self._is_still(pid, started):
            found += [each for each in self.processes.values() if pid in (each.pid, each.session, each.group)]
        found += [self.processes[known] for known, ticks in seen if self._is_known(known, ticks)]
        return self._with_descendants(found)

    def marked(self) -> dict[str, list[Process]]:
        """Processes by the attempt id in their environment."""
        if self._marked is None:
            self._marked = {}
            for process in self.processes.values():
                attempt = _marker(self._system.environ(process.pid))
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


def _marker(environ: bytes) -> str:
    for entry in environ.split(b"\0"):
        if entry.startswith(MARKER):
            return entry[len(MARKER) :].decode("utf-8", "replace")
    return ""
