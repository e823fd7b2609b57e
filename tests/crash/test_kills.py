"""Daemon and runner killed by SIGKILL while 20 jobs are due every second; the jobs' own file judges.

`ROTA_TEST_KILLS=1000` makes it the long profile.
"""

from __future__ import annotations

import os
import random
import signal
from collections.abc import Sequence
from pathlib import Path
from threading import Event

import pytest

from crash.witness import Line, Row, judge, long_job, quick_job, read_ledger, read_witness
from daemon_process import DaemonProcess
from eventually import eventually
from runner_process import is_alive

KILLS = int(os.environ.get("ROTA_TEST_KILLS", "10"))
QUICK, LONG = 16, 4


@pytest.mark.timeout(60 + 10 * KILLS)
def test_nothing_is_lost_or_doubled_by_kills_at_random_moments(tmp_path: Path) -> None:
    chance = random.Random(KILLS)
    witness = tmp_path / "witness"
    daemon = DaemonProcess(tmp_path)
    for n in range(QUICK):
        daemon.job(f"quick-{n}", quick_job(witness))
    for n in range(LONG):
        daemon.job(f"long-{n}", long_job(witness))

    with daemon:
        for _ in range(KILLS):
            _let_it_run(daemon, chance.uniform(0.3, 1.8))
            _kill(daemon, chance.choice(("daemon", "runner", "both")))
        _come_to_rest(daemon)
        long_runs = daemon.get("/api/v1/runs?job=long-0&state=completed&limit=100")["runs"]
        logs = [daemon.get(f"/api/v1/runs/{run['id']}/log") for run in long_runs]
        daemon.stop()

    rows, lines = read_ledger(daemon.state), read_witness(witness)
    judge(rows, lines)
    assert len({line.job for line in lines}) == QUICK + LONG
    assert all([line["text"] for line in log["lines"]] == [f"line {n}" for n in range(1, 6)] for log in logs)
    print(_summary(rows, lines))  # noqa: T201  the counts are the result, shown with -s


def _let_it_run(daemon: DaemonProcess, seconds: float) -> None:
    """The moment of the kill is random on purpose, so here real time must pass."""
    eventually(lambda: daemon.request("GET", "/readyz")[0] == 200, within=20)
    Event().wait(seconds)


def _kill(daemon: DaemonProcess, who: str) -> None:
    runner = eventually(lambda: _living_runner(daemon), within=20)
    if who in ("daemon", "both"):
        daemon.kill9()
    if who in ("runner", "both"):
        os.kill(runner, signal.SIGKILL)
    if who in ("daemon", "both"):
        daemon.start()


def _living_runner(daemon: DaemonProcess) -> int | None:
    """The one that serves now; a killed one gets a successor."""
    pid = int((daemon.state / "runner" / ".lock").read_text() or 0)
    return pid if is_alive(pid) else None


def _come_to_rest(daemon: DaemonProcess) -> None:
    """Take the jobs off the schedule, and wait until what was due has ended."""
    for path in daemon.jobs.glob("*.yaml"):
        daemon.job(path.stem, path.read_text().replace("schedule: {every: 1s}\n", ""))
    daemon.post("/api/v1/reload")
    eventually(lambda: _open_runs(daemon) == 0, within=60, every=0.1)


def _open_runs(daemon: DaemonProcess) -> int:
    return int(daemon.get("/api/v1/runs?state=pending&state=running&state=retrying&limit=1")["total"])


def _summary(rows: Sequence[Row], lines: Sequence[Line]) -> str:
    due = sum(row.count for row in rows)
    unknown = sum(1 for row in rows if row.reason == "unknown")
    skipped = sum(row.count for row in rows if row.state == "skipped")
    return (
        f"{KILLS} kills: {due} due instants, {len(lines)} starts, {skipped} skipped with a reason, "
        f"{unknown} ends that nobody saw, 0 lost, 0 doubled"
    )
