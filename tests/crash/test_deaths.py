"""Daemon and runner die between every two durable steps of a run, one death after the other on one ledger."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from crash.dying import DIE_AT
from crash.witness import judge, quick_job, read_ledger, read_witness
from daemon_process import DaemonProcess
from eventually import eventually
from rota.process.layout import find_layout
from runner_process import is_alive

_TAKEN = 2  # exit status of a runner whose place another one has

# The order of durable steps: insert run and attempt, tell the runner, store its answer, store the end, ack.
# Save is called twice a run, so the first and second calls are different steps.
DAEMON_DEATHS = [
    "store.add:before:1",
    "store.add:after:1",
    "runner.start:before:1",
    "runner.start:after:1",
    "store.save:before:1",
    "store.save:after:1",
    "store.save:before:2",
    "store.save:after:2",
    "runner.ack:before:1",
    "runner.ack:after:1",
]
# What the runner does for one attempt: directory (the third, below those of job and run), FIFO, process,
# small files, its end on the disk.
RUNNER_DEATHS = [
    "mkdir:before:3",
    "mkdir:after:3",
    "mkfifo:before:1",
    "mkfifo:after:1",
    "spawn:before:1",
    "spawn:after:1",
    "rename:before:1",
    "rename:after:1",
    "rename:after:2",
    "fsync:before:1",
    "fsync:after:1",
]


@pytest.mark.timeout(600)
def test_whichever_step_the_daemon_dies_at_each_instant_is_started_at_most_once_and_answered(
    daemon: DaemonProcess, tmp_path: Path
) -> None:
    witness = tmp_path / "witness"
    daemon.job("quick", quick_job(witness))

    daemon.start()
    _let_one_run_end(daemon)
    daemon.kill9()
    for point in DAEMON_DEATHS:
        daemon.launch("crash.dying_daemon", **{DIE_AT: point})
        assert daemon.died() == -signal.SIGKILL, f"it did not die at {point}"
    daemon.start()
    _come_to_rest(daemon)
    daemon.end()

    judge(read_ledger(daemon.state), read_witness(witness))


@pytest.mark.timeout(600)
def test_whichever_step_the_runner_dies_at_each_instant_is_started_at_most_once_and_answered(
    daemon: DaemonProcess, tmp_path: Path
) -> None:
    witness = tmp_path / "witness"
    daemon.job("quick", quick_job(witness))

    with daemon:
        for point in RUNNER_DEATHS:
            _let_one_run_end(daemon)
            _replace_runner(daemon, point)
        _let_one_run_end(daemon)
        _come_to_rest(daemon)
        daemon.end()

    judge(read_ledger(daemon.state), read_witness(witness))


def _let_one_run_end(daemon: DaemonProcess) -> None:
    before = _completed(daemon)
    eventually(lambda: _completed(daemon) > before)


def _completed(daemon: DaemonProcess) -> int:
    return int(daemon.get("/api/v1/runs?state=completed&limit=1")["total"])


def _replace_runner(daemon: DaemonProcess, point: str) -> None:
    """Put a runner that dies at that point in the place of the one that serves, and wait for its death.

    The daemon may be quicker to put one there; then that one has to go too.
    """
    while (status := _die_in_its_place(daemon, point)) == _TAKEN:
        pass
    assert status == -signal.SIGKILL, f"it did not die at {point}"


def _die_in_its_place(daemon: DaemonProcess, point: str) -> int:
    layout = find_layout(daemon.environment, uid=os.getuid(), state=daemon.state)
    command = [sys.executable, "-m", "crash.dying_runner"]
    command += ["--state", str(layout.runner_state), "--socket", str(layout.runner_socket)]
    environment = {**daemon.environment, DIE_AT: point}
    serving = int((layout.runner_state / ".lock").read_text())
    os.kill(serving, signal.SIGKILL)
    eventually(lambda: not is_alive(serving))
    with (daemon.folder / "runner.log").open("ab") as log:
        dying = subprocess.Popen(command, env=environment, stdout=log, stderr=log, start_new_session=True)
    try:
        return dying.wait(60)
    except subprocess.TimeoutExpired:
        dying.terminate()  # it served on: that call was never made
        return dying.wait()


def _come_to_rest(daemon: DaemonProcess) -> None:
    _let_one_run_end(daemon)
    daemon.job("quick", (daemon.jobs / "quick.yaml").read_text().replace("schedule: {every: 1s}\n", ""))
    daemon.post("/api/v1/reload")
    eventually(lambda: daemon.get("/api/v1/runs?state=pending&state=running&limit=1")["total"] == 0)
