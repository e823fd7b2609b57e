"""Every command against a real daemon: its exit status, one line for every wrong input, JSON where asked."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from daemon_process import DaemonProcess
from eventually import eventually


@pytest.fixture(scope="module")
def daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DaemonProcess]:
    """One with a good and a bad job that have run once, and one that never did."""
    process = DaemonProcess(tmp_path_factory.mktemp("commands"))
    process.job("good", "run: echo hello\nparams: {n: {type: integer, default: 1}}\nschedule: {every: 1h}\n")
    process.job("bad", "run: exit 7\n")
    process.job("fresh", "run: 'true'\n")
    with process:
        process.ended(process.run("good"))
        process.ended(process.run("bad"))
        yield process


@pytest.mark.parametrize(
    "words",
    [
        "list",
        "status",
        "status good",
        "status good --check",
        "next",
        "next good",
        "next --jobs {jobs}",
        "runs",
        "runs good --failed",
        "show good",
        "logs good",
        "logs -f good",
        "ps",
        "ps good",
        "run good -p n=2",
        "run good --follow",
        "reload",
        "pause good",
        "resume good",
        "pause --tag nobody",
        "why good",
        "why good --at -3h",
        "retry bad",
        "link",
        "runner status",
        "store check",
        "store backup {folder}/copy.db",
        "schema job",
        "validate {jobs}",
    ],
)
def test_json_is_json_and_nothing_else(daemon: DaemonProcess, words: str) -> None:
    command = words.format(jobs=daemon.jobs, folder=daemon.folder).split()
    if command[0] == "resume":
        daemon.rota("pause", "good")

    done = daemon.rota(*command, *([] if command[0] == "schema" else ["--json"]), check=False)

    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) is not None
    if command[0] == "pause":
        daemon.rota("resume", *command[1:])


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        ("", 2, ""),
        ("frobnicate", 2, "there is no command 'frobnicate'"),
        ("run", 2, "Missing argument 'JOB'"),
        ("run good --frobnicate", 2, "No such option"),
        ("run nope", 1, "There is no job 'nope'"),
        ("run goood", 1, "Did you mean 'good'?"),
        ("run good -p n", 2, "expected NAME=VALUE"),
        ("run good -p m=1", 2, "it takes: n"),
        ("run good -p n=many", 1, "'many' is not of type 'integer'"),
        ("run good --for whenever", 2, "'whenever' is not a time"),
        ("show nope", 1, "There is no job 'nope'"),
        ("show fresh", 1, "fresh has not run yet"),
        ("show good.77", 1, "There is no run 'good.77'"),
        ("show good.x", 2, "expected <job>.<number>"),
        ("logs good --step nope", 1, "no such attempt"),
        ("cancel good.1", 1, "good.1 has already ended"),
        ("retry good.1", 1, "good.1 can't be retried"),
        ("pause", 2, "name one JOB, or --tag, or --all"),
        ("pause good --until 2020-01-01", 1, "must lie in the future"),
        ("resume good", 1, "good is not paused"),
        ("next nope", 1, "There is no job 'nope'"),
        ("next -n 0", 2, "0 is not in the range"),
        ("runs --since whenever", 2, "'whenever' is not a time"),
        ("validate /nowhere", 2, "/nowhere: no such file or directory"),
        ("schema nope", 2, "'nope' is not one of"),
        ("store restore /nowhere", 2, "stop it"),
        ("store check --state /nowhere", 2, "/nowhere"),
        ("list --state /nowhere", 2, "no daemon answers at"),
        ("list --socket /nowhere/rota.sock", 2, "no daemon answers at /nowhere/rota.sock"),
    ],
)
def test_what_can_not_be_done_is_told_in_one_line(
    daemon: DaemonProcess, words: str, code: int, told: str
) -> None:
    done = daemon.rota(*words.split(), check=False)

    assert done.returncode == code
    assert told in done.stderr
    if words:
        assert done.stdout == ""
        assert len(done.stderr.splitlines()) == 1
        assert done.stderr.startswith("rota: ")


@pytest.mark.parametrize(
    ("words", "code", "begins"),
    [
        ("good", 0, "OK - good completed: last run good."),
        ("fresh", 0, "OK - fresh unknown: has not run yet"),
        ("bad", 2, "CRITICAL - bad failed: last run bad."),
        ("nope", 3, "UNKNOWN - There is no job 'nope'."),
        ("", 2, "CRITICAL - 1 of 3 jobs: bad failed | jobs=3 "),
        ("--state /nowhere", 2, "CRITICAL - no daemon answers at"),
    ],
)
def test_a_check_is_a_line_and_a_status_for_monitoring(
    daemon: DaemonProcess, words: str, code: int, begins: str
) -> None:
    done = daemon.rota("status", *words.split(), "--check", check=False)

    assert (done.returncode, done.stdout[: len(begins)]) == (code, begins)
    assert len(done.stdout.splitlines()) == 1


def test_a_job_file_that_was_never_right_is_a_warning(tmp_path: Path) -> None:
    daemon = DaemonProcess(tmp_path)
    daemon.job("fine", "run: 'true'\n")
    daemon.job("broken", "rnu: 'true'\n")
    with daemon:
        done = daemon.rota("status", "--check", check=False)

    assert (done.returncode, done.stdout[:38]) == (1, "WARNING - job files: 1 problem in 1 fi")


def test_validate_tells_all_problems_of_all_files_with_their_places(
    daemon: DaemonProcess, tmp_path: Path
) -> None:
    (tmp_path / "a.yaml").write_text("run: 'true'\nlimits: {timout: 30s}\nretry: {attempts: many}\n")
    (tmp_path / "b.yaml").write_text("run: 'true'\nrun: 'false'\n")
    (tmp_path / "c.yaml").write_text("run: 'true'\nschedule: {cron: '0 0 31 2 *'}\n")

    done = daemon.rota("validate", str(tmp_path), check=False)
    found = json.loads(daemon.rota("validate", str(tmp_path), "--format", "json", check=False).stdout)

    assert done.returncode == 1
    told = [line for line in done.stdout.splitlines() if line.startswith(str(tmp_path))]
    places = [line.partition(": ")[0].removeprefix(f"{tmp_path}/") for line in told]
    assert places == ["a.yaml:2:10", "a.yaml:3:19", "b.yaml:2:1", "c.yaml:2:18"]
    assert 'did you mean "timeout"?' in done.stdout
    assert [each["path"] for each in found["problems"][:2]] == ["/limits/timout", "/retry/attempts"]


def test_logs_follow_a_run_to_its_end_also_over_a_restart_of_the_daemon(
    daemon: DaemonProcess, tmp_path: Path
) -> None:
    daemon.load(
        "speaks", f"run: echo one; until [ -e {tmp_path}/go ]; do sleep 0.02; done; echo two; exit 5\n"
    )
    run = daemon.run("speaks")
    following = subprocess.Popen(
        [sys.executable, "-m", "rota", "logs", "-f", run],
        env={**daemon.environment, "ROTA_STATE": str(daemon.state)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert following.stdout is not None
    assert following.stdout.readline() == "one\n"

    daemon.kill9()
    daemon.start()
    (tmp_path / "go").touch()

    rest, _ = following.communicate(timeout=60)
    assert rest == "two\n"
    daemon.unload("speaks")


def test_run_follow_tells_the_log_and_ends_as_the_run(daemon: DaemonProcess) -> None:
    good, bad = (daemon.rota("run", job, "--follow", check=False) for job in ("good", "bad"))

    assert (good.returncode, good.stdout) == (0, "hello\n")
    assert (bad.returncode, bad.stdout) == (7, "")
    assert bad.stderr.splitlines()[-1].endswith(": failed, exit code 7")


def test_ps_shows_the_whole_tree_of_a_run(daemon: DaemonProcess) -> None:
    daemon.load("tree", "run: sleep 301 & sleep 302 & wait\n")
    run = daemon.run("tree")

    eventually(lambda: "sleep 302" in daemon.rota("ps", run).stdout)

    assert "sleep 301" in daemon.rota("ps", run).stdout
    daemon.rota("cancel", run, "--now")
    assert daemon.ended(run)["state"] == "cancelled"
    daemon.unload("tree")


def test_the_ledger_is_checked_copied_and_brought_back(tmp_path: Path) -> None:
    daemon = DaemonProcess(tmp_path)
    daemon.job("counted", "run: 'true'\n")
    copy = tmp_path / "copy.db"
    with daemon:
        daemon.ended(daemon.run("counted"))
        daemon.rota("store", "backup", str(copy))
        daemon.ended(daemon.run("counted"))
        refused = daemon.rota("store", "restore", str(copy), check=False)
        assert (refused.returncode, f"pid {daemon.pid}" in refused.stderr) == (2, True)
        assert daemon.get("/api/v1/runs")["total"] == 2

        daemon.stop()
        daemon.rota("store", "restore", str(copy))
        assert daemon.rota("store", "check").returncode == 0
        daemon.start()

        assert [run["id"] for run in daemon.get("/api/v1/runs")["runs"]] == ["counted.1"]
        again = daemon.ended(daemon.run("counted"))
        assert again["state"] == "completed", again["message"]
