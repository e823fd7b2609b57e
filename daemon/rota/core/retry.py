"""When a failed attempt is followed by another: tenacity's strategies, asked without ever sleeping."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from hashlib import sha256

from tenacity import RetryCallState, Retrying
from tenacity.stop import stop_after_attempt, stop_any, stop_base, stop_before_delay
from tenacity.wait import wait_base, wait_exponential, wait_fixed, wait_incrementing

from rota.core.attempt_life import in_a_row
from rota.core.instant import to_ms
from rota.core.model import Backoff, Retry
from rota.core.outcome import Again, Outcome
from rota.core.run import Attempt, Reason, Run, StepState

_KINDS: Mapping[Reason, str] = {
    Reason.TIMEOUT: "timeout",
    Reason.INTERRUPTED: "interrupted",
    Reason.UNKNOWN: "unknown",
}


def decide(
    retry: Retry, run: Run, outcome: Outcome, now: datetime, attempt: Attempt | None = None
) -> datetime | None:
    """The instant of the next attempt after one that ended so (default: the newest), or None without one.

    A step with a `retry` of its own counts its own attempts, from its own first start.
    """
    if not _wanted(retry, outcome):
        return None
    state = RetryCallState(Retrying(), None, (), {})
    number, began = _tried(run, attempt or run.current_attempt)
    state.attempt_number = max(1, number)
    state.start_time = 0.0
    state.outcome_timestamp = max(0.0, (now - (began or now)).total_seconds())
    state.upcoming_sleep = wait_strategy(retry, seed=_seed(run))(state)
    if stop_strategy(retry)(state):
        return None
    return now + timedelta(seconds=state.upcoming_sleep)


def stop_strategy(retry: Retry) -> stop_base:
    """Enough attempts, or the next one would come later than the deadline."""
    enough = stop_after_attempt(retry.attempts)
    return enough if retry.deadline is None else stop_any(enough, stop_before_delay(retry.deadline))


def wait_strategy(retry: Retry, *, seed: str) -> wait_base:
    """The delay after each attempt; jitter depends on `seed` and the attempt alone, so it can be foretold."""
    cap = retry.max_delay
    if retry.backoff is Backoff.LINEAR:
        plain: wait_base = wait_incrementing(start=retry.delay, increment=retry.delay, max=cap)
    elif retry.backoff is Backoff.EXPONENTIAL:
        plain = wait_exponential(multiplier=retry.delay.total_seconds(), max=cap)
    else:
        plain = wait_fixed(min(retry.delay, cap))
    return plain if retry.jitter <= 0 else _HashJitter(plain, retry.jitter, cap, seed)


class _HashJitter(wait_base):
    """Shifts a delay by up to the fraction, both ways, never past the cap."""

    def __init__(self, plain: wait_base, fraction: float, cap: timedelta, seed: str) -> None:
        self._plain = plain
        self._fraction = fraction
        self._cap = cap.total_seconds()
        self._seed = seed

    def __call__(self, retry_state: RetryCallState) -> float:
        digest = sha256(f"{self._seed}/{retry_state.attempt_number}".encode()).digest()
        unit = int.from_bytes(digest[:8], "big") / 2**64
        return min(self._cap, self._plain(retry_state) * (1 + self._fraction * (2 * unit - 1)))


def _wanted(retry: Retry, outcome: Outcome) -> bool:
    if outcome.state is not StepState.FAILED or outcome.again is Again.NEVER:
        return False
    return outcome.again is Again.ALWAYS or _KINDS.get(outcome.reason, "failed") in retry.on


def _tried(run: Run, last: Attempt | None) -> tuple[int, datetime | None]:
    step = None if last is None else run.step(last.step)
    if last is None or step is None or not step.max_attempts:
        return run.attempt, run.started_at
    own = in_a_row(run, last)
    return len(own), own[0].started_at


def _seed(run: Run) -> str:
    return f"{run.series}/{run.number if run.due_at is None else to_ms(run.due_at)}"
