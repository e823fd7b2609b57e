"""A file system that can't be written: from the start, and from one moment to the next."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from daemon_process import DaemonProcess
from eventually import eventually
from file_systems import Ext4, memory


def test_a_state_directory_that_can_not_be_written_is_refused_at_the_start(tmp_path: Path) -> None:
    daemon = DaemonProcess(tmp_path)
    daemon.job("a", "run: 'true'\n")
    daemon.state.mkdir()

    with memory(daemon.state, 4, read_only=True):
        command = [sys.executable, "-m", "rota", "serve", str(daemon.jobs), "--state", str(daemon.state)]
        refused = subprocess.run(
            command, env=daemon.environment, capture_output=True, text=True, check=False, timeout=60
        )

    assert refused.returncode == 2
    assert refused.stderr.splitlines() == [
        f"rota serve: the state directory {daemon.state} can't be used: Read-only file system"
    ]


def test_a_disk_that_turns_read_only_stops_new_runs_and_a_restart_goes_on_once_it_is_mended(
    tmp_path: Path,
) -> None:
    daemon, go = DaemonProcess(tmp_path), tmp_path / "go"
    daemon.state.mkdir()
    disk = Ext4(tmp_path / "disk", daemon.state)
    disk.mount()
    try:
        daemon.job("under-way", f"run: until [ -e {go} ]; do sleep 0.05; done; exit 3\n")
        daemon.job("other", "run: 'true'\n")
        with daemon:
            run = daemon.run("under-way")
            pid = eventually(lambda: daemon.get(f"/api/v1/runs/{run}")["pid"])
            disk.fail()

            assert daemon.request("POST", "/api/v1/jobs/other/runs", {})[0] == 503
            eventually(lambda: daemon.request("GET", "/readyz")[0] == 503)
            reasons = daemon.request("GET", "/readyz")[1]["reasons"]
            assert [each for each in reasons if each.startswith("Ledger: ") and "read-only" in each], reasons
            assert daemon.exchange("GET", "/")[0] == 200
            assert Path(f"/proc/{pid}").exists()
            go.touch()
            eventually(lambda: not Path(f"/proc/{pid}").exists())
            daemon.end()
            disk.unmount()
            disk.mount()
            daemon.start()

            ended = daemon.ended(run, within=60)
            assert (ended["state"], ended["reason"]) == (
                "failed",
                "unknown",
            )  # nobody could write its end down
            assert daemon.ended(daemon.run("other"), within=60)["state"] == "completed"
    finally:
        disk.unmount()
