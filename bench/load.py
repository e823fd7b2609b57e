"""Load and validate N job files of about 500 bytes: rota, its peers and a bare CSafeLoader, in one run.

    .venv/bin/python bench/load.py [--jobs 10000] [--rounds 3] [--peer-jobs 1000]

CPU of whole commands for each file, medians of interleaved rounds; ratios are to the bare CSafeLoader. The
peers read fewer files: they need minutes for ten thousand.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

import peers
from measure import child_cpu, median, table, verdict

BARE = """
import sys, yaml, pathlib
for path in pathlib.Path(sys.argv[1]).iterdir():
    yaml.load(path.read_bytes(), yaml.CSafeLoader)
"""
GOAL_COLD = 0.8


def main() -> None:
    options = _options()
    peers.install()
    with tempfile.TemporaryDirectory() as folder:
        many, few = (
            peers.contenders(Path(folder, str(count)), _jobs(count), 18400, long=True)
            for count in (options.jobs, options.peer_jobs)
        )
        bare = [sys.executable, "-c", BARE, str(Path(folder, str(options.jobs), "rota"))]
        commands = {"bare CSafeLoader": (bare, options.jobs), many[0].name: (many[0].validate, options.jobs)}
        commands |= {peer.name: (peer.validate, options.peer_jobs) for peer in few[1:]}
        figures = _measure(commands, options.rounds)
    _report(figures)


def _jobs(count: int) -> list[peers.JobLine]:
    return [peers.JobLine(f"job-{n}", ("/bin/true",), n % 60, n % 24) for n in range(count)]


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--jobs", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--peer-jobs", type=int, default=1000)
    return parser.parse_args()


def _measure(commands: dict[str, tuple[list[str], int]], rounds: int) -> dict[str, float]:
    """CPU seconds a file."""
    seen: dict[str, list[float]] = {name: [] for name in commands}
    for _ in range(rounds):
        for name, (command, files) in commands.items():
            cpu, status = child_cpu(command)
            if status != 0:
                raise SystemExit(f"{name} refused the job files (exit {status}): {' '.join(command)}")
            seen[name].append(cpu / files)
    return {name: median(values) for name, values in seen.items()}


def _report(figures: dict[str, float]) -> None:
    bare = figures["bare CSafeLoader"]
    rows = [[name, f"{1000 * cpu:.3f}", f"{cpu / bare:.2f}"] for name, cpu in figures.items()]
    print("Load and validate job files")
    print(table(["", "CPU ms a file", "x bare"], rows))
    print(verdict("cold load against a bare CSafeLoader load", figures["rota"] / bare, GOAL_COLD))


if __name__ == "__main__":
    main()
