"""The attempts inside a run: which one is open, and a run with its newest one changed."""

from __future__ import annotations

from typing import Any

from rota.core.changed import changed
from rota.core.run import Attempt, Run


class ImpossibleChange(AssertionError):
    """A happening that can't happen to this run: a fault in rota, never in a job."""


def open_attempt(run: Run) -> Attempt | None:
    """The attempt that has not ended yet."""
    attempt = run.current_attempt
    return None if attempt is None or attempt.state.is_final else attempt


def attempts_with(run: Run, **changes: Any) -> tuple[Attempt, ...]:
    """The attempts of the run with the newest one changed."""
    return (*run.attempts[:-1], changed(run.attempts[-1], **changes))


def require(run: Run, holds: bool, happening: object) -> None:
    """Raise ImpossibleChange unless it holds."""
    if not holds:
        raise ImpossibleChange(f"{happening} can't happen to {run.id}, which is {run.state}")
