from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from fakes.jobs import a_job
from fakes.views import NOW, a_board, a_run, an_ended_run, checked, due_in, of_type, titles
from rota.core.board import Board, HealthItem, HealthState, JobEntry
from rota.core.model import Missed, MissedPolicy
from rota.core.problems import Problem
from rota.core.run import Progress, Reason, RunState
from rota.core.seams import Pause
from rota.views import overview as overview_module
from rota.views.job_row import job_row
from rota.views.overview import ROWS, Filter, Overview
from rota_catalog.tree import Document, Node

MINUTE = timedelta(minutes=1)


def the_page(board: Board, wanted: Filter | None = None) -> Document:
    return checked(Overview(board).document("overview", wanted or Filter(), now=NOW))


def rows(document: Document) -> list[str]:
    return [row["props"]["name"] for row in of_type(document, "JobRow")]


def test_when_all_is_fine_it_says_so_in_words() -> None:
    board = a_board(a_job("a"), a_job("b"))
    board.record(an_ended_run(job="a"))

    page = the_page(board)

    assert page.elements["fine"]["props"]["label"] == "All 2 jobs fine"
    assert page.elements["fine"]["props"]["reason"] == "no failure on record"


def test_when_all_is_fine_again_it_says_when_it_was_not() -> None:
    board = a_board()
    board.record(an_ended_run(RunState.FAILED, number=1))
    board.record(an_ended_run(number=2))

    assert the_page(board).elements["fine"]["props"]["reason"] == "last failure 2026-01-01 11:59 UTC"


def test_a_pause_of_many_jobs_stands_on_top_with_the_way_to_end_it() -> None:
    board = a_board(a_job("a"), a_job("b"))
    pause = Pause(since=NOW, until=NOW + timedelta(hours=1), scope="all", note="moving house")
    for entry in board.jobs.values():
        entry.pauses = (pause,)
    overview = Overview(board)

    page = checked(overview.document("overview", Filter(), now=NOW))

    assert page.elements["held.all"]["props"] == {
        "tone": "idle",
        "title": "All jobs are paused",
        "body": "2 jobs, until 2026-01-01 13:00 UTC: moving house. To end it: rota resume --all.",
    }
    assert page.elements["upcoming.none"]["props"]["value"] == "Every job with a due instant is paused."
    for job, entry in board.jobs.items():
        entry.pauses = ()
        overview.touch(job)
    assert "held.all" not in overview.document("overview", Filter(), now=NOW).elements


def test_a_drain_stands_on_top_with_the_way_to_end_it() -> None:
    board = a_board(a_job("a"))
    board.draining_since = NOW

    page = the_page(board)

    assert page.elements["page"]["children"][0] == "draining"
    banner = page.elements["draining"]
    assert banner["props"]["title"] == "Nothing new is started"
    assert "drains since 2026-01-01 12:00 UTC" in banner["props"]["body"]
    assert "rota drain --undo" in banner["props"]["body"]


def test_without_jobs_it_says_what_to_do() -> None:
    page = the_page(Board(started_at=NOW))

    assert of_type(page, "Empty")[0]["props"]["title"] == "No jobs yet"


def test_a_failed_job_comes_first_with_its_cause_and_a_retry() -> None:
    board = a_board(a_job("a"), a_job("z", title="Zoo"))
    board.record(an_ended_run(RunState.FAILED, job="z", message="exit code 3"))

    page = the_page(board)

    alert = of_type(page, "ErrorAlert")[0]
    assert (alert["props"]["title"], alert["props"]["message"]) == ("Zoo failed", "exit code 3")
    assert alert["actions"][0]["do"] == "run.retry"
    assert page.elements["page"]["props"]["attention"] == 1
    assert rows(page) == ["z", "a"]


def test_the_worst_comes_first() -> None:
    board = a_board(*(a_job(job) for job in "abcd"))
    board.record(an_ended_run(RunState.SKIPPED, job="a", reason=Reason.MISSED, message="missed 3 times"))
    board.record(an_ended_run(RunState.FAILED, job="b", reason=Reason.UNKNOWN, message="nobody saw its end"))
    board.record(an_ended_run(RunState.FAILED, job="c"))
    board.problems = (Problem(file="x.yaml", line=7, column=3, message="unknown key", hint="timeout?"),)
    board.health["runner"] = HealthItem(key="runner", label="Runner", state=HealthState.FAILED, note="gone")

    page = the_page(board)

    children = page.elements["attention"]["children"]
    assert children == ["trouble.runner", "job.c.alert", "job.b.alert", "job.a.alert", children[-1]]
    assert page.elements[children[-1]]["props"]["file"] == "x.yaml:7:3"
    assert "timeout?" in page.elements[children[-1]]["props"]["message"]


