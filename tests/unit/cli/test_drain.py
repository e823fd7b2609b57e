"""`rota drain`, in words and exit statuses."""

from __future__ import annotations

import json
from typing import Any

import pytest
from click.testing import CliRunner, Result

from fakes.daemon import ScriptedDaemon
from rota.cli.failure import NoDaemon
from rota.cli.main import rota
from rota.cli.outside import Outside


@pytest.fixture
def daemon() -> ScriptedDaemon:
    return ScriptedDaemon()


def run_rota(daemon: ScriptedDaemon, *words: str) -> Result:
    world = Outside(connect=lambda path: daemon, wait=lambda seconds: None)
    return CliRunner().invoke(rota, ("drain", *words), obj=world)


def drain(*running: str, draining: bool = True) -> dict[str, Any]:
    since = 1790208000000 if draining else None
    return {"draining": draining, "since": since, "left": len(running), "running": list(running)}


def test_what_still_runs_is_named(daemon: ScriptedDaemon) -> None:
    daemon.says("/api/v1/drain", drain("backup.12", "report.3"))

    result = run_rota(daemon)

    assert result.output == "the daemon starts nothing new; 2 runs under way: backup.12, report.3\n"
    assert (result.exit_code, daemon.posted) == (0, [("/api/v1/drain", {})])


def test_wait_returns_when_nothing_runs_any_more(daemon: ScriptedDaemon) -> None:
    daemon.says("/api/v1/drain", drain("a.1", "b.2"), drain("b.2"), drain())

    result = run_rota(daemon, "--wait")

    assert result.exit_code == 0
    assert result.stdout == "the daemon starts nothing new, and nothing runs\n"
    assert result.stderr == "waiting for 2 runs under way: a.1, b.2\n"


def test_wait_gives_up_after_its_timeout_and_says_what_runs(daemon: ScriptedDaemon) -> None:
    daemon.says("/api/v1/drain", drain("a.1"))

    result = run_rota(daemon, "--wait", "--timeout", "3s", "--json")

    assert result.exit_code == 1
    assert json.loads(result.stdout)["left"] == 1
    assert "still running: 1 run under way: a.1" in result.stderr
    assert len(daemon.asked) == 6


def test_wait_ends_when_somebody_undoes_the_drain(daemon: ScriptedDaemon) -> None:
    daemon.says("/api/v1/drain", drain("a.1"), drain("a.1", draining=False))

    result = run_rota(daemon, "--wait")

    assert result.exit_code == 1
    assert "the drain was ended" in result.stderr


def test_a_daemon_that_goes_away_is_told(daemon: ScriptedDaemon) -> None:
    daemon.says("/api/v1/drain", drain("a.1"), NoDaemon("no daemon answers"))

    assert run_rota(daemon, "--wait").exit_code == 2


def test_undo_goes_on_as_before(daemon: ScriptedDaemon) -> None:
    daemon.says("/api/v1/drain", drain(draining=False))

    assert run_rota(daemon, "--undo").output == "the daemon starts what is due again\n"
    assert daemon.posted == [("/api/v1/drain", {"undo": True})]


@pytest.mark.parametrize(
    "words", [("--undo", "--wait"), ("--timeout", "1m"), ("--wait", "--timeout", "soon")]
)
def test_what_makes_no_sense_is_refused(daemon: ScriptedDaemon, words: tuple[str, ...]) -> None:
    assert run_rota(daemon, *words).exit_code == 2
    assert daemon.posted == []
