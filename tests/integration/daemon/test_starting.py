"""How the daemon begins, how it refuses to, and how it ends."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from urllib.request import urlopen

import pytest

from daemon_process import DaemonProcess
from eventually import eventually
from rota.process.layout import find_layout

Serve = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def serve(daemon: DaemonProcess, tmp_path: Path) -> Serve:
    """`rota serve` that is expected to end by itself, on a state of its own unless told otherwise."""

    def call(*words: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "rota", "serve", *words]
        if "--state" not in words:
            command += ["--state", str(tmp_path / "state")]
        return subprocess.run(
            command, env=daemon.environment, capture_output=True, text=True, check=False, timeout=20
        )

    return call


def test_the_ready_line_tells_where_it_is_and_that_is_true(daemon: DaemonProcess) -> None:
    ready = daemon.ready

    assert ready["event"] == "serving"
    assert ready["url"].startswith("http://127.0.0.1:")
    with urlopen(f"{ready['url']}/readyz") as answer:
        assert (answer.status, json.load(answer)["reasons"]) == (200, [])
    assert Path(ready["socket"]).stat().st_mode & 0o777 == 0o660
    assert Path(f"/proc/{ready['runnerPid']}/comm").exists()
    assert ready["runnerPid"] != daemon.pid


def test_a_second_daemon_on_the_same_state_is_refused_and_told_of_the_first(
    daemon: DaemonProcess, serve: Serve
) -> None:
    second = serve(str(daemon.jobs), "--state", str(daemon.state), "--listen", "127.0.0.1:0")

    assert (second.returncode, second.stdout) == (2, "")
    assert f"pid {daemon.pid}" in second.stderr
    assert len(second.stderr.splitlines()) == 1
    assert daemon.request("GET", "/readyz")[0] == 200


@pytest.mark.parametrize("address", ["0.0.0.0:0", "nowhere"])
def test_an_address_that_others_could_reach_or_that_is_none_is_refused(
    daemon: DaemonProcess, serve: Serve, address: str
) -> None:
    refused = serve(str(daemon.jobs), "--listen", address)

    assert refused.returncode == 2
    assert refused.stderr.startswith(f"rota serve: can't listen on '{address}': ")
    assert len(refused.stderr.splitlines()) == 1


def test_an_address_that_is_taken_is_refused(daemon: DaemonProcess, serve: Serve) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        refused = serve(str(daemon.jobs), "--listen", address)

    assert refused.returncode == 2
    assert f"can't listen on {address}: Address already in use" in refused.stderr


def test_without_a_job_directory_it_does_not_begin(serve: Serve) -> None:
    refused = serve()

    assert refused.returncode == 2
    assert "no job directory" in refused.stderr


def test_a_broken_configuration_is_refused_with_its_place(serve: Serve, tmp_path: Path) -> None:
    (tmp_path / "rota.yaml").write_text("jobs: [jobs.d]\nlisten_on: here\n")

    refused = serve("--config", str(tmp_path / "rota.yaml"))

    assert refused.returncode == 2
    assert f"{tmp_path}/rota.yaml:2:1: error:" in refused.stderr
    assert "listen" in refused.stderr.splitlines()[-1]


def test_a_ledger_that_is_damaged_is_refused_with_the_way_out(
    daemon: DaemonProcess, serve: Serve, tmp_path: Path
) -> None:
    (tmp_path / "state").mkdir()
    (tmp_path / "state" / "ledger.db").write_bytes(b"SQLite format 3\0" + b"no database" * 1000)

    refused = serve(str(daemon.jobs), "--listen", "127.0.0.1:0")

    assert refused.returncode == 2
    assert "rota store restore" in refused.stderr


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_asked_to_end_with_nothing_running_it_takes_its_runner_along(
    tmp_path: Path, number: signal.Signals
) -> None:
    process = DaemonProcess(tmp_path)
    process.job("a", "run: 'true'\n")
    command = [sys.executable, "-m", "rota", "serve", str(process.jobs), "--state", str(process.state)]
    with subprocess.Popen(
        [*command, "--listen", "127.0.0.1:0"],
        env=process.environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
    ) as serving:  # fmt: skip
        assert serving.stdout is not None
        line = serving.stdout.readline()
        runner = int((process.state / "runner" / ".lock").read_text())
        assert Path(f"/proc/{runner}").exists()
        serving.send_signal(number)
        assert serving.wait(60) == 0

    assert line.startswith("rota serves 1 job at http://127.0.0.1:")  # for people, without --log json
    eventually(lambda: not Path(f"/proc/{runner}").exists())
    layout = find_layout(process.environment, uid=os.getuid(), state=process.state)
    assert not layout.runner_socket.exists()
    assert not layout.socket.exists()
