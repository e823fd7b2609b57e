"""Templates with names that don't exist are found when the file is read."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from daemon_process import CODE
from rota.config import defaults, jobfile
from rota.config.folder import JobFile
from rota.config.parse import Surroundings
from rota.config.template_check import MEMBERS
from rota.core.problems import Problem
from rota.core.run import Run, RunState, TriggeredBy
from rota.core.values import template_values

FILE = JobFile(path="/jobs/dump.yaml", shown="dump.yaml", relative="dump.yaml", signature=(0, 0, 0, 0))
STEPS = "steps:\n- {id: dump, run: x}\n- {id: verify, exec: [a, '%s']}\n- {id: prune, run: x}\n"


def problems(text: str) -> tuple[Problem, ...]:
    return jobfile.read(text.encode(), FILE, defaults.NONE, Surroundings()).problems


def problem(text: str) -> Problem:
    (found,) = problems(text)
    return found


@pytest.mark.parametrize(
    "text",
    [
        "exec: ['{{ params.db }}', '{{ params[\"db\"] }}']\nparams: {db: {type: string}}\n",
        "exec: ['{{ matrix.db | upper }}']\nmatrix: {db: [app]}\n",
        "exec: ['{{ run.id }}', '{{ run.job }}', '{{ run.number }}', '{{ run.attempt }}']\n",
        "http: {url: '{{ rota.url }}/x', json: {a: [{b: '{{ host.name }}'}]}}\n",
        "run: x\nenv: {A: '{{ params.db.upper() }}', B: '{{ range(3) | list }}', C: '{{ params }}'}\n"
        "params: {db: {type: string}}\n",
        STEPS % "{{ steps.dump.outputs.size | default(0) }}",
        "exec: ['{{ \"{{\" }}', '{{ [1, 2] | join(\"-\") }}']\n",
        "run: |\n  echo '{{ whatever }}'\n",
        "steps:\n- {id: send, exec: [a, '{{ steps.dump.outputs.size }}'], needs: [check]}\n"
        "- {id: check, run: x, needs: [dump], if: \"{{ steps.dump.state == 'failed' }}\"}\n"
        "- {id: dump, run: x}\n",
        "run: x\ncondition: {exists: '/mnt/{{ params.db }}'}\nparams: {db: {type: string}}\n",
    ],
)
def test_templates_whose_names_exist_are_right(text: str) -> None:
    assert problems(text) == ()


@pytest.mark.parametrize(
    ("text", "line", "column", "message", "hint"),
    [
        ("exec: [a, '{{ parms.db }}']\n", 1, 11, 'nothing is called "parms" here', 'did you mean "params"?'),
        ("exec: ['{{ db }}']\n", 1, 8, 'nothing is called "db" here', "known: params, steps, matrix, run"),
        (
            "exec: ['{{ params.databse }}']\nparams: {database: {type: string}}\n",
            1,
            8,
            'in the template `params.databse`: the job has no parameter "databse"',
            'did you mean "database"?',
        ),
        (
            "exec: ['{{ params.db }}']\n",
            1,
            8,
            'the job has no parameter "db"',
            "params: {db: {type: string}}",
        ),
        ("exec: ['{{ matrix.db }}']\n", 1, 8, "the job has no `matrix`", None),
        ("exec: ['{{ matrix.dbs }}']\nmatrix: {db: [a]}\n", 1, 8, 'has no "dbs"', 'did you mean "db"?'),
        ("exec: ['{{ run.nmber }}']\n", 1, 8, '`run` has no "nmber"', 'did you mean "number"?'),
        ("exec: ['{{ host.ip }}']\n", 1, 8, '`host` has no "ip"', "known: host.name"),
        ("run: x\nenv: {A: '{{ rota.uri }}'}\n", 2, 10, '`rota` has no "uri"', 'did you mean "url"?'),
        ("http: {url: 'http://x/{{ parms.a }}'}\n", 1, 13, '"parms"', "params"),
        ("http: {url: 'http://x/', json: {a: ['{{ parms.a }}']}}\n", 1, 37, '"parms"', "params"),
        ("check: {http: {url: 'http://{{ hots.name }}/'}}\n", 1, 21, '"hots"', 'did you mean "host"?'),
        ("check: {checks: [{command: {exec: ['{{ a }}']}}]}\n", 1, 36, 'nothing is called "a" here', None),
        ("run: x\ncondition: {exec: [test, '{{ a }}']}\n", 2, 26, 'nothing is called "a" here', None),
        (STEPS % "{{ steps.dmp.outputs.size }}", 3, 26, 'the job has no step "dmp"', 'did you mean "dump"?'),
        (STEPS % "{{ steps.prune.outputs.size }}", 3, 26, '"prune" has no outputs yet', "an earlier step"),
        (STEPS % "{{ steps.verify.outputs.size }}", 3, 26, '"verify" has no outputs yet', "an earlier step"),
        (STEPS % "{{ steps.dump.size }}", 3, 26, 'has `outputs` and no "size"', "steps.dump.outputs.size"),
        ("exec: ['{{ params. }}']\n", 1, 8, "the template can't be read: expected name or number", "Jinja2"),
        ("exec: ['{{ 1 + }}']\n", 1, 8, "the template can't be read: ", "Jinja2"),
        ("exec: ['a{{']\n", 1, 8, "the template can't be read: ", "Jinja2"),
        ("exec: ['{{ run.id | uper }}']\n", 1, 8, 'there is no filter "uper"', None),
        ("exec: ['{{ run.id is odder }}']\n", 1, 8, 'there is no test "odder"', None),
    ],
)
def test_a_wrong_template_is_an_error_at_its_place(
    text: str, line: int, column: int, message: str, hint: str | None
) -> None:
    found = problem(text)

    assert (found.line, found.column, found.severity) == (line, column, "error")
    assert message in found.message
    assert hint is None or hint in (found.hint or "")


def test_names_of_a_block_that_can_not_be_read_are_no_mistake_of_their_own() -> None:
    assert "JSON Schema" in problem("exec: ['{{ params.db }}']\nparams: [db]\n").message
    assert "value" in problem("exec: ['{{ matrix.db }}']\nmatrix: {db: [{}]}\n").message


def test_a_template_that_is_nested_without_end_is_an_error_like_any_other() -> None:
    assert "the template can't be read" in problem(f"exec: ['{{{{ {'(' * 20000} }}}}']\n").message


def test_a_matrix_in_shell_text_is_a_variable() -> None:
    found = problem("run: 'echo {{ matrix.db }}'\nmatrix: {db: [a]}\n")

    assert found.severity == "warning"
    assert found.hint == "use the environment variable $MATRIX_DB"


def test_the_names_are_those_that_a_run_gives_values_to() -> None:
    at = datetime(2026, 1, 1, tzinfo=UTC)
    run = Run(
        job="a",
        number=1,
        state=RunState.PENDING,
        triggered_by=TriggeredBy.MANUAL,
        definition="",
        created_at=at,
    )
    values = template_values(run, host="db1", url="http://x", matrix={})

    assert set(values) == {"params", "steps", "matrix", *MEMBERS}
    for root, members in MEMBERS.items():
        value = values[root]
        assert isinstance(value, dict)
        assert set(value) == set(members)


@pytest.mark.slow  # a Python of its own
def test_jobs_without_templates_and_calendars_are_read_without_what_reads_those(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("run: x\nschedule: {every: 1h, except: 2026-12-24}\n")
    code = (
        "import sys, pathlib\n"
        "from rota.config.jobset import read\n"
        f"assert read([pathlib.Path({str(tmp_path)!r})]).problems == ()\n"
        "sys.exit(len({'jinja2', 'icalendar', 'dateutil.rrule'} & set(sys.modules)))"
    )

    assert subprocess.run([sys.executable, "-c", code], env={"PYTHONPATH": CODE}, check=False).returncode == 0
