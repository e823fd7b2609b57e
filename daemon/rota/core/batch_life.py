"""The life of a batch: from its items by way of its children's ends to its own."""

from __future__ import annotations

from rota.core import batch
from rota.core import happenings as h
from rota.core.attempt_life import open_attempts, require
from rota.core.changed import changed
from rota.core.closing import Told, closed
from rota.core.model import ITEMS, JobSpec
from rota.core.run import Children, Reason, Run, RunState, StepState
from rota.core.transitions import entered


def is_parent(run: Run, spec: JobSpec) -> bool:
    """Whether the run has children, or is going to have them."""
    return run.parent is None and (run.children is not None or spec.batch is not None)


def may_find(run: Run) -> bool:
    """Whether an attempt may look for the items now."""
    return run.parent is None and run.children is None and not run.steps and not open_attempts(run)


def has_found(run: Run) -> bool:
    """Whether the items were found, and lie in the folder of the newest attempt."""
    last = run.current_attempt
    return last is not None and last.step == ITEMS and last.state is StepState.COMPLETED


def split(happening: h.Split, run: Run) -> Run:
    require(run, may_find(run), happening)
    # The exit code of the search says nothing of its children.
    run = changed(entered(run, happening.at), exit_code=None, attempt=max(1, run.attempt))
    return batch.with_counts(run, Children(pending=happening.chunks))


def children_counted(happening: h.ChildrenCounted, run: Run) -> Run:
    require(run, run.children is not None, happening)
    return batch.with_counts(run, happening.children)


def children_ended(happening: h.ChildrenEnded, run: Run) -> Run:
    require(run, run.children is not None and run.children.running == 0, happening)
    assert run.children is not None
    never = run.children.pending
    counts = batch.given_up(run.children)
    run = batch.with_counts(run, counts)
    if run.cancel_requested_at is not None:
        words = f"cancelled: {batch.in_words(counts)}"
        return closed(run, RunState.CANCELLED, happening.at, (Reason.CANCELLED, words))
    if happening.removed and never:
        told = (Reason.REMOVED, f"the job was removed before {never} of {counts.total} children began")
        return closed(run, RunState.FAILED, happening.at, told)
    state = RunState.COMPLETED if batch.is_good(counts, happening.tolerate) else RunState.FAILED
    return closed(run, state, happening.at, _verdict(counts, happening))


def _verdict(counts: Children, happening: h.ChildrenEnded) -> Told:
    return Reason.CHILDREN, batch.verdict(counts, happening.tolerate, happening.failed)
