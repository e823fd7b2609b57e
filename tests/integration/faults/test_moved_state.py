"""A state directory that vanishes under a running daemon."""

from __future__ import annotations

from pathlib import Path

from daemon_process import DaemonProcess
from eventually import eventually


def test_nothing_is_recorded_where_nobody_will_find_it_and_all_goes_on_when_it_is_back(
    tmp_path: Path,
) -> None:
    daemon, elsewhere, go = DaemonProcess(tmp_path), tmp_path / "elsewhere", tmp_path / "go"
    daemon.job("under-way", f"run: until [ -e {go} ]; do sleep 0.05; done; echo done\n")
    daemon.job("other", "run: echo other\n")
    with daemon:
        run = daemon.run("under-way")
        pid = eventually(lambda: daemon.get(f"/api/v1/runs/{run}")["pid"])
        daemon.state.rename(elsewhere)

        status, answer = daemon.request("POST", "/api/v1/jobs/other/runs", {})
        assert (status, "was moved, removed or exchanged" in answer["detail"]) == (503, True)
        eventually(lambda: daemon.request("GET", "/readyz")[0] == 503)
        assert daemon.exchange("GET", f"/runs/{run}")[0] == 200
        go.touch()
        eventually(lambda: not Path(f"/proc/{pid}").exists())
        elsewhere.rename(daemon.state)

        eventually(lambda: daemon.request("GET", "/readyz")[0] == 200)
        assert daemon.ended(run)["state"] == "completed"
        assert daemon.lines(run) == ["done"]
        assert daemon.lines(daemon.ended(daemon.run("other"))["id"]) == ["other"]
