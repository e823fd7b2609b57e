"""What pages and lists ask of a ledger of N runs: median and p99 of each query, and its CPU, warm.

    .venv/bin/python bench/ledger.py [--runs 1000000] [--jobs 1000] [--at FOLDER] [--rounds 60]

The ledger is made first, unless the folder has one from before (ten million runs take 7 GB and some minutes).
Times are those of the caller, thread switches included; CPU is that of all threads, and tells what a machine
of our own would take. Every round asks with other values.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from contextlib import nullcontext
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import grown
from measure import median, percentile, table, verdict

sys.path.insert(0, str(Path(__file__).parents[1] / "daemon"))

from rota.core.run import RunState
from rota.core.seams import RunQuery
from rota.engine.clock import SystemClock
from rota.store.ledger import Ledger

GOAL_PAGE, GOAL_JOB = 20.0, 1.0  # ms
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
_WARM = 5  # rounds before those that count

MOST = RunQuery(limit=200)

Ask = Callable[[], Awaitable[object]]


def main() -> None:
    options = _options()
    with nullcontext(options.at) if options.at else tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "ledger.db")
        if not path.exists():
            began = time.perf_counter()
            grown.grow(path, options.runs, options.jobs)
            print(f"made in {time.perf_counter() - began:.0f} s: {path.stat().st_size / 2**30:.2f} GiB")
        asyncio.run(_measure(path, options))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--runs", type=int, default=1_000_000)
    parser.add_argument("--jobs", type=int, default=1000)
    parser.add_argument("--at", type=Path)
    parser.add_argument("--rounds", type=int, default=60)
    parser.add_argument("--quick", action="store_true", help="200,000 runs, under a minute")
    options = parser.parse_args()
    if options.quick:
        parser.set_defaults(runs=200_000, rounds=20)
        options = parser.parse_args()
    return options


async def _measure(path: Path, options: argparse.Namespace) -> None:
    ledger = Ledger.open(path, SystemClock())
    try:
        rows, worst = [], {GOAL_JOB: ("", 0.0, 0.0, 0.0), GOAL_PAGE: ("", 0.0, 0.0, 0.0)}
        for name, goal, ask in _Questions(ledger, options.runs, options.jobs).all():
            taken, worked = await _taken(ask, options.rounds)
            figures = (median(taken), percentile(taken, 99), median(worked))
            rows.append([name, *(f"{figure:.2f}" for figure in figures), f"{goal:g}"])
            worst[goal] = max(worst[goal], (name, *figures), key=lambda found: found[1])
    finally:
        await ledger.close()
    print(f"{options.runs} runs of {options.jobs} jobs")
    print(table(["", "median ms", "p99 ms", "CPU ms", "goal ms"], rows))
    for goal, (name, figure, _, cpu) in worst.items():
        print(verdict(f"slowest median: {name}", figure, goal, " ms"))
        print(f"         of that {cpu:.2f} ms of CPU")


async def _taken(ask: Ask, rounds: int) -> tuple[list[float], list[float]]:
    """Milliseconds of each round, and of CPU."""
    taken, cpu = [], []
    for _ in range(_WARM + rounds):
        began, worked = time.perf_counter(), time.process_time()
        await ask()
        taken.append(1000 * (time.perf_counter() - began))
        cpu.append(1000 * (time.process_time() - worked))
    return taken[_WARM:], cpu[_WARM:]


class _Questions:
    """What is asked, each time with other values."""

    def __init__(self, ledger: Ledger, runs: int, jobs: int) -> None:
        self._ledger = ledger
        self._newest = runs // 2 // grown.BUSY
        self._jobs = jobs
        self._choice = random.Random(7)
        self._now = datetime.now(UTC)

    def all(self) -> list[tuple[str, float, Ask]]:
        """What it is called, its goal, and how it is asked."""
        ledger, now = self._ledger, self._now
        busy, any_job, day, page = self._busy, self._any_job, self._day, self._page
        failed, odd = frozenset({RunState.FAILED}), frozenset({RunState.FAILED, RunState.CANCELLED})
        return [
            ("one run", GOAL_JOB, lambda: ledger.run(busy(), self._choice.randrange(1, self._newest))),
            ("a job's latest run", GOAL_JOB, lambda: ledger.latest(any_job())),
            ("a job's history bars", GOAL_JOB, lambda: ledger.bars(60, [any_job()])),
            ("a definition", GOAL_JOB, lambda: ledger.definition("0" * 64)),
            ("what is open", GOAL_JOB, ledger.unfinished),
            ("a page of all runs", GOAL_PAGE, page()),
            ("a page of all runs but skips", GOAL_PAGE, page(skipped=False)),
            ("a page of failed runs", GOAL_PAGE, page(states=failed)),
            ("a page of two states", GOAL_PAGE, page(states=odd)),
            ("a page of one hour", GOAL_PAGE, lambda: self._hour(None)),
            ("a page from the middle, two queries", GOAL_PAGE, lambda: self._far(RunQuery())),
            ("200 runs, the most of the API, from the middle", GOAL_PAGE, lambda: self._far(MOST)),
            ("500 runs of the timeline", GOAL_PAGE, page(skipped=False, limit=500, attempts=False)),
            ("a page of a busy job", GOAL_PAGE, page(job=busy)),
            ("a page of a job", GOAL_PAGE, page(job=any_job)),
            ("a page of a busy job's failures", GOAL_PAGE, page(job=busy, states=failed)),
            ("a page of an hour of a busy job", GOAL_PAGE, lambda: self._hour(busy())),
            ("a page from the middle of a busy job", GOAL_PAGE, lambda: self._far(RunQuery(job=busy()))),
            ("a page of failures of tomorrow: none", GOAL_PAGE, page(since=now + DAY, states=failed)),
            ("rota why: a busy job's last hour", GOAL_PAGE, lambda: ledger.answers(busy(), now - HOUR, now)),
            ("rota why: an hour long ago", GOAL_PAGE, lambda: _why(ledger, busy(), day())),
            ("ends of a busy job", GOAL_PAGE, lambda: ledger.ends(busy(), now - HOUR)),
            ("history bars of 100 jobs (start)", GOAL_PAGE, lambda: self._bars(100)),
            ("the last skip of each job (start)", GOAL_PAGE, ledger.last_skips),
            ("records of all jobs (start)", GOAL_PAGE, ledger.records),
        ]

    def _busy(self) -> str:
        return grown.job_name(self._choice.randrange(grown.BUSY))

    def _any_job(self) -> str:
        return grown.job_name(self._choice.randrange(self._jobs))

    def _day(self) -> datetime:
        return self._now - self._choice.random() * grown.SPAN

    def _page(self, **query: Any) -> Ask:
        """Callables are asked for each round's value."""

        def ask() -> Awaitable[object]:
            values = {name: value() if callable(value) else value for name, value in query.items()}
            return self._ledger.runs(RunQuery(**values))

        return ask

    async def _hour(self, job: str | None) -> None:
        since = self._day()
        await self._ledger.runs(RunQuery(job=job, since=since, until=since + HOUR, skipped=False))

    async def _far(self, query: RunQuery) -> None:
        """The page after one in the middle of the history."""
        middle = await self._ledger.runs(RunQuery(job=query.job, until=self._day(), limit=1))
        await self._ledger.runs(replace(query, before=middle.next_cursor))

    async def _bars(self, count: int) -> None:
        await self._ledger.bars(60, [grown.job_name(n) for n in range(min(self._jobs, count))])


async def _why(ledger: Ledger, job: str, at: datetime) -> object:
    return await ledger.answers(job, at - HOUR, at)


if __name__ == "__main__":
    main()
