"""A job that prints gigabytes: how fast it is taken, and what it costs in memory and on the disk.

    .venv/bin/python bench/large_log.py [--gib 10] [--keep 16M]

A real daemon and runner. The job is `yes`, so nothing but the reader holds it back.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))

from daemon_process import DaemonProcess

GIB = 1 << 30


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--gib", type=float, default=1)
    parser.add_argument("--keep", default="16M", help="limits.output of the job")
    given = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="rota-bench-"))
    try:
        with DaemonProcess(folder) as daemon:
            measure(daemon, int(given.gib * GIB), given.keep)
    finally:
        shutil.rmtree(folder)


def measure(daemon: DaemonProcess, size: int, keep: str) -> None:
    work = f"(yes a line of text that comes again and again || true) | head -c {size}"
    daemon.load("pours", f"limits: {{output: {keep}}}\nrun: {work}\n")
    before = {name: of(pid) for name, pid in (("daemon", daemon.pid), ("runner", daemon.runner_pid))}
    began = time.monotonic()
    run = daemon.ended(daemon.run("pours"), within=3600)
    seconds = time.monotonic() - began
    logs = daemon.state / "runner" / "pours"
    kept = sum(file.stat().st_size for file in logs.rglob("*") if file.is_file())
    print(f"{size / GIB:.1f} GiB in {seconds:.0f} s, {size / seconds / 2**20:.0f} MiB/s: {run['state']}")
    print(f"on the disk: {kept / 2**20:.1f} MiB")
    for name, pid in (("daemon", daemon.pid), ("runner", daemon.runner_pid)):
        (peak, cpu), (first, used) = of(pid), before[name]
        print(f"{name}: {cpu - used:.1f} s CPU, peak {peak:.0f} MiB, before {first:.0f} MiB")
    for what, path in (("page", f"/runs/{run['id']}"), ("end of log", f"/api/v1/runs/{run['id']}/log")):
        asked = time.monotonic()
        status = daemon.exchange("GET", path)[0]
        print(f"{what}: {status} in {(time.monotonic() - asked) * 1000:.0f} ms")


def of(pid: int) -> tuple[float, float]:
    """Peak memory in MiB and CPU seconds of a process."""
    words = Path(f"/proc/{pid}/status").read_text().partition("VmHWM:")[2].split()
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return int(words[0]) / 1024, (int(fields[11]) + int(fields[12])) / 100


if __name__ == "__main__":
    main()
