"""The processes of a run, as /proc shows them."""

from __future__ import annotations

import resource
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

PROC = Path("/proc")


@dataclass(frozen=True, slots=True, kw_only=True)
class Process:
    """One process; `command` is its argv joined by spaces, `memory` its resident bytes, `depth` from 0."""

    pid: int
    parent: int
    command: str
    memory: int
    depth: int = 0


def processes_of(run: str, pid: int | None, proc: Path = PROC) -> list[Process]:
    """Everything that belongs to a run, parents before children, deepest indented most.

    That is the process `pid` with its descendants, and those that left it (their parent is the runner) but
    still carry ROTA_RUN in their environment, as far as we may read that.
    """
    everyone = {process.pid: process for process in _read_all(proc)}
    roots = [] if pid is None or pid not in everyone else [pid]
    family = {member for root in roots for member in _descendants(root, everyone)}
    marker = f"ROTA_RUN={run}".encode()
    strays = {
        other for other in everyone if other not in family and _carries(proc / str(other) / "environ", marker)
    }
    roots += sorted(stray for stray in strays if everyone[stray].parent not in strays)
    return [process for root in roots for process in _indented(root, everyone, 0)]


def _read_all(proc: Path) -> Iterator[Process]:
    for folder in proc.iterdir():
        if folder.name.isdigit():
            process = _read(folder)
            if process is not None:
                yield process


def _read(folder: Path) -> Process | None:
    try:
        stat = (folder / "stat").read_text(errors="replace")
        argv = (folder / "cmdline").read_bytes()
        pages = int((folder / "statm").read_text().split()[1])
    except (OSError, ValueError, IndexError):
        return None  # it ended meanwhile
    # the second field is the name in parentheses, and the name may hold anything
    head, _, tail = stat.rpartition(")")
    name = head.partition("(")[2]
    command = argv.replace(b"\0", b" ").decode("utf-8", "replace").strip() or f"[{name}]"
    return Process(
        pid=int(folder.name),
        parent=int(tail.split()[1]),
        command=command,
        memory=pages * resource.getpagesize(),
    )


def _descendants(root: int, everyone: Mapping[int, Process]) -> set[int]:
    found = {root}
    grew = True
    while grew:
        more = {pid for pid, process in everyone.items() if process.parent in found} - found
        found |= more
        grew = bool(more)
    return found


def _carries(environ: Path, marker: bytes) -> bool:
    try:
        return marker in environ.read_bytes().split(b"\0")
    except OSError:
        return False


def _indented(root: int, everyone: Mapping[int, Process], depth: int) -> Iterator[Process]:
    process = everyone[root]
    yield Process(
        pid=process.pid,
        parent=process.parent,
        command=process.command,
        memory=process.memory,
        depth=depth,
    )
    for child in sorted(pid for pid, other in everyone.items() if other.parent == root):
        yield from _indented(child, everyone, depth + 1)
