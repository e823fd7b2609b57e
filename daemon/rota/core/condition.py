"""The condition of a job: who has still to ask it, what an answer means, and which answers are one row."""

from __future__ import annotations

from datetime import timedelta

from rota.core.model import CONDITION, JobSpec
from rota.core.outcome import Outcome, signal_name
from rota.core.run import Reason, Run, RunState, StepState
from rota.core.seams import EndCause, Ended

TIMEOUT = timedelta(seconds=60)  # for an answer

_SHOWN = 120  # characters of a condition in a message


def must_ask(run: Run, spec: JobSpec) -> bool:
    """Once for each run, before its first attempt; a run that tries again has begun, and asks no more."""
    if spec.condition is None or run.state is not RunState.PENDING or run.parent is not None:
        return False
    return not any(each.step == CONDITION and each.state is StepState.COMPLETED for each in run.attempts)


def judge(ended: Ended, text: str, *, cancel: bool) -> Outcome:
    """COMPLETED: the run may begin; SKIPPED: it may not. `text` is the condition as people wrote it."""
    if ended.cause is EndCause.EXIT and ended.exit_code == 0:
        return Outcome(state=StepState.COMPLETED, reason=Reason.EXIT, message="met", exit_code=0)
    if cancel:
        return Outcome(state=StepState.CANCELLED, reason=Reason.CANCELLED, message="cancelled")
    if ended.cause is EndCause.TIMEOUT:
        message = f"the condition {_quoted(text)} gave no answer within {TIMEOUT.seconds} seconds"
    elif ended.cause is EndCause.EXIT:
        message = f"the condition {_quoted(text)} was not met (exit {ended.exit_code})"
    elif ended.cause is EndCause.SIGNAL:
        message = f"the condition {_quoted(text)} was not met (killed by {signal_name(ended.signal)})"
    else:
        return unanswered(text)
    return _unmet(message, ended.exit_code, ended.signal)


def unanswered(text: str) -> Outcome:
    """Its process is gone, and nobody saw what it answered."""
    return _unmet(f"nobody saw whether the condition {_quoted(text)} was met")


def refused(message: str) -> Outcome:
    """It could not even be asked: the job is wrong, or the host, and that is no answer."""
    return Outcome(state=StepState.FAILED, reason=Reason.REFUSED, message=f"its condition: {message}")


def goes_on(skip: Run | None, run: Run) -> bool:
    """Whether a run whose condition is not met only lengthens the stretch that `skip` stands for."""
    return (
        skip is not None
        and skip.reason is Reason.CONDITION
        and run.due_at is not None
        and skip.due_at is not None
        and skip.number < run.number
        and (skip.last_due_at or skip.due_at) < run.due_at
    )


def _unmet(message: str, exit_code: int | None = None, signal: int | None = None) -> Outcome:
    return Outcome(
        state=StepState.SKIPPED, reason=Reason.CONDITION, message=message, exit_code=exit_code, signal=signal
    )


def _quoted(text: str) -> str:
    line = " ".join(text.split())
    return f"`{line if len(line) <= _SHOWN else line[: _SHOWN - 1] + '…'}`"
