"""How long an attempt may last: by its own limit, and by the one for all steps of a try together."""

from __future__ import annotations

from datetime import datetime, timedelta

from rota.core import condition, graph
from rota.core.attempt_life import attempts_without, tries_again
from rota.core.changed import changed
from rota.core.model import CONDITION, JobSpec
from rota.core.run import Attempt, Run, RunState, StepState
from rota.core.seams import Clock, Started, StartOrder
from rota.engine.live_run import LiveRun


class TryLimit:
    """What is left of `limits.timeout`, which covers all steps of one try of a run."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._of_try = 0  # the number of the try that it is known of
        self._ends_at = 0.0  # monotonic seconds

    def left(self, spec: JobSpec, live: LiveRun, attempt: Attempt) -> timedelta | None:
        """For an attempt before it is started. None: no limit; zero or less: it has passed."""
        if attempt.step == CONDITION:
            return condition.TIMEOUT
        step = spec.step(attempt.step)
        bounds = [self._left_of_try(spec, live, attempt), None if step is None else step.timeout]
        return min((bound for bound in bounds if bound is not None), default=None)

    def _left_of_try(self, spec: JobSpec, live: LiveRun, attempt: Attempt) -> timedelta | None:
        limit, run, now = spec.limits.timeout, live.run, self._clock.monotonic()
        if limit is None or _is_after_failure(run, attempt):
            return limit
        if self._of_try != run.attempt:
            self._of_try = run.attempt
            # Of one begun under an earlier daemon only the wall clock knows.
            ends_at = None if _begins(run, attempt) else try_ends_at(spec, run, attempt)
            left = limit if ends_at is None else ends_at - self._clock.now()
            self._ends_at = now + left.total_seconds()
            if ends_at is None:
                live.extended_until = None
        return timedelta(seconds=max(self._ends_at, live.extended_until or self._ends_at) - now)


def limit_before(spec: JobSpec, attempt: Attempt) -> timedelta | None:
    """What must have held for an attempt that an earlier daemon started."""
    if attempt.step == CONDITION:
        return condition.TIMEOUT
    step = spec.step(attempt.step)
    bounds = (spec.limits.timeout, None if step is None else step.timeout)
    return min((bound for bound in bounds if bound is not None), default=None)


def limit_that_held(spec: JobSpec | None, attempt: Attempt) -> timedelta | None:
    """The step's own, or the one for all steps of the try, for people."""
    step = None if spec is None else spec.step(attempt.step)
    if spec is None or step is None or step.timeout is None:
        return None if spec is None else spec.limits.timeout
    began, end = attempt.started_at, attempt.timeout_at
    is_own = began is None or end is None or end - began >= step.timeout
    return step.timeout if is_own else spec.limits.timeout


def timeout_at(process: Started, order: StartOrder | None, try_ends: datetime | None) -> datetime | None:
    """When the process will be ended; `try_ends`: when its try must be over, for one begun long ago."""
    if order is None or order.timeout_ms is None:
        return None
    own = process.at + timedelta(milliseconds=order.timeout_ms)
    return own if try_ends is None else min(own, try_ends)


def try_ends_at(spec: JobSpec, run: Run, attempt: Attempt) -> datetime | None:
    """Until when the try may last that the attempt goes on with; None when it begins one."""
    limit, ends_at = spec.limits.timeout, None
    if _is_after_failure(run, attempt):
        return None
    for each in reversed(run.attempts):
        step = spec.step(each.step)
        if each.id == attempt.id or (each.state is StepState.PENDING and step is not None):
            continue
        if limit is None or step is None or not _is_of_try(run, each, has_own_retry=step.retry is not None):
            break  # an earlier try ended with it
        if step.timeout is None and each.timeout_at is not None:
            return each.timeout_at
        ends_at = (each.started_at or each.created_at) + limit
    return ends_at


def _begins(run: Run, attempt: Attempt) -> bool:
    before = changed(run, attempts=attempts_without(run, attempt))
    return run.state is not RunState.RUNNING and not tries_again(before, attempt.step)


def _is_of_try(run: Run, attempt: Attempt, *, has_own_retry: bool) -> bool:
    """Whether the try that is under way can go on beside or after that attempt."""
    if attempt.state is not StepState.FAILED or has_own_retry:
        return attempt.state in (StepState.COMPLETED, StepState.RUNNING) or has_own_retry
    step = run.step(attempt.step)  # of a graph: the failed branch of this very try
    still = step is not None and step.state is StepState.FAILED and step.attempt == attempt.n
    return graph.runs_as_graph(run) and still and run.state is RunState.RUNNING


def _is_after_failure(run: Run, attempt: Attempt) -> bool:
    """Whether the try is over for the step, and it follows a failure: that has its own time."""
    steps = graph.before(run.steps, attempt.step) if graph.runs_as_graph(run) else run.steps
    return graph.has_failed(steps)
