from __future__ import annotations

from datetime import UTC, datetime

import pytest

from rota.core.recovery import GiveUp, StartNow, TakeEnd, WatchOn, recover
from rota.core.run import Attempt, Reason, StepState
from rota.core.seams import AttemptReport, AttemptWhere, EndCause, Ended, Started

AT = datetime(2026, 1, 1, tzinfo=UTC)
STARTED = Started(pid=4711, pid_started=9, at=AT)
ENDED = Ended(cause=EndCause.EXIT, exit_code=0, signal=None, at=AT, log_size=0)


def attempt(state: StepState = StepState.RUNNING) -> Attempt:
    return Attempt(id="a1", state=state, created_at=AT, boot_id="boot-1")


def report(where: AttemptWhere, *, ended: Ended | None = None) -> AttemptReport:
    return AttemptReport(where=where, started=STARTED, ended=ended)


@pytest.mark.parametrize("boot", ["boot-1", "boot-2"])
@pytest.mark.parametrize("state", [StepState.PENDING, StepState.RUNNING])
def test_a_known_end_is_taken_whatever_else_is_true(boot: str, state: StepState) -> None:
    found = recover(attempt(state), report(AttemptWhere.ENDED, ended=ENDED), boot)

    assert isinstance(found, TakeEnd)
    assert found.ended == ENDED
    assert (found.started is not None) is (state is StepState.PENDING)


@pytest.mark.parametrize("state", [StepState.PENDING, StepState.RUNNING])
def test_a_live_process_is_watched_on(state: StepState) -> None:
    found = recover(attempt(state), report(AttemptWhere.LIVE), "boot-1")

    assert found == WatchOn(started=STARTED if state is StepState.PENDING else None)


@pytest.mark.parametrize("where", [AttemptWhere.ABSENT, AttemptWhere.LOST])
def test_another_boot_means_interrupted(where: AttemptWhere) -> None:
    found = recover(attempt(), report(where), "boot-2")

    assert isinstance(found, GiveUp)
    assert found.outcome.reason is Reason.INTERRUPTED


def test_without_a_directory_it_was_never_started_and_may_start_now() -> None:
    assert recover(attempt(StepState.PENDING), report(AttemptWhere.ABSENT), "boot-1") == StartNow()


def test_a_recorded_start_without_a_directory_is_unknown_and_must_not_run_twice() -> None:
    found = recover(attempt(StepState.RUNNING), report(AttemptWhere.ABSENT), "boot-1")

    assert isinstance(found, GiveUp)
    assert found.outcome.reason is Reason.UNKNOWN


@pytest.mark.parametrize("state", [StepState.PENDING, StepState.RUNNING])
def test_a_directory_without_process_or_end_is_unknown(state: StepState) -> None:
    found = recover(attempt(state), report(AttemptWhere.LOST), "boot-1")

    assert isinstance(found, GiveUp)
    assert found.outcome.reason is Reason.UNKNOWN
