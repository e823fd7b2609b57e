"""N jobs due in the same second: how late each starts, and what it costs; rota and its peers in one run.

    .venv/bin/python bench/start_delay.py [--jobs 1000]

Each job is `touch FILE`; its delay is the file's time minus the due instant. The schedulers take turns, a
minute each, with output kept, the page on and, for rota and cronstable, their durable store; APScheduler is
there as the quickest that threads can be: it keeps nothing.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event

import peers
from measure import by_command, percentile, table, usage, verdict

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
    jobs = parser.parse_args().jobs
    peers.install()
    outcomes: dict[str, Outcome] = {}
    for turn, name in enumerate(("rota", peers.APSCHEDULER, "yacron", "cronstable")):
        with tempfile.TemporaryDirectory() as folder:
            outcomes[name] = _take_turn(name, Path(folder), jobs, 18500 + 10 * turn)
    _report(jobs, outcomes)


def _take_turn(name: str, folder: Path, count: int, port: int) -> Outcome:
    witness = folder / "witness"
    witness.mkdir()
    due = _next_minute()
    jobs = [
        peers.JobLine(f"job-{n}", ("/usr/bin/touch", str(witness / str(n))), due.minute, due.hour)
        for n in range(count)
    ]
    all_of_them = [*peers.contenders(folder, jobs, port), peers.apscheduler(folder, jobs)]
    contender = next(each for each in all_of_them if each.name == name)
    env = {**os.environ, "XDG_RUNTIME_DIR": str(folder)}
    with peers.running(contender.command, env, folder / "log"):
        _wait_until(due - timedelta(seconds=1))
        before = _cpu(folder)
        _wait_for(lambda: sum(1 for _ in witness.iterdir()) == count, due + timedelta(seconds=LAST))
        _wait_until(datetime.now(UTC) + timedelta(seconds=3))
        cpu = _cpu(folder) - before
    delays = [path.stat().st_mtime - due.timestamp() for path in witness.iterdir()]
    return Outcome(delays, cpu, count - len(delays))


def _cpu(folder: Path) -> float:
    """Of all that was started for this turn: the folder's name stands in every command line."""
    return usage(by_command(str(folder))).cpu


def _next_minute() -> datetime:
    soonest = datetime.now(UTC) + SETTLE
    return soonest.replace(second=0, microsecond=0) + timedelta(minutes=1)


def _wait_until(at: datetime) -> None:
    Event().wait(max(0.0, at.timestamp() - time.time()))


def _wait_for(condition: Callable[[], bool], until: datetime) -> None:
    while not condition() and datetime.now(UTC) < until:
        Event().wait(0.1)


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
                f"{outcome.cpu:.2f}",
                f"{per_run:.2f}",
                str(outcome.lost),
            ]
        )
    print(f"{jobs} jobs due in the same second")
    print(table(["", "tenth ms", "p50 s", "p99 s", "CPU s", "CPU ms a run", "not started"], rows))
    ratio = outcomes["rota"].cpu / outcomes["yacron"].cpu
    print(verdict("CPU of rota over yacron", ratio, GOAL_OVER_YACRON_CPU))
    print(verdict("tenth start of rota", 1000 * _tenth(outcomes["rota"]), GOAL_TENTH_MS, " ms"))
    mine = _delay(outcomes["rota"], 99)
    threads = _delay(outcomes[peers.APSCHEDULER], 99)
    print(verdict("p99 start delay of rota over APScheduler", mine / threads, GOAL_OVER_APSCHEDULER_P99))
    for peer in ("yacron", "cronstable"):
        print(f"p99 start delay of rota over {peer}: {mine / _delay(outcomes[peer], 99):.3g}x")


def _delay(outcome: Outcome, percent: float) -> float:
    return percentile(outcome.delays, percent) if outcome.delays else float("nan")


def _tenth(outcome: Outcome) -> float:
    return sorted(outcome.delays)[9] if len(outcome.delays) >= 10 else float("nan")


if __name__ == "__main__":
    main()
