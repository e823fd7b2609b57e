from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from rota.core.model import Backoff, Retry
from rota.core.outcome import Again, Outcome
from rota.core.retry import decide
from rota.core.run import Reason, Run, RunState, StepState, TriggeredBy

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)
FAILED = Outcome(state=StepState.FAILED, reason=Reason.EXIT, message="exit code 1")


def a_run(attempt: int = 1, *, number: int = 7, started: timedelta = timedelta()) -> Run:
    return Run(
        job="backup",
        number=number,
        state=RunState.RUNNING,
        triggered_by=TriggeredBy.MANUAL,
        created_at=NOW,
        started_at=NOW - started,
        attempt=attempt,
    )


def delay(retry: Retry, attempt: int, *, number: int = 7) -> float | None:
    at = decide(retry, a_run(attempt, number=number), FAILED, NOW)
    return None if at is None else (at - NOW).total_seconds()


@pytest.mark.parametrize(
    ("backoff", "delays"),
    [
        (Backoff.FIXED, [10, 10, 10, 10, None]),
        (Backoff.LINEAR, [10, 20, 30, 35, None]),
        (Backoff.EXPONENTIAL, [10, 20, 35, 35, None]),
    ],
)
def test_delays_grow_as_the_job_says_up_to_their_cap(backoff: Backoff, delays: list[float | None]) -> None:
    retry = Retry(attempts=5, backoff=backoff, delay=10 * SECOND, max_delay=35 * SECOND)

    assert [delay(retry, attempt) for attempt in range(1, 6)] == delays


def test_a_fixed_delay_over_the_cap_is_the_cap() -> None:
    assert delay(Retry(attempts=2, delay=60 * SECOND, max_delay=5 * SECOND), 1) == 5


def test_one_attempt_is_no_retry() -> None:
    assert delay(Retry(), 1) is None


def test_jitter_is_foretold_differs_between_runs_and_stays_within_its_fraction() -> None:
    retry = Retry(attempts=9, delay=100 * SECOND, jitter=0.1)
    delays = [delay(retry, 1, number=number) for number in range(50)]

    assert delays == [delay(retry, 1, number=number) for number in range(50)]
    assert len(set(delays)) > 40
    assert all(each is not None and 90 <= each <= 110 for each in delays)


def test_no_attempt_begins_after_the_deadline() -> None:
    retry = Retry(attempts=9, delay=10 * SECOND, deadline=60 * SECOND)

    assert decide(retry, a_run(started=45 * SECOND), FAILED, NOW) == NOW + 10 * SECOND
    assert decide(retry, a_run(started=55 * SECOND), FAILED, NOW) is None


@pytest.mark.parametrize(
    ("reason", "on", "expected"),
    [
        (Reason.EXIT, {"failed"}, True),
        (Reason.SIGNAL, {"failed"}, True),
        (Reason.REFUSED, {"failed"}, True),
        (Reason.EXIT, {"timeout"}, False),
        (Reason.TIMEOUT, {"timeout"}, True),
        (Reason.TIMEOUT, {"failed"}, False),
        (Reason.INTERRUPTED, {"interrupted"}, True),
        (Reason.UNKNOWN, {"failed", "timeout", "interrupted"}, False),
        (Reason.UNKNOWN, {"unknown"}, True),
    ],
)
def test_only_the_ends_named_are_retried(reason: Reason, on: set[str], expected: bool) -> None:
    outcome = replace(FAILED, reason=reason)

    at = decide(Retry(attempts=2, on=frozenset(on)), a_run(), outcome, NOW)

    assert (at is not None) is expected


def test_exit_codes_overrule_what_is_retried() -> None:
    retry = Retry(attempts=2, on=frozenset())

    assert decide(retry, a_run(), replace(FAILED, again=Again.ALWAYS), NOW) is not None
    assert decide(Retry(attempts=2), a_run(), replace(FAILED, again=Again.NEVER), NOW) is None


@pytest.mark.parametrize("state", [StepState.COMPLETED, StepState.CANCELLED, StepState.SKIPPED])
def test_only_failures_are_retried(state: StepState) -> None:
    assert decide(Retry(attempts=2), a_run(), replace(FAILED, state=state), NOW) is None
