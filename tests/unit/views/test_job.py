from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from fakes.hands import FACTS
from fakes.jobs import a_job
from fakes.schedules import cron
from fakes.views import NOW, a_board, a_run, an_ended_run, checked, due_in, of_type, titles
from rota.core.board import JobEntry
from rota.core.instant import to_ms
from rota.core.model import (
    Command,
    Concurrency,
    Condition,
    Definition,
    Expect,
    JobSpec,
    Retention,
    RunAs,
)
from rota.core.problems import Problem
from rota.core.run import Reason, RunState
from rota.core.seams import Account, Pause, RunBar, RunPage
from rota.views.job import JobView, job_page
from rota_catalog.tree import Document


def an_entry(spec: JobSpec | None = None) -> JobEntry:
    job = spec or a_job("backup")
    return a_board(job).jobs[job.id]


def the_page(
    entry: JobEntry, *runs: Any, total: int | None = None, cursor: str | None = None, **view: Any
) -> Document:
    page = RunPage(runs=runs, total=len(runs) if total is None else total, next_cursor=cursor)
    return checked(job_page("job/backup", JobView(entry=entry, runs=page, **view), now=NOW))


def facts(document: Document) -> dict[str, Any]:
    return {
        row["key"]: row.get("value") for kv in of_type(document, "KeyValue") for row in kv["props"]["rows"]
    }


def test_the_schedule_is_told_in_words_as_written_and_with_its_zone() -> None:
    entry = an_entry(a_job("backup", triggers=(cron("0 2 * * *", "Europe/Berlin"),)))
    entry.next_due = due_in("backup", timedelta(hours=1), timedelta(hours=25))

    page = the_page(entry)

    told = facts(page)
    assert (told["Runs"], told["As written"], told["Time zone"]) == (
        "daily at 02:00",
        "0 2 * * *",
        "Europe/Berlin",
    )
    assert [item["label"] for item in of_type(page, "UpcomingList")[0]["props"]["items"]] == [
        "Thursday",
        "Friday",
    ]
    assert of_type(page, "NextRunCountdown")[0]["props"]["at"] == to_ms(NOW + timedelta(hours=1))


def test_a_job_without_schedule_runs_by_hand() -> None:
    assert facts(the_page(an_entry()))["Runs"] == "by hand only"


def test_a_failed_job_shows_the_end_of_its_log() -> None:
    entry = an_entry()
    entry.last = an_ended_run(RunState.FAILED, message="exit code 3")

    page = the_page(entry, last_words=["connection refused"])

    alert = of_type(page, "ErrorAlert")[0]["props"]
    assert (alert["message"], alert["lastLines"]) == ("exit code 3", ["connection refused"])


def test_parameters_make_a_form() -> None:
    entry = an_entry(
        a_job(
            "backup", params={"database": {"type": "string", "enum": ["app", "crm"]}, "keep": {"default": 7}}
        )
    )

    page = the_page(entry)

    form = of_type(page, "RunForm")[0]
    assert form["props"]["params"] == [
        {"name": "database", "type": "string", "enum": ["app", "crm"], "required": True},
        {"name": "keep", "type": "string", "default": 7},
    ]
    assert form["actions"][0]["do"] == "job.run"
    assert [action["do"] for action in page.elements["page"]["actions"]] == ["job.fill_in"]


def test_a_form_is_made_of_whatever_parameters_a_file_may_hold() -> None:
    params = {
        "wordy": {"type": "string", "title": "t" * 300, "description": "d" * 2000, "pattern": "a?" * 400},
        "many": {"type": "string", "enum": [f"v{n}" for n in range(150)], "default": "v149"},
        "none": {"type": ["string", "null"], "default": None},
    }

    form = of_type(the_page(an_entry(a_job("backup", params=params))), "RunForm")[0]

    wordy, many, none = form["props"]["params"]
    assert (len(wordy["title"]), len(wordy["description"]), "pattern" in wordy) == (200, 1000, False)
    assert many == {"name": "many", "type": "string", "default": "v149"}
    assert none == {"name": "none", "type": "string"}


