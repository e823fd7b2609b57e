"""The life of a run: the only place that makes a changed one.

A run moves along `TRANSITIONS` and nowhere else. What happened comes in as a value of `core.happenings`; one
that makes no sense in the run's present state raises ImpossibleChange: only a fault of ours brings it here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from functools import singledispatch
from types import MappingProxyType
from typing import Any

from rota.core import happenings as h
from rota.core import step_life, telling
from rota.core.attempt_life import ImpossibleChange, attempts_with, open_attempt, require, tries_again
from rota.core.changed import changed
from rota.core.condition import must_ask
from rota.core.model import CONDITION, MAIN, JobSpec
from rota.core.outcome import end_message, failure_message, in_own_words
from rota.core.progress import of_steps, whole
from rota.core.run import Attempt, Progress, Reason, Run, RunState, StepState

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


def new_run(spec: JobSpec, opening: h.Opening) -> Run:
    """A run that has not begun: PENDING, without a number until the store gives it one."""
    run = Run(
        job=spec.id,
        number=0,
        state=RunState.PENDING,
        reason=Reason.QUEUED if opening.queued else None,
        message=opening.message,
        triggered_by=opening.triggered_by,
        due_at=opening.due_at,
        planned_at=opening.planned_at,
        upstream=opening.upstream,
        scheduled_for=opening.scheduled_for or opening.due_at,
        created_at=opening.at,
        params=opening.params,
        retry_of=opening.retry_of,
        host=opening.host,
        steps=opening.carried,
    )
    planned = apply(run, h.Planned(spec=spec))
    if not opening.carried:
        return planned
    return changed(planned, result=step_life.outputs(planned.steps), progress=of_steps(planned.steps))


def apply(run: Run, happening: h.Happening) -> Run:
    """The run as it is after that. Raises ImpossibleChange."""
    if run.state.is_final:
        raise ImpossibleChange(f"{run.id} is {run.state} and can never change again: {happening}")
    return _apply(happening, run)


def apply_all(run: Run, happenings: Iterable[h.Happening]) -> Run:
    """`apply`, one after another."""
    for happening in happenings:
        run = apply(run, happening)
    return run


def next_step(run: Run) -> str | None:
    """The step of the present try whose turn it is (MAIN without steps), or None when nothing is left."""
    if step_life.listed(run.steps):
        return next((step.key for step in run.steps if not step.state.is_final), None)
    return MAIN


@singledispatch
def _apply(happening: object, run: Run) -> Run:
    raise ImpossibleChange(f"{happening!r} is nothing that happens to a run ({run.id})")


@_apply.register
def _planned(happening: h.Planned, run: Run) -> Run:
    require(run, open_attempt(run) is None, happening)
    spec = happening.spec
    begins = run.state is not RunState.RUNNING  # a try that is under way keeps its steps
    return changed(
        run,
        steps=_planned_steps(run, spec) if begins else run.steps,
        max_attempts=spec.retry.attempts,
        definition=spec.definition.hash,
        source_file=spec.source.file,
        source_line=spec.source.line,
        commit=spec.source.commit,
        dirty=spec.source.dirty,
    )


@_apply.register
def _replanned(happening: h.Replanned, run: Run) -> Run:
    attempt = open_attempt(run)
    require(run, attempt is not None and attempt.state is StepState.PENDING, happening)
    assert attempt is not None
    spec = happening.spec
    run = _planned(h.Planned(spec=spec), changed(run, attempts=run.attempts[:-1]))
    step = CONDITION if must_ask(run, spec) else next_step(run)
    if step is None:
        message = "the step that was to start is no longer part of the job"
        return _close(run, RunState.FAILED, happening.at, (Reason.REMOVED, message))
    # The attempt goes, and another comes; of those the run counts none but at its own steps.
    counted = run.attempt - int(attempt.step != CONDITION and _begins_a_try(run, attempt.step))
    created = h.AttemptCreated(
        at=attempt.created_at,
        id=attempt.id,
        step=step,
        boot_id=attempt.boot_id,
        definition=spec.definition.hash,
        markers=spec.markers and step != CONDITION,
    )
    return _attempt_created(created, changed(run, attempt=counted, next_attempt_at=None))


@_apply.register
def _released(happening: h.Released, run: Run) -> Run:
    require(run, run.is_queued, happening)
    return changed(run, reason=None, message="")


@_apply.register
def _waiting(happening: h.Waiting, run: Run) -> Run:
    require(run, run.is_queued or run.state is RunState.RETRYING, happening)
    return changed(run, message=happening.message)


@_apply.register
def _attempt_created(happening: h.AttemptCreated, run: Run) -> Run:
    asks = happening.step == CONDITION and run.state is RunState.PENDING
    require(run, open_attempt(run) is None and (asks or happening.step == next_step(run)), happening)
    n = 1 + sum(attempt.step == happening.step for attempt in run.attempts)
    attempt = Attempt(
        id=happening.id,
        step=happening.step,
        n=n,
        created_at=happening.at,
        boot_id=happening.boot_id,
        definition=happening.definition,
        markers=happening.markers,
    )
    if asks:
        told = "asks whether its condition is met"
        return changed(run, reason=Reason.CONDITION, message=told, attempts=(*run.attempts, attempt))
    steps = step_life.begun(run.steps, happening.step, n)
    return changed(
        run,
        reason=None,
        message="" if run.state is RunState.PENDING else run.message,
        attempts=(*run.attempts, attempt),
        attempt=run.attempt + int(_begins_a_try(run, happening.step)),
        next_attempt_at=None,
        steps=steps,
        result=step_life.outputs(steps),
        progress=of_steps(steps) if step_life.listed(steps) else Progress(),
    )


@_apply.register
def _attempt_started(happening: h.AttemptStarted, run: Run) -> Run:
    attempt = open_attempt(run)
    require(run, attempt is not None and attempt.state is StepState.PENDING, happening)
    assert attempt is not None
    run = run if attempt.step == CONDITION else _entered(run, happening.at)
    steps = step_life.changed(run.steps, attempt.step, StepState.RUNNING, happening.at)
    attempts = attempts_with(
        run,
        state=StepState.RUNNING,
        started_at=happening.at,
        pid=happening.pid,
        pid_started=happening.pid_started,
        argv=happening.argv,
        cwd=happening.cwd,
        user=happening.user,
        timeout_at=happening.timeout_at,
    )
    if attempt.step == CONDITION:
        return changed(run, attempts=attempts)
    progress = of_steps(steps) if step_life.listed(steps) else Progress()
    return changed(run, steps=steps, attempts=attempts, progress=progress)


@_apply.register
def _attempt_ended(happening: h.AttemptEnded, run: Run) -> Run:
    attempt = open_attempt(run)
    require(run, attempt is not None, happening)
    assert attempt is not None
    outcome = in_own_words(happening.outcome, attempt.message)
    attempts = attempts_with(
        run,
        state=outcome.state,
        reason=outcome.reason,
        message=outcome.message,
        ended_at=happening.at,
        exit_code=outcome.exit_code,
        signal=outcome.signal,
        log_size=happening.log_size,
        used=happening.used,
    )
    if attempt.step == CONDITION:
        return _after_condition(changed(run, attempts=attempts), happening)
    run = _entered(run, happening.at)
    steps = step_life.ended(run.steps, attempt.step, outcome, happening.at)
    progress = of_steps(steps) if step_life.listed(steps) else run.progress
    run = changed(run, steps=steps, attempts=attempts, progress=progress, exit_code=outcome.exit_code)
    run = telling.warned(h.Warned(text=outcome.warning), run) if outcome.warning else run
    return _after_attempt(run, replace(happening, outcome=outcome))


@_apply.register
def _passed_over(happening: h.PassedOver, run: Run) -> Run:
    attempt = open_attempt(run)
    require(run, attempt is not None and attempt.state is StepState.PENDING, happening)
    assert attempt is not None
    require(run, attempt.step == next_step(run) and step_life.listed(run.steps), happening)
    before = changed(run, attempts=run.attempts[:-1])
    counted = run.attempt - int(_begins_a_try(before, attempt.step))
    steps = step_life.passed_over(run.steps, attempt.step)
    run = changed(before, attempt=counted, steps=steps, progress=of_steps(steps))
    if next_step(run) is not None:
        return run
    last = run.current_attempt
    if run.state is RunState.RUNNING and last is not None:
        return _ended_by(run, StepState.COMPLETED, happening.at, (last.reason or Reason.EXIT, last.message))
    message = "none of its steps had to run: what their `if` asks for is not so"
    if run.state is RunState.PENDING:
        return _close(run, RunState.SKIPPED, happening.at, (Reason.CONDITION, message))
    return _close(
        run, RunState.FAILED, happening.at, (run.reason or Reason.CONDITION, run.message or message)
    )


_apply.register(h.Progressed, telling.progressed)
_apply.register(h.StatusTold, telling.status_told)
_apply.register(h.TimeoutMoved, telling.timeout_moved)
_apply.register(h.StepAnnounced, telling.step_announced)
_apply.register(h.OutputSet, telling.output_set)
_apply.register(h.Warned, telling.warned)
_apply.register(h.ErrorTold, telling.error_told)
_apply.register(h.LogRead, telling.log_read)


@_apply.register
def _cancel_requested(happening: h.CancelRequested, run: Run) -> Run:
    return changed(run, cancel_requested_at=run.cancel_requested_at or happening.at)


@_apply.register
def _replace_requested(happening: h.ReplaceRequested, run: Run) -> Run:
    asked = run.cancel_requested_at or happening.at
    return changed(run, cancel_requested_at=asked, replaced_by=happening.by)


@_apply.register
def _cancelled(happening: h.Cancelled, run: Run) -> Run:
    asked = changed(run, cancel_requested_at=run.cancel_requested_at or happening.at)
    began = "" if run.started_at else " before it began"
    return _close(asked, RunState.CANCELLED, happening.at, (Reason.CANCELLED, f"cancelled{began}"))


@_apply.register
def _retry_now(happening: h.RetryNow, run: Run) -> Run:
    require(run, run.state is RunState.RETRYING, happening)
    if open_attempt(run) is not None:  # its time has come already, and it waits for a runner
        return run
    return changed(run, next_attempt_at=happening.at)


@_apply.register
def _skipped(happening: h.Skipped, run: Run) -> Run:
    require(run, run.state is RunState.PENDING, happening)
    # What was never begun leaves nothing: an attempt that was only planned goes.
    asked = tuple(attempt for attempt in run.attempts if attempt.state.is_final)
    run = changed(
        run,
        attempts=asked,
        attempt=0,
        count=happening.count,
        last_due_at=happening.last_due_at,
        planned_at=happening.last_planned_at or happening.last_due_at or run.planned_at,
    )
    return _close(run, RunState.SKIPPED, happening.at, (happening.reason, happening.message))


@_apply.register
def _given_up(happening: h.GivenUp, run: Run) -> Run:
    return _close(run, RunState.FAILED, happening.at, (happening.reason, happening.message))


def _after_condition(run: Run, happening: h.AttemptEnded) -> Run:
    """The run has not begun, whatever the answer is."""
    outcome, skip = happening.outcome, happening.goes_on
    if outcome.state is StepState.COMPLETED:
        if run.cancel_requested_at is None:
            return changed(run, reason=None, message="")
        return _close(run, RunState.CANCELLED, happening.at, (Reason.CANCELLED, "cancelled before it began"))
    if skip is not None:
        run = changed(run, due_at=skip.due_at, count=skip.count + 1, last_due_at=run.due_at)
    return _close(run, RunState(outcome.state.value), happening.at, (outcome.reason, outcome.message))


def _after_attempt(run: Run, happening: h.AttemptEnded) -> Run:
    outcome, at = happening.outcome, happening.at
    told = (outcome.reason, end_message(run, outcome))
    if outcome.state is StepState.FAILED and happening.next_attempt_at is not None:
        return _move(
            run,
            RunState.RETRYING,
            reason=told[0],
            message=told[1],
            next_attempt_at=happening.next_attempt_at,
        )
    if not step_life.listed(run.steps) or outcome.state in (StepState.CANCELLED, StepState.SKIPPED):
        return _ended_by(run, outcome.state, at, told)
    run = changed(run, steps=step_life.settled(run.steps))
    if next_step(run) is None or run.cancel_requested_at is not None:
        return _ended_by(run, outcome.state, at, told)
    # It goes on; people read meanwhile what has failed.
    return run if outcome.state is StepState.COMPLETED else changed(run, message=told[1])


def _ended_by(run: Run, state: StepState, at: datetime, told: tuple[Reason, str]) -> Run:
    """The run is over; whatever came after a step that failed, that is how it ended."""
    failed = next((step for step in run.steps if step.state is StepState.FAILED), None)
    listed = step_life.listed(run.steps)
    if failed is None or not listed or state is StepState.CANCELLED:
        if listed and state is StepState.COMPLETED and next_step(run) is not None:
            return _close(run, RunState.CANCELLED, at, (Reason.CANCELLED, "cancelled between two steps"))
        return _close(run, RunState(state.value), at, told)
    attempt = next(each for each in reversed(run.attempts) if each.step == failed.key)
    message = failure_message(run, failed, attempt)
    closed = _close(run, RunState.FAILED, at, (attempt.reason or Reason.EXIT, message))
    return changed(closed, exit_code=attempt.exit_code)


def _close(run: Run, to: RunState, at: datetime, told: tuple[Reason, str]) -> Run:
    reason, message = told
    if to is RunState.CANCELLED and run.replaced_by is not None:
        began = "" if run.started_at else " before it began"
        reason, message = Reason.REPLACED, f"{run.replaced_by} took its place{began}"
    attempts = run.attempts
    if open_attempt(run) is not None:
        state = StepState.CANCELLED if to is RunState.CANCELLED else StepState.FAILED
        attempts = attempts_with(run, state=state, reason=reason, message=message, ended_at=at)
    return _move(
        run,
        to,
        reason=reason,
        message=message,
        ended_at=at,
        next_attempt_at=None,
        attempts=attempts,
        steps=step_life.closed(run.steps, to, at),
        progress=whole(run.progress) if to is RunState.COMPLETED else run.progress,
    )


def _entered(run: Run, at: datetime) -> Run:
    """RUNNING, also on the way of an attempt that ends before it was seen running."""
    if run.state is RunState.RUNNING:
        return run
    return _move(run, RunState.RUNNING, reason=None, message="", started_at=run.started_at or at)


def _move(run: Run, to: RunState, **changes: Any) -> Run:
    if to not in TRANSITIONS[run.state]:
        raise ImpossibleChange(f"{run.id} can't go from {run.state} to {to}")
    return changed(run, state=to, **changes)


def _begins_a_try(run: Run, step: str) -> bool:
    return run.state is not RunState.RUNNING and not tries_again(run, step)


def _planned_steps(run: Run, spec: JobSpec) -> step_life.Steps:
    last = run.current_attempt
    if last is not None and tries_again(run, last.step):
        return step_life.again(run.steps, last.step)
    return step_life.planned(run.steps, spec, restart=spec.retry.restart and run.attempt > 0)
