"""The attempts inside a run: which one is open, and a run with its newest one changed."""

from __future__ import annotations

from typing import Any

from rota.core.changed import changed
from rota.core.run import Attempt, Run, RunState


class ImpossibleChange(AssertionError):
    """A happening that can't happen to this run: a fault in rota, never in a job."""


def open_attempt(run: Run) -> Attempt | None:
    """The attempt that has not ended yet."""
    attempt = run.current_attempt
    return None if attempt is None or attempt.state.is_final else attempt


def in_a_row(run: Run) -> tuple[Attempt, ...]:
    """The newest attempts, as far back as all are at the same step; oldest first."""
    found: list[Attempt] = []
    for attempt in reversed(run.attempts):
        if attempt.step != run.attempts[-1].step:
            break
        found.append(attempt)
    return tuple(reversed(found))


def tries_again(run: Run, step: str) -> bool:
    """Whether an attempt at the step now is due to the step's own `retry`: the try of the run goes on."""
    last, known = run.current_attempt, run.step(step)
    if run.state is not RunState.RETRYING or last is None or known is None:
        return False
    return last.step == step and known.max_attempts > 0


def attempts_with(run: Run, **changes: Any) -> tuple[Attempt, ...]:
    """The attempts of the run with the newest one changed."""
    return (*run.attempts[:-1], changed(run.attempts[-1], **changes))


def require(run: Run, holds: bool, happening: object) -> None:
    """Raise ImpossibleChange unless it holds."""
    if not holds:
        raise ImpossibleChange(f"{happening} can't happen to {run.id}, which is {run.state}")
