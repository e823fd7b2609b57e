"""What a process costs and how figures are printed; shared by the commands beside it."""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")
PAGE = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True, slots=True)
class Usage:
    """CPU seconds (the process and its reaped children) and resident bytes."""

    cpu: float
    rss: int


def usage(pids: Sequence[int]) -> Usage:
    """Sum over processes that are alive."""
    cpu = rss = 0
    for pid in pids:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        cpu += sum(int(field) for field in fields[11:15])
        rss += int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * PAGE
    return Usage(cpu / TICKS, rss)


def descendants(pid: int) -> list[int]:
    """The process and all below it, as far as they are alive now."""
    found = [pid]
    for parent in found:
        children = Path(f"/proc/{parent}/task/{parent}/children")
        if children.exists():
            found += [int(child) for child in children.read_text().split()]
    return found


def by_command(*words: str) -> list[int]:
    """Processes whose command line holds all of these."""
    found = []
    for folder in Path("/proc").iterdir():
        try:
            line = (folder / "cmdline").read_bytes().decode(errors="replace")
        except OSError:
            continue  # no process, or gone just now
        if all(word in line for word in words):
            found.append(int(folder.name))
    return found


def child_cpu(command: Sequence[str], env: dict[str, str] | None = None) -> tuple[float, int]:
    """CPU seconds of a whole command, and its exit status."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(command, check=False, capture_output=True, env=env)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, done.returncode


def percentile(values: Sequence[float], percent: float) -> float:
    """The nearest-rank percentile."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, max(0, round(percent / 100 * len(ordered)) - 1))]


def median(values: Sequence[float]) -> float:
    return statistics.median(values)


def table(headers: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Columns as wide as they need to be, the first left-aligned."""
    widths = [max(len(row[i]) for row in (headers, *rows)) for i in range(len(headers))]
    lines = []
    for row in (headers, ["-" * width for width in widths], *rows):
        cells = [row[0].ljust(widths[0])] + [
            cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True)
        ]
        lines.append("  ".join(cells).rstrip())
    return "\n".join(lines)


def verdict(name: str, value: float, goal: float, unit: str = "x") -> str:
    """One line that says what was reached beside what was wanted."""
    word = "reached" if value <= goal else "MISSED"
    return f"{word:8} {name}: {value:.3g}{unit} (goal: at most {goal:g}{unit})"
