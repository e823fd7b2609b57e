"""A ledger as years leave it behind: any number of runs, written in bulk; shared by commands beside it."""

from __future__ import annotations

import asyncio
import sqlite3
import sys
from contextlib import closing
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "daemon"))

from rota.core.instant import to_ms
from rota.core.run import Attempt, Reason, Run, RunState, StepState, TriggeredBy
from rota.engine.clock import SystemClock
from rota.store import histories
from rota.store.ledger import Ledger
from rota.store.tables import attempts, runs

BUSY = 10  # jobs that have every other run between them
SPAN = timedelta(days=80)  # of the whole history
LOGS = timedelta(days=30)  # so long logs are there
SHAPES = {  # of a thousand runs
    RunState.COMPLETED: 930,
    RunState.FAILED: 40,
    RunState.CANCELLED: 10,
    RunState.SKIPPED: 20,
}
_PART = 250_000  # runs in one statement


def job_name(n: int) -> str:
    """The first `BUSY` of them are the busy ones."""
    return f"job-{n}"


def grow(path: Path, count: int, jobs: int) -> None:
    """A new ledger with that many runs of that many jobs, the newest of them just now."""
    asyncio.run(_begin(path))
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        for pragma in ("journal_mode=OFF", "synchronous=OFF", "cache_size=-400000", "temp_store=MEMORY"):
            connection.execute(f"PRAGMA {pragma}")
        now = to_ms(datetime.now(UTC))
        step = int(SPAN / timedelta(milliseconds=1)) / count
        values = {"jobs": jobs - BUSY, "begin": now - step * count, "step": step}
        for start in range(0, count, _PART):
            _fill(connection, values | {"start": start, "end": min(count, start + _PART)}, now)
        connection.execute("DELETE FROM runs WHERE job = 'shape'")
        connection.execute("DELETE FROM attempts WHERE job = 'shape'")
        connection.execute("DELETE FROM jobs WHERE job = 'shape'")
        connection.execute(
            "INSERT INTO jobs (job, last_number, schedule, pause_note, definition, source_file, source_line,"
            " source_directory) SELECT job, max(number), '', '', '', '', 0, '' FROM runs GROUP BY job"
        )
        connection.execute("PRAGMA journal_mode=WAL")
    asyncio.run(_gather(path))


def _fill(connection: sqlite3.Connection, values: dict[str, float], now: int) -> None:
    """Rows of runs and of their attempts: copies of the shapes with other names, numbers and times."""
    connection.execute("DROP TABLE IF EXISTS temp.made")
    connection.execute(
        "CREATE TEMP TABLE made AS WITH RECURSIVE counter(i) AS"
        " (SELECT :start UNION ALL SELECT i + 1 FROM counter WHERE i + 1 < :end)"
        f" SELECT i, CASE i % 2 WHEN 0 THEN i / 2 % {BUSY} ELSE {BUSY} + i / 2 % :jobs END AS job,"
        f" CASE i % 2 WHEN 0 THEN i / 2 / {BUSY} ELSE i / 2 / :jobs END + 1 AS number,"
        f" {_shape('i * 7919 % 1000')} AS shape,"
        " CAST(:begin + :step * i AS INTEGER) AS at FROM counter",
        values,
    )
    of_run = {
        "job": "'job-' || made.job",
        "number": "made.number",
        **dict.fromkeys(("due_at", "scheduled_for", "created_at"), "made.at"),
        "started_at": "CASE WHEN shape.started_at IS NULL THEN NULL ELSE made.at + 12 END",
        "ended_at": "made.at + 1000 + made.i * 31 % 60000",
    }
    names = [column.name for column in runs.columns if column.name != "id"]
    _copy(connection, "runs", names, of_run)
    of_attempt = {name: of_run[name] for name in ("job", "number", "created_at", "started_at", "ended_at")}
    kept = now - int(LOGS / timedelta(milliseconds=1))
    of_attempt |= {"id": "lower(hex(randomblob(16)))", "log_kept": f"made.at > {kept}"}
    of_attempt["log_size"] = "made.i * 37 % 20000"
    _copy(connection, "attempts", [column.name for column in attempts.columns], of_attempt)


def _copy(connection: sqlite3.Connection, table: str, names: list[str], other: dict[str, str]) -> None:
    columns = ", ".join(f'"{name}"' for name in names)
    values = ", ".join(other.get(name, f'shape."{name}"') for name in names)
    connection.execute(
        f"INSERT INTO {table} ({columns}) SELECT {values} FROM made"
        f" JOIN {table} AS shape ON shape.job = 'shape' AND shape.number = made.shape ORDER BY made.i"
    )


def _shape(of: str) -> str:
    """SQL for the number of the shape that a number below a thousand falls to."""
    cases, upto = "", 0
    for number, share in enumerate(SHAPES.values(), start=1):
        upto += share
        cases += f" WHEN {of} < {upto} THEN {number}"
    return f"CASE{cases} END"


async def _begin(path: Path) -> None:
    """The shapes are written by the ledger itself, so that the rows are what a daemon would leave."""
    ledger = Ledger.open(path, SystemClock())
    try:
        await ledger.add([_run(state) for state in SHAPES])
    finally:
        await ledger.close()


async def _gather(path: Path) -> None:
    """What the writer would have kept beside the runs."""
    ledger = Ledger.open(path, SystemClock())
    try:
        while missing := await ledger.read(lambda connection: histories.unknown(connection, 500)):
            await ledger.write(partial(histories.gather, of=missing))
    finally:
        await ledger.close()


def _run(state: RunState) -> Run:
    at = datetime.now(UTC)
    skipped, failed = state is RunState.SKIPPED, state is RunState.FAILED
    attempt = Attempt(
        id="shape",
        state=StepState.FAILED if failed else StepState.COMPLETED,
        reason=Reason.EXIT if failed else None,
        created_at=at,
        started_at=at,
        ended_at=at,
        exit_code=1 if failed else 0,
        pid=4711,
        boot_id="5d1c2a52-8f6a-4d8e-9a57-3f1f6f0f2f11",
        definition="0" * 64,
        argv=("/bin/bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", "./dump.sh | gzip > out.gz"),
        cwd="/srv/backup",
        user="backup",
    )
    return Run(
        job="shape",
        number=0,
        state=state,
        reason=Reason.OVERLAP if skipped else Reason.EXIT if failed else None,
        message="the run before was still going on" if skipped else "",
        triggered_by=TriggeredBy.SCHEDULE,
        created_at=at,
        started_at=None if skipped else at,
        ended_at=at,
        result={} if skipped else {"size": "1048576", "rows": "4711"},
        attempts=() if skipped else (attempt,),
        host="db1",
        definition="0" * 64,
        source_file="nightly-backup.yaml",
        source_line=1,
        commit="8f3b6d2a9c1e4f5a7b8c9d0e1f2a3b4c5d6e7f80",
    )
