"""The daemon dies again and again inside one run whose steps have rules of their own, or form a graph."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from crash.deaths import die_at_each
from daemon_process import DaemonProcess
from eventually import eventually

DEATHS = [
    "store.save:before:1",
    "store.save:after:1",
    "runner.start:before:1",
    "runner.start:after:1",
    "store.save:after:2",
    "runner.ack:before:1",
]
SAY = "echo $ROTA_STEP.$ROTA_ATTEMPT >> $WITNESS"
RULES = """
env: {{WITNESS: {folder}/witness}}
steps:
  - {{id: wait, run: "{say}; until [ -e {folder}/go ]; do sleep 0.02; done"}}
  - {{id: dump, run: "{say}; echo ::output rows=7"}}
  - {{id: load, run: "{say}", if: "{{{{ steps.dump.outputs.rows > 6 }}}}"}}
  - {{id: none, run: "{say}", if: "{{{{ steps.dump.outputs.rows > 7 }}}}"}}
  - id: check
    run: {say}; exit 7
    retry: {{attempts: 2, delay: 0}}
  - {{id: alarm, run: "{say}", if: failure}}
  - {{id: tidy, run: "{say}", if: always}}
"""


@pytest.mark.timeout(600)
def test_each_attempt_at_each_step_is_started_exactly_once(tmp_path: Path) -> None:
    began, ended = run_over_deaths(tmp_path, RULES)

    assert began == ["wait.1", "dump.1", "load.1", "check.1", "check.2", "alarm.1", "tidy.1"]
    assert [f"{each['step']}.{each['n']}" for each in ended["attempts"]] == began
    assert (ended["state"], ended["message"]) == ("failed", "step check: exit code 7 on attempt 2 of 2")
    assert [step["state"] for step in ended["steps"]] == [
        "completed",
        "completed",
        "completed",
        "skipped",
        "failed",
        "completed",
        "completed",
    ]


GRAPH = """
env: {{WITNESS: {folder}/witness}}
steps:
  - {{id: tidy, run: "{say}", needs: [alarm, load], if: always}}
  - {{id: wait, run: "{say}; until [ -e {folder}/go ]; do sleep 0.02; done"}}
  - {{id: app, run: "{say}; echo ::output rows=7", needs: [wait]}}
  - {{id: crm, run: "{say}", needs: [wait]}}
  - {{id: mail, run: "{say}; exit 7", needs: [wait], retry: {{attempts: 2, delay: 0}}}}
  - {{id: load, run: "{say}", needs: [app, crm], if: "{{{{ steps.app.outputs.rows > 6 }}}}"}}
  - {{id: none, run: "{say}", needs: [app, crm], if: "{{{{ steps.app.outputs.rows > 7 }}}}"}}
  - {{id: news, run: "{say}", needs: [mail]}}
  - {{id: alarm, run: "{say}", needs: [news], if: failure}}
"""


@pytest.mark.timeout(600)
def test_each_attempt_of_a_graph_is_started_exactly_once(tmp_path: Path) -> None:
    began, ended = run_over_deaths(tmp_path, GRAPH)

    assert sorted(began) == [*("alarm.1", "app.1", "crm.1", "load.1", "mail.1", "mail.2", "tidy.1", "wait.1")]
    assert (began[0], began[-1]) == ("wait.1", "tidy.1")
    assert began.index("load.1") > max(began.index("app.1"), began.index("crm.1"))
    assert sorted(f"{each['step']}.{each['n']}" for each in ended["attempts"]) == sorted(began)
    assert (ended["state"], ended["message"]) == ("failed", "step mail: exit code 7 on attempt 2 of 2")
    skipped = {step["id"]: step["reason"] for step in ended["steps"] if step["state"] == "skipped"}
    assert skipped == {"none": "condition", "news": "dependency"}


def run_over_deaths(folder: Path, job: str) -> tuple[list[str], dict[str, Any]]:
    """What began, in order, and the run as it ended, when the daemon has died at each of DEATHS in it."""
    daemon = DaemonProcess(folder)
    witness = folder / "witness"
    daemon.start()
    daemon.load("job", job.format(folder=folder, say=SAY))
    run = daemon.run("job")
    eventually(witness.exists)
    daemon.kill9()

    (folder / "go").touch()
    die_at_each(daemon, DEATHS)
    daemon.start()
    ended = daemon.ended(run)
    daemon.end()
    return witness.read_text().split(), ended
