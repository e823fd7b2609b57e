from __future__ import annotations

import json
import sys

import pytest

from rota.core.errors import JobError
from rota.core.model import Check, Command, HttpRequest, PythonCall, Script
from rota.handlers.verdict import SETTINGS
from rota.handlers.work import prepare

VALUES = {"params": {"database": "app", "deep": [1, True]}, "steps": {"dump": {"outputs": {"size": "7"}}}}


def test_shell_text_is_the_last_argument_of_its_shell_and_never_a_template() -> None:
    prepared = prepare(Script(text="echo {{ params.database }}", shell=("sh", "-e", "-c")), VALUES)

    assert prepared.argv == ("sh", "-e", "-c", "echo {{ params.database }}")
    assert prepared.env == {}


def test_items_of_an_argv_are_filled_one_by_one() -> None:
    argv = ("dump", "--db={{ params.database }}", "{{ steps.dump.outputs.size }}", "{{ params.deep }}")

    assert prepare(Command(argv=argv), VALUES).argv == ("dump", "--db=app", "7", "[1,true]")


def test_a_value_with_blanks_and_quotes_stays_one_argument() -> None:
    prepared = prepare(Command(argv=("echo", "{{ params.x }}")), {"params": {"x": "a'; rm -rf / \""}})

    assert prepared.argv == ("echo", "a'; rm -rf / \"")


def test_an_unknown_name_is_an_error_that_says_where() -> None:
    with pytest.raises(JobError, match=r"exec\[1\].*'databse'"):
        prepare(Command(argv=("dump", "{{ params.databse }}")), VALUES)


def test_an_argv_whose_program_is_empty_is_refused() -> None:
    with pytest.raises(JobError, match="names no program"):
        prepare(Command(argv=("{{ params.x }}",)), {"params": {"x": ""}})


def test_an_argument_that_linux_can_not_pass_is_refused_before_it_is_tried() -> None:
    with pytest.raises(JobError, match="put it into a file"):
        prepare(Script(text="x" * 200_000), VALUES)


def test_a_nul_in_an_argument_is_refused() -> None:
    with pytest.raises(JobError, match="NUL"):
        prepare(Command(argv=("echo", "{{ params.x }}")), {"params": {"x": "a\0b"}})


def test_http_settings_travel_in_the_environment_with_their_templates_filled() -> None:
    settings = {
        "url": "http://h/{{ params.database }}",
        "headers": {"X": "{{ params.deep }}"},
        "timeout": 3.0,
    }

    prepared = prepare(HttpRequest(settings=settings), VALUES)

    assert prepared.argv == (sys.executable, "-I", "-m", "rota.handlers.http")
    assert json.loads(prepared.env[SETTINGS]) == {
        "url": "http://h/app",
        "headers": {"X": "[1,true]"},
        "timeout": 3.0,
    }


def test_json_of_a_request_keeps_its_shape() -> None:
    settings = {"url": "http://h", "json": {"list": ["{{ params.database }}", 2, None]}}

    prepared = prepare(HttpRequest(settings=settings), VALUES)

    assert json.loads(prepared.env[SETTINGS])["json"] == {"list": ["app", 2, None]}


def test_checks_take_templates_in_http_values_and_argv_items_only() -> None:
    check = Check(
        kind="checks",
        settings={
            "threshold": 1,
            "checks": [
                {"kind": "http", "settings": {"url": "{{ params.database }}"}},
                {"kind": "command", "settings": {"exec": ["{{ params.database }}"]}},
                {"kind": "command", "settings": {"run": "{{ params.database }}"}},
            ],
        },
    )

    sent = json.loads(prepare(check, VALUES).env[SETTINGS])

    assert sent["kind"] == "checks"
    assert [one["settings"] for one in sent["settings"]["checks"]] == [
        {"url": "app"},
        {"exec": ["app"]},
        {"run": "{{ params.database }}"},
    ]


def test_settings_that_linux_can_not_pass_are_refused() -> None:
    with pytest.raises(JobError, match="larger than"):
        prepare(HttpRequest(settings={"url": "http://h", "body": "x" * 200_000}), VALUES)


def test_a_call_travels_in_the_environment_with_typed_arguments() -> None:
    args = {"db": "{{ params.database }}", "deep": "{{ params.deep }}", "all": ["{{ params.deep }}!", 2]}
    prepared = prepare(PythonCall(callable="m:f", args=args), VALUES)

    assert prepared.argv[:2] == (sys.executable, "-u")
    assert json.loads(prepared.env[SETTINGS]) == {
        "callable": "m:f",
        "params": VALUES["params"],
        "args": {"db": "app", "deep": [1, True], "all": ["[1,true]!", 2]},
    }


def test_a_call_without_args_carries_none_and_has_its_own_interpreter() -> None:
    prepared = prepare(PythonCall(callable="m:f", interpreter="/srv/venv/bin/python"), VALUES)

    assert prepared.argv[0] == "/srv/venv/bin/python"
    assert "args" not in json.loads(prepared.env[SETTINGS])
