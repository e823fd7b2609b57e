"""Steps side by side, in a real daemon."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any

from daemon_process import DaemonProcess
from eventually import eventually

DIAMOND = """
steps:
  - {{id: dump, run: "{say}; echo ::output rows=7"}}
  - {{id: app, run: "{say}; echo ::progress 1/2 App; {wait}", needs: [dump], share: 2}}
  - {{id: crm, run: "{say}; echo ::progress 1/4 Crm; {wait}", needs: [dump]}}
  - {{id: mail, run: "{say}; exit 7", needs: [dump], retry: {{attempts: 2, delay: 0}}}}
  - id: send
    exec: [sh, -c, "echo sent.$0 >> {witness}", "{{{{ steps.dump.outputs.rows }}}}"]
    needs: [app, crm]
  - {{id: news, run: "{say}", needs: [mail]}}
  - {{id: alarm, run: "{say}", needs: [news], if: failure}}
env: {{WITNESS: {witness}}}
"""


def begun(daemon: DaemonProcess, tmp_path: Path, job: str) -> tuple[str, Path]:
    """Run it until two steps run side by side, which go on until the file `go` is there; id and witness."""
    witness = tmp_path / "witness"
    say = "echo $ROTA_STEP.$ROTA_ATTEMPT >> $WITNESS"
    wait = f"until [ -e {tmp_path / 'go'} ]; do sleep 0.02; done"
    daemon.load(job, DIAMOND.format(witness=witness, say=say, wait=wait))
    run = daemon.run(job)
    eventually(lambda: witness.exists() and {"app.1", "crm.1", "alarm.1"} <= set(witness.read_text().split()))
    return run, witness


def steps(run: Any) -> dict[str, str]:
    return {step["id"]: step["state"] for step in run["steps"]}


def judge(ended: Any, witness: Path) -> None:
    began = sorted(witness.read_text().split())
    assert began == ["alarm.1", "app.1", "crm.1", "dump.1", "mail.1", "mail.2", "sent.7"]
    assert (ended["state"], ended["message"]) == ("failed", "step mail: exit code 7 on attempt 2 of 2")
    assert {key for key, state in steps(ended).items() if state == "completed"} == {
        *("dump", "app", "crm", "send", "alarm")
    }
    (news,) = [step for step in ended["steps"] if step["id"] == "news"]
    assert (news["state"], news["reason"], news["needs"]) == ("skipped", "dependency", ["mail"])


def test_branches_run_side_by_side_and_outlive_a_killed_daemon(daemon: DaemonProcess, tmp_path: Path) -> None:
    run, witness = begun(daemon, tmp_path, "diamond-killed")
    eventually(lambda: daemon.get(f"/api/v1/runs/{run}")["progress"]["percent"] >= 28)
    assert {"app", "crm"} <= {
        key for key, state in steps(daemon.get(f"/api/v1/runs/{run}")).items() if state == "running"
    }

    daemon.kill9()
    daemon.start()
    (tmp_path / "go").touch()

    judge(daemon.ended(run), witness)
    assert daemon.lines(run, step="app", attempt=1) == []  # markers alone, of its own log


def test_branches_outlive_a_killed_runner_and_none_starts_twice(
    daemon: DaemonProcess, tmp_path: Path
) -> None:
    run, witness = begun(daemon, tmp_path, "diamond-runner")

    os.kill(daemon.runner_pid, signal.SIGKILL)
    (tmp_path / "go").touch()
    ended = daemon.ended(run)

    began = witness.read_text().split()
    assert len(began) == len(set(began))
    # Their ends were seen by nobody: they may have succeeded, so what needs them must not run.
    assert {steps(ended)["app"], steps(ended)["crm"]} <= {"failed", "completed"}
    assert ended["state"] == "failed"


def test_a_cancel_ends_all_branches(daemon: DaemonProcess, tmp_path: Path) -> None:
    run, witness = begun(daemon, tmp_path, "diamond-cancelled")

    daemon.post(f"/api/v1/runs/{run}/cancel")
    ended = daemon.ended(run)

    assert ended["state"] == "cancelled"
    assert steps(ended)["app"] == steps(ended)["crm"] == "cancelled"
    assert not any(line.startswith("sent") for line in witness.read_text().split())
