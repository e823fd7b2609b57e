"""`systemd-notify` in a job, up to the run that people see, with a real daemon and runner."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from daemon_process import DaemonProcess
from eventually import eventually

SAY = "import os,socket,sys; socket.socket(1,2).sendto(sys.argv[1].encode(), os.environ['NOTIFY_SOCKET'])"
TELLS = """
limits: {{timeout: 30s}}
run: |
  say() {{ python3 -c "{say}" "$1"; }}
  until [ -e {folder}/go ]; do sleep 0.02; done
  say 'X_ROTA_PROGRESS=3/4 third'; say EXTEND_TIMEOUT_USEC=90000000; sleep 60
"""
ALONE = """
run: |
  until [ -e {folder}/go ]; do sleep 0.02; done
  systemd-notify --status=alone; touch {folder}/said; sleep 60
"""


def timeout_at(daemon: DaemonProcess, run: str) -> int:
    """0 before it has begun."""
    return int(daemon.get(f"/api/v1/runs/{run}")["timeoutAt"] or 0)


def test_status_and_progress_are_seen_while_it_runs_and_time_is_extended(
    daemon: DaemonProcess, tmp_path: Path
) -> None:
    daemon.load("tells", TELLS.format(folder=tmp_path, say=SAY))
    run = daemon.run("tells")
    first = eventually(lambda: timeout_at(daemon, run))

    (tmp_path / "go").touch()

    eventually(lambda: daemon.get(f"/api/v1/runs/{run}")["progress"]["text"] == "third")
    assert daemon.get(f"/api/v1/runs/{run}")["progress"]["percent"] == 75
    eventually(lambda: timeout_at(daemon, run) > first + 30_000)
    daemon.post(f"/api/v1/runs/{run}/cancel")
    daemon.ended(run)


@pytest.mark.skipif(shutil.which("systemd-notify") is None, reason="there is no systemd-notify here")
def test_a_status_that_was_told_while_the_daemon_was_away_is_seen_when_it_is_back(
    daemon: DaemonProcess, tmp_path: Path
) -> None:
    daemon.load("alone", ALONE.format(folder=tmp_path))
    run = daemon.run("alone")
    eventually(lambda: daemon.get(f"/api/v1/runs/{run}")["state"] == "running")

    daemon.kill9()
    (tmp_path / "go").touch()
    eventually((tmp_path / "said").exists)
    daemon.start()

    eventually(lambda: daemon.get(f"/api/v1/runs/{run}")["progress"]["text"] == "alone")
    daemon.post(f"/api/v1/runs/{run}/cancel")
    daemon.ended(run)
