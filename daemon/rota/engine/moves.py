"""What happens next to a run, as happenings. Follows from the run, its job and the time; stores nothing."""

from __future__ import annotations

from datetime import datetime, timedelta

from rota.core import batch_life, condition, retry
from rota.core import happenings as h
from rota.core.attempt_life import attempt_at, attempt_of, open_attempts
from rota.core.expect import length_warning
from rota.core.graph import ready, runs_as_graph, tries_over
from rota.core.lifecycle import apply_all, turns
from rota.core.model import CONDITION, ITEMS, Expect, JobSpec
from rota.core.outcome import Again, Outcome, of_attempt
from rota.core.run import Attempt, Reason, Run, RunState, StepState
from rota.core.seams import RunnerFacts, Started, StartOrder
from rota.core.words import length_in_words
from rota.engine.parts import Parts


def attempts_created(run: Run, spec: JobSpec, parts: Parts) -> tuple[h.AttemptCreated, ...]:
    """The next attempts of a run that has something left, by the job as `spec` says it is: condition first.

    Several where steps run side by side, none while what is left waits for others.
    """
    if batch_life.is_parent(run, spec) and not condition.must_ask(run, spec):
        return ()  # `engine.batch` looks what it begins with
    steps = (CONDITION,) if condition.must_ask(run, spec) else turns(run)
    return tuple(_at_step(step, spec, parts) for step in steps)


def searching(run: Run, spec: JobSpec, parts: Parts) -> tuple[h.Happening, ...]:
    """A try of a batch begins with an attempt that finds its items."""
    if run.cancel_requested_at is not None:
        return (h.Cancelled(at=parts.clock.now()),)
    return (h.Planned(spec=spec), _at_step(ITEMS, spec, parts))


def begun(run: Run, spec: JobSpec, parts: Parts) -> tuple[h.Happening, ...]:
    """A try begins, or the next step of the one under way; unless somebody wants the end of the run."""
    if run.cancel_requested_at is not None:
        return (h.Cancelled(at=parts.clock.now()),)
    planned = h.Planned(spec=spec)
    after = apply_all(run, [planned])
    return (planned, *going_on(after, spec, parts))


def ended(run: Run, end: h.AttemptEnded, spec: JobSpec | None, parts: Parts) -> tuple[h.Happening, ...]:
    """The end of an attempt and, when the run goes on without a pause, the attempts that come after it."""
    expected = Expect() if spec is None or run.parent is not None else spec.expect
    if not run.steps and not run.is_asking and expected == Expect():
        return (end,)  # nothing can follow, so there is no need to look what does
    after = apply_all(run, [end])
    more = _after_end(after, end, spec, parts)
    final = apply_all(after, more) if more else after
    if final.state.is_final:
        warning = length_warning(expected, final)
        return (h.Warned(text=warning), end, *more) if warning else (end, *more)
    return (end, *more)


def _after_end(run: Run, end: h.AttemptEnded, spec: JobSpec | None, parts: Parts) -> tuple[h.Happening, ...]:
    if run.state.is_final or run.next_attempt_at is not None:
        return ()
    if spec is None:
        is_over = runs_as_graph(run) and not open_attempts(run) and not ready(run)
        return try_ended(run, None, parts) if is_over else ()
    if end.next_attempt_at is not None:  # of a step in a graph
        attempt = attempt_of(run, end.attempt)
        assert attempt is not None
        return (_at_step(attempt.step, spec, parts, not_before=end.next_attempt_at),)
    return going_on(run, spec, parts)


def left_alone(run: Run, parts: Parts) -> tuple[h.Happening, ...]:
    """Nothing goes on in a run whose job was removed."""
    if run.state.is_final or open_attempts(run):
        return ()
    if runs_as_graph(run) and run.state is RunState.RUNNING and not ready(run):
        return try_ended(run, None, parts)
    return (removed(run, parts.clock.now()),)


def removed(run: Run, at: datetime) -> h.Happening:
    """What the removal of its job means for a run that would now begin an attempt, with no other going on."""
    if run.parent is not None and not run.attempts:  # a skip would count as completed
        message = "the job was removed before this child could start"
        return h.GivenUp(at=at, reason=Reason.REMOVED, message=message)
    if run.state is RunState.PENDING:
        message = "the job was removed before this run could start"
        return h.Skipped(at=at, reason=Reason.REMOVED, message=message)
    if run.state is RunState.RETRYING:
        message = f"{run.message}; not tried again: the job was removed"
        return h.GivenUp(at=at, reason=run.reason or Reason.REMOVED, message=message)
    message = "the job was removed before its next step could start"
    return h.GivenUp(at=at, reason=Reason.REMOVED, message=message)


