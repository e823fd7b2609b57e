"""A stretch of skips is one row: with its count, its first and its last due instant."""

from __future__ import annotations

from dataclasses import replace

from rota.core.run import Run, RunState


def merges(skip: Run | None, run: Run) -> bool:
    """Whether a new skip only lengthens the stretch of the job's newest run."""
    return (
        skip is not None
        and run.state is RunState.SKIPPED
        and run.reason is skip.reason
        and run.due_at is not None
        and skip.due_at is not None
        and run.due_at > (skip.last_due_at or skip.due_at)
        and not skip.attempts
    )


def merge(skip: Run, run: Run) -> Run:
    """The skip that stands for both stretches; the words are those of the newer."""
    return replace(
        skip,
        count=skip.count + run.count,
        last_due_at=run.last_due_at or run.due_at,
        message=run.message,
        ended_at=run.ended_at,
    )
