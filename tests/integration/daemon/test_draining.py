"""A drain of a real daemon: readiness, page, refusal, and the way back."""

from __future__ import annotations

from daemon_process import DaemonProcess
from eventually import eventually


def test_a_drain_is_seen_everywhere_waits_for_what_runs_and_ends(daemon: DaemonProcess) -> None:
    daemon.load("drained", "run: sleep 60\n")
    run = daemon.run("drained")
    eventually(lambda: daemon.get(f"/api/v1/runs/{run}")["state"] == "running")

    told = daemon.rota("drain").stdout

    assert "drained.1" in told
    status, ready = daemon.request("GET", "/readyz")
    assert (status, "Drain: nothing new is started" in ready["reasons"]) == (503, True)
    assert "draining" in daemon.get("/api/v1/trees/overview")["tree"]["elements"]
    refused = daemon.rota("run", "drained", check=False)
    assert (refused.returncode, "rota drain --undo" in refused.stderr) == (1, True)
    daemon.rota("cancel", run)
    assert daemon.rota("drain", "--wait").stdout == "the daemon starts nothing new, and nothing runs\n"
    daemon.rota("drain", "--undo")
    assert daemon.request("GET", "/readyz")[0] == 200
    daemon.unload("drained")
