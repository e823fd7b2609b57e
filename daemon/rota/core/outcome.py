"""What the end of a process means for its job, in states and in words."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from enum import StrEnum
from signal import Signals

from rota.core.attempt_life import in_a_row
from rota.core.model import ExitCodes, Limits
from rota.core.run import Attempt, Reason, Run, Step, StepState
from rota.core.seams import EndCause, Ended
from rota.core.words import length_in_words, size_in_words

_NO_LIMITS = Limits()
_OVER_LIMIT = {EndCause.MEMORY: Reason.MEMORY, EndCause.WATCHDOG: Reason.WATCHDOG}


class Again(StrEnum):
    """Whether a failed attempt may be followed by another while attempts remain."""

    BY_POLICY = "by_policy"  # `retry.on` decides
    ALWAYS = "always"  # `exit_codes.retry`
    NEVER = "never"  # `exit_codes.fatal`


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How an attempt ended. `state` is COMPLETED, FAILED, CANCELLED or SKIPPED; `message` is for people."""

    state: StepState
    reason: Reason
    message: str
    exit_code: int | None = None
    signal: int | None = None
    again: Again = Again.BY_POLICY
    warning: str = ""


def judge(
    ended: Ended,
    codes: ExitCodes,
    *,
    cancel: bool,
    timeout: timedelta | None = None,
    limits: Limits = _NO_LIMITS,
) -> Outcome:
    """`cancel`: somebody asked for the end before it came; `timeout`, `limits`: what held, for people."""
    if ended.cause is EndCause.UNKNOWN:
        return lost()
    if ended.cause is EndCause.TIMEOUT:
        return _timed_out(ended, timeout)
    if ended.cause in _OVER_LIMIT and not cancel:
        return _over_limit(ended, limits)
    if ended.cause is EndCause.EXIT and ended.exit_code is not None:
        return _exited(ended.exit_code, codes, cancel=cancel)
    if cancel:
        return _cancelled(ended)
    if ended.cause is EndCause.KILLED:
        return interrupted("stopped by the runner")
    return Outcome(
        state=StepState.FAILED,
        reason=Reason.SIGNAL,
        message=f"killed by {signal_name(ended.signal)}",
        exit_code=ended.exit_code,
        signal=ended.signal,
    )


def refused(message: str) -> Outcome:
    """No process came to be; `message` says why."""
    return Outcome(state=StepState.FAILED, reason=Reason.REFUSED, message=message)


def interrupted(message: str) -> Outcome:
    """Surely dead, and not by its own doing."""
    return Outcome(state=StepState.FAILED, reason=Reason.INTERRUPTED, message=f"interrupted: {message}")


def lost() -> Outcome:
    """Its process is gone and nobody saw how."""
    return Outcome(
        state=StepState.FAILED,
        reason=Reason.UNKNOWN,
        message="nobody saw how it ended; it may have succeeded",
    )


def of_attempt(attempt: Attempt, codes: ExitCodes) -> Outcome:
    """The outcome that an attempt is known to have ended with, for one that is judged again later."""
    by_code = attempt.reason is Reason.EXIT and attempt.exit_code is not None
    return Outcome(
        state=attempt.state,
        reason=attempt.reason or Reason.EXIT,
        message=attempt.message,
        exit_code=attempt.exit_code,
        signal=attempt.signal,
        again=_again(attempt.exit_code or 0, codes) if by_code else Again.BY_POLICY,
    )


def in_own_words(outcome: Outcome, said: str) -> Outcome:
    """What failed may have said why: `row 7 has no date (exit code 1)`."""
    if not said or outcome.state is not StepState.FAILED:
        return outcome
    return replace(outcome, message=f"{said} ({outcome.message})")


