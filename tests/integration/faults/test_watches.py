"""The kernel has no inotify watch left."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from daemon_process import DaemonProcess
from eventually import eventually
from integration.faults.unwatching import NOT_ALLOWED

MODULE = "integration.faults.unwatching"


def test_job_files_are_looked_at_now_and_then_and_the_page_says_so(tmp_path: Path) -> None:
    daemon = DaemonProcess(tmp_path, module=MODULE)
    asked = subprocess.run(
        [sys.executable, "-m", MODULE, "--version"], env=daemon.environment, check=False, capture_output=True
    )
    if asked.returncode == NOT_ALLOWED:
        pytest.skip("user namespaces are not allowed here")
    daemon.job("first", "run: echo first\n")
    with daemon:
        eventually(lambda: "looked at every" in daemon.exchange("GET", "/")[2])
        assert "fs.inotify.max_user_watches" in str(daemon.request("GET", "/readyz")[1])
        assert daemon.request("GET", "/readyz")[0] == 200
        daemon.job("later", "run: echo later\n")

        eventually(lambda: daemon.request("GET", "/api/v1/jobs/later")[0] == 200)
        assert daemon.lines(daemon.ended(daemon.run("later"))["id"]) == ["later"]
