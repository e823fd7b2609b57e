"""What stands against a wish of a person, as errors that say so; and what follows from it. Pure."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from rota.core.board import Board, JobEntry
from rota.core.errors import Conflict
from rota.core.model import JobSpec, Overlap
from rota.core.pauses import covering
from rota.core.run import Run, RunState, Step, StepState, TriggeredBy
from rota.core.skip_words import full_message, not_begun
from rota.core.triggers import AfterTrigger, EveryTrigger, Trigger


def require_no_drain(board: Board) -> None:
    """Raises Conflict `draining` while nothing new is started."""
    if board.draining_since is not None:
        raise Conflict("draining", "The daemon drains and starts nothing new: rota drain --undo ends that.")


def next_to_skip(entry: JobEntry) -> datetime | None:
    """Its next instant that is not skipped for another reason. Raises Conflict."""
    job = entry.spec.id
    if not entry.spec.triggers:
        raise Conflict("no_schedule", f"{job} has no schedule: it runs by hand only.")
    for due in entry.next_due:
        if not due.excepted and covering(entry.pauses, due.starts_at) is None:
            return due.at
    if entry.next_due:
        raise Conflict("paused", f"{job} is paused: its next instants are skipped anyway.")
    if any(isinstance(trigger, AfterTrigger) or _is_from_end(trigger) for trigger in entry.spec.triggers):
        return None
    raise Conflict("not_due", f"{job} is not due any more.")


def queues(entry: JobEntry, now: datetime) -> bool:
    """Whether a run by hand has to wait. Raises Conflict when it may not even do that."""
    limits = entry.spec.concurrency
    waiting = [run for run in entry.queued if run.triggered_by is not TriggeredBy.CATCH_UP]
    # A pause holds the queue, and people may start a job by hand all the same.
    before = 0 if covering(entry.pauses, now) is not None else len(waiting)
    if len(entry.active) + before < limits.max:
        return False
    if limits.overlap is Overlap.REPLACE:
        return True  # until the run whose place it takes has ended
    if limits.overlap is Overlap.QUEUE and len(waiting) < limits.queue:
        return True
    if limits.overlap is Overlap.QUEUE:
        full = full_message(len(waiting)).replace("the queue", f"The queue of {entry.spec.id}")
        raise Conflict("queue_full", f"{full}.")
    raise Conflict("overlap", _in_the_way(entry))


def carried(run: Run, spec: JobSpec) -> tuple[Step, ...]:
    """The completed steps that a retry of the run need not do again."""
    done = [step for step in run.steps if step.state is StepState.COMPLETED and not step.announced]
    left = {step.id for step in spec.steps} - {step.key for step in done}
    if spec.retry.restart or not left:
        return ()
    return tuple(replace(step, attempt=0) for step in done)


def _is_from_end(trigger: Trigger) -> bool:
    return isinstance(trigger, EveryTrigger) and trigger.from_end


def _in_the_way(entry: JobEntry) -> str:
    run = (*entry.active, *entry.queued)[0]
    if run.state is RunState.PENDING:
        return f"{not_begun(run)}. Cancel it or wait for its end."
    attempt = f" (attempt {run.attempt} of {run.max_attempts})" if run.max_attempts > 1 else ""
    return f"{run.id} is {run.state}{attempt}: cancel it or wait for its end."