def test_a_stuck_job_says_since_when_and_offers_to_cancel_the_run_in_its_way() -> None:
    board = a_board()
    board.record(a_run())
    skip = an_ended_run(
        RunState.SKIPPED, number=2, reason=Reason.OVERLAP, message="stuck since noon", count=3, due_at=NOW
    )
    board.record(skip)

    page = the_page(board)

    alert = of_type(page, "ErrorAlert")[0]
    assert alert["props"]["title"] == "backup is stuck"
    assert alert["props"]["message"] == "stuck since noon"
    assert [(action["do"], action["args"]) for action in alert["actions"]] == [
        ("run.cancel", {"run": "backup.1"})
    ]
    assert of_type(page, "JobRow")[0]["props"]["note"] == "stuck since 2026-01-01 12:00 UTC"


def test_a_job_that_does_not_catch_up_needs_nobody_after_it_missed_its_time() -> None:
    board = a_board(a_job("a", missed=Missed(run=MissedPolicy.SKIP)))
    board.record(an_ended_run(job="a"))
    board.record(an_ended_run(RunState.SKIPPED, job="a", number=2, reason=Reason.MISSED))

    assert the_page(board).elements["page"]["props"]["attention"] == 0


def test_a_job_that_never_ran_waits_for_its_time_or_has_just_not_run_yet() -> None:
    board = a_board(a_job("by-hand"), a_job("daily"))
    board.jobs["daily"].next_due = due_in("daily", MINUTE)

    page = the_page(board)

    states = {row["props"]["name"]: row["props"]["state"] for row in of_type(page, "JobRow")}
    assert states == {"by-hand": "new", "daily": "scheduled"}
    assert page.elements["job.by-hand"]["text"] == "by-hand not run yet"


def test_a_job_on_its_last_good_version_says_so() -> None:
    problem = Problem(file="/etc/rota/jobs.d/backup.yaml", line=1, column=1, message="not YAML")

    page = the_page(a_board(a_job("backup"), problems=(problem,), stale=frozenset({"backup"})))

    alert = of_type(page, "ErrorAlert")[0]["props"]
    assert (alert["state"], alert["title"]) == (
        "stale",
        "backup.yaml: its last good version runs",
    )


def test_the_last_words_of_a_failed_run_are_part_of_its_cause() -> None:
    board = a_board()
    board.record(an_ended_run(RunState.FAILED))
    overview = Overview(board)

    asked = [run.id for run in overview.unexplained()]
    overview.explain("backup.1", ["connection refused"])
    page = checked(overview.document("overview", Filter(), now=NOW))

    assert asked == ["backup.1"]
    assert overview.unexplained() == []
    assert of_type(page, "ErrorAlert")[0]["props"]["lastLines"] == ["connection refused"]


def test_a_job_that_waits_for_its_time_is_never_pending() -> None:
    board = a_board()
    board.jobs["backup"].next_due = due_in("backup", MINUTE)

    assert of_type(the_page(board), "JobRow")[0]["props"]["state"] == "scheduled"


def test_running_jobs_show_how_far_they_are() -> None:
    board = a_board()
    board.record(a_run(progress=Progress(current=1, total=4)))

    page = the_page(board)

    bar = page.elements["running.backup.1"]["props"]
    assert (bar["value"], bar["etaAt"], bar["current"], bar["total"]) == (0.25, None, 1, 4)
    assert "estimating…" in page.elements["running.backup.1"]["text"]
    assert titles(page) == ["Needs attention", "Running", "Next", "All jobs"]


def test_running_and_next_keep_their_places_when_there_is_nothing_in_them() -> None:
    page = the_page(a_board())

    assert page.elements["now"]["children"] == ["running", "upcoming"]
    assert page.elements["running.none"]["props"]["value"] == "Nothing runs right now."
    assert page.elements["upcoming.none"]["props"]["value"] == "No job has a due instant."


def test_a_job_with_parameters_leads_to_its_form() -> None:
    page = the_page(a_board(a_job("backup", params={"keep": {"type": "integer"}})))

    (action,) = page.elements["job.backup"]["actions"]
    assert (action["do"], action["label"], action["args"]) == ("job.fill_in", "Run…", {"job": "backup"})


def test_a_job_that_waits_for_its_next_attempt_counts_down_to_it() -> None:
    board = a_board()
    board.record(a_run(state=RunState.RETRYING, next_attempt_at=NOW + MINUTE, max_attempts=3))

    page = the_page(board)

    assert page.elements["running.backup.1.retry"]["props"]["label"] == "backup: attempt 2 of 3"


