"""`rota doctor`, in words, JSON and exit statuses."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from fakes.daemon import ScriptedDaemon
from rota.cli.failure import NoDaemon
from rota.cli.main import rota
from rota.cli.outside import Outside
from rota.core.board import HealthState
from rota.core.finding import Finding, worst

Doctor = Callable[..., Result]


@pytest.fixture
def daemon() -> ScriptedDaemon:
    daemon = ScriptedDaemon()
    daemon.says("/readyz", NoDaemon("no daemon answers"))
    return daemon


@pytest.fixture
def doctor(daemon: ScriptedDaemon, tmp_path: Path) -> Doctor:
    def invoke(*words: str) -> Result:
        world = Outside(connect=lambda path: daemon)
        return CliRunner().invoke(rota, ("doctor", "--state", str(tmp_path), *words), obj=world)

    return invoke


def findings(result: Result) -> dict[str, Any]:
    return {each["key"]: each for each in json.loads(result.stdout)["findings"]}


def test_without_a_daemon_it_looks_at_the_host_all_the_same(doctor: Doctor, tmp_path: Path) -> None:
    result = doctor("--json")

    found = findings(result)
    assert result.exit_code == 1
    assert {"python", "systemd", "cgroups", "zones", "inotify", "state", "logs", "clock", "files"} < set(
        found
    )
    assert (found["daemon"]["state"], found["runner"]["state"]) == ("warn", "warn")
    assert found["ledger"]["note"] == f"none yet; it will be {tmp_path / 'ledger.db'}"


def test_a_daemon_that_is_not_ready_and_has_no_runner_fails(doctor: Doctor, daemon: ScriptedDaemon) -> None:
    daemon.says("/readyz", (503, {"reasons": ["Runner: no runner answers"]}))

    result = doctor("--json")

    assert result.exit_code == 2
    assert findings(result)["daemon"]["note"] == "is not ready: Runner: no runner answers"
    assert findings(result)["runner"]["state"] == "failed"


def test_a_damaged_ledger_fails_with_what_to_do(doctor: Doctor, tmp_path: Path) -> None:
    (tmp_path / "ledger.db").write_bytes(b"no database at all, " * 1000)

    result = doctor()

    assert result.exit_code == 2
    assert "FAILED  Ledger" in result.stdout
    assert "→ `rota store check` says more" in result.stdout


def test_the_worst_finding_is_the_verdict() -> None:
    def found(state: HealthState) -> Finding:
        return Finding(key="x", label="X", state=state)

    assert worst([found(HealthState.OK)]) is HealthState.OK
    assert worst([found(HealthState.OK), found(HealthState.WARN)]) is HealthState.WARN
    assert worst([found(HealthState.FAILED), found(HealthState.WARN)]) is HealthState.FAILED
