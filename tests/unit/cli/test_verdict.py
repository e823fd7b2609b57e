from __future__ import annotations

from typing import Any

import pytest

from rota.cli.verdict import Verdict, code_of, of_all, of_job


def a_job(name: str = "backup", state: str = "completed", **changes: Any) -> dict[str, Any]:
    last = {"id": f"{name}.7", "state": "completed", "reason": "exit", "message": ""}
    return {"id": name, "state": state, "stale": False, "problems": [], "lastRun": last, **changes}


def ended(state: str, reason: str = "exit", message: str = "") -> dict[str, Any]:
    return {"id": "backup.8", "state": state, "reason": reason, "message": message}


@pytest.mark.parametrize(
    ("job", "code"),
    [
        (a_job(), 0),
        (a_job(state="unknown", lastRun=None), 0),
        (a_job(state="paused", lastRun=ended("failed")), 0),
        (a_job(state="disabled", lastRun=ended("failed")), 0),
        (a_job(state="missed"), 1),
        (a_job(state="invalid"), 1),
        (a_job(stale=True), 1),
        (a_job(state="unknown", lastRun=ended("failed", "unknown")), 1),
        (a_job(state="failed", lastRun=ended("failed")), 2),
        (a_job(state="running", lastRun=ended("failed")), 2),
        (a_job(state="running"), 0),
    ],
)
def test_each_state_of_a_job_has_its_code(job: dict[str, Any], code: int) -> None:
    assert code_of(job) == code


def test_when_all_is_well_one_line_says_so() -> None:
    verdict = of_all([a_job("a"), a_job("b", "running")], ())

    assert verdict.code == 0
    assert verdict.line == "OK - 2 jobs fine | jobs=2 running=1 failed=0 missed=0 paused=0"


def test_the_worst_job_decides_and_the_bad_ones_are_named() -> None:
    verdict = of_all([a_job("a", "failed"), a_job("b", "missed"), a_job("c")], ())

    assert verdict.code == 2
    assert verdict.text == "2 of 3 jobs: a failed, b missed"


def test_many_bad_jobs_are_counted_behind_the_first_five() -> None:
    verdict = of_all([a_job(f"j{n}", "failed") for n in range(8)], ())

    assert verdict.text.endswith("j4 failed and 3 more")


def test_a_file_whose_job_is_in_no_list_is_a_warning_unless_something_is_worse() -> None:
    warned = of_all([a_job()], (), "1 problem in 1 file")

    assert (warned.code, warned.text) == (1, "job files: 1 problem in 1 file")
    assert of_all([a_job("b", "failed")], (), "1 problem in 1 file").text == "1 of 1 job: b failed"


def test_a_daemon_that_runs_no_jobs_is_critical_however_well_they_are() -> None:
    assert of_all([a_job()], ["Runner: no runner answers"]).code == 2
    assert of_job(a_job(), ["Runner: no runner answers"]).code == 2


def test_one_job_is_told_with_its_last_run() -> None:
    verdict = of_job(a_job(state="failed", lastRun=ended("failed", message="exit code 3")), ())

    assert verdict.line == "CRITICAL - backup failed: last run backup.8 failed, exit code 3"


def test_text_of_a_job_can_not_begin_performance_data_or_a_second_line() -> None:
    assert Verdict(code=1, text="a | b\nc").line == "WARNING - a / b c"
