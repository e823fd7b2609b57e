"""Logs and runs that are followed until their end."""

from __future__ import annotations

import json

import pytest

from fakes.command_line import Rota, a_run, an_attempt, lines
from fakes.daemon import ScriptedDaemon
from rota.cli.failure import NoDaemon


def test_run_follow_prints_the_log_of_every_attempt_and_exits_with_the_status_of_the_run(
    run_rota: Rota, daemon: ScriptedDaemon
) -> None:
    log = "/api/v1/runs/backup.8/log?step=main&attempt={}&from={}&limit=1000"
    daemon.says("/api/v1/jobs/backup/runs", a_run("pending"))
    daemon.says(
        "/api/v1/runs/backup.8",
        a_run("running", attempts=[an_attempt()]),
        a_run("failed", exitCode=3, message="exit code 3", attempts=[an_attempt(), an_attempt(n=2)]),
    )
    daemon.says(log.format(1, 0), lines("one", end=False))
    daemon.says(log.format(1, 1), lines(start=1, end=False), lines("two", start=1))
    daemon.says(log.format(2, 0), lines("again"))

    result = run_rota("run", "backup", "--follow")

    assert result.exit_code == 3
    assert result.stdout == "one\ntwo\nagain\n"
    assert result.stderr == "--- attempt 2 ---\nbackup.8: failed, exit code 3\n"


def test_lines_of_steps_side_by_side_take_turns_under_their_headings(
    run_rota: Rota, daemon: ScriptedDaemon
) -> None:
    log = "/api/v1/runs/backup.8/log?step={}&attempt=1&from={}&limit=1000"
    attempts = [an_attempt(step="app"), an_attempt(step="crm")]
    steps = [{"id": "app"}, {"id": "crm"}]
    daemon.says("/api/v1/jobs/backup/runs", a_run("pending"))
    daemon.says(
        "/api/v1/runs/backup.8",
        a_run("running", attempts=attempts, steps=steps),
        a_run("completed", attempts=attempts, steps=steps),
    )
    daemon.says(log.format("app", 0), lines("one", end=False))
    daemon.says(log.format("app", 1), lines(start=1, end=False), lines("two", start=1))
    daemon.says(log.format("crm", 0), lines("three"))

    result = run_rota("run", "backup", "--follow")

    assert result.stdout == "one\nthree\ntwo\n"
    headings = [line for line in result.stderr.splitlines() if line.startswith("---")]
    assert headings == [f"--- step {step}, attempt 1 ---" for step in ("app", "crm", "app")]


def test_run_follow_as_json_leaves_stdout_to_the_run(run_rota: Rota, daemon: ScriptedDaemon) -> None:
    daemon.says("/api/v1/jobs/backup/runs", a_run("pending"))
    daemon.says("/api/v1/runs/backup.8", a_run("completed", attempts=[an_attempt()]))
    daemon.says("/api/v1/runs/backup.8/log?step=main&attempt=1&from=0&limit=1000", lines("one"))

    result = run_rota("run", "backup", "--follow", "--json")

    assert json.loads(result.stdout)["state"] == "completed"
    assert result.stderr.startswith("one\n")


def test_logs_follow_only_the_step_that_was_asked_for(run_rota: Rota, daemon: ScriptedDaemon) -> None:
    attempts = [an_attempt(step="dump"), an_attempt(step="verify")]
    daemon.says("/api/v1/runs/backup.8", a_run("running"), a_run("completed", attempts=attempts))
    daemon.says("/api/v1/runs/backup.8/log?step=verify&attempt=1&from=0&limit=1000", lines("fine"))

    assert run_rota("logs", "-f", "backup.8", "--step", "verify").stdout == "fine\n"


@pytest.mark.parametrize(
    ("state", "message", "told"),
    [
        ("completed", "exit code 0", "completed, exit code 0"),
        ("cancelled", "cancelled before it began", "cancelled before it began"),
        ("cancelled", "", "cancelled"),
    ],
)
def test_the_last_line_of_following_says_the_state_once(
    run_rota: Rota, daemon: ScriptedDaemon, state: str, message: str, told: str
) -> None:
    daemon.says("/api/v1/jobs/backup/runs", a_run("pending"))
    daemon.says("/api/v1/runs/backup.8", a_run(state, message=message))

    assert run_rota("run", "backup", "--follow").stderr == f"backup.8: {told}\n"


def test_a_daemon_that_restarts_while_a_run_is_followed_is_waited_for(
    run_rota: Rota, daemon: ScriptedDaemon
) -> None:
    daemon.says("/api/v1/jobs/backup/runs", a_run("running"))
    daemon.says("/api/v1/runs/backup.8", NoDaemon("gone"), NoDaemon("gone"), a_run())

    result = run_rota("run", "backup", "--follow")

    assert result.exit_code == 0
    assert result.stderr.count("waiting for the daemon") == 1


def test_interrupting_the_following_leaves_the_run_alone(run_rota: Rota, daemon: ScriptedDaemon) -> None:
    def interrupted(seconds: float) -> None:
        raise KeyboardInterrupt

    daemon.says("/api/v1/jobs/backup/runs", a_run("running"))
    daemon.says("/api/v1/runs/backup.8", a_run("running"))

    result = run_rota("run", "backup", "--follow", wait=interrupted)

    assert result.exit_code == 130
    assert "backup.8 goes on" in result.stderr


def test_interrupting_a_log_that_is_followed_ends_as_shells_expect(
    run_rota: Rota, daemon: ScriptedDaemon
) -> None:
    def interrupted(seconds: float) -> None:
        raise KeyboardInterrupt

    daemon.says("/api/v1/runs/backup.8", a_run("running"))

    result = run_rota("logs", "-f", "backup.8", wait=interrupted)

    assert result.exit_code == 130
    assert "Aborted" not in result.output


def test_logs_as_json_name_step_and_attempt(run_rota: Rota, daemon: ScriptedDaemon) -> None:
    daemon.says("/api/v1/runs/backup.8", a_run(attempts=[an_attempt("dump"), an_attempt("verify")]))
    daemon.says("/api/v1/runs/backup.8/log", lines("hello"))

    found = json.loads(run_rota("logs", "backup.8", "--step", "verify", "--json").output)

    assert [(line["step"], line["attempt"], line["text"]) for line in found] == [("verify", 1, "hello")]


def test_logs_of_an_attempt_that_is_not_there_tell_which_are(run_rota: Rota, daemon: ScriptedDaemon) -> None:
    daemon.says("/api/v1/runs/backup.8", a_run(attempts=[an_attempt("dump")]))

    result = run_rota("logs", "backup.8", "--attempt", "2")

    assert (result.exit_code, result.stderr) == (1, "rota: backup.8 has no such attempt; it has: dump 1\n")


def test_a_batch_that_is_followed_says_where_its_children_are(run_rota: Rota, daemon: ScriptedDaemon) -> None:
    counts = "3 pending, 1 running, 0 completed, 0 failed"
    running = a_run("running", message=counts, children={"pending": 3, "running": 1}, attempts=[])
    daemon.says("/api/v1/jobs/backup/runs", a_run("pending"))
    daemon.says("/api/v1/runs/backup.8", running, running, a_run("completed", message="all 4 completed"))

    result = run_rota("run", "backup", "--follow")

    assert result.stderr == f"--- children: {counts} ---\nbackup.8: completed, all 4 completed\n"
