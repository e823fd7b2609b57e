"""Warnings about jobs that are right but may surprise."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from rota.config.advice import Said, advise
from rota.config.jobset import read
from rota.config.rules import RULES
from rota.core.problems import Problem

NOW = datetime(2026, 11, 21, 5, 0, tzinfo=UTC)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "jobs.d").mkdir()
    return tmp_path / "jobs.d"


def warned(folder: Path, text: str, *, now: datetime = NOW, **usual: timedelta) -> list[Problem]:
    (folder / "job.yaml").write_text(f"run: x\n{text}\n")
    found = read([folder])
    assert found.problems == ()
    return list(advise(found.jobs, now, usual))


@pytest.mark.parametrize(
    ("text", "column", "rule", "message"),
    [
        ("schedule: {cron: '0 0 29 2 *'}", 18, "never-soon", "due next on 2028-02-29: not within a year"),
        ("schedule: {at: 2026-01-01T00:00Z}", 16, "never-soon", "this instant has passed"),
        (
            "schedule: {cron: '30 2 * * *', timezone: Europe/Berlin}",
            *(18, "clock-change"),
            "the clock skips 02:30 on 2027-03-28: it runs once, at 03:00 (Europe/Berlin)",
        ),
        (
            "schedule: {cron: '*/10 2 * * *', timezone: Europe/Berlin}",
            *(18, "clock-change"),
            "no run on 2027-03-28: the clock skips 02:00 to 02:50",
        ),
        (
            "schedule: {cron: '30 1 * * sun', timezone: America/New_York}",
            *(18, "clock-change"),
            "the clock shows 01:30 twice on 2027-11-07: it runs the first time",
        ),
        (
            "schedule: {cron: '30 2 * * *', timezone: Europe/Berlin, except: 2027-03-01/2027-03-31}",
            *(18, "clock-change"),
            "the clock shows 02:30 twice on 2027-10-31: it runs the first time",
        ),
        ("schedule: {cron: '0 4 13 * fri'}", 18, "both-days", "match either of them, not both"),
        ("schedule: {cron: '*/7 * * * *'}", 18, "uneven-step", "after :56 comes :00, 4 minutes later"),
        ("schedule: {cron: '0 */5 * * *'}", 18, "uneven-step", "after 20:00 comes 00:00, 4 hours later"),
        ("schedule: {every: 5m, except: 2020-01-01/2099-12-31}", 31, "all-excepted", "it never runs"),
    ],
)
def test_a_schedule_that_may_surprise_is_told_with_its_place(
    folder: Path, text: str, column: int, rule: str, message: str
) -> None:
    (problem,) = warned(folder, text)

    assert (problem.line, problem.column, problem.rule) == (2, column, rule)
    assert message in problem.message
    assert problem.severity == "warning"
    assert problem.hint
    assert problem.rule in RULES


@pytest.mark.parametrize(
    "text",
    [
        "",
        "schedule: {every: 7m}",
        "schedule: {cron: '*/5 * * * *', timezone: Europe/Berlin}",
        "schedule: {cron: '15 * * * *', timezone: Europe/Berlin}",
        "schedule: {cron: '30 2 * * *', timezone: Europe/Berlin, except: {days: [sun]}}",
        "schedule: {cron: '30 2 * * *'}",
        "schedule: {cron: '30 4 * * *', timezone: Europe/Berlin}",
        "schedule: {cron: '30 2 25 12 *', timezone: Europe/Berlin}",
        "schedule: {cron: '1-59/2 * * * *'}",
        "schedule: {cron: '0-30/7 * * * *'}",
        "schedule: {at: 2027-01-01T00:00Z}",
        "schedule: {every: 1h}\nmissed: all",
        "schedule: {every: 5m}\nlimits: {timeout: 10m}",
        "limits: {memory: 512M, pids: 64, nofile: 1024}",
        "schedule: {every: 10m, from: end}\nexpect: {duration: {max: 1h}}",
        "schedule: {cron: '0 0 29 2 *'}\nenabled: false",
        "schedule: {every: 5m, except: 2026-12-24/2026-12-26}",
    ],
)
def test_what_does_as_it_says_is_not_warned_of(folder: Path, text: str) -> None:
    assert warned(folder, text) == []


def test_a_run_that_is_expected_to_take_longer_than_its_interval_is_told(folder: Path) -> None:
    (problem,) = warned(folder, "schedule: {every: 5m}\nexpect: {duration: {max: 20m}}")

    assert (problem.line, problem.rule) == (3, "long-run")
    assert "a run may take 20 minutes, and the next is due after 5 minutes" in problem.message
    assert "is skipped" in (problem.hint or "")


def test_runs_that_may_go_on_side_by_side_may_take_longer(folder: Path) -> None:
    assert warned(folder, "schedule: {every: 5m}\nexpect: {duration: {max: 9m}}\nconcurrency: {max: 2}") == []


def test_a_history_of_long_runs_is_told_where_nothing_is_expected(folder: Path) -> None:
    (problem,) = warned(folder, "schedule: {every: 5m}", job=timedelta(minutes=7))

    assert (problem.line, problem.column, problem.rule) == (2, 19, "long-run")
    assert "usually takes 7 minutes" in problem.message


def test_catching_up_on_everything_of_a_job_that_is_often_due_is_told(folder: Path) -> None:
    (problem,) = warned(folder, "schedule: {every: 1m}\nmissed: all")

    assert (problem.line, problem.rule) == (3, "catch-up")
    assert "1440 times" in problem.message


def test_limits_that_leave_no_room_are_told_of_any_job(folder: Path) -> None:
    (problem,) = warned(folder, "limits: {memory: 1M}")

    assert (problem.line, problem.column, problem.rule) == (2, 9, "limits")
    assert "memory 1M" in problem.message


def test_files_that_others_can_write_are_problems_where_the_runner_is_root(folder: Path) -> None:
    (folder / "job.yaml").write_text("run: x\n")
    (folder / "job.yaml").chmod(0o664)
    jobs = read([folder]).jobs

    (problem,) = advise(jobs, NOW, is_root=True)

    assert advise(jobs, NOW) == ()
    assert (problem.file, problem.line, problem.rule) == (str(folder / "job.yaml"), 1, "file-mode")
    assert problem.severity == "error"
    assert problem.hint == f"chmod go-w {folder}/job.yaml"


def test_warnings_are_those_of_the_day(folder: Path) -> None:
    text = "schedule: {cron: '30 2 * * *', timezone: Europe/Berlin}"

    (before,) = warned(folder, text, now=datetime(2027, 3, 1, tzinfo=UTC))
    (after,) = warned(folder, text, now=datetime(2027, 4, 1, tzinfo=UTC))

    assert "2027-03-28" in before.message
    assert "2027-10-31" in after.message


def test_a_trigger_from_the_defaults_is_warned_of_there(folder: Path) -> None:
    (folder / "_defaults.yaml").write_text("schedule: {cron: '*/7 * * * *'}\n")

    (problem,) = warned(folder, "")

    assert problem.file == str(folder / "_defaults.yaml")
    assert (problem.line, problem.column) == (1, 18)


def test_a_warning_moves_with_the_lines_of_its_file(folder: Path) -> None:
    file = folder / "job.yaml"
    file.write_text("run: x\nschedule: {cron: '*/7 * * * *'}\n")
    before = read([folder])

    file.write_text("run: x\n# every seven minutes\nschedule: {cron: '*/7 * * * *'}\n")
    after = read([folder], previous=before)

    assert after.jobs["job"] == before.jobs["job"]
    assert [problem.line for problem in advise(after.jobs, NOW)] == [3]


def test_many_jobs_on_the_hour_are_one_warning(folder: Path) -> None:
    for number in range(12):
        minute = 0 if number < 8 else 30
        (folder / f"j{number:02}.yaml").write_text(f"run: x\nschedule: {{cron: '{minute} 4 * * *'}}\n")

    (problem,) = advise(read([folder]).jobs, NOW)

    assert problem.rule == "minute-zero"
    assert problem.message == "8 of 12 jobs start at 04:00 UTC, all at once (j00, j01, j02, …)"
    assert problem.file.endswith("j00.yaml")


@pytest.mark.parametrize("schedule", ["{cron: 'H 4 * * *'}", "{cron: '0 4 * * *', spread: 10m}"])
def test_jobs_that_are_spread_are_no_crowd(folder: Path, schedule: str) -> None:
    for number in range(12):
        (folder / f"j{number:02}.yaml").write_text(f"run: x\nschedule: {schedule}\n")

    assert advise(read([folder]).jobs, NOW) == ()


def test_what_was_said_of_jobs_is_said_again_until_they_or_the_day_or_their_usual_length_change(
    folder: Path,
) -> None:
    (folder / "change.yaml").write_text("run: x\nschedule: {cron: '30 2 * * *', timezone: Europe/Berlin}\n")
    (folder / "passes.yaml").write_text("run: x\nschedule: {at: 2026-11-21T05:30Z}\n")
    (folder / "step.yaml").write_text("run: x\nschedule: {cron: '*/7 * * * *'}\n")
    jobs = dict(read([folder]).jobs)
    said: Said = {}
    usual = {"step": timedelta(hours=1)}

    for now, lengths in (
        (NOW, {}),
        (NOW + timedelta(hours=1), {}),
        (NOW + timedelta(hours=2), usual),
        (datetime(2027, 4, 1, tzinfo=UTC), usual),
    ):
        assert advise(jobs, now, lengths, said) == advise(jobs, now, lengths)

    del jobs["step"]
    assert advise(jobs, NOW, None, said) == advise(jobs, NOW)
    assert said.keys() == jobs.keys()
