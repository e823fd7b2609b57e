from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from fakes.jobs import a_job
from fakes.schedules import a_set
from rota.core.board import Board, JobEntry, JobState
from rota.core.errors import NotFound
from rota.core.model import JobSpec, Missed, MissedPolicy
from rota.core.run import Reason, Run, RunState, TriggeredBy

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)


def a_board(spec: JobSpec | None = None) -> tuple[Board, JobEntry]:
    board = Board(started_at=NOW)
    board.load(a_set(spec or a_job()))
    return board, board.jobs["backup"]


def a_run(number: int, state: RunState = RunState.RUNNING, **changes: Any) -> Run:
    by = TriggeredBy.SCHEDULE
    run = Run(job="backup", number=number, state=state, triggered_by=by, created_at=NOW, due_at=NOW)
    return replace(run, **changes)


def a_skip(number: int, reason: Reason, count: int = 1) -> Run:
    return a_run(number, RunState.SKIPPED, reason=reason, count=count)


@pytest.mark.parametrize(
    ("job", "told"),
    [
        ("bakcup", "There is no job 'bakcup'. Did you mean 'backup'?"),
        ("report", "There is no job 'report'."),
        ("", "There is no job ''."),
    ],
)
def test_a_job_that_is_not_there_is_guessed_from_its_name(job: str, told: str) -> None:
    board, _ = a_board()

    with pytest.raises(NotFound, match=re.escape(told) + "$"):
        board.entry(job)


def test_skips_in_a_row_are_counted_while_a_run_is_in_the_way() -> None:
    board, entry = a_board()
    board.record(a_run(1))

    counts = []
    for count in (1, 2, 3):
        board.record(a_skip(2, Reason.OVERLAP, count))
        counts.append((entry.overlap_skips, entry.stuck_since))

    assert counts == [(1, None), (2, None), (3, NOW)]


def test_a_job_is_no_longer_stuck_when_its_run_has_ended() -> None:
    board, entry = a_board()
    board.record(a_run(1))
    board.record(a_skip(2, Reason.OVERLAP, 3))

    board.record(a_run(1, RunState.COMPLETED))

    assert entry.stuck_since is None


def test_a_run_that_starts_ends_the_row_of_skips() -> None:
    board, entry = a_board()
    board.record(a_run(1))
    board.record(a_skip(2, Reason.OVERLAP, 3))
    board.record(a_run(1, RunState.COMPLETED))

    board.record(a_run(3, RunState.PENDING))

    assert (entry.overlap_skips, entry.stuck_since) == (0, None)


def test_news_of_the_run_in_the_way_does_not_end_the_row() -> None:
    board, entry = a_board()
    board.record(a_run(1))
    board.record(a_skip(2, Reason.OVERLAP, 3))

    board.record(a_run(1, attempt=2))

    assert entry.overlap_skips == 3


def test_a_run_that_waits_does_not_end_the_row_before_its_turn() -> None:
    board, entry = a_board()
    board.record(a_skip(1, Reason.MISSED))

    board.record(a_run(2, RunState.PENDING, reason=Reason.QUEUED))
    waiting = entry.state
    board.record(a_run(2))

    assert (waiting, entry.last_skip) == (JobState.MISSED, None)


@pytest.mark.parametrize(
    ("policy", "state"),
    [
        (MissedPolicy.LATEST, JobState.MISSED),
        (MissedPolicy.ALL, JobState.MISSED),
        (MissedPolicy.SKIP, JobState.COMPLETED),
    ],
)
def test_missed_instants_count_only_for_a_job_that_wants_to_catch_up(
    policy: MissedPolicy, state: JobState
) -> None:
    board, entry = a_board(a_job(missed=Missed(run=policy)))
    board.record(a_run(1, RunState.COMPLETED))

    board.record(a_skip(2, Reason.MISSED))

    assert entry.state is state


def test_a_run_that_began_before_the_missed_instants_does_not_make_up_for_them() -> None:
    board, entry = a_board()
    board.record(a_run(1))
    board.record(a_skip(2, Reason.MISSED))

    board.record(a_run(1, RunState.COMPLETED))

    assert entry.state is JobState.MISSED


def test_an_old_run_that_waited_and_is_skipped_says_nothing_of_newer_ones() -> None:
    board, entry = a_board()
    board.record(a_run(1, RunState.PENDING, reason=Reason.QUEUED))
    board.record(a_run(2, RunState.COMPLETED))

    board.record(a_skip(1, Reason.START_DEADLINE))

    assert (entry.last_skip, entry.state) == (None, JobState.COMPLETED)


def test_a_job_that_never_ran_and_one_whose_end_nobody_saw_are_unknown() -> None:
    board, entry = a_board()
    before = entry.state

    board.record(a_run(1, RunState.FAILED, reason=Reason.UNKNOWN, ended_at=NOW + timedelta(minutes=1)))

    assert (before, entry.state) == (JobState.UNKNOWN, JobState.UNKNOWN)