def test_a_paused_job_says_until_when_and_offers_to_resume() -> None:
    entry = an_entry()
    entry.pauses = (Pause(since=NOW, until=NOW + timedelta(hours=1), note="Kernel upgrade."),)

    page = the_page(entry)

    banner = page.elements["banner.paused"]["props"]["body"]
    assert banner == (
        "Its due instants are skipped. "
        "It is paused since 2026-01-01 12:00 UTC until 2026-01-01 13:00 UTC: Kernel upgrade."
    )
    assert page.elements["page"]["actions"][-1]["do"] == "job.resume"


def test_a_disabled_job_says_why_it_can_not_run() -> None:
    page = the_page(an_entry(a_job("backup", enabled=False)))

    assert page.elements["banner.disabled"]["props"]["title"] == "Disabled"
    assert [action["disabled"] for action in page.elements["page"]["actions"]] == ["disabled"]


def test_a_job_with_due_times_can_be_paused_in_the_state_that_was_seen() -> None:
    scheduled = the_page(an_entry(a_job("backup", triggers=(cron("0 2 * * *"),))))
    by_hand = the_page(an_entry(a_job("backup")))

    pause = scheduled.elements["page"]["actions"][-1]
    assert (pause["do"], pause["expect"]) == ("job.pause", {"state": "unknown"})
    assert [action["do"] for action in by_hand.elements["page"]["actions"]] == ["job.run"]


def test_a_long_definition_is_folded_away_at_first() -> None:
    short, long = a_job("short"), a_job("long")
    object.__setattr__(short, "definition", Definition(text='{"run": "a"}', hash="h"))
    object.__setattr__(long, "definition", Definition(text=json.dumps({"run": "a\n" * 40}), hash="h"))

    assert the_page(an_entry(short)).elements["definition"]["props"]["collapsed"] is False
    assert the_page(an_entry(long)).elements["definition"]["props"]["collapsed"] is True


def test_a_job_at_its_limit_can_not_be_run_again() -> None:
    entry = an_entry()
    entry.open_runs[1] = a_run()

    page = the_page(entry)

    assert page.elements["page"]["actions"][0]["disabled"] == "running"
    assert len(of_type(page, "ProgressBar")) == 1


def test_the_problems_of_its_file_have_their_place() -> None:
    entry = an_entry()
    entry.stale = True
    problem = Problem(file="backup.yaml", line=3, column=5, message="unknown key `timout`")

    page = the_page(entry, problems=[problem])

    assert of_type(page, "ErrorAlert")[0]["props"]["file"] == "backup.yaml:3:5"


def test_runs_are_paged() -> None:
    page = the_page(an_entry(), an_ended_run(number=7), total=30, cursor="41", before="90")

    assert [link["props"]["href"] for link in of_type(page, "Link")] == [
        "/jobs/backup#h-runs", "/jobs/backup?before=41#h-runs",
    ]  # fmt: skip


def test_a_job_that_says_how_long_it_is_kept_shows_it() -> None:
    entry = an_entry(a_job("backup", retention=Retention(max_runs=50)))

    assert facts(the_page(entry))["Kept"] == "no more than 50 runs"
    assert "Kept" not in facts(the_page(an_entry()))


def test_a_total_that_was_not_counted_to_its_end_says_so() -> None:
    runs = RunPage(runs=[an_ended_run(number=7)], total=10_000, total_is_capped=True, next_cursor="41")

    page = checked(job_page("job/backup", JobView(entry=an_entry(), runs=runs), now=NOW))

    heads = [node["props"] for node in of_type(page, "Section")]
    assert {"title": "Runs", "note": "10,000+"} in heads
    assert [node["text"] for node in of_type(page, "RunTable")] == ["1 of 10,000+ runs"]


def test_a_run_tells_what_started_it_and_how_it_ended() -> None:
    page = the_page(
        an_entry(), an_ended_run(RunState.FAILED, message="exit code 3", max_attempts=2, attempt=2)
    )

    row = of_type(page, "RunTable")[0]["props"]["rows"][0]
    assert (row["trigger"], row["state"], row["note"]) == ("schedule", "failed", "exit code 3")
    assert (row["durationMs"], row["attempt"], row["maxAttempts"]) == (60_000, 2, 2)


@pytest.mark.parametrize(
    ("text", "shown"),
    [('{"run": "a && b", "tags": ["ü"]}', "run: a && b\ntags: [ü]\n"), ("no json", "no json")],
)
def test_the_definition_is_shown_as_people_write_it(text: str, shown: str) -> None:
    spec = a_job("backup")
    object.__setattr__(spec, "definition", Definition(text=text, hash="h"))

    page = the_page(an_entry(spec))

    assert page.elements["definition.text"]["props"]["value"] == shown
    assert titles(page) == ["Schedule", "Job", "History", "Definition"]