def test_the_soonest_come_next_and_paused_jobs_do_not() -> None:
    board = a_board(*(a_job(job) for job in "abc"))
    for minutes, job in enumerate("cba", start=1):
        board.jobs[job].next_due = due_in(job, minutes * MINUTE)
    board.jobs["b"].pauses = (Pause(since=NOW),)

    page = the_page(board)

    assert [item["job"] for item in of_type(page, "UpcomingList")[0]["props"]["items"]] == ["c", "a"]


def test_more_jobs_than_fit_are_paged() -> None:
    board = a_board(*(a_job(f"job-{n:04d}") for n in range(ROWS + 5)))

    first, second = the_page(board), the_page(board, Filter(page=2))

    assert (len(rows(first)), len(rows(second))) == (ROWS, 5)
    assert [link["props"]["href"] for link in of_type(first, "Link")] == ["/?page=2"]
    assert [link["props"]["href"] for link in of_type(second, "Link")] == ["/"]


def test_the_filter_narrows_the_table_and_nothing_else() -> None:
    board = a_board(a_job("a", tags=("db",)), a_job("b"))
    board.record(an_ended_run(RunState.FAILED, job="b"))

    page = the_page(board, Filter(q="DB"))
    nothing = the_page(board, Filter(state="running"))

    assert rows(page) == ["a"]
    assert len(of_type(page, "ErrorAlert")) == 1
    assert of_type(nothing, "Empty")[0]["props"]["kind"] == "filtered"


def test_a_job_called_like_a_javascript_member_breaks_nothing() -> None:
    assert rows(the_page(a_board(a_job("constructor"), a_job("prototype")))) == ["constructor", "prototype"]


def test_touching_what_changed_gives_what_building_anew_gives() -> None:
    board = a_board(*(a_job(job) for job in "abcde"))
    overview = Overview(board)
    overview.document("overview", Filter(), now=NOW)
    run = a_run("c", 1)

    def change(changed: str) -> None:
        overview.touch(changed)
        touched = overview.document("overview", Filter(), now=NOW)
        assert touched == Overview(board).document("overview", Filter(), now=NOW)

    board.record(run)
    change("c")
    board.record(replace(run, progress=Progress(current=1, total=2)))
    change("c")
    board.record(an_ended_run(RunState.FAILED, "c", 1))
    change("c")
    board.jobs["a"].next_due = due_in("a", MINUTE)
    change("a")
    del board.jobs["b"]
    overview.reload()
    change("d")


def test_only_the_rows_that_changed_are_made_again() -> None:
    board = a_board(*(a_job(f"job-{n}") for n in range(50)))
    overview = Overview(board)
    before = overview.document("overview", Filter(), now=NOW)
    board.record(a_run("job-7"))
    overview.touch("job-7")

    after = overview.document("overview", Filter(), now=NOW)

    same = [id_ for id_ in before.elements if after.elements.get(id_) is before.elements[id_]]
    assert len(same) == 2 * 49


def test_a_job_that_can_not_be_shown_leaves_the_others_theirs(monkeypatch: pytest.MonkeyPatch) -> None:
    def row(entry: JobEntry, *, now: datetime) -> Node:
        if entry.spec.id == "bad":
            raise ZeroDivisionError
        return job_row(entry, now=now)

    monkeypatch.setattr(overview_module, "job_row", row)
    reported: list[str] = []
    overview = Overview(a_board(a_job("bad"), a_job("good")), lambda job, _: reported.append(job))

    page = checked(overview.document("overview", Filter(), now=NOW))

    assert rows(page) == ["good"]
    assert page.elements["job.bad"]["type"] == "Invalid"
    assert reported == ["bad"]


def test_a_title_that_only_repeats_the_id_is_not_shown_twice() -> None:
    page = the_page(a_board(a_job("disk-space", title="Disk space"), a_job("poll", title="Fetch prices")))

    assert {row["props"]["name"]: row["props"].get("title") for row in of_type(page, "JobRow")} == {
        "disk-space": None,
        "poll": "Fetch prices",
    }


def test_a_file_that_root_must_not_run_is_told_like_a_broken_one() -> None:
    board = a_board(a_job("backup"))
    board.advice = (
        Problem(file="/etc/rota/jobs.d/backup.yaml", line=1, column=1, message="group can write it"),
        Problem(file="/etc/rota/jobs.d/b.yaml", line=1, column=1, message="odd", severity="warning"),
    )

    alerts = of_type(the_page(board), "ErrorAlert")

    assert [alert["props"]["title"] for alert in alerts] == ["backup.yaml can't be used"]
