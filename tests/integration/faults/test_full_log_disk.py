"""No room where logs are written, while there is room for the ledger."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from daemon_process import DaemonProcess
from eventually import eventually
from file_systems import filled, memory

LINE = "x" * 60


def test_a_job_outlives_a_full_log_disk_and_its_run_tells_what_the_log_lost(tmp_path: Path) -> None:
    logs, go = tmp_path / "state" / "runner", tmp_path / "go"
    logs.mkdir(parents=True)
    with memory(logs, 8), DaemonProcess(tmp_path) as daemon:
        many = f"for i in $(seq 20000); do echo {LINE}; done"
        daemon.load("writes", f"run: |\n  echo first\n  until [ -e {go} ]; do sleep 0.05; done\n  {many}\n")
        daemon.load("other", "run: echo there is room\n")
        run = daemon.run("writes")
        eventually(lambda: daemon.lines(run) == ["first"])

        with filled(logs):
            go.touch()
            ended = daemon.ended(run, within=60)
            another = daemon.ended(daemon.run("other"), within=60)
            _tells_of_the_disk(daemon)
        again = daemon.ended(daemon.run("other"), within=60)

        assert (ended["state"], ended["exitCode"]) == ("completed", 0)
        assert _lost_its_log(ended), ended["warnings"]
        lines = daemon.lines(run)
        assert (lines[0], "bytes are not there" in lines[-1]) == ("first", True)
        assert "bytes are not there" in daemon.rota("logs", run).stdout
        assert daemon.exchange("GET", f"/api/v1/runs/{run}/log.txt")[2].startswith("first\n")
        assert _was_refused(another) or _lost_its_log(another), another
        assert daemon.lines(again["id"]) == ["there is room"]


def _lost_its_log(run: Any) -> bool:
    return run["state"] == "completed" and any("could not be written" in each for each in run["warnings"])


def _was_refused(run: Any) -> bool:
    """A few bytes may be free all the same, which is enough to start."""
    return run["state"] == "failed" and "No space left on device" in run["message"]


def _tells_of_the_disk(daemon: DaemonProcess) -> None:
    def told() -> bool:
        _, ready = daemon.request("GET", "/readyz")
        notes = [item["note"] for item in ready["health"] if item["key"] == "disk"]
        return notes == ["0 % free where logs are written"]

    eventually(told)
