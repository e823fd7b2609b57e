"""`python:` work, from its file over the real runner to the page."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from daemon_process import DaemonProcess

REPORTS = """
from datetime import date

from reports.tools import doubled
from rota import job


def build(day: date, factor, names=()):
    job.progress(1, 2, "reading")
    print("weekday", day.isoweekday(), type(factor).__name__, list(names))
    return {"rows": doubled(factor), "day": day}


def fail(row):
    raise ValueError(f"row {row} has no date")
"""


@pytest.fixture(scope="module")
def daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DaemonProcess]:
    folder = tmp_path_factory.mktemp("python")
    package = folder / "jobs.d" / "code" / "reports"
    package.mkdir(parents=True)
    (package / "__init__.py").touch()
    (package / "daily.py").write_text(REPORTS)
    (package / "tools.py").write_text("def doubled(number):\n    return 2 * number\n")
    with DaemonProcess(folder) as process:
        yield process


def run_of(daemon: DaemonProcess, job: str, work: str, **params: object) -> Any:
    daemon.load(job, f"cwd: code\npython: {work}\nparams: {{factor: {{type: integer, default: 21}}}}\n")
    return daemon.ended(daemon.run(job, **params))


def test_arguments_arrive_with_their_types_and_what_it_returns_is_the_result(daemon: DaemonProcess) -> None:
    args = '{day: "2026-11-21", factor: "{{ params.factor }}", names: [a, 1]}'
    run = run_of(daemon, "typed", f"{{callable: 'reports.daily:build', args: {args}}}", factor=4)

    assert run["state"] == "completed"
    assert run["result"] == {"rows": "8", "day": "2026-11-21"}
    assert daemon.lines(run["id"]) == ["weekday 6 int ['a', 1]"]
    assert run["progress"]["text"] == "reading"


def test_an_exception_is_the_cause_of_the_run_and_its_traceback_is_in_the_log(daemon: DaemonProcess) -> None:
    run = run_of(daemon, "failing", "{callable: 'reports.daily:fail', args: {row: 7}}")

    assert (run["state"], run["exitCode"]) == ("failed", 1)
    assert run["message"] == "ValueError: row 7 has no date (exit code 1)"
    assert run["attempts"][0]["message"] == run["message"]
    log = daemon.lines(run["id"])
    assert log[0].startswith("Traceback")
    assert f'{Path("code/reports/daily.py")}", line' in log[1]
    assert log[-1] == "ValueError: row 7 has no date"
    page = daemon.exchange("GET", f"/runs/{run['id']}")[2]
    assert "ValueError: row 7 has no date (exit code 1)" in page


def test_without_args_it_gets_the_parameters_it_has_names_for(daemon: DaemonProcess) -> None:
    (daemon.jobs / "code" / "plain.py").write_text("def run(factor):\n    return {'next': factor + 1}\n")

    assert run_of(daemon, "by-name", "{callable: 'plain:run'}")["result"] == {"next": "22"}


def test_a_callable_that_is_not_there_is_said_in_one_line(daemon: DaemonProcess) -> None:
    run = run_of(daemon, "nowhere", "{callable: 'reports.weekly:build'}")

    assert run["message"].startswith("there is no module 'reports.weekly' for /")
    assert daemon.lines(run["id"]) == []


def test_an_interpreter_that_is_not_there_is_named(daemon: DaemonProcess) -> None:
    run = run_of(daemon, "no-python", "{callable: 'plain:run', interpreter: /nowhere/python}")

    assert (run["state"], run["reason"]) == ("failed", "refused")
    assert "/nowhere/python" in run["message"]


def test_shell_jobs_can_say_why_they_fail_as_well(daemon: DaemonProcess) -> None:
    daemon.load("shell-cause", "run: echo '::error The disk is full' >&2; exit 3\n")
    run = daemon.ended(daemon.run("shell-cause"))

    assert run["message"] == "The disk is full (exit code 3)"


def test_words_about_a_failure_that_did_not_come_are_forgotten(daemon: DaemonProcess) -> None:
    daemon.load("recovered", "run: echo '::error The disk is full'; echo went on\n")
    run = daemon.ended(daemon.run("recovered"))

    assert (run["state"], run["message"]) == ("completed", "exit code 0")
