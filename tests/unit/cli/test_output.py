from __future__ import annotations

import io
import json

import click
import pytest
from click.testing import CliRunner

from rota.cli.failure import Failure
from rota.cli.output import Cell, log_text, say_json, say_table
from rota_renderers.plain import plain


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("text", "harmless"),
    [
        ("plain\ttext\nlines", "plain\ttext\nlines"),
        ("\x1b[2J\x1b[31mred\x1b[0m", "red"),
        ("\x1b]0;title\x07rest", "rest"),
        ("\x1b]8;;https://evil.example\x1b\\link", "link"),
        ("a\x00\x08\x7f\x85b", "ab"),
        ("\u202eesrever", "esrever"),
    ],
)
def test_what_a_terminal_would_obey_is_taken_out(text: str, harmless: str) -> None:
    assert plain(text) == harmless


def test_json_says_everything_and_a_terminal_obeys_nothing_of_it(capsys: pytest.CaptureFixture[str]) -> None:
    value = {"text": "\x1b[2J\x9b2J\u202e Größe \ud800"}
    say_json(value)

    printed = capsys.readouterr().out

    assert plain(printed) == printed
    assert "Größe" in printed
    assert json.loads(printed) == value


def test_a_terminal_obeys_nothing_of_what_an_error_quotes(capsys: pytest.CaptureFixture[str]) -> None:
    Failure("there is no job \x9b2J\u202ex").show()

    assert capsys.readouterr().err == "rota: there is no job x\n"


def test_a_log_keeps_its_colours_on_a_terminal_and_nothing_else() -> None:
    shown = log_text("\x1b[31mred\x1b[2J\x1b[0m done", Terminal(), {})

    assert shown == "\x1b[31mred\x1b[0m done\x1b[0m"


def test_a_log_loses_its_colours_where_colours_are_not_wanted() -> None:
    assert log_text("\x1b[31mred\x1b[0m", Terminal(), {"NO_COLOR": "1"}) == "red"


def test_a_log_goes_into_a_pipe_as_it_is() -> None:
    assert log_text("\x1b[31mred", io.StringIO(), {}) == "\x1b[31mred"


def printed_table(*rows: list[str | Cell]) -> list[str]:
    @click.command()
    def command() -> None:
        say_table(("NAME", "STATE"), rows)

    return CliRunner().invoke(command).output.splitlines()


def test_columns_of_a_table_line_up_and_nothing_is_cut() -> None:
    lines = printed_table(["a" * 200, Cell("failed", "red")], ["b", "ok"])

    assert lines[1] == f"{'a' * 200}  failed"
    assert lines[2] == f"b{' ' * 201}ok"


def test_wide_characters_count_as_two_cells() -> None:
    assert printed_table(["日本", "x"], ["abcd", "y"])[1:] == ["日本  x", "abcd  y"]


def test_a_cell_stays_on_its_line() -> None:
    assert printed_table(["a\nb\x1b[2J", "x"])[1] == "a b   x"


def test_a_narrow_terminal_gets_rows_that_go_on_in_further_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr("sys.stdout", terminal)
    monkeypatch.setenv("COLUMNS", "20")
    monkeypatch.setenv("NO_COLOR", "1")

    say_table(["JOB", "STATE", "SCHEDULE", ""], [["backup", "ok", "every day at 02:00", ""]])

    assert click.unstyle(terminal.getvalue()).splitlines() == [
        "JOB     STATE",
        "    SCHEDULE",
        "backup  ok",
        "    every day at 02:00",
    ]
