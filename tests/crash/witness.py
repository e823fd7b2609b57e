"""Jobs that write down for themselves that they ran, and the judgement of ledger and witness together.

The witness is a file outside of everything that is killed: each start of a job appends one line to it.
"""

from __future__ import annotations

import sqlite3
from collections import Counter, defaultdict
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

SECOND = 1000


@dataclass(frozen=True, slots=True)
class Line:
    """What a job said of itself: its id, the instant it is for (ms), its attempt."""

    job: str
    at: int
    attempt: str


@dataclass(frozen=True, slots=True)
class Row:
    """A run as the ledger has it."""

    job: str
    number: int
    state: str
    reason: str | None
    due_at: int
    count: int
    last_due_at: int | None
    attempts: tuple[str, ...]


def quick_job(witness: Path) -> str:
    """Due every second; done at once."""
    return _job(f"echo \"$ROTA_JOB $ROTA_SCHEDULED_EPOCH $ROTA_ATTEMPT_ID\" >> '{witness}'")


def read_witness(witness: Path) -> list[Line]:
    lines = witness.read_text().splitlines() if witness.exists() else []
    return [Line(job, int(epoch) * SECOND, attempt) for job, epoch, attempt in map(str.split, lines)]


def read_ledger(state: Path) -> list[Row]:
    """Every run that answers a due instant, in the order of their instants. The database must be sound."""
    with closing(sqlite3.connect(f"file:{state / 'ledger.db'}?mode=ro", uri=True)) as ledger:
        assert ledger.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        attempts: dict[tuple[str, int], list[str]] = defaultdict(list)
        for job, number, attempt in ledger.execute("SELECT job, number, id FROM attempts ORDER BY position"):
            attempts[job, number].append(attempt)
        rows = ledger.execute(
            "SELECT job, number, state, reason, due_at, count, last_due_at FROM runs"
            " WHERE due_at IS NOT NULL ORDER BY job, due_at"
        ).fetchall()
    return [Row(*(*row, tuple(attempts[row[0], row[1]]))) for row in rows]


def judge(rows: Sequence[Row], lines: Sequence[Line]) -> None:
    """Nothing started twice, nothing forgotten, nothing recorded that did not happen."""
    _nothing_started_twice(lines)
    _everything_started_is_recorded(rows, lines)
    _nothing_recorded_that_did_not_happen(rows, lines)
    for job in {row.job for row in rows}:
        each_instant_is_answered_once([row for row in rows if row.job == job])


def _nothing_started_twice(lines: Sequence[Line]) -> None:
    twice = [key for key, count in Counter((line.job, line.at) for line in lines).items() if count > 1]
    assert not twice, f"instants started twice: {twice}"


def _everything_started_is_recorded(rows: Sequence[Row], lines: Sequence[Line]) -> None:
    recorded = {attempt: row for row in rows for attempt in row.attempts}
    lost = [line for line in lines if line.attempt not in recorded]
    assert not lost, f"started, and not in the ledger: {lost}"
    wrong = [line for line in lines if recorded[line.attempt].due_at != line.at]
    assert not wrong, f"recorded for another instant: {wrong}"


def _nothing_recorded_that_did_not_happen(rows: Sequence[Row], lines: Sequence[Line]) -> None:
    seen = {line.attempt for line in lines}
    invented = [row for row in rows if row.state == "completed" and not seen.intersection(row.attempts)]
    assert not invented, f"recorded as completed, and never started: {invented}"
    # An end that nobody saw is said to be unknown; every other end here is a success.
    odd = [row for row in rows if row.state == "failed" and row.reason != "unknown"]
    assert not odd, f"failed for a reason that is not ours: {odd}"
    unended = [row for row in rows if row.state in ("pending", "running", "retrying")]
    assert not unended, f"never ended: {unended}"


def each_instant_is_answered_once(rows: Sequence[Row], every: int = SECOND) -> None:
    """From the first due instant to the last, each has its run or its skip; they are `every` ms apart."""
    answered = rows[0].due_at
    for row in rows:
        assert row.due_at == answered, f"{row.job}: {(row.due_at - answered) // every} instants before {row}"
        last = row.last_due_at if row.last_due_at is not None else row.due_at
        assert (last - row.due_at) // every + 1 == row.count, f"{row} counts wrongly"
        answered = last + every


def _job(script: str) -> str:
    body = "\n".join(f"  {line}" for line in script.splitlines())
    return (
        "schedule: {every: 1s}\nmissed: all\nshell: sh\nconcurrency: {max: 8, overlap: queue, queue: 50}\n"
        f"run: |\n{body}\n"
    )
