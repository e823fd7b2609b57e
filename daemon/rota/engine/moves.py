"""What happens next to a run, as happenings. Follows from the run, its job and the time; stores nothing."""

from __future__ import annotations

from datetime import datetime, timedelta

from rota.core import condition, retry
from rota.core import happenings as h
from rota.core.expect import length_warning
from rota.core.lifecycle import apply_all, next_step
from rota.core.model import CONDITION, Expect, JobSpec
from rota.core.outcome import Again, Outcome
from rota.core.run import Reason, Run, RunState, StepState
from rota.core.seams import RunnerFacts, Started, StartOrder
from rota.core.words import length_in_words
from rota.engine.parts import Parts


def attempt_created(run: Run, spec: JobSpec, parts: Parts) -> h.AttemptCreated:
    """The next attempt of a run that has something left, by the job as `spec` says it is: condition first."""
    step = CONDITION if condition.must_ask(run, spec) else next_step(run)
    if step is None:
        raise AssertionError(f"nothing is left to attempt in {run.id}")
    return h.AttemptCreated(
        at=parts.clock.now(),
        id=parts.ids.attempt(),
        step=step,
        boot_id=parts.boot_id,
        definition=spec.definition.hash,
        markers=spec.markers and step != CONDITION,
    )


def begun(run: Run, spec: JobSpec, parts: Parts) -> tuple[h.Happening, ...]:
    """A try begins, or the next step of the one under way; unless somebody wants the end of the run."""
    if run.cancel_requested_at is not None:
        return (h.Cancelled(at=parts.clock.now()),)
    planned = h.Planned(spec=spec)
    return (planned, *_created(apply_all(run, [planned]), spec, parts))


def ended(run: Run, end: h.AttemptEnded, spec: JobSpec | None, parts: Parts) -> tuple[h.Happening, ...]:
    """The end of an attempt and, when the run goes on without a pause, the attempt at its next step."""
    expected = Expect() if spec is None else spec.expect
    if not run.steps and not run.is_asking and expected == Expect():
        return (end,)  # nothing can follow, so there is no need to look what does
    after = apply_all(run, [end])
    if after.state.is_final:
        warning = length_warning(expected, after)
        return (h.Warned(text=warning), end) if warning else (end,)
    if after.state is RunState.RETRYING or spec is None:
        return (end,)
    return (end, *_created(after, spec, parts))


def removed(run: Run, at: datetime) -> h.Happening:
    """What the removal of its job means for a run that would now begin an attempt."""
    if run.state is RunState.PENDING:
        message = "the job was removed before this run could start"
        return h.Skipped(at=at, reason=Reason.REMOVED, message=message)
    if run.state is RunState.RETRYING:
        message = f"{run.message}; not tried again: the job was removed"
        return h.GivenUp(at=at, reason=run.reason or Reason.REMOVED, message=message)
    message = "the job was removed before its next step could start"
    return h.GivenUp(at=at, reason=Reason.REMOVED, message=message)


def next_attempt_at(run: Run, judged: Outcome, at: datetime, parts: Parts) -> datetime | None:
    """When the policy of the job, as it is now, allows another attempt after one that ended so at `at`."""
    entry = parts.board.jobs.get(run.job)
    if entry is None or run.cancel_requested_at is not None or run.is_asking:
        return None
    step = entry.spec.step(run.attempts[-1].step)
    if (step is None or step.retry is None) and _has_failed(run):
        return None
    policy = entry.spec.retry if step is None or step.retry is None else step.retry
    return retry.decide(policy, run, judged, max(at, parts.clock.now()))


def out_of_time(spec: JobSpec, step: str) -> Outcome:
    """The steps before it used up the time of this try; a `retry` of the step's own can't help then."""
    limit = length_in_words(spec.limits.timeout or timedelta())
    message = f"timed out after {limit}, before this step could start"
    own = spec.step(step)
    again = Again.BY_POLICY if own is None or own.retry is None else Again.NEVER
    return Outcome(state=StepState.FAILED, reason=Reason.TIMEOUT, message=message, again=again)


def started(
    process: Started, order: StartOrder | None, facts: RunnerFacts | None, timeout_at: datetime | None
) -> h.AttemptStarted:
    """`order` is what was sent, when that is known."""
    return h.AttemptStarted(
        at=process.at,
        pid=process.pid,
        pid_started=process.pid_started,
        argv=() if order is None else order.argv,
        cwd="" if order is None else order.cwd,
        user="" if facts is None else facts.user,
        timeout_at=timeout_at,
    )


def passed_over(run: Run, spec: JobSpec, parts: Parts) -> tuple[h.Happening, ...]:
    """The `if` of the step whose turn it is says no: the attempt that was planned at it is not made."""
    passed = h.PassedOver(at=parts.clock.now())
    if run.cancel_requested_at is not None:
        return (h.Cancelled(at=passed.at),)
    after = apply_all(run, [passed])
    return (passed,) if after.state.is_final else (passed, *_created(after, spec, parts))


def _has_failed(run: Run) -> bool:
    """Whether a step before the newest attempt's failed for good: the job's tries are over."""
    return any(each.state is StepState.FAILED and each.key != run.attempts[-1].step for each in run.steps)


def _created(run: Run, spec: JobSpec, parts: Parts) -> tuple[h.Happening, ...]:
    if next_step(run) is None and not condition.must_ask(run, spec):
        message = "the step that failed is no longer part of the job"
        return (h.GivenUp(at=parts.clock.now(), reason=Reason.REMOVED, message=message),)
    return (attempt_created(run, spec, parts),)
