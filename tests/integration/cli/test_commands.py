"""The real command against a real daemon with a real runner."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from daemon_process import CODE, DaemonProcess
from eventually import eventually

STEPS = """
params: {name: {type: string, default: world}}
steps:
  - {id: greet, run: 'echo "hello $PARAM_NAME"; echo "::output size=7"'}
  - {id: check, run: "echo checked"}
"""
FAILS = 'run: "echo oops; exit 7"\n'
WAITS = 'run: "echo begun; sleep 300 & wait"\n'


@pytest.fixture(scope="module")
def daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DaemonProcess]:
    process = DaemonProcess(tmp_path_factory.mktemp("cli"))
    process.job("steps", STEPS)
    process.job("fails", FAILS)
    process.job("waits", WAITS)
    with process:
        yield process


def answer(daemon: DaemonProcess, *words: str) -> Any:
    return json.loads(daemon.rota(*words, "--json").stdout)


def test_list_and_status_show_the_jobs(daemon: DaemonProcess) -> None:
    assert [job["id"] for job in answer(daemon, "list")["jobs"]] == ["fails", "steps", "waits"]
    page = daemon.rota("status").stdout
    assert page.startswith("Overview")
    assert "waits" in page


def test_run_follow_prints_the_log_and_exits_0(daemon: DaemonProcess) -> None:
    done = daemon.rota("run", "steps", "-p", "name=moon", "--follow")

    assert done.stdout == "hello moon\nchecked\n"
    assert "--- step greet, attempt 1 ---" in done.stderr
    shown = answer(daemon, "show", "steps")
    assert shown["state"] == "completed"
    assert daemon.rota("logs", "steps", "--step", "check").stdout == "checked\n"


def test_run_follow_exits_with_the_status_of_the_run(daemon: DaemonProcess) -> None:
    done = daemon.rota("run", "fails", "--follow", check=False)

    assert (done.returncode, done.stdout) == (7, "oops\n")
    check = daemon.rota("status", "fails", "--check", check=False)
    assert check.returncode == 2
    assert check.stdout.startswith("CRITICAL - fails failed")


def test_ps_shows_the_processes_of_a_run_and_cancel_ends_them(daemon: DaemonProcess) -> None:
    run = daemon.rota("run", "waits").stdout.strip()
    processes = eventually(lambda: answer(daemon, "ps", run)[0]["processes"][1:])

    assert [each["command"] for each in processes] == ["sleep 300"]
    assert (
        answer(daemon, "runner", "status")["live"][0]["directory"] == f"waits/{run.rpartition('.')[2]}/main.1"
    )
    daemon.rota("cancel", run, "--now")
    assert daemon.ended(run)["state"] == "cancelled"
    assert not Path(f"/proc/{processes[0]['pid']}").exists()


def test_cancel_of_an_ended_run_is_refused_with_exit_1(daemon: DaemonProcess) -> None:
    daemon.rota("run", "steps", "--follow")

    refused = daemon.rota("cancel", "steps", check=False)

    assert refused.returncode == 1
    assert "has already ended" in refused.stderr


def test_an_interrupt_while_following_leaves_the_run_alone(daemon: DaemonProcess) -> None:
    environment = {**daemon.environment, "ROTA_STATE": str(daemon.state)}
    following = subprocess.Popen(
        [sys.executable, "-m", "rota", "run", "waits", "--follow"],
        env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert following.stdout is not None
    assert following.stdout.readline() == "begun\n"

    following.send_signal(signal.SIGINT)
    _, told = following.communicate(timeout=60)

    assert following.returncode == 130
    assert "goes on" in told
    assert answer(daemon, "show", "waits")["state"] == "running"
    daemon.rota("cancel", "waits", "--now")


def test_pause_and_resume(daemon: DaemonProcess) -> None:
    daemon.rota("pause", "steps", "--note", "for a test")

    assert answer(daemon, "list")["jobs"][1]["state"] == "paused"
    daemon.rota("resume", "--all")
    assert daemon.rota("resume", "steps", check=False).returncode == 1


def test_reload_with_wait_tells_the_problems(daemon: DaemonProcess) -> None:
    daemon.job("fails", 'rnu: "true"\n')

    told = daemon.rota("reload", "--wait", check=False)

    assert told.returncode == 1
    assert "fails.yaml:1:1: error:" in told.stdout
    daemon.job("fails", FAILS)
    assert daemon.rota("reload", "--wait").returncode == 0


def test_link_prints_a_link_to_this_daemon(daemon: DaemonProcess) -> None:
    assert daemon.rota("link").stdout.startswith(f"{daemon.url}/sign-in?token=")


def test_the_store_is_checked_and_copied_while_the_daemon_runs(daemon: DaemonProcess, tmp_path: Path) -> None:
    assert answer(daemon, "store", "check")["problems"] == []
    daemon.rota("store", "backup", str(tmp_path / "copy.db"))

    refused = daemon.rota("store", "restore", str(tmp_path / "copy.db"), check=False)

    assert refused.returncode == 2
    assert f"pid {daemon.pid}" in refused.stderr


def test_watch_prints_lines_into_a_pipe(daemon: DaemonProcess) -> None:
    environment = {**daemon.environment, "ROTA_STATE": str(daemon.state), "PYTHONUNBUFFERED": "1"}
    watching = subprocess.Popen(
        [sys.executable, "-m", "rota", "watch", "steps"], env=environment, stdout=subprocess.PIPE, text=True
    )
    assert watching.stdout is not None
    assert "steps" in watching.stdout.readline()

    daemon.rota("run", "steps")

    for line in watching.stdout:
        if line.startswith(("Completed", "steps completed")) or "completed" in line.lower():
            break
    else:
        pytest.fail("no line about the run")
    watching.send_signal(signal.SIGINT)
    assert watching.wait(60) == 130
    watching.stdout.close()


def test_the_shell_completes_names_of_jobs(daemon: DaemonProcess) -> None:
    words = {"COMP_WORDS": "rota status st", "COMP_CWORD": "2", "_ROTA_COMPLETE": "bash_complete"}
    environment = {**daemon.environment, "ROTA_STATE": str(daemon.state), **words}
    code = "from rota.cli.main import main; main()"

    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False
    )

    assert done.stdout.split() == ["plain,steps"]


def test_a_client_loads_nothing_of_the_server() -> None:
    code = (
        "import sys\n"
        "from rota.cli.main import rota\n"
        "rota(['list', '--socket', '/nowhere/rota.sock'], standalone_mode=False)\n"
    )
    probe = f"try:\n  exec({code!r})\nexcept BaseException: pass\nimport sys; print(*sorted(sys.modules))"

    done = subprocess.run(
        [sys.executable, "-c", probe],
        env={**os.environ, "PYTHONPATH": CODE}, capture_output=True, text=True, check=True,
    )  # fmt: skip

    heavy = {
        "aiohttp",
        "sqlalchemy",
        "jsonschema",
        "yaml",
        "croniter",
        "structlog",
        "rich",
        "asyncio",
        "jinja2",
    }
    assert "rota.cli.jobs" in done.stdout.split()
    assert heavy & set(done.stdout.split()) == set()


def test_an_answer_that_can_not_be_written_is_neither_a_yes_nor_a_no() -> None:
    environment = {**os.environ, "PYTHONPATH": CODE}
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "rota", "schema", "job"],
            env=environment,
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )

    assert (done.returncode, done.stderr) == (
        2,
        "rota: the answer can't be written: No space left on device\n",
    )
