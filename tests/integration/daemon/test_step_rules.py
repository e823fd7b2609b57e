"""Steps with `if`, `retry` and `limits` of their own, in a real daemon."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from daemon_process import DaemonProcess
from eventually import eventually

RULES = """
steps:
  - {{id: dump, run: "echo dump >> {witness}; echo ::output rows=$PARAM_ROWS"}}
  - {{id: load, run: "echo load >> {witness}", if: "{{{{ steps.dump.outputs.rows > 0 }}}}"}}
  - {{id: check, run: "echo check >> {witness}; exit $PARAM_CODE", retry: {{attempts: 2, delay: 0}}}}
  - {{id: alarm, run: "echo alarm >> {witness}", if: failure}}
  - {{id: slow, run: "echo slow >> {witness}; until [ -e {go} ]; do sleep 0.02; done", if: always}}
params:
  rows: {{type: integer, default: 1}}
  code: {{type: integer, default: 0}}
"""


def begun(daemon: DaemonProcess, tmp_path: Path, job: str, **params: object) -> tuple[str, Path]:
    """Run it up to its last step, which goes on until the file `go` is there; its id and witness."""
    witness, go = tmp_path / "witness", tmp_path / "go"
    daemon.load(job, RULES.format(witness=witness, go=go))
    run = daemon.run(job, **params)
    eventually(lambda: witness.exists() and "slow" in witness.read_text())
    return run, witness


def steps(run: Any) -> dict[str, tuple[str, str | None]]:
    return {step["id"]: (step["state"], step["reason"]) for step in run["steps"]}


def test_an_expression_decides_by_an_output_and_nothing_is_left_of_what_it_left_out(
    daemon: DaemonProcess, tmp_path: Path
) -> None:
    run, witness = begun(daemon, tmp_path, "rules-empty", rows=0)
    (tmp_path / "go").touch()

    ended = daemon.ended(run)

    assert ended["state"] == "completed"
    assert witness.read_text().split() == ["dump", "check", "slow"]
    assert steps(ended)["load"] == steps(ended)["alarm"] == ("skipped", "condition")
    assert [attempt["step"] for attempt in ended["attempts"]] == ["dump", "check", "slow"]
    assert "its condition was not met" in daemon.exchange("GET", f"/runs/{run}")[2]


def test_a_killed_daemon_goes_on_with_what_runs_after_a_failure(
    daemon: DaemonProcess, tmp_path: Path
) -> None:
    run, witness = begun(daemon, tmp_path, "rules-failing", code=7)

    daemon.kill9()
    daemon.start()
    (tmp_path / "go").touch()

    ended = daemon.ended(run)
    assert witness.read_text().split() == ["dump", "load", "check", "check", "alarm", "slow"]
    assert (ended["state"], ended["exitCode"], ended["attempt"]) == ("failed", 7, 1)
    assert ended["message"] == "step check: exit code 7 on attempt 2 of 2"
    assert steps(ended)["slow"] == ("completed", "exit")


def test_a_step_ends_at_its_own_timeout(daemon: DaemonProcess) -> None:
    daemon.load(
        "rules-slow",
        "steps:\n  - {id: hang, run: sleep 60, limits: {timeout: 1, grace: 1}}\nlimits: {timeout: 1h}\n",
    )

    ended = daemon.ended(daemon.run("rules-slow"))

    assert ended["reason"] == "timeout"
    assert ended["message"] == "step hang: timed out after 1 s"
