"""When will it run, and what could stop it?"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from fakes.jobs import a_job
from fakes.schedules import a_scheduled_run, cron, every
from rota.core.board import Board, Due, HealthItem, HealthState, JobEntry
from rota.core.model import Command, Concurrency, Condition, Overlap
from rota.core.obstacles import obstacles, why_now
from rota.core.room import Room
from rota.core.run import Attempt, Reason, RunState
from rota.core.seams import Pause, SkipNext
from rota.core.triggers import AfterTrigger, DateSpan, Ending, Except

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
TWO = NOW + 14 * HOUR


def a_board(**settings: Any) -> Board:
    """One job, due at 02:00."""
    board = Board(started_at=NOW)
    spec = a_job(**{"triggers": (cron("0 2 * * *"),), **settings})
    board.jobs["backup"] = JobEntry(spec=spec, next_due=(Due(job="backup", at=TWO),))
    return board


def told(board: Board) -> list[str]:
    return list(obstacles(board.jobs["backup"], board, NOW))


def answer(board: Board) -> str:
    return why_now(board.jobs["backup"], board, NOW).answer


def test_an_idle_job_that_nothing_stops() -> None:
    why = why_now(a_board().jobs["backup"], a_board(), NOW)

    assert why.answer == "Last: it has not run yet. Next: 2026-06-02 02:00 UTC, in 14 hours."
    assert (why.at, why.details) == (TWO, ("Nothing is known that could stop it.",))


def test_how_it_ended_last() -> None:
    board = a_board()
    board.record(
        a_scheduled_run(
            4, created_at=NOW - HOUR, state=RunState.FAILED, ended_at=NOW - HOUR, message="exit code 3"
        )
    )

    assert answer(board).startswith("Last: backup.4 failed at 2026-06-01 11:00 UTC: exit code 3. Next: ")


def test_the_last_instant_was_skipped() -> None:
    board = a_board()
    skip = a_scheduled_run(
        4, created_at=NOW - HOUR, state=RunState.SKIPPED, reason=Reason.PAUSED, message="paused: disks"
    )
    board.record(skip)

    assert answer(board).startswith("Last: the run at 2026-06-01 11:00 UTC was skipped: paused: disks. ")


def test_jobs_without_a_next_instant_say_why() -> None:
    def following(**settings: Any) -> str:
        board = a_board(**settings)
        board.jobs["backup"].next_due = ()
        return answer(board).partition("Next: ")[2]

    after = AfterTrigger(jobs=("export", "cleanup"), all=True, on=Ending.ALWAYS)
    assert following(enabled=False) == "never, it is disabled."
    assert following(triggers=()) == "when somebody starts it, it has no schedule."
    assert following(triggers=(after,)) == "after export and cleanup have ended."
    assert following(triggers=(replace(every(HOUR), from_end=True),)) == "some time after the end of its run."
    assert following() == "never, its schedule names no further time."


def test_a_pause_and_a_wish_are_told_with_who_until_when_and_why() -> None:
    board = a_board()
    entry = board.jobs["backup"]
    entry.pauses = (Pause(since=NOW, until=TWO - HOUR), Pause(since=NOW, scope="tag:db", note="disks"))
    entry.skip_next = SkipNext(at=TWO, asked_at=NOW, note="holiday")

    assert told(board) == [
        "It is paused since 2026-06-01 12:00 UTC until 2026-06-02 01:00 UTC.",
        "It is paused with all jobs tagged db since 2026-06-01 12:00 UTC until it is resumed: disks.",
        "The run at 2026-06-02 02:00 UTC will be skipped, as asked at 2026-06-01 12:00 UTC: holiday.",
    ]
    assert answer(board).endswith("Next: not at 2026-06-02 02:00 UTC, its next due instant.")


def test_a_wish_for_an_instant_that_is_none_any_more_is_not_told() -> None:
    board = a_board()
    board.jobs["backup"].skip_next = SkipNext(at=TWO + HOUR, asked_at=NOW)

    assert told(board) == []


@pytest.mark.parametrize(("overlap", "becomes"), [(Overlap.SKIP, "is skipped"), (Overlap.QUEUE, "waits in")])
def test_a_run_in_the_way_is_named_with_until_when(overlap: Overlap, becomes: str) -> None:
    board = a_board(concurrency=Concurrency(overlap=overlap))
    attempt = Attempt(id="a", created_at=NOW, timeout_at=TWO)
    board.record(a_scheduled_run(7, created_at=NOW, attempts=(attempt,)))

    assert told(board)[0].startswith(
        "backup.7 is running, until 2026-06-02 02:00 UTC at the latest; a run that is due before it is over"
    )
    assert becomes in told(board)[0]
    assert answer(board).startswith("Last: backup.7 is running since 2026-06-01 12:00 UTC. ")


def test_a_run_that_tries_again_and_a_full_queue_are_in_the_way() -> None:
    board = a_board(concurrency=Concurrency(overlap=Overlap.QUEUE, queue=1))
    board.record(a_scheduled_run(7, created_at=NOW, state=RunState.RETRYING, next_attempt_at=TWO))
    board.record(
        a_scheduled_run(8, created_at=NOW, state=RunState.PENDING, reason=Reason.QUEUED, message="waits")
    )

    first, second, third = told(board)
    assert first.startswith("backup.7 tries again at 2026-06-02 02:00 UTC; ")
    assert second == "1 run waits in the queue, which is full: another one is skipped."
    assert third == "backup.8 waits."


def test_a_full_daemon_and_a_full_pool_are_told() -> None:
    board = a_board()
    board.room = Room(max_running=0)

    assert told(board) == ["A run that began now waits for a free place: 0 of 0 runs go on (max_running)."]


def test_what_its_file_says_could_stop_it() -> None:
    day = NOW.date()
    excepted = Except(label="2026-06-01", spans=(DateSpan(first=day, last=day),))
    board = a_board(
        triggers=(replace(cron("0 2 * * *"), excepts=(excepted,)),),
        start_deadline=timedelta(minutes=10),
        condition=Condition(work=Command(argv=("test",)), text="test -e /mnt"),
    )
    board.jobs["backup"].stale = True

    assert told(board) == [
        "Its file has problems: its last good version runs.",
        "A run that can't start within 10 minutes is skipped (start_deadline).",
        "It runs only if its condition is met: test -e /mnt.",
        "Its schedule leaves out 1 June 2026.",
    ]
    assert told(a_board(enabled=False)) == ["It is disabled: its job file says `enabled: false`."]


def test_what_keeps_the_daemon_from_starting_anything() -> None:
    board = a_board()
    board.quiet_until = NOW + HOUR
    for key, note in (("runner", "no runner answers."), ("store", "the disk is full")):
        board.health[key] = HealthItem(key=key, label=key, state=HealthState.FAILED, note=note)

    assert told(board) == [
        "The daemon starts nothing before 2026-06-01 13:00 UTC (startup_delay).",
        "Nothing can be started now: no runner answers.",
        "Nothing can be recorded now: the disk is full.",
    ]


def test_what_it_comes_after_must_run_itself() -> None:
    board = a_board(triggers=(AfterTrigger(jobs=("export", "gone", "off")),))
    board.jobs["export"] = JobEntry(spec=a_job("export"), pauses=(Pause(since=NOW),))
    board.jobs["off"] = JobEntry(spec=a_job("off", enabled=False))

    assert told(board) == [
        "export, which it comes after, is paused.",
        "There is no job gone, which it comes after.",
        "off, which it comes after, is disabled.",
    ]
