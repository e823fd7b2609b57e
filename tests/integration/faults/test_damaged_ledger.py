"""A ledger that can't be read: at the start, where a backup brings it back, and under a running daemon."""

from __future__ import annotations

from pathlib import Path

from daemon_process import DaemonProcess
from eventually import eventually

PAGE = 4096


def test_a_damaged_ledger_is_refused_found_by_the_check_and_brought_back_by_a_backup(tmp_path: Path) -> None:
    daemon, ledger, copy = DaemonProcess(tmp_path), tmp_path / "state" / "ledger.db", tmp_path / "copy.db"
    daemon.job("a", "run: echo hello\n")
    with daemon:
        run = daemon.ended(daemon.run("a"))["id"]
        daemon.rota("store", "backup", str(copy))
        daemon.stop()
        _damage(ledger, pages=3)

        daemon.launch("rota")
        assert daemon.died(within=60) == 2
        said = daemon.log.read_text().splitlines()[-1]
        assert f"The ledger {ledger} is damaged" in said
        assert "`rota store restore FILE`" in said
        checked = daemon.rota("store", "check", check=False)
        assert (checked.returncode, "rota store restore" in checked.stdout) == (1, True)
        restored = daemon.rota("store", "restore", str(copy))
        assert "what was there is" in restored.stdout
        assert daemon.rota("store", "check").returncode == 0

        daemon.start()
        assert daemon.get(f"/api/v1/runs/{run}")["state"] == "completed"
        assert daemon.lines(run) == ["hello"]


def test_damage_that_is_met_while_it_works_is_told_everywhere_and_running_work_goes_on(
    tmp_path: Path,
) -> None:
    daemon, go = DaemonProcess(tmp_path), tmp_path / "go"
    daemon.job("under-way", f"run: until [ -e {go} ]; do sleep 0.05; done\n")
    daemon.job("other", "run: 'true'\n")
    with daemon:
        run = daemon.run("under-way")
        pid = eventually(lambda: daemon.get(f"/api/v1/runs/{run}")["pid"])
        _damage(tmp_path / "state" / "ledger.db", pages=500)

        status, answer = daemon.request("GET", "/api/v1/jobs/other/runs")
        page, _, _ = daemon.exchange("GET", "/jobs/other")
        assert (status, page) == (503, 503)
        assert "rota store restore" in answer["detail"]
        # What the writer still has in memory it can add to: then the run is recorded, and starts.
        assert daemon.request("POST", "/api/v1/jobs/other/runs", {})[0] in (202, 503)
        eventually(lambda: "damaged" in str(daemon.request("GET", "/readyz")[1]))
        assert "Ledger" in daemon.rota("status").stdout
        assert daemon.get(f"/api/v1/runs/{run}")["state"] == "running"
        assert Path(f"/proc/{pid}").exists()
        go.touch()
        eventually(lambda: not Path(f"/proc/{pid}").exists())
        assert daemon.exchange("GET", "/")[0] == 200
        assert "Traceback" not in daemon.log.read_text()


def _damage(ledger: Path, *, pages: int) -> None:
    """What a failing disk does: all but the first page is nonsense, and so is what was logged."""
    with ledger.open("r+b") as file:
        size = ledger.stat().st_size
        file.seek(PAGE)
        file.write(b"\xa5" * min(size - PAGE, pages * PAGE))
    log = ledger.with_name(f"{ledger.name}-wal")
    if log.exists():
        with log.open("r+b") as file:
            file.write(b"\xa5" * log.stat().st_size)
