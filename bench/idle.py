"""N jobs loaded and none due: CPU and memory of rota, yacron and cronstable, at the same time in one run.

.venv/bin/python bench/idle.py [--jobs 10000] [--seconds 60]
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event

import peers
from measure import Usage, descendants, table, usage, verdict

GOAL_KB_A_JOB = 3.0
WARM_UP = 120.0  # seconds: the slowest of them reads its files in this time


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--jobs", type=int, default=10_000)
    parser.add_argument("--seconds", type=int, default=60)
    options = parser.parse_args()
    peers.install()
    empty = _measure(1, options.seconds // 4, 18600)
    full = _measure(options.jobs, options.seconds, 18610)
    _report(options.jobs, empty, full)


def _measure(count: int, seconds: int, port: int) -> dict[str, tuple[float, Usage]]:
    """CPU ms per second, and usage at the end, by name."""
    far = datetime.now(UTC) - timedelta(minutes=5)
    jobs = [peers.JobLine(f"job-{n}", ("/bin/true",), far.minute, far.hour) for n in range(count)]
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        folder = Path(name)
        pids = {}
        for contender in peers.contenders(folder, jobs, port):
            env = {**os.environ, "XDG_RUNTIME_DIR": name}
            log = folder / f"{contender.name}.log"
            pids[contender.name] = stack.enter_context(peers.running(contender.command, env, log)).pid
        _settle(list(pids.values()))
        before = {name: usage(descendants(pid)) for name, pid in pids.items()}
        began = time.monotonic()
        Event().wait(seconds)
        took = time.monotonic() - began
        after = {name: usage(descendants(pid)) for name, pid in pids.items()}
    return {n: (1000 * (after[n].cpu - before[n].cpu) / took, after[n]) for n in pids}


def _settle(pids: list[int]) -> None:
    """Wait until none of them has used more than a twentieth of a core for three seconds."""
    deadline = time.monotonic() + WARM_UP
    while time.monotonic() < deadline:
        before = [usage(descendants(pid)).cpu for pid in pids]
        Event().wait(3)
        if all(usage(descendants(pid)).cpu - was < 0.15 for pid, was in zip(pids, before, strict=True)):
            return


def _report(jobs: int, empty: dict[str, tuple[float, Usage]], full: dict[str, tuple[float, Usage]]) -> None:
    rows = []
    for name, (cpu, used) in full.items():
        base = empty[name][1].rss
        rows.append(
            [
                name,
                f"{cpu:.2f}",
                f"{base / 2**20:.0f}",
                f"{used.rss / 2**20:.0f}",
                f"{(used.rss - base) / jobs / 1024:.2f}",
            ]
        )
    print(f"{jobs} jobs loaded, none due (rota: daemon and runner together)")
    print(table(["", "CPU ms a second", "MB with 1 job", "MB", "KB a job"], rows))
    kb = (full["rota"][1].rss - empty["rota"][1].rss) / jobs / 1024
    print(verdict("memory a job", kb, GOAL_KB_A_JOB, " KB"))


if __name__ == "__main__":
    main()
