"""`rota validate`: forms of its answer, and what its exit status says."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import unquote

import pytest
from click.testing import CliRunner, Result

from rota.cli.annotations import annotation
from rota.cli.main import rota
from rota.cli.outside import Outside
from rota.cli.problem_text import excerpt
from rota.config.rules import RULES
from rota.core.problems import Problem

NOW = datetime(2026, 11, 21, 5, 0, tzinfo=UTC)


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "jobs.d").mkdir()
    return tmp_path


def validate(*words: str, color: bool = False) -> Result:
    world = Outside(now=lambda: NOW, zone=UTC)
    return CliRunner().invoke(rota, ["validate", *words], obj=world, color=color)


def test_a_problem_is_shown_with_its_line_and_a_caret_below_its_column(here: Path) -> None:
    (here / "jobs.d" / "a.yaml").write_text("run: x\nenabled: yes\n")

    done = validate()

    assert done.exit_code == 1
    assert done.stdout.splitlines() == [
        'jobs.d/a.yaml:2:10: error: expected true or false, got "yes"',
        "    enabled: yes",
        "             ^",
        "    = did you mean true? Only true and false are booleans: words like yes are text",
    ]
    assert done.stderr == "1 problem; 0 jobs in 1 file checked\n"


def test_colour_is_for_terminals(here: Path) -> None:
    (here / "jobs.d" / "a.yaml").write_text("rnu: x\n")

    assert "\x1b[" not in validate().stdout
    assert "\x1b[31m" in validate(color=True).stdout or "\x1b[" in validate(color=True).stdout


def test_what_a_file_holds_is_not_obeyed_by_a_terminal(here: Path) -> None:
    (here / "jobs.d" / "a.yaml").write_text('run: x\nenabled: "\\e[2J" # \x9b2J\n')

    assert "\x1b" not in validate().stdout
    assert "\x9b" not in validate().stdout


@pytest.mark.parametrize(
    ("line", "column", "shown"),
    [
        ("run: x", 6, ("run: x", "     ^")),
        ("\tattempts: 2", 2, ("\tattempts: 2", "\t^")),
        ("title: 日本 x", 11, ("title: 日本 x", "            ^")),
        ("x" * 200, 1, ("x" * 100 + "…", "^")),
        ("x" * 200, 150, ("…" + "x" * 91, " " * 41 + "^")),
        ("run: [", 7, ("run: [", "      ^")),
        ("   ", 2, ()),
        ("", 1, ()),
    ],
)
def test_a_source_line_is_cut_around_its_column(line: str, column: int, shown: tuple[str, ...]) -> None:
    plain = tuple(part.replace("\x1b[32m\x1b[1m^\x1b[0m", "^") for part in excerpt(line, column))

    assert plain == shown


def test_warnings_are_problems_only_when_strict(here: Path) -> None:
    (here / "jobs.d" / "a.yaml").write_text("run: x\nschedule: {cron: '*/7 * * * *'}\n")

    lax, strict = validate(), validate("--strict")

    assert (lax.exit_code, strict.exit_code) == (0, 1)
    assert "jobs.d/a.yaml:2:18: warning: a step of 7 does not divide 60" in lax.stdout
    assert lax.stderr == "1 job in 1 file: fine, with 1 warning\n"
    assert strict.stderr == "1 warning, by --strict as bad as problems; 1 job in 1 file checked\n"


def test_problems_and_warnings_are_counted_apart(here: Path) -> None:
    (here / "jobs.d" / "a.yaml").write_text("run: x\nschedule: {cron: '*/7 * * * *'}\n")
    (here / "jobs.d" / "b.yaml").write_text("runs: x\n")

    assert validate().stderr == "1 problem and 1 warning; 1 job in 2 files checked\n"
    assert validate("--strict").stderr == validate().stderr


def test_json_is_the_shape_that_programs_read(here: Path) -> None:
    (here / "jobs.d" / "a.yaml").write_text("run: x\nretry: {atempts: 2}\n")

    found = json.loads(validate("--format", "json").stdout)

    assert found["files"] == 1
    assert found["problems"] == [
        {
            "file": "jobs.d/a.yaml",
            "line": 2,
            "column": 9,
            "path": "/retry/atempts",
            "message": 'unknown key "atempts"',
            "hint": 'did you mean "attempts"?',
            "severity": "error",
            "rule": "unknown-key",
        }
    ]


def test_github_gets_one_escaped_line_for_each_problem() -> None:
    problem = Problem(
        file="jobs.d/a,b:c.yaml", line=2, column=3, message="50% of\na: b", severity="warning", rule="cron"
    )

    assert annotation(problem) == (
        "::warning file=jobs.d/a%2Cb%3Ac.yaml,line=2,col=3,title=rota%3A cron::50%25 of%0Aa: b"
    )


def test_github_lines_are_the_whole_answer(here: Path) -> None:
    (here / "jobs.d" / "a.yaml").write_text("rnu: x\n")

    done = validate("--format", "github")

    assert done.exit_code == 1
    assert done.stdout.startswith("::error file=jobs.d/a.yaml,line=1,col=1,title=rota%3A unknown-key::")


def test_sarif_names_rules_and_places_relative_to_the_root(here: Path) -> None:
    (here / "jobs.d" / "ä b.yaml").write_text("run: x\n")
    (here / "jobs.d" / "b.yaml").write_text("run: x\nenabled: no\nschedule: {cron: '*/7 * * * *'}\n")

    log = json.loads(validate("--format", "sarif").stdout)

    (run,) = log["runs"]
    rules = run["tool"]["driver"]["rules"]
    results = run["results"]
    assert log["version"] == "2.1.0"
    assert [rule["id"] for rule in rules] == sorted({result["ruleId"] for result in results})
    assert all(rules[result["ruleIndex"]]["id"] == result["ruleId"] for result in results)
    assert {rule["id"] for rule in rules} <= set(RULES)
    assert {result["level"] for result in results} == {"error"}
    places = [result["locations"][0]["physicalLocation"] for result in results]
    uris = {unquote(place["artifactLocation"]["uri"]) for place in places}
    assert uris == {"jobs.d/ä b.yaml", "jobs.d/b.yaml"}
    assert run["originalUriBaseIds"]["ROOT"]["uri"] == f"{here.as_uri()}/"
    assert len({result["partialFingerprints"]["rota/v1"] for result in results}) == len(results)


def test_sarif_without_problems_is_a_log_without_results(here: Path) -> None:
    (here / "jobs.d" / "a.yaml").write_text("run: x\n")

    done = validate("--format", "sarif")

    assert done.exit_code == 0
    assert json.loads(done.stdout)["runs"][0]["results"] == []


def test_rota_yaml_says_what_jobs_may_name(here: Path) -> None:
    (here / "jobs.d" / "a.yaml").write_text("run: x\nconcurrency: {pool: db}\n")
    (here / "rota.yaml").write_text("jobs: jobs.d\npools: {database: 2}\n")

    assert validate().exit_code == 0
    done = validate("--config", "rota.yaml")

    assert done.exit_code == 1
    assert 'there is no pool "db" in rota.yaml' in done.stdout


def test_a_broken_rota_yaml_is_shown_and_nothing_is_checked(here: Path) -> None:
    (here / "rota.yaml").write_text("timezon: UTC\n")

    done = validate("--config", "rota.yaml", "jobs.d")

    assert done.exit_code == 2
    assert 'rota.yaml:1:1: error: unknown key "timezon"' in done.stdout


@pytest.mark.parametrize("words", [["gone"], ["--config", "gone.yaml"], ["--timezone", "Berlin"]])
def test_what_could_not_be_checked_has_a_status_of_its_own(here: Path, words: list[str]) -> None:
    assert validate(*words).exit_code == 2


def test_files_from_a_hook_are_checked_as_parts_of_their_directory(here: Path) -> None:
    (here / "jobs.d" / "_defaults.yaml").write_text("owner: ops\n")
    (here / "jobs.d" / "export.yaml").write_text("run: x\n")
    (here / "jobs.d" / "clean.yaml").write_text("run: x\nschedule: {after: export}\n")
    (here / "jobs.d" / "lost.yaml").write_text("run: x\nschedule: {after: exprot}\n")
    (here / "jobs.d" / "broken.yaml").write_text("rnu: x\n")

    good = validate("jobs.d/clean.yaml", "jobs.d/export.yaml")
    bad = validate("jobs.d/lost.yaml", "--json")

    assert good.exit_code == 0, good.stdout
    assert good.stderr == "2 jobs in 2 files: fine\n"
    (problem,) = json.loads(bad.stdout)["problems"]
    assert (problem["file"], problem["hint"]) == ("jobs.d/lost.yaml", 'did you mean "export"?')