def next_attempt_at(
    run: Run, attempt: Attempt, judged: Outcome, at: datetime, parts: Parts
) -> datetime | None:
    """When the policy of the job, as it is now, allows another attempt after that one ended so at `at`.

    In a graph only a step's own policy counts: what the job's allows is decided when all branches have ended.
    """
    entry = parts.board.jobs.get(run.job)
    if entry is None or run.cancel_requested_at is not None or run.is_asking:
        return None
    step = entry.spec.step(attempt.step)
    own = None if step is None else step.retry
    if own is None and (runs_as_graph(run) or _has_failed(run, attempt)):
        return None
    policy = entry.spec.retry if own is None else own
    return retry.decide(policy, run, judged, max(at, parts.clock.now()), attempt)


def try_ended(run: Run, spec: JobSpec | None, parts: Parts) -> tuple[h.Happening, ...]:
    """No branch of a graph goes on: another try by the job's policy, or what follows failures, or the end."""
    now = parts.clock.now()
    end = h.TryEnded(at=now, next_attempt_at=None if spec is None else _next_try_at(run, now, parts))
    after = apply_all(run, [end])
    steps = () if after.state.is_final or after.state is RunState.RETRYING else ready(after, over=True)
    if steps and spec is None:
        return (end, removed(after, now))
    return (end, *(_at_step(step, spec, parts) for step in steps if spec is not None))


def out_of_time(spec: JobSpec, step: str) -> Outcome:
    """The steps before it used up the time of this try; a `retry` of the step's own can't help then."""
    limit = length_in_words(spec.limits.timeout or timedelta())
    message = f"timed out after {limit}, before this step could start"
    own = spec.step(step)
    again = Again.BY_POLICY if own is None or own.retry is None else Again.NEVER
    return Outcome(state=StepState.FAILED, reason=Reason.TIMEOUT, message=message, again=again)


def started(
    attempt: str,
    process: Started,
    order: StartOrder | None,
    facts: RunnerFacts | None,
    timeout_at: datetime | None,
) -> h.AttemptStarted:
    """`order` is what was sent, when that is known."""
    return h.AttemptStarted(
        at=process.at,
        attempt=attempt,
        pid=process.pid,
        pid_started=process.pid_started,
        argv=() if order is None else order.argv,
        cwd="" if order is None else order.cwd,
        user=_user(order, facts),
        timeout_at=timeout_at,
    )


def passed_over(run: Run, attempt: Attempt, spec: JobSpec, parts: Parts) -> tuple[h.Happening, ...]:
    """The `if` of the step whose turn it is says no: the attempt that was planned at it is not made."""
    passed = h.PassedOver(at=parts.clock.now(), attempt=attempt.id)
    if run.cancel_requested_at is not None:
        return ()
    after = apply_all(run, [passed])
    if after.state.is_final or after.next_attempt_at is not None:
        return (passed,)
    return (passed, *going_on(after, spec, parts))


def going_on(run: Run, spec: JobSpec, parts: Parts) -> tuple[h.Happening, ...]:
    """The attempts whose turn it is; or what it means that there is none."""
    created = attempts_created(run, spec, parts)
    if created or open_attempts(run) or batch_life.is_parent(run, spec):
        return created
    if runs_as_graph(run):
        return try_ended(run, spec, parts)
    message = "the step that failed is no longer part of the job"
    return (h.GivenUp(at=parts.clock.now(), reason=Reason.REMOVED, message=message),)


def _at_step(
    step: str, spec: JobSpec, parts: Parts, *, not_before: datetime | None = None
) -> h.AttemptCreated:
    return h.AttemptCreated(
        at=parts.clock.now(),
        id=parts.ids.attempt(),
        step=step,
        boot_id=parts.boot_id,
        definition=spec.definition.hash,
        markers=spec.markers and step != CONDITION,
        not_before=not_before,
    )


def _user(order: StartOrder | None, facts: RunnerFacts | None) -> str:
    """Whom the process runs as, as far as that is known."""
    named = "" if order is None else order.run_as.user
    return named or ("" if facts is None else facts.user)


def _has_failed(run: Run, attempt: Attempt) -> bool:
    """Whether a step before the attempt's failed for good: the job's tries are over."""
    return any(each.state is StepState.FAILED and each.key != attempt.step for each in run.steps)


def _next_try_at(run: Run, now: datetime, parts: Parts) -> datetime | None:
    """When the job's policy allows a try after one in which steps of a graph failed."""
    entry = parts.board.jobs.get(run.job)
    failed = [step for step in run.steps if step.state is StepState.FAILED]
    if entry is None or not failed or tries_over(run) or run.cancel_requested_at is not None:
        return None
    tries = []
    for step in failed:
        attempt = attempt_at(run, step.key)
        if attempt is None:
            return None
        outcome = of_attempt(attempt, entry.spec.exit_codes)
        tries.append(retry.decide(entry.spec.retry, run, outcome, now, attempt))
    # A try that can't mend all of them could not make the run a good one.
    return None if None in tries else max(at for at in tries if at is not None)
