"""Load and validate N job files: rota, yacron, cronstable and a bare CSafeLoader, in one run.

    .venv/bin/python bench/load.py [--jobs 10000] [--rounds 3] [--peer-jobs 10000]

CPU seconds of whole commands, medians of interleaved rounds; ratios are to the bare CSafeLoader.
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
        jobs = [peers.JobLine(f"job-{n}", ("/bin/true",), n % 60, n % 24) for n in range(options.jobs)]
        found = peers.contenders(Path(folder), jobs, 18400)
        commands = {contender.name: contender.validate for contender in found}
        commands["bare CSafeLoader"] = [sys.executable, "-c", BARE, str(Path(folder) / "rota")]
        figures = _measure(commands, options.rounds)
    _report(options.jobs, figures)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--jobs", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=3)
    return parser.parse_args()


def _measure(commands: dict[str, list[str]], rounds: int) -> dict[str, float]:
    seen: dict[str, list[float]] = {name: [] for name in commands}
    for _ in range(rounds):
        for name, command in commands.items():
            cpu, status = child_cpu(command)
            if status != 0:
                raise SystemExit(f"{name} refused the job files (exit {status}): {' '.join(command)}")
            seen[name].append(cpu)
    return {name: median(values) for name, values in seen.items()}


def _report(jobs: int, figures: dict[str, float]) -> None:
    bare = figures["bare CSafeLoader"]
    rows = [[name, f"{cpu:.2f}", f"{cpu / bare:.2f}"] for name, cpu in figures.items()]
    print(f"Load and validate {jobs} job files")
    print(table(["", "CPU s", "x bare"], rows))
    print(verdict("cold load against a bare CSafeLoader load", figures["rota"] / bare, GOAL_COLD))


if __name__ == "__main__":
    main()
