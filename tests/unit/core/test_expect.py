from __future__ import annotations

from datetime import UTC, datetime, timedelta

from fakes.schedules import a_scheduled_run
from rota.core.expect import length_warning, overdue_since
from rota.core.model import Expect
from rota.core.run import Run, RunState

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
USUAL = Expect(shortest=MINUTE, longest=20 * MINUTE)


def a_run(took: timedelta, state: RunState = RunState.COMPLETED) -> Run:
    return a_scheduled_run(created_at=NOON, started_at=NOON, ended_at=NOON + took, state=state)


def test_a_run_that_took_longer_than_expected_says_both_lengths() -> None:
    assert length_warning(USUAL, a_run(25 * MINUTE)) == "took 25 minutes, longer than the 20 minutes expected"


def test_a_run_that_took_less_than_expected_says_both_lengths() -> None:
    took = timedelta(seconds=2.345)

    assert length_warning(USUAL, a_run(took)) == "took 2.3 s, shorter than the 1 minute expected"


def test_a_run_of_a_moment_is_not_said_to_take_nothing() -> None:
    told = length_warning(USUAL, a_run(timedelta(milliseconds=4)))

    assert told == "took less than 0.1 s, shorter than the 1 minute expected"


def test_a_usual_run_and_one_that_failed_say_nothing() -> None:
    assert length_warning(USUAL, a_run(10 * MINUTE)) == ""
    assert length_warning(USUAL, a_run(25 * MINUTE, RunState.FAILED)) == ""
    assert length_warning(Expect(), a_run(25 * MINUTE)) == ""


def test_a_run_under_way_is_overdue_from_the_longest_expected_on() -> None:
    running = a_scheduled_run(created_at=NOON, started_at=NOON)

    assert overdue_since(USUAL, running) == NOON + 20 * MINUTE
    assert overdue_since(Expect(), running) is None
    assert overdue_since(USUAL, a_run(MINUTE)) is None
