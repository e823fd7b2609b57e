"""How long anyone waits for the ledger's writer while half of a large ledger is let go.

    .venv/bin/python bench/retention.py [--runs 300000] [--jobs 1000] [--quiet 5] [--most 60]

A transition is stored every 5 ms, first alone and then beside retention, the pruning of definitions and the
giving back of room; logs are removed at once, since their pace is the runner's. Printed are the waits of the
caller; of each transaction that of the writer without its commit; and how long the disk took meanwhile for a
page that something else appends to a file of its own and syncs: nobody who writes is quicker than that.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
import tempfile
import time
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event, Thread

import grown
from measure import percentile, table, verdict

sys.path.insert(0, str(Path(__file__).parents[1] / "daemon"))

from sqlalchemy import Connection, event

from rota.core.retention import Kept
from rota.core.run import Run, RunState, TriggeredBy
from rota.engine.clock import SystemClock
from rota.store import definitions
from rota.store.ledger import Ledger
from rota.store.log_space import ease
from rota.store.pace import Pace
from rota.store.retention import Means, sweep
from rota.store.vacuum import give_back

GOAL = 50.0  # ms
EVERY = 0.005  # seconds between two transitions
SYNCED = 0.05  # seconds between two looks at the disk
DAY = timedelta(days=1)
KEPT = Kept(rows=40 * DAY, logs=20 * DAY, failed_logs=20 * DAY)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--runs", type=int, default=300_000)
    parser.add_argument("--jobs", type=int, default=1000)
    parser.add_argument("--quiet", type=float, default=5.0, help="seconds that are measured before")
    parser.add_argument("--most", type=float, default=60.0, help="seconds of retention, at most")
    parser.add_argument("--quick", action="store_true", help="a small ledger, under a minute")
    options = parser.parse_args()
    if options.quick:
        parser.set_defaults(runs=40_000, jobs=200, quiet=1.0, most=12.0)
        options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "ledger.db")
        grown.grow(path, options.runs, options.jobs)
        asyncio.run(_measure(path, options))


async def _measure(path: Path, options: argparse.Namespace) -> None:
    clock = SystemClock()
    ledger = Ledger.open(path, clock)
    waits: list[float] = []
    held = _held(ledger)
    disk = _Disk(path.with_name("beside"))
    writing = asyncio.create_task(_write(ledger, clock, waits))
    try:
        await clock.sleep(options.quiet)
        alone, disk_alone = waits.copy(), disk.took.copy()
        for figures in (waits, disk.took, held):
            figures.clear()
        began = time.perf_counter()
        with suppress(TimeoutError):
            async with asyncio.timeout(options.most):
                print(await _let_go(ledger, clock, options.jobs))
        print(f"{time.perf_counter() - began:.1f} s of retention")
        beside, disk_beside, worked = waits.copy(), disk.took.copy(), held.copy()
    finally:
        disk.close()
        writing.cancel()
        with suppress(asyncio.CancelledError):
            await writing
        await ledger.close()
    rows = [
        [name, str(len(of)), *(f"{value:.1f}" for value in _figures(of))]
        for name, of in (
            ("a transition waited, alone", alone),
            ("a transition waited, beside retention", beside),
            ("the writer was held without commits", worked),
            ("the disk synced a page, alone", disk_alone),
            ("the disk synced a page, beside retention", disk_beside),
        )
    ]
    print(table(["ms", "times", "p50", "p99", "max"], rows))
    print(verdict("longest wait beside retention", max(beside), GOAL, " ms"))
    print(verdict("longest that it was held without commits", max(worked), GOAL, " ms"))


class _Disk:
    """What it takes to append a page to a file and sync it: ms, again and again, in a thread."""

    def __init__(self, path: Path) -> None:
        self.took: list[float] = []
        self._over = Event()
        self._fd = os.open(path, os.O_CREAT | os.O_APPEND | os.O_WRONLY)
        self._thread = Thread(target=self._run)
        self._thread.start()

    def close(self) -> None:
        self._over.set()
        self._thread.join()
        os.close(self._fd)

    def _run(self) -> None:
        while not self._over.wait(SYNCED):
            began = time.perf_counter()
            os.write(self._fd, bytes(4096))
            os.fdatasync(self._fd)
            self.took.append(1000 * (time.perf_counter() - began))


def _held(ledger: Ledger) -> list[float]:
    """The ms between begin and commit of each transaction from now on."""
    found: list[float] = []
    began = 0.0

    def begin(_connection: Connection) -> None:
        nonlocal began
        began = time.perf_counter()

    def commit(_connection: Connection) -> None:
        found.append(1000 * (time.perf_counter() - began))

    engine = ledger._writer._engine
    event.listen(engine, "begin", begin)
    event.listen(engine, "commit", commit)
    return found


async def _let_go(ledger: Ledger, clock: SystemClock, jobs: int) -> str:
    async def remove(_job: str, _number: int) -> None:
        pass

    means = Means(ledger=ledger, remove_logs=remove, pace=Pace(ledger, clock))
    kept = {grown.job_name(n): KEPT for n in range(jobs)}
    swept = await sweep(means, kept, clock.now())
    eased = await ease(means, kept, 2**28)
    pruned = await definitions.prune(ledger, means.pace)
    pages = await give_back(ledger, means.pace)
    return (
        f"{swept.runs} runs and the logs of {swept.logs + eased.runs} let go, {pruned} definitions,"
        f" {pages} pages given back"
    )


async def _write(ledger: Ledger, clock: SystemClock, waits: list[float]) -> None:
    """A run that changes every few milliseconds; its waits in ms."""
    now = datetime.now(UTC)
    run = Run(job="probe", number=0, state=RunState.RUNNING, triggered_by=TriggeredBy.MANUAL, created_at=now)
    (stored,) = await ledger.add([run])
    assert stored is not None
    while True:
        stored = replace(stored, attempt=stored.attempt + 1)
        began = time.perf_counter()
        await ledger.save(stored)
        waits.append(1000 * (time.perf_counter() - began))
        await clock.sleep(EVERY)


def _figures(waits: list[float]) -> tuple[float, float, float]:
    return percentile(waits, 50), percentile(waits, 99), max(waits)


if __name__ == "__main__":
    main()
