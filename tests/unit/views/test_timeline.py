"""The last and the next day of all jobs."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from fakes.jobs import a_job
from rota.core.board import Board, JobEntry
from rota.core.instant import to_ms
from rota.core.model import Expect, JobSpec
from rota.core.run import Run, RunState, TriggeredBy
from rota.core.seams import Pause
from rota.core.triggers import CronTrigger, EveryTrigger
from rota.views.timeline import timeline_jobs, timeline_page
from rota_catalog.catalog import load
from rota_catalog.check import faults

NOW = datetime(2026, 11, 21, 6, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def a_board(*specs: JobSpec) -> Board:
    return Board(started_at=NOW, jobs={spec.id: JobEntry(spec=spec) for spec in specs})


def a_run(job: str, ago: timedelta, state: RunState = RunState.COMPLETED) -> Run:
    begin = NOW - ago
    ended = begin + MINUTE if state.is_final else None
    return Run(
        job=job,
        number=1,
        state=state,
        triggered_by=TriggeredBy.SCHEDULE,
        created_at=begin,
        started_at=begin,
        ended_at=ended,
    )


def rows(board: Board, *runs: Run, more: bool = False) -> dict[str, dict[str, Any]]:
    page = timeline_page("timeline", timeline_jobs(board), runs, more=more, now=NOW)
    assert not [fault for id_, element in page.elements.items() for fault in faults(load(), id_, element)]
    return {row["job"]: row for row in page.elements["timeline"]["props"]["rows"]}


def test_runs_of_the_ledger_come_before_those_that_are_planned() -> None:
    board = a_board(
        a_job("a", triggers=(CronTrigger(expression="0 7 * * *"),), expect=Expect(longest=5 * MINUTE))
    )

    row = rows(board, a_run("a", timedelta(hours=23), RunState.FAILED))["a"]

    assert row["runs"] == 2
    assert row["bars"] == [
        {"at": to_ms(NOW - timedelta(hours=23)), "durationMs": 60_000, "state": "failed"},
        {"at": to_ms(NOW + timedelta(hours=1)), "durationMs": 300_000},
    ]


def test_a_run_that_goes_on_reaches_to_now() -> None:
    row = rows(a_board(a_job("a")), a_run("a", 10 * MINUTE, RunState.RUNNING))["a"]

    assert row["bars"] == [{"at": to_ms(NOW - 10 * MINUTE), "durationMs": 600_000, "state": "running"}]


def test_many_runs_become_density() -> None:
    row = rows(a_board(a_job("a", triggers=(EveryTrigger(interval=MINUTE),), expect=Expect(longest=MINUTE))))[
        "a"
    ]

    assert row["runs"] == 1440
    assert row["density"][0] == 0.0
    assert row["density"][-1] > 0.9


def test_a_run_of_a_moment_is_seen_among_many() -> None:
    often = a_job(
        "a", triggers=(EveryTrigger(interval=MINUTE),), expect=Expect(longest=timedelta(milliseconds=2))
    )

    assert min(rows(a_board(often))["a"]["density"][-90:]) > 0


def test_what_failed_stands_out_of_the_density() -> None:
    often = a_job("a", triggers=(EveryTrigger(interval=MINUTE),))

    row = rows(
        a_board(often), a_run("a", 60 * MINUTE, RunState.FAILED), a_run("a", 60 * MINUTE, RunState.COMPLETED)
    )["a"]

    assert [bar["state"] for bar in row["bars"]] == ["failed"]
    assert row["density"]


def test_a_paused_job_says_so() -> None:
    board = a_board(a_job("a", triggers=(CronTrigger(expression="0 7 * * *"),)))
    board.jobs["a"].pauses = (Pause(since=NOW),)

    assert rows(board)["a"]["warn"] == "paused: planned instants are skipped"
    board.jobs["a"].pauses = (Pause(since=NOW, until=NOW + 60 * MINUTE),)
    told = rows(board)["a"]["warn"]
    assert str(told).endswith("UTC: instants before it are skipped")


def test_jobs_without_runs_are_left_out() -> None:
    assert rows(a_board(a_job("a"))) == {}
