"""`rota next` and `rota plan` over N jobs for 24 hours, `rota simulate` of fewer for a week.

    .venv/bin/python bench/planning.py [--jobs 10000] [--simulated 500]

Whole commands, from the job files to what they print: CPU and wall seconds, memory, and the due instants they
looked at. For the plan every hundredth job gets another time.
"""

from __future__ import annotations

import argparse
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from job_files import job_text, write_jobs
from measure import table, verdict
from peers import ROTA

sys.path.insert(0, str(Path(__file__).parents[1] / "daemon"))

from rota.config.jobset import JobReader
from rota.core.schedule import due_between

GOAL_SECONDS, GOAL_MB = 10.0, 256.0  # CPU and memory of any of them: an answer while one waits


@dataclass(frozen=True, slots=True)
class Cost:
    cpu: float
    wall: float
    megabytes: float


def main() -> None:
    options = _options()
    with tempfile.TemporaryDirectory() as name:
        before, after, few = (Path(name, each) for each in ("before", "after", "few"))
        write_jobs(before, options.jobs)
        write_jobs(after, options.jobs)
        _change(after, options.jobs)
        write_jobs(few, options.simulated)
        day, week = _instants(before, timedelta(days=1)), _instants(few, timedelta(days=7))
        costs = {
            f"next, {options.jobs} jobs": (_cost(["next", "--jobs", before, "-n", "1000"]), day),
            f"plan, {options.jobs} jobs": (_cost(["plan", after, "--against", before, "--json"]), 2 * day),
            f"simulate, {options.simulated} jobs": (_cost(["simulate", few, "--json"]), week),
        }
    _report(costs)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--jobs", type=int, default=10_000)
    parser.add_argument("--simulated", type=int, default=500)
    return parser.parse_args()


def _change(folder: Path, jobs: int) -> None:
    chance = random.Random(8)
    for number in range(0, jobs, 100):
        (folder / f"job-{number}.yaml").write_text(job_text(number, chance))


def _instants(folder: Path, length: timedelta) -> int:
    """How many due instants the calendar names."""
    now = datetime.now(UTC)
    jobs = JobReader([folder]).read().jobs.values()
    return sum(1 for spec in jobs for _ in due_between(spec.id, spec.triggers, now, now + length))


def _cost(words: Sequence[str | Path]) -> Cost:
    began = time.perf_counter()
    process = subprocess.Popen([str(ROTA), *map(str, words)], stdout=subprocess.PIPE)
    assert process.stdout is not None
    told = process.stdout.read()
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if not told:
        raise SystemExit(f"{words[0]} told nothing: exit {process.returncode}")
    return Cost(used.ru_utime + used.ru_stime, time.perf_counter() - began, used.ru_maxrss / 1024)


def _report(costs: dict[str, tuple[Cost, int]]) -> None:
    rows = [
        [name, f"{cost.cpu:.2f}", f"{cost.wall:.2f}", f"{cost.megabytes:.0f}", str(instants)]
        for name, (cost, instants) in costs.items()
    ]
    print(table(["", "CPU s", "wall s", "MB", "due instants"], rows))
    print(verdict("CPU of the slowest", max(cost.cpu for cost, _ in costs.values()), GOAL_SECONDS, " s"))
    print(verdict("the largest", max(cost.megabytes for cost, _ in costs.values()), GOAL_MB, " MB"))


if __name__ == "__main__":
    main()
