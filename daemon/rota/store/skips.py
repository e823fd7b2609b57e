"""A stretch of skips is one row: with its count, its first and its last due instant."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from rota.core.after import answered_ends, is_no_part
from rota.core.run import Reason, Run, RunState

_TICK = timedelta(milliseconds=1)
_SLACK = timedelta(minutes=1)  # that a clock may be set back by without anything to make good


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


def covers(skip: Run, run: Run) -> bool:
    """Whether the row of that run or skip answers the due instant of `run`.

    Of a stretch it answers all that was to be answered by its last one: with a long `spread` an instant may
    lie between others and be due after them. The end of an upstream's run may become known after later ones:
    of a stretch whose upstreams ended otherwise than they had to, one that ended well is no part, nor is one
    whose run is not among those of the stretch.
    """
    if skip.due_at is None or run.due_at is None:
        return False
    last = skip.last_due_at or skip.due_at
    if run.due_at in (skip.due_at, last):
        return True
    if skip.reason is Reason.UPSTREAM and run.reason is not Reason.UPSTREAM:
        return False
    if is_no_part(run.upstream, skip.answered_ends):
        return False
    answered = max(last, skip.planned_at or last)
    return skip.due_at < run.due_at < last and (run.planned_at or run.due_at) <= answered


def is_void(skip: Run, run: Run) -> bool:
    """Whether what a clock that was ahead missed need not count for `run`, made after it was set right.

    Nothing was started for it then, so that nothing is started twice.
    """
    if skip.state is not RunState.SKIPPED or skip.reason is not Reason.MISSED or skip.ended_at is None:
        return False
    return skip.ended_at - run.created_at > _SLACK


def relieved(skip: Run, run: Run) -> Run:
    """What a void skip answers when `run` takes its instant: no more than what lies before that.

    Instants behind it come due again. How many lie before it is told by their distance, as if it were even.
    """
    if skip.due_at is None or run.due_at is None or skip.last_due_at is None or run.due_at <= skip.due_at:
        return replace(skip, due_at=None)
    share = (run.due_at - skip.due_at) / (skip.last_due_at - skip.due_at)
    count = max(1, min(skip.count - 1, round((skip.count - 1) * share)))
    last = run.due_at - _TICK
    return replace(skip, count=count, last_due_at=last if count > 1 else None, planned_at=last)


def merge(skip: Run, run: Run) -> Run:
    """The skip that stands for both stretches; the words are those of the newer."""
    return replace(
        skip,
        count=skip.count + run.count,
        last_due_at=run.last_due_at or run.due_at,
        planned_at=run.planned_at,
        upstream=run.upstream,
        answered_ends=answered_ends(skip, run),
        message=run.message,
        ended_at=run.ended_at,
    )
