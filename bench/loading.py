"""Read N job files cold, warm and after a change, in a git checkout, beside a bare CSafeLoader, in one run.

    .venv/bin/python bench/loading.py [--jobs 10000] [--rounds 3]

Cold reads begin in new processes and take turns with the bare ones; the figures are medians. Also: what the
warnings cost, and the CPU time that each of the worst cron expressions takes, with nothing remembered from
before. `bench/load.py` has the peers beside it.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from job_files import write_jobs
from measure import median, table, verdict

sys.path.insert(0, str(Path(__file__).parents[1] / "daemon"))

from rota.config.advice import advise
from rota.config.jobset import JobReader
from rota.core import cron, cronfield, zone
from rota.core.model import JobSet

GOAL_COLD, GOAL_WARM, GOAL_RELOAD, GOAL_CRON = 0.8, 0.15, 0.1, 0.05
BARE = """
import sys, time, pathlib, yaml
began = time.process_time()
kept = [yaml.load(each.read_bytes(), yaml.CSafeLoader) for each in pathlib.Path(sys.argv[1]).glob("*.yaml")]
print(time.process_time() - began)
"""
COLD = """
import sys, time, pathlib
from rota.config.jobset import JobReader
began = time.process_time()
read = JobReader([pathlib.Path(sys.argv[1])]).read()
print(time.process_time() - began)
assert not read.problems, read.problems[:3]
"""
WORST = ("*/15 2 * 3 sunL", "*/5 0 29 2 */6", "*/59 */23 29 2 */6", "0 0 31 2 *", "0 0 * * mon#5")
WORST_ZONES = ("UTC", "Europe/Berlin", "Antarctica/Troll")


def main() -> None:
    options = _options()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name, "jobs.d")
        write_jobs(folder, options.jobs)
        for words in (["init", "-q"], ["add", "."], ["commit", "-q", "-m", "all"]):
            who = ["-c", "user.name=a", "-c", "user.email=a@example.org"]
            subprocess.run(["git", *who, *words], cwd=folder, check=True)
        bare, cold = _cold(folder, options.rounds)
        _report(folder, options.jobs, bare, cold)
    _report_cron()


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--jobs", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=3)
    return parser.parse_args()


def _cold(folder: Path, rounds: int) -> tuple[float, float]:
    """CPU seconds without the start of Python: of the bare loader, and of rota."""
    taken: dict[str, list[float]] = {BARE: [], COLD: []}
    for _ in range(rounds):
        for script, seconds in taken.items():
            done = subprocess.run(
                [sys.executable, "-c", script, str(folder)],
                env={"PYTHONPATH": str(Path(__file__).parents[1] / "daemon")},
                stdout=subprocess.PIPE,
                check=True,
            )
            seconds.append(float(done.stdout))
    return median(taken[BARE]), median(taken[COLD])


class _Again:
    """The same reader, asked again: CPU and wall seconds."""

    def __init__(self, folder: Path) -> None:
        self._reader = JobReader([folder])
        self.known = self._reader.read()
        self.known = self._reader.read(self.known)  # what was written lately is looked at once more

    def read(self) -> tuple[float, float]:
        began, cpu = time.perf_counter(), time.process_time()
        self.known = self._reader.read(self.known)
        return time.process_time() - cpu, time.perf_counter() - began


def _report(folder: Path, count: int, bare: float, cold: float) -> None:
    again = _Again(folder)
    assert len(again.known.jobs) == count, again.known.problems[:3]
    warm = again.read()
    (folder / "job-7.yaml").write_text("title: Another\nrun: echo another\n")
    one = again.read()
    (folder / "_defaults.yaml").write_text("cwd: /srv\n")
    all_of_them = again.read()
    advice = [_advice(again.known) for _ in range(2)]
    rows = [
        [name, f"{1000 * cpu / count:.4f}", f"{cpu / bare:.2f}", "" if wall is None else f"{1000 * wall:.0f}"]
        for name, cpu, wall in (
            ("bare CSafeLoader", bare, None),
            ("cold", cold, None),
            ("again, nothing changed", *warm),
            ("again, one file changed", *one),
            ("again, _defaults.yaml changed", *all_of_them),
            ("warnings, the first time", *advice[0]),
            ("warnings, the same day", *advice[1]),
        )
    ]
    print(table([f"{count} job files", "CPU ms a job", "x bare", "wall ms"], rows))
    print(verdict("cold read against a bare CSafeLoader load", cold / bare, GOAL_COLD))
    print(verdict("read again against a bare CSafeLoader load", warm[0] / bare, GOAL_WARM))
    print(verdict(f"to read {count} files again after one change", one[1], GOAL_RELOAD, " s"))


def _advice(jobs: JobSet) -> tuple[float, float]:
    began, cpu = time.perf_counter(), time.process_time()
    advise(jobs.jobs, datetime.now(UTC))
    return time.process_time() - cpu, time.perf_counter() - began


def _report_cron() -> None:
    taken = {(words, name): _cron(words, name) for words in WORST for name in WORST_ZONES}
    rows = [[words, name, f"{1000 * seconds:.1f}"] for (words, name), seconds in taken.items()]
    print(table(["cron expression", "zone", "CPU ms"], sorted(rows, key=lambda row: -float(row[2]))[:5]))
    print(verdict("the worst cron expression, read or refused", max(taken.values()), GOAL_CRON, " s"))


def _cron(expression: str, name: str) -> float:
    for known in (cron._parse, cron._days, cron._times, cron.has_hash, zone._year, cronfield.expand):
        known.cache_clear()
    began = time.process_time()
    with suppress(cron.CronError):
        cron.parse(expression).next_after(datetime(2096, 3, 1, tzinfo=UTC), ZoneInfo(name))
    return time.process_time() - began


if __name__ == "__main__":
    main()
