"""A machine whose clock begins in 1970, is set right, and falls back: daemon and runner as they are."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from daemon_process import DaemonProcess
from eventually import eventually

YEAR_1971 = 365 * 86_400_000  # ms
FEBRUARY = 31 * 86_400_000  # ms
FLOOD = 5000  # rows: 56 years of seconds would be far more


def test_a_clock_of_1970_that_is_set_right_and_falls_back_costs_no_flood_and_no_silence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = _Clock(tmp_path / "clock")
    monkeypatch.setenv("ROTA_TEST_CLOCK", str(clock.file))
    clock.show(datetime(1970, 1, 1, 0, 10, tzinfo=UTC))
    daemon = DaemonProcess(tmp_path, module="integration.faults.other_clock")
    daemon.job("ticks", "schedule: {every: 1s}\nmissed: all\nrun: echo tick\n")
    daemon.job("daily", 'schedule: {cron: "0 2 * * *"}\nrun: echo daily\n')
    daemon.job("by-hand", "run: echo by hand\n")
    with daemon:
        early = daemon.ended(daemon.run("by-hand"))
        assert (early["state"], early["endedAt"] < YEAR_1971) == ("completed", True)
        eventually(lambda: _ticks(daemon, since=0, until=FEBRUARY))
        assert daemon.exchange("GET", "/")[0] == 200
        assert daemon.get("/api/v1/jobs/daily")["nextAt"] == 2 * 3_600_000

        clock.show(datetime.now(UTC))
        eventually(lambda: "jumped 1 time" in str(daemon.request("GET", "/readyz")[1]))
        eventually(lambda: _ticks(daemon, since=50 * YEAR_1971, until=100 * YEAR_1971))
        assert daemon.get("/api/v1/jobs/daily")["nextAt"] > 50 * YEAR_1971

        clock.show(datetime(1970, 2, 1, tzinfo=UTC))
        eventually(lambda: "jumped 2 times" in str(daemon.request("GET", "/readyz")[1]))
        eventually(lambda: _ticks(daemon, since=FEBRUARY, until=YEAR_1971))
        again = daemon.ended(daemon.run("by-hand"))
        assert (again["state"], again["number"]) == ("completed", early["number"] + 1)
        assert daemon.get("/api/v1/jobs/ticks/runs?limit=1")["total"] < FLOOD
        assert daemon.get("/api/v1/jobs/daily/runs?limit=1")["total"] < FLOOD
        assert daemon.request("GET", "/readyz")[0] == 200


class _Clock:
    def __init__(self, file: Path) -> None:
        self.file = file

    def show(self, at: datetime) -> None:
        fresh = self.file.with_suffix(".new")
        fresh.write_text(str(int(at.timestamp() - time.time())))
        fresh.replace(self.file)


def _ticks(daemon: DaemonProcess, *, since: int, until: int) -> int:
    """How many completed in that span of time, in ms."""
    found = daemon.get(f"/api/v1/runs?job=ticks&state=completed&since={since}&until={until}")
    return int(found["total"])
