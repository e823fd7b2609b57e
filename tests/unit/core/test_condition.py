from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from fakes.jobs import a_job
from fakes.schedules import a_scheduled_run
from rota.core.condition import goes_on, judge, must_ask
from rota.core.model import CONDITION, Command, Condition
from rota.core.run import Attempt, Reason, Run, RunState, StepState
from rota.core.seams import EndCause, Ended

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
ASKS = a_job(condition=Condition(work=Command(argv=("true",)), text="true"))


def an_end(cause: EndCause = EndCause.EXIT, code: int | None = None, signal: int | None = None) -> Ended:
    return Ended(cause=cause, exit_code=code, signal=signal, at=NOW, log_size=0)


def a_skip(number: int, minute: int, **changes: Any) -> Run:
    settings: dict[str, Any] = {"state": RunState.SKIPPED, "reason": Reason.CONDITION}
    return a_scheduled_run(number, created_at=NOW + minute * MINUTE, **(settings | changes))


@pytest.mark.parametrize(
    ("ended", "message"),
    [
        (an_end(code=3), "the condition `true` was not met (exit 3)"),
        (an_end(EndCause.SIGNAL, signal=11), "the condition `true` was not met (killed by SIGSEGV)"),
        (an_end(EndCause.TIMEOUT), "the condition `true` gave no answer within 60 seconds"),
        (an_end(EndCause.KILLED), "nobody saw whether the condition `true` was met"),
        (an_end(EndCause.UNKNOWN), "nobody saw whether the condition `true` was met"),
    ],
)
def test_whatever_is_not_exit_0_skips_the_run_in_words(ended: Ended, message: str) -> None:
    judged = judge(ended, "true", cancel=False)

    assert (judged.state, judged.reason, judged.message) == (StepState.SKIPPED, Reason.CONDITION, message)


def test_a_long_condition_is_told_on_one_short_line() -> None:
    message = judge(an_end(code=1), "test -e /mnt &&\n  " + "x" * 300, cancel=False).message

    assert "test -e /mnt && xxx" in message
    assert len(message) < 180


def test_exit_0_counts_also_when_somebody_asked_for_the_end() -> None:
    assert judge(an_end(code=0), "true", cancel=True).state is StepState.COMPLETED
    assert judge(an_end(code=1), "true", cancel=True).state is StepState.CANCELLED


def test_a_run_asks_once_and_only_before_it_began() -> None:
    pending = a_scheduled_run(created_at=NOW, state=RunState.PENDING)
    met = Attempt(id="a", step=CONDITION, created_at=NOW, state=StepState.COMPLETED)

    assert must_ask(pending, ASKS)
    assert not must_ask(pending, a_job())
    assert not must_ask(replace(pending, attempts=(met,)), ASKS)
    assert not must_ask(replace(pending, state=RunState.RETRYING), ASKS)


def test_a_stretch_goes_on_with_the_next_instant_of_the_same_reason() -> None:
    run = a_skip(2, 1, state=RunState.PENDING)

    assert goes_on(a_skip(1, 0), run)
    assert not goes_on(None, run)
    assert not goes_on(a_skip(1, 0, reason=Reason.OVERLAP), run)
    assert not goes_on(a_skip(1, 0, last_due_at=NOW + 5 * MINUTE), run)
    assert not goes_on(a_skip(1, 0, due_at=None), run)  # somebody asked for that one
    assert not goes_on(a_skip(1, 0), replace(run, due_at=None))
