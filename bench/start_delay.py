"""N jobs due in the same second: how late each starts, and what it costs; rota and its peers in one run.

    .venv/bin/python bench/start_delay.py [--jobs 1000] [--quick]

Each job is `touch FILE`; its delay is the file's time minus the due instant. The schedulers take turns, a
minute each, with output kept, the page on and, for rota and cronstable, their durable store; APScheduler is
there as the quickest that threads can be: it keeps nothing. `--quick` is rota and APScheduler alone, which
need no minute to begin. For 10,000 jobs see crowd.py: the peers don't start so many in the time there is.
"""

from __future__ import annotations

import argparse
import os
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import peers
from measure import by_command, percentile, table, usage, verdict
from waiting import next_minute, wait_for, wait_until

GOAL_OVER_YACRON_CPU = 0.15
GOAL_OVER_APSCHEDULER_P99 = 1.0
GOAL_TENTH_MS = 15.0
SETTLE = timedelta(seconds=20)
LAST = 55.0  # seconds after the due instant at which a start counts as lost


@dataclass(frozen=True, slots=True)
class Outcome:
    delays: list[float]
    cpu: float
    lost: int


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--jobs", type=int, default=1000)
    parser.add_argument("--quick", action="store_true", help="rota and APScheduler alone, under a minute")
    options = parser.parse_args()
    peers.install()
    names = ("rota", peers.APSCHEDULER, *(() if options.quick else ("yacron", "cronstable")))
    outcomes: dict[str, Outcome] = {}
    for turn, name in enumerate(names):
        with tempfile.TemporaryDirectory() as folder:
            due = _soon(options.jobs) if options.quick else next_minute(SETTLE)
            jobs = [_job(n, Path(folder), due, exact=options.quick) for n in range(options.jobs)]
            outcomes[name] = _take_turn(name, Path(folder), due, jobs, 18500 + 10 * turn)
    _report(options.jobs, outcomes)


def _job(n: int, folder: Path, due: datetime, *, exact: bool) -> peers.JobLine:
    argv = ("/usr/bin/touch", str(folder / "witness" / str(n)))
    return peers.JobLine(f"job-{n}", argv, due.minute, due.hour, due if exact else None)


def _take_turn(name: str, folder: Path, due: datetime, jobs: Sequence[peers.JobLine], port: int) -> Outcome:
    witness, count = folder / "witness", len(jobs)
    witness.mkdir()
    all_of_them = [*peers.contenders(folder, jobs, port), peers.apscheduler(folder, jobs)]
    contender = next(each for each in all_of_them if each.name == name)
    env = {**os.environ, "XDG_RUNTIME_DIR": str(folder)}
    with peers.running(contender.command, env, folder / "log"):
        wait_until(due - timedelta(seconds=1))
        before = _cpu(folder)
        wait_for(lambda: sum(1 for _ in witness.iterdir()) == count, due + timedelta(seconds=LAST))
        wait_until(datetime.now(UTC) + timedelta(seconds=3))
        cpu = _cpu(folder) - before
    delays = [path.stat().st_mtime - due.timestamp() for path in witness.iterdir()]
    return Outcome(delays, cpu, count - len(delays))


def _cpu(folder: Path) -> float:
    """Of all that was started for this turn: the folder's name stands in every command line."""
    return usage(by_command(str(folder))).cpu


def _soon(jobs: int) -> datetime:
    seconds = 8 + jobs // 250  # whole ones, as `at` has them
    return datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=seconds)


def _report(jobs: int, outcomes: dict[str, Outcome]) -> None:
    rows = []
    for name, outcome in outcomes.items():
        p50, p99 = (_delay(outcome, percent) for percent in (50, 99))
        per_run = 1000 * outcome.cpu / max(1, len(outcome.delays))
        rows.append(
            [
                name,
                f"{1000 * _tenth(outcome):.0f}",
                f"{p50:.3f}",
                f"{p99:.3f}",
                f"{_delay(outcome, 100):.3f}",
                f"{outcome.cpu:.2f}",
                f"{per_run:.2f}",
                str(outcome.lost),
            ]
        )
    print(f"{jobs} jobs due in the same second")
    print(table(["", "tenth ms", "p50 s", "p99 s", "max s", "CPU s", "CPU ms a run", "not started"], rows))
    if "yacron" in outcomes:
        ratio = outcomes["rota"].cpu / outcomes["yacron"].cpu
        print(verdict("CPU of rota over yacron", ratio, GOAL_OVER_YACRON_CPU))
    print(verdict("tenth start of rota", 1000 * _tenth(outcomes["rota"]), GOAL_TENTH_MS, " ms"))
    mine = _delay(outcomes["rota"], 99)
    threads = _delay(outcomes[peers.APSCHEDULER], 99)
    print(verdict("p99 start delay of rota over APScheduler", mine / threads, GOAL_OVER_APSCHEDULER_P99))
    for peer in outcomes.keys() & {"yacron", "cronstable"}:
        print(f"p99 start delay of rota over {peer}: {mine / _delay(outcomes[peer], 99):.3g}x")


def _delay(outcome: Outcome, percent: float) -> float:
    return percentile(outcome.delays, percent) if outcome.delays else float("nan")


def _tenth(outcome: Outcome) -> float:
    return sorted(outcome.delays)[9] if len(outcome.delays) >= 10 else float("nan")


if __name__ == "__main__":
    main()
