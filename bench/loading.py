"""Read N job files cold, warm and after one change, in a git checkout, beside a bare CSafeLoader, in one run.

    .venv/bin/python bench/loading.py [--jobs 10000]

Also: the longest time that one of the worst cron expressions takes, with nothing remembered from before.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import yaml

from measure import table, verdict

sys.path.insert(0, str(Path(__file__).parents[1] / "daemon"))

from rota.config.jobset import JobReader
from rota.core import cron, cronfield, zone
from rota.core.model import JobSet

GOAL_COLD, GOAL_WARM, GOAL_RELOAD, GOAL_CRON = 0.8, 0.15, 0.1, 0.05
FILE = """title: Nightly dump {n}
description: Dumps one of the databases, verifies the dump, and prunes what is older than two weeks.
owner: dba@example.org
tags: [database, nightly]
schedule:
  cron: "{minute} {hour} * * *"
  timezone: Europe/Berlin
missed: {{run: latest, within: 12h}}
retry: {{attempts: 3, delay: 30s, backoff: exponential}}
limits: {{timeout: 30m}}
env: {{PGHOST: db{n}, PGDATABASE: app}}
run: |
  pg_dump app | gzip > /srv/backup/{n}.gz
  gzip -t /srv/backup/{n}.gz
"""
WORST = ("*/15 2 * 3 sunL", "*/5 0 29 2 */6", "*/59 */23 29 2 */6", "0 0 31 2 *", "0 0 * * mon#5")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--jobs", type=int, default=10_000)
    count = parser.parse_args().jobs
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for n in range(count):
            (folder / f"job-{n}.yaml").write_text(FILE.format(n=n, minute=n % 60, hour=n % 24))
        for words in (["init", "-q"], ["add", "."], ["commit", "-q", "-m", "all"]):
            subprocess.run(
                ["git", "-c", "user.name=a", "-c", "user.email=a@example.org", *words], cwd=folder, check=True
            )
        _report(folder, count)


def _report(folder: Path, count: int) -> None:
    reader, known = JobReader([folder]), JobSet()

    def read() -> None:
        nonlocal known
        known = reader.read(known)

    bare = _cpu(
        lambda: [
            yaml.load(path.read_bytes(), yaml.CSafeLoader) for path in folder.iterdir() if path.is_file()
        ]
    )
    cold = _cpu(read)
    assert len(known.jobs) == count, known.problems[:3]
    _cpu(read)  # what was written lately is looked at once more
    warm = _cpu(read)
    (folder / "job-7.yaml").write_text(FILE.format(n=7, minute=59, hour=3))
    began = time.perf_counter()
    read()
    reload = time.perf_counter() - began
    rows = [
        [name, f"{1000 * cpu / count:.4f}", f"{cpu / bare:.2f}"]
        for name, cpu in (("bare CSafeLoader", bare), ("cold", cold), ("warm", warm))
    ]
    print(table(["", "CPU ms a file", "x bare"], rows))
    print(verdict("cold load against a bare CSafeLoader load", cold / bare, GOAL_COLD))
    print(verdict("warm load against a bare CSafeLoader load", warm / bare, GOAL_WARM))
    print(verdict(f"seconds to read {count} files again after one change", reload, GOAL_RELOAD))
    print(verdict("seconds for the worst cron expression", _worst_cron(), GOAL_CRON))


def _cpu(does: Callable[[], object]) -> float:
    began = time.process_time()
    does()
    return time.process_time() - began


def _worst_cron() -> float:
    taken = []
    for expression in WORST:
        for name in ("UTC", "Europe/Berlin", "Antarctica/Troll"):
            for known in (cron._parse, cron._days, cron._times, zone._year, cronfield.expand):
                known.cache_clear()
            began = time.perf_counter()
            with suppress(cron.CronError):
                cron.parse(expression).next_after(datetime(2096, 3, 1, tzinfo=UTC), ZoneInfo(name))
            taken.append(time.perf_counter() - began)
    return max(taken)


if __name__ == "__main__":
    main()