def end_message(run: Run, attempt: Attempt, outcome: Outcome) -> str:
    """For the run whose attempt ended so: `exit code 3 on attempt 2 of 4`, a failed step in front."""
    failed = outcome.state is StepState.FAILED
    step = run.step(attempt.step) if failed else None
    where = "" if step is None else f"step {step.key}: "
    if step is not None and step.max_attempts > 1:
        n = len(in_a_row(run, attempt))
        return f"{where}{outcome.message} on attempt {n} of {max(n, step.max_attempts)}"
    if run.attempt <= 1 and (run.max_attempts <= 1 or not failed):
        return f"{where}{outcome.message}"
    return f"{where}{outcome.message} on attempt {run.attempt} of {max(run.attempt, run.max_attempts)}"


def failure_message(run: Run, step: Step, attempt: Attempt) -> str:
    """The same for a step that failed a while ago; `attempt` is the newest at it."""
    n, most = (attempt.n, step.max_attempts) if step.max_attempts else (run.attempt, run.max_attempts)
    tried = f" on attempt {n} of {max(n, most)}" if max(n, most) > 1 else ""
    return f"step {step.key}: {attempt.message}{tried}"


def left_behind(count: int) -> str:
    """A warning: that many processes outlived the first one."""
    if count == 1:
        return "a process that it left behind was ended"
    return f"{count} processes that it left behind were ended"


def log_lost(size: int) -> str:
    """A warning: so many bytes of the log were refused by the disk."""
    return f"{size} bytes of its log could not be written: no room on the disk, or the disk failed"


def signal_name(number: int | None) -> str:
    """SIGKILL for 9; "signal 77" for numbers without a name."""
    try:
        return Signals(number or 0).name
    except ValueError:
        return "a signal" if number is None else f"signal {number}"


def _timed_out(ended: Ended, timeout: timedelta | None) -> Outcome:
    after = "" if timeout is None else f" after {length_in_words(timeout)}"
    return Outcome(
        state=StepState.FAILED,
        reason=Reason.TIMEOUT,
        message=f"timed out{after}",
        exit_code=ended.exit_code,
        signal=ended.signal,
    )


def _over_limit(ended: Ended, limits: Limits) -> Outcome:
    if ended.cause is EndCause.MEMORY:
        most = "its limit" if limits.memory is None else f"its {size_in_words(limits.memory)}"
        message = f"killed: it used more memory than {most}"
    else:
        length = "" if limits.watchdog is None else f" for {length_in_words(limits.watchdog)}"
        message = f"ended by its watchdog: no sign of life{length}"
    return Outcome(
        state=StepState.FAILED,
        reason=_OVER_LIMIT[ended.cause],
        message=message,
        exit_code=ended.exit_code,
        signal=ended.signal,
    )


def _exited(code: int, codes: ExitCodes, *, cancel: bool) -> Outcome:
    message = f"exit code {code}"
    if code in codes.ok:
        return Outcome(state=StepState.COMPLETED, reason=Reason.EXIT, message=message, exit_code=code)
    if code in codes.warn:
        warning = f"{message} counts as a warning"
        return Outcome(
            state=StepState.COMPLETED,
            reason=Reason.EXIT,
            message=warning,
            exit_code=code,
            warning=warning,
        )
    if cancel:
        return Outcome(
            state=StepState.CANCELLED,
            reason=Reason.CANCELLED,
            message=f"cancelled: {message}",
            exit_code=code,
        )
    if code in codes.skip:
        return Outcome(
            state=StepState.SKIPPED,
            reason=Reason.EXIT_CODE,
            message=f"skipped by the job itself: {message}",
            exit_code=code,
        )
    return Outcome(
        state=StepState.FAILED, reason=Reason.EXIT, message=message, exit_code=code, again=_again(code, codes)
    )


def _again(code: int, codes: ExitCodes) -> Again:
    if code in codes.fatal:
        return Again.NEVER
    return Again.ALWAYS if code in codes.retry else Again.BY_POLICY


def _cancelled(ended: Ended) -> Outcome:
    how = f": killed by {signal_name(ended.signal)}" if ended.signal else ""
    return Outcome(
        state=StepState.CANCELLED,
        reason=Reason.CANCELLED,
        message=f"cancelled{how}",
        exit_code=ended.exit_code,
        signal=ended.signal,
    )
