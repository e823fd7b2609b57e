"""Pools, conditions and waiting runs in a real daemon, also when it is killed meanwhile."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from daemon_process import DaemonProcess
from eventually import eventually

JOBS = 8


@pytest.fixture(scope="module")
def daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DaemonProcess]:
    folder = tmp_path_factory.mktemp("room")
    config = folder / "rota.yaml"
    config.write_text("pools: {database: 2, disk: 1}\nmax_running: 50\n")
    with DaemonProcess(folder, arguments=("--config", str(config))) as process:
        yield process


def pool(daemon: DaemonProcess, name: str) -> Any:
    return next(each for each in daemon.get("/api/v1/pools")["pools"] if each["name"] == name)


def test_a_full_queue_outlives_a_killed_daemon_and_each_run_runs_once_and_in_its_order(
    daemon: DaemonProcess, tmp_path: Path
) -> None:
    witness, go = tmp_path / "witness", tmp_path / "go"
    work = f"echo $ROTA_JOB >> {witness}; until [ -e {go} ]; do sleep 0.02; done"
    for n in range(JOBS):
        urgent = ", priority: 9" if n == JOBS - 1 else ""
        daemon.load(f"queued-{n}", f"run: {work}\nconcurrency: {{pool: database{urgent}}}\n")
    runs = [daemon.run(f"queued-{n}") for n in range(JOBS)]
    eventually(lambda: witness.exists() and len(witness.read_text().split()) == 2)
    before = pool(daemon, "database")

    daemon.kill9()
    daemon.start()

    assert (before["taken"], len(before["waiting"])) == (2, JOBS - 2)
    assert pool(daemon, "database") == before
    assert before["waiting"] == [runs[-1], *runs[2:-1]]
    waiting = daemon.get(f"/api/v1/runs/{runs[3]}")
    assert (waiting["state"], waiting["reason"]) == ("pending", "queued")
    assert waiting["message"] == f"waits for the pool database: 2 of 2 places taken by {runs[0]}, {runs[1]}"
    go.touch()
    assert {daemon.ended(run)["state"] for run in runs} == {"completed"}
    began = witness.read_text().split()
    assert sorted(began) == [f"queued-{n}" for n in range(JOBS)]
    assert began[2] == f"queued-{JOBS - 1}"
    assert pool(daemon, "database")["taken"] == 0


def test_who_waits_is_told_on_the_page_and_to_who_asks_for_a_second_run(
    daemon: DaemonProcess, tmp_path: Path
) -> None:
    go = tmp_path / "go"
    daemon.load("holder", f"run: until [ -e {go} ]; do sleep 0.02; done\nconcurrency: {{pool: disk}}\n")
    daemon.load("waiter", "run: 'true'\nconcurrency: {pool: disk}\n")
    held, waits = daemon.run("holder"), daemon.run("waiter")

    status, refused = daemon.request("POST", "/api/v1/jobs/waiter/runs", {})
    _, _, page = daemon.exchange("GET", f"/runs/{waits}")
    _, _, overview = daemon.exchange("GET", "/")

    words = f"waits for the pool disk: 1 of 1 places taken by {held}"
    assert status == 409
    assert words in refused["detail"]
    assert words in page
    assert "1 of 1 place taken" in overview
    go.touch()
    assert daemon.ended(waits)["state"] == "completed"


def test_a_condition_goes_on_while_its_daemon_is_killed_and_its_log_is_kept(
    daemon: DaemonProcess, tmp_path: Path
) -> None:
    answer = tmp_path / "answer"
    asks = f"echo asking; until [ -e {answer} ]; do sleep 0.02; done; exit $(cat {answer})"
    daemon.load("asking", f"condition: {{run: '{asks}'}}\nrun: echo working\n")
    met, unmet = daemon.run("asking"), ""
    assert daemon.get(f"/api/v1/runs/{met}")["reason"] == "condition"

    daemon.kill9()
    daemon.start()
    answer.write_text("0")

    assert daemon.ended(met)["state"] == "completed"
    assert daemon.lines(met) == ["working"]
    assert daemon.lines(met, step="condition") == ["asking"]
    answer.write_text("7")
    unmet = daemon.run("asking")
    ended = daemon.ended(unmet)
    assert (ended["state"], ended["reason"], ended["steps"]) == ("skipped", "condition", [])
    assert ended["message"].endswith("was not met (exit 7)")
    assert "asking" in daemon.exchange("GET", f"/runs/{unmet}")[2]
    shown = daemon.rota("logs", unmet)
    assert (shown.stdout, shown.stderr) == ("asking\n", "--- condition ---\n")


def test_a_condition_that_is_never_met_is_one_row_with_its_newest_log(
    daemon: DaemonProcess,
) -> None:
    daemon.load("never", "condition: {run: 'echo no; exit 1'}\nschedule: {every: 1s}\nrun: 'true'\n")

    def stretch() -> Any:
        runs = daemon.get("/api/v1/jobs/never/runs")["runs"]
        return runs if runs and runs[-1]["count"] >= 2 else None

    found = eventually(stretch)
    daemon.unload("never")

    last = next(run for run in found if run["state"] == "skipped")
    assert sum(run["state"] == "skipped" for run in found) == 1
    assert daemon.lines(last["id"], step="condition") == ["no"]
    logs = [each.name for each in (daemon.state / "runner" / "never").iterdir()]
    assert str(last["number"]) in logs
    assert len(logs) <= 2  # beside the newest only that of a run that may ask just now


def test_values_of_the_matrix_and_the_usual_length_reach_run_and_page(daemon: DaemonProcess) -> None:
    daemon.load(
        "many",
        "matrix: {db: [app, crm]}\nexec: [sh, -c, 'echo {{ matrix.db }} $MATRIX_DB']\n"
        "expect: {duration: {min: 1h}}\n",
    )

    run = daemon.ended(daemon.run("many-crm"))

    assert daemon.lines(run["id"]) == ["crm crm"]
    (warning,) = run["warnings"]
    assert warning.endswith("shorter than the 1 hour expected")
    assert "shorter than the 1 hour expected" in daemon.exchange("GET", f"/runs/{run['id']}")[2]


def test_the_environment_of_a_job_is_asked_of_the_daemon(daemon: DaemonProcess) -> None:
    daemon.load("shown", "env: {COLOUR: 'dark blue'}\nrun: 'true'\nlimits: {timeout: 5m}\n")

    shown = daemon.rota("env", "shown")

    assert "COLOUR='dark blue'  # env" in shown.stdout.splitlines()
    assert "timeout 300 s" in shown.stderr
