"""Another program holds the lock of the ledger, for longer than anybody waits."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from daemon_process import DaemonProcess
from eventually import eventually


def test_a_locked_ledger_loses_nothing_and_is_told_until_the_lock_is_gone(tmp_path: Path) -> None:
    go, starts = tmp_path / "go", tmp_path / "starts"
    daemon = DaemonProcess(tmp_path)
    daemon.job("under-way", f"run: until [ -e {go} ]; do sleep 0.05; done; echo done; exit 3\n")
    tick = f"run: echo $ROTA_SCHEDULED_EPOCH >> {starts}\n"
    daemon.job("ticks", f"schedule: {{every: 1s}}\nmissed: all\nconcurrency: {{max: 99}}\n{tick}")
    with daemon:
        run = daemon.run("under-way")
        eventually(lambda: starts.exists() and daemon.get(f"/api/v1/runs/{run}")["pid"])
        with closing(sqlite3.connect(daemon.state / "ledger.db", isolation_level=None)) as other:
            other.execute("PRAGMA busy_timeout=20000")
            other.execute("BEGIN EXCLUSIVE")
            go.touch()
            eventually(lambda: daemon.request("GET", "/readyz")[0] == 503)
            _, told = daemon.request("GET", "/readyz")
            assert (
                daemon.get(f"/api/v1/runs/{run}")["state"] == "running"
            )  # nothing is shown that is not stored
            known = len(starts.read_text().split())
            other.execute("ROLLBACK")

        eventually(lambda: daemon.request("GET", "/readyz")[0] == 200)
        ended = daemon.ended(run)
        eventually(lambda: len(starts.read_text().split()) >= known + 3)
        daemon.stop()
    assert [reason for reason in told["reasons"] if reason.startswith("Ledger: ")]
    assert (ended["state"], ended["exitCode"]) == ("failed", 3)
    instants = sorted(int(word) for word in starts.read_text().split())
    assert instants == list(range(instants[0], instants[0] + len(instants)))  # none lost, none doubled