def test_a_paused_job_promises_no_next_run() -> None:
    entry = an_entry(a_job("backup", triggers=(cron("0 2 * * *"),)))
    entry.next_due = due_in("backup", timedelta(hours=1))
    entry.pauses = (Pause(since=NOW, until=None, note=""),)

    page = the_page(entry)

    assert of_type(page, "NextRunCountdown") == []


def test_a_run_table_tells_only_what_the_state_does_not() -> None:
    plain = an_ended_run(number=1, message="exit code 0", attempt=1, max_attempts=3)
    second = an_ended_run(number=2, message="", attempt=2, max_attempts=3)

    first_row, second_row = of_type(the_page(an_entry(), plain, second), "RunTable")[0]["props"]["rows"]

    assert {"note", "attempt"}.isdisjoint(first_row)
    assert (second_row["attempt"], second_row["maxAttempts"]) == (2, 3)


def test_a_very_short_job_is_not_said_to_take_no_time() -> None:
    entry = an_entry()
    for number in range(1, 8):
        entry.bars.append(RunBar(number=number, state=RunState.COMPLETED, at=NOW, duration_ms=3))

    assert the_page(entry).elements["history"]["props"]["note"] == "usually under 0.1 s"


def test_a_warning_about_the_file_is_a_banner_and_does_not_make_the_job_look_broken() -> None:
    problem = Problem(
        file="/jobs.d/backup.yaml",
        line=2,
        column=9,
        message="the clock skips 02:00 on 2027-03-28",
        hint="move it",
        severity="warning",
    )

    page = the_page(an_entry(), problems=[problem])

    (banner,) = of_type(page, "Banner")
    assert banner["props"] == {
        "tone": "warn",
        "title": "1 warning about its file",
        "body": "backup.yaml:2:9: the clock skips 02:00 on 2027-03-28 (move it)",
    }
    assert of_type(page, "ErrorAlert") == []


def test_a_run_that_asks_its_condition_says_so_where_others_show_their_progress() -> None:
    told = "asks whether its condition is met"
    asking = a_run(state=RunState.PENDING, reason=Reason.CONDITION, message=told, started_at=None, attempt=0)
    entry = a_board(a_job("backup")).jobs["backup"]
    entry.open_runs[1] = asking

    page = the_page(entry)

    (bar,) = of_type(page, "ProgressBar")
    assert bar["props"]["stepText"] == told


def test_the_facts_of_a_job_tell_its_condition_what_it_shares_and_its_usual_length() -> None:
    spec = a_job(
        condition=Condition(work=Command(argv=("true",)), text="test -e /mnt"),
        concurrency=Concurrency(pool="db", weight=2, lock="x", priority=3),
        expect=Expect(shortest=timedelta(seconds=1), longest=timedelta(minutes=20)),
        matrix={"db": "app"},
    )

    known = facts(the_page(an_entry(spec)))

    assert known["Condition"] == "test -e /mnt"
    assert (known["Pool"], known["Lock"], known["Priority"]) == ("db, 2 places of it", "x", 3)
    assert known["Expected length"] == "at least 1 s, at most 20 minutes"
    assert known["Matrix"] == "db = app"


def test_a_job_tells_as_whom_it_runs_and_why_it_can_not() -> None:
    spec = a_job("backup", run_as=RunAs(user="backup", nice=10))
    account = Account(user="www-data", home="/", shell="/bin/sh")
    runner = replace(FACTS, version="1.2", is_root=True, users={"www-data": account})

    page = the_page(an_entry(spec), runner=runner)

    (row,) = [
        row for kv in of_type(page, "KeyValue") for row in kv["props"]["rows"] if row["key"] == "Runs as"
    ]
    assert row["value"] == "backup, nice 10"
    assert row["note"] == (
        "does not start: the runner's rules do not name backup: add it to `users` in"
        " /etc/rota/runner.yaml; possible here: www-data"
    )
    assert facts(the_page(an_entry(), runner=FACTS))["Runs as"] == "rota-jobs"
    assert "Runs as" not in facts(the_page(an_entry()))
