"""What a recorded run costs: N runs of /bin/true under rota, beside a bare posix_spawn loop, in one run.

    .venv/bin/python bench/run_cost.py [--jobs 1000] [--rounds 3]

CPU of daemon, runner and jobs together, medians of interleaved rounds. The bare loop is a tiny process that
keeps eight children under way, and keeps no record, no output and no page.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event

import peers
from measure import Usage, by_command, median, table, usage, verdict

BARE = """
import os, resource, sys
under_way = 0
for _ in range(int(sys.argv[1])):
    os.posix_spawn("/bin/true", ["/bin/true"], {})
    under_way += 1
    if under_way == 8:
        os.wait()
        under_way -= 1
for _ in range(under_way):
    os.wait()
used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
print(sum(each.ru_utime + each.ru_stime for each in used))
"""
GOAL_OVER_BARE = 2.5
LEAD = timedelta(seconds=12)  # from the job files to the due instant
PORT = 18700


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--jobs", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--quick", action="store_true", help="one round, under a minute")
    options = parser.parse_args()
    if options.quick:
        parser.set_defaults(rounds=1)
        options = parser.parse_args()
    bare: list[float] = []
    parts: dict[str, list[float]] = {"daemon": [], "runner and jobs": []}
    # Deleted at the very end: ext4 makes new files slowly while many were deleted a moment ago.
    with tempfile.TemporaryDirectory() as folder:
        for turn in range(options.rounds):
            bare.append(_bare(options.jobs))
            for name, cpu in _rota(options.jobs, Path(folder, str(turn))).items():
                parts[name].append(cpu)
            bare.append(_bare(options.jobs))
    _report(options.jobs, median(bare), {name: median(values) for name, values in parts.items()})


def _bare(count: int) -> float:
    command = [sys.executable, "-I", "-S", "-c", BARE, str(count)]
    return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def _rota(count: int, folder: Path) -> dict[str, float]:
    """CPU seconds by part."""
    due = (datetime.now(UTC) + LEAD).replace(microsecond=0)
    _write(folder / "jobs", count, due)
    command = [str(peers.ROTA), "serve", str(folder / "jobs"), "--state", str(folder / "state")]
    settings = folder / "rota.yaml"
    settings.write_text("max_running: 10000\n")  # nothing waits for room
    command += ["--listen", f"127.0.0.1:{PORT}", "--config", str(settings)]
    env = {**os.environ, "XDG_RUNTIME_DIR": str(folder)}
    with peers.running(command, env, folder / "log"):
        Event().wait(max(0.0, due.timestamp() - time.time() - 1))
        before = _used(str(folder))
        _wait_for(lambda: _completed() == count, due + timedelta(seconds=60))
        after = _used(str(folder))
    return {part: after[part].cpu - before[part].cpu for part in after}


def _write(folder: Path, count: int, due: datetime) -> None:
    folder.mkdir(parents=True)
    for n in range(count):
        text = f'title: Job {n}\nschedule:\n  at: "{due.isoformat()}"\nexec: [/bin/true]\n'
        (folder / f"job-{n}.yaml").write_text(text)


def _used(folder: str) -> dict[str, Usage]:
    return {
        "daemon": usage(by_command("serve", folder)),
        "runner and jobs": usage(by_command("rota.runner", folder)),
    }


def _completed() -> int:
    with urllib.request.urlopen(f"http://127.0.0.1:{PORT}/api/v1/runs?state=completed&limit=1") as answer:
        return int(json.load(answer)["total"])


def _wait_for(condition: Callable[[], bool], until: datetime) -> None:
    Event().wait(3)
    while not condition():
        if datetime.now(UTC) > until:
            raise SystemExit("not all runs were completed in time")
        Event().wait(1)
    Event().wait(1)  # acknowledgements


def _report(jobs: int, bare: float, parts: dict[str, float]) -> None:
    total = sum(parts.values())
    figures = {
        "bare posix_spawn loop": bare,
        "rota": total,
        **{f"  {name}": cpu for name, cpu in parts.items()},
    }
    rows = [[name, f"{1000 * cpu / jobs:.2f}", f"{cpu / bare:.2f}"] for name, cpu in figures.items()]
    print(f"{jobs} runs of /bin/true, due at once")
    print(table(["", "CPU ms a run", "x bare"], rows))
    print(verdict("CPU of a recorded run over a bare spawn", total / bare, GOAL_OVER_BARE))


if __name__ == "__main__":
    main()
