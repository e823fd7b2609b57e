"""Along which ways a run may go from state to state."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any

from rota.core.attempt_life import ImpossibleChange
from rota.core.changed import changed
from rota.core.run import Run, RunState

TRANSITIONS: Mapping[RunState, frozenset[RunState]] = MappingProxyType(
    {
        RunState.PENDING: frozenset(
            {RunState.RUNNING, RunState.SKIPPED, RunState.CANCELLED, RunState.FAILED}
        ),
        # A job can say by one of `exit_codes.skip` that there was nothing to do.
        RunState.RUNNING: frozenset(
            {RunState.RETRYING, RunState.COMPLETED, RunState.FAILED, RunState.CANCELLED, RunState.SKIPPED}
        ),
        RunState.RETRYING: frozenset({RunState.RUNNING, RunState.FAILED, RunState.CANCELLED}),
        RunState.COMPLETED: frozenset(),
        RunState.FAILED: frozenset(),
        RunState.CANCELLED: frozenset(),
        RunState.SKIPPED: frozenset(),
    }
)


def moved(run: Run, to: RunState, **changes: Any) -> Run:
    """The run in that state. Raises ImpossibleChange when no way leads there."""
    if to not in TRANSITIONS[run.state]:
        raise ImpossibleChange(f"{run.id} can't go from {run.state} to {to}")
    return changed(run, state=to, **changes)


def entered(run: Run, at: datetime) -> Run:
    """RUNNING, also on the way of an attempt that ends before it was seen running."""
    if run.state is RunState.RUNNING:
        return run
    return moved(
        run, RunState.RUNNING, reason=None, message="", next_attempt_at=None, started_at=run.started_at or at
    )
