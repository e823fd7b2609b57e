from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from rota.core.model import ExitCodes, Limits
from rota.core.outcome import Again, Outcome, judge, signal_name
from rota.core.run import Reason, StepState
from rota.core.seams import EndCause, Ended

CODES = ExitCodes(
    ok=frozenset({0, 1}),
    warn=frozenset({24}),
    skip=frozenset({99}),
    retry=frozenset({75}),
    fatal=frozenset({64}),
)


def outcome(
    cause: EndCause, *, code: int | None = None, signal: int | None = None, cancel: bool = False
) -> Outcome:
    ended = Ended(cause=cause, exit_code=code, signal=signal, at=datetime(2026, 1, 1, tzinfo=UTC), log_size=0)
    limits = Limits(memory=512 * 2**20, watchdog=timedelta(minutes=1))
    return judge(ended, CODES, cancel=cancel, timeout=timedelta(minutes=30), limits=limits)


@pytest.mark.parametrize(
    ("code", "state", "reason", "again", "message"),
    [
        (0, StepState.COMPLETED, Reason.EXIT, Again.BY_POLICY, "exit code 0"),
        (1, StepState.COMPLETED, Reason.EXIT, Again.BY_POLICY, "exit code 1"),
        (24, StepState.COMPLETED, Reason.EXIT, Again.BY_POLICY, "exit code 24 counts as a warning"),
        (99, StepState.SKIPPED, Reason.EXIT_CODE, Again.BY_POLICY, "skipped by the job itself: exit code 99"),
        (75, StepState.FAILED, Reason.EXIT, Again.ALWAYS, "exit code 75"),
        (64, StepState.FAILED, Reason.EXIT, Again.NEVER, "exit code 64"),
        (3, StepState.FAILED, Reason.EXIT, Again.BY_POLICY, "exit code 3"),
    ],
)
def test_exit_codes_mean_what_the_job_says(
    code: int, state: StepState, reason: Reason, again: Again, message: str
) -> None:
    judged = outcome(EndCause.EXIT, code=code)

    assert (judged.state, judged.reason, judged.again, judged.message) == (state, reason, again, message)
    assert judged.exit_code == code
    assert bool(judged.warning) is (code == 24)


@pytest.mark.parametrize(
    ("cause", "signal", "reason", "message"),
    [
        (EndCause.SIGNAL, 9, Reason.SIGNAL, "killed by SIGKILL"),
        (EndCause.SIGNAL, 11, Reason.SIGNAL, "killed by SIGSEGV"),
        (EndCause.TIMEOUT, 15, Reason.TIMEOUT, "timed out after 30 minutes"),
        (EndCause.MEMORY, 9, Reason.MEMORY, "killed: it used more memory than its 512M"),
        (EndCause.WATCHDOG, 15, Reason.WATCHDOG, "ended by its watchdog: no sign of life for 1 minute"),
        (EndCause.KILLED, 15, Reason.INTERRUPTED, "interrupted: stopped by the runner"),
        (EndCause.UNKNOWN, None, Reason.UNKNOWN, "nobody saw how it ended; it may have succeeded"),
    ],
)
def test_every_other_end_has_its_reason_and_a_sentence(
    cause: EndCause, signal: int | None, reason: Reason, message: str
) -> None:
    judged = outcome(cause, signal=signal)

    assert (judged.state, judged.reason, judged.message) == (StepState.FAILED, reason, message)


@pytest.mark.parametrize(
    ("cause", "code", "signal"),
    [(EndCause.KILLED, None, 15), (EndCause.SIGNAL, None, 9), (EndCause.EXIT, 143, None)],
)
def test_what_ends_after_a_cancel_is_cancelled(cause: EndCause, code: int | None, signal: int | None) -> None:
    judged = outcome(cause, code=code, signal=signal, cancel=True)

    assert (judged.state, judged.reason) == (StepState.CANCELLED, Reason.CANCELLED)


def test_a_good_end_after_a_cancel_is_still_a_good_end() -> None:
    assert outcome(EndCause.EXIT, code=0, cancel=True).state is StepState.COMPLETED


def test_signals_without_a_name_have_their_number() -> None:
    assert signal_name(9) == "SIGKILL"
    assert signal_name(200) == "signal 200"
    assert signal_name(None) == "a signal"
