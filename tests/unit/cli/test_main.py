from __future__ import annotations

import click
import pytest

from fakes.command_line import Rota
from fakes.daemon import ScriptedDaemon
from rota.cli.failure import NoDaemon, Refused
from rota.cli.main import COMMANDS, rota


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help(run_rota: Rota, name: str) -> None:
    result = run_rota(name, "--help")

    assert result.exit_code == 0
    assert result.output.startswith("Usage:")


def test_each_command_has_one_line_in_the_help_of_all(run_rota: Rota) -> None:
    lines = run_rota("--help").output.splitlines()

    listed = [line.split(maxsplit=1) for line in lines[lines.index("Commands:") + 1 :]]
    assert [(name, says) for name, says in listed] == [(name, place.says) for name, place in COMMANDS.items()]


def test_completion_offers_commands_with_their_line_and_options() -> None:
    context = click.Context(rota, info_name="rota")

    offered = {item.value: item.help for item in rota.shell_complete(context, "st")}

    assert offered == {name: COMMANDS[name].says for name in ("status", "store")}
    assert "--version" in [item.value for item in rota.shell_complete(context, "--")]


def test_a_wrong_command_is_one_line_with_a_guess_and_exit_2(run_rota: Rota) -> None:
    result = run_rota("statsu")

    assert result.exit_code == 2
    assert (
        result.stderr
        == "rota: there is no command 'statsu', did you mean 'status'?; `rota --help` tells more\n"
    )


def test_no_daemon_is_one_line_and_exit_2(run_rota: Rota, daemon: ScriptedDaemon) -> None:
    daemon.says("/api/v1/jobs", NoDaemon("no daemon answers at x: start it with `rota serve`"))

    result = run_rota("list")

    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == "rota: no daemon answers at x: start it with `rota serve`\n"


def test_a_refusal_is_one_line_and_exit_1(run_rota: Rota, daemon: ScriptedDaemon) -> None:
    daemon.says("/api/v1/runs/backup.8/cancel", Refused("backup.8 has already ended.", status=409))

    result = run_rota("cancel", "backup.8")

    assert (result.exit_code, result.stderr) == (1, "rota: backup.8 has already ended.\n")


@pytest.mark.parametrize("command", ["run", "show", "logs", "cancel"])
def test_an_empty_name_is_refused_before_anybody_is_asked(run_rota: Rota, command: str) -> None:
    result = run_rota(command, "")

    assert result.exit_code == 2
    assert "expected the id of a job" in result.stderr


def test_a_run_that_is_none_is_refused_with_an_example(run_rota: Rota) -> None:
    result = run_rota("show", "backup.x")

    assert result.exit_code == 2
    assert "backup.12" in result.stderr
