"""The life of a run: the only place that makes a changed one.

A run moves along `TRANSITIONS` and nowhere else. What happened comes in as a value of `core.happenings`; one
that makes no sense in the run's present state raises ImpossibleChange: only a fault of ours brings it here.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from functools import singledispatch

from rota.core import batch_life, graph, step_life, telling
from rota.core import happenings as h
from rota.core.attempt_life import (
    ImpossibleChange,
    attempts_with,
    attempts_without,
    concerned,
    open_attempts,
    require,
    tries_again,
    waits,
)
from rota.core.changed import changed
from rota.core.closing import after_attempt, after_condition, after_passing, after_try, closed, rested
from rota.core.condition import must_ask
from rota.core.model import CONDITION, ITEMS, MAIN, JobSpec
from rota.core.outcome import in_own_words
from rota.core.progress import of_steps
from rota.core.run import Attempt, Progress, Reason, Run, RunState, StepState
from rota.core.transitions import TRANSITIONS as TRANSITIONS
from rota.core.transitions import entered


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
    """A step of the present try whose turn it is (MAIN without steps), or None when nothing is left."""
    if graph.runs_as_graph(run):
        return next(iter(graph.ready(run)), None)
    return step_life.next_key(run.steps) if step_life.listed(run.steps) else MAIN


def turns(run: Run) -> tuple[str, ...]:
    """All steps whose turn it is now; several where they run side by side, none while an ordered one runs."""
    if graph.runs_as_graph(run):
        return graph.ready(run)
    step = None if open_attempts(run) else next_step(run)
    return () if step is None else (step,)


@singledispatch
def _apply(happening: object, run: Run) -> Run:
    raise ImpossibleChange(f"{happening!r} is nothing that happens to a run ({run.id})")


@_apply.register
def _planned(happening: h.Planned, run: Run) -> Run:
    require(run, not open_attempts(run), happening)
    spec = happening.spec
    begins = run.state is not RunState.RUNNING  # a try that is under way keeps its steps
    return _following(changed(run, steps=_planned_steps(run, spec) if begins else run.steps), spec)


def _following(run: Run, spec: JobSpec) -> Run:
    return changed(
        run,
        max_attempts=spec.retry.attempts,
        definition=spec.definition.hash,
        source_file=spec.source.file,
        source_line=spec.source.line,
        commit=spec.source.commit,
        dirty=spec.source.dirty,
    )


@_apply.register
def _replanned(happening: h.Replanned, run: Run) -> Run:
    attempt = concerned(run, happening.attempt, happening)
    require(run, attempt.state is StepState.PENDING, happening)
    spec = happening.spec
    without = changed(run, attempts=attempts_without(run, attempt))
    if graph.runs_as_graph(run) and (run.state is RunState.RUNNING or tries_again(without, attempt.step)):
        # The try goes on, beside others that may be under way: only this attempt follows the job as it is.
        attempts = attempts_with(run, attempt, definition=spec.definition.hash, markers=spec.markers)
        return _following(changed(run, attempts=attempts), spec)
    planned = [each for each in open_attempts(run) if each.state is StepState.PENDING]
    counted = run.attempt - int(attempt.step != CONDITION and _begins_a_try(run, attempt, *planned))
    run = _planned(h.Planned(spec=spec), changed(run, attempts=attempts_without(run, *planned)))
    if batch_life.is_parent(run, spec) and not must_ask(run, spec):
        return changed(run, attempt=counted, next_attempt_at=None)  # what it begins with is looked at anew
    step = CONDITION if must_ask(run, spec) else next_step(changed(run, attempt=counted))
    if step is None:
        message = "the step that was to start is no longer part of the job"
        return closed(run, RunState.FAILED, happening.at, (Reason.REMOVED, message))
    # The attempt goes, and another comes; of those the run counts none but at its own steps.
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
    may = not open_attempts(run) if asks else _is_its_turn(run, happening.step)
    require(run, may, happening)
    n = 1 + sum(attempt.step == happening.step for attempt in run.attempts)
    attempt = Attempt(
        id=happening.id,
        step=happening.step,
        n=n,
        created_at=happening.at,
        boot_id=happening.boot_id,
        definition=happening.definition,
        markers=happening.markers,
        not_before=happening.not_before,
    )
    if asks:
        told = "asks whether its condition is met"
        return changed(run, reason=Reason.CONDITION, message=told, attempts=(*run.attempts, attempt))
    steps = step_life.begun(run.steps, happening.step, n)
    created = changed(
        run,
        reason=None,
        message="" if run.state is RunState.PENDING else run.message,
        attempts=(*run.attempts, attempt),
        attempt=run.attempt + int(_begins_a_try(run, attempt)),
        next_attempt_at=None,
        steps=steps,
        result=step_life.outputs(steps),
        progress=of_steps(steps) if step_life.listed(steps) else Progress(),
    )
    return rested(created) if happening.not_before is not None else created


@_apply.register
def _attempt_started(happening: h.AttemptStarted, run: Run) -> Run:
    attempt = concerned(run, happening.attempt, happening)
    require(run, attempt.state is StepState.PENDING and not waits(attempt), happening)
    run = run if attempt.step == CONDITION else entered(run, happening.at)
    steps = step_life.changed(run.steps, attempt.step, StepState.RUNNING, happening.at)
    attempts = attempts_with(
        run,
        attempt,
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
    attempt = concerned(run, happening.attempt, happening)
    require(run, not waits(attempt), happening)
    outcome = in_own_words(happening.outcome, attempt.message)
    attempts = attempts_with(
        run,
        attempt,
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
        return after_condition(changed(run, attempts=attempts), happening)
    run = entered(run, happening.at)
    steps = step_life.ended(run.steps, attempt.step, outcome, happening.at)
    progress = of_steps(steps) if step_life.listed(steps) else run.progress
    run = changed(run, steps=steps, attempts=attempts, progress=progress, exit_code=outcome.exit_code)
    run = telling.warned(h.Warned(text=outcome.warning), run) if outcome.warning else run
    return after_attempt(run, attempt, replace(happening, outcome=outcome))


@_apply.register
def _wait_over(happening: h.WaitOver, run: Run) -> Run:
    attempt = concerned(run, happening.attempt, happening)
    require(run, waits(attempt), happening)
    return changed(run, attempts=attempts_with(run, attempt, not_before=None), next_attempt_at=None)


@_apply.register
def _passed_over(happening: h.PassedOver, run: Run) -> Run:
    attempt = concerned(run, happening.attempt, happening)
    require(run, attempt.state is StepState.PENDING and step_life.listed(run.steps), happening)
    counted = run.attempt - int(_begins_a_try(run, attempt))
    in_graph = graph.runs_as_graph(run)
    steps = step_life.passed_over(run.steps, attempt.step)
    run = changed(run, attempts=attempts_without(run, attempt), attempt=counted)
    if in_graph:
        steps = graph.settled(steps, over=graph.tries_over(changed(run, steps=steps)))
    run = changed(run, steps=steps, progress=of_steps(steps))
    return rested(run) if in_graph else after_passing(run, happening.at)


@_apply.register
def _try_ended(happening: h.TryEnded, run: Run) -> Run:
    is_over = graph.runs_as_graph(run) and not open_attempts(run) and not graph.ready(run)
    require(run, is_over and run.next_attempt_at is None, happening)
    return after_try(run, happening)


_apply.register(h.Split, batch_life.split)
_apply.register(h.ChildrenCounted, batch_life.children_counted)
_apply.register(h.ChildrenEnded, batch_life.children_ended)
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
    return closed(asked, RunState.CANCELLED, happening.at, (Reason.CANCELLED, f"cancelled{began}"))


@_apply.register
def _retry_now(happening: h.RetryNow, run: Run) -> Run:
    waiting = [attempt for attempt in open_attempts(run) if waits(attempt)]
    require(run, run.state is RunState.RETRYING or bool(waiting), happening)
    for attempt in waiting:
        run = changed(run, attempts=attempts_with(run, attempt, not_before=happening.at))
    # Without an instant, its time has come already, and it waits for a runner.
    return run if run.next_attempt_at is None else changed(run, next_attempt_at=happening.at)


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
    return closed(run, RunState.SKIPPED, happening.at, (happening.reason, happening.message))


@_apply.register
def _given_up(happening: h.GivenUp, run: Run) -> Run:
    return closed(run, RunState.FAILED, happening.at, (happening.reason, happening.message))


def _is_its_turn(run: Run, step: str) -> bool:
    if step == ITEMS:
        return batch_life.may_find(run)
    if graph.runs_as_graph(run):
        return graph.may_start(run, step)
    listed = step_life.listed(run.steps)
    if listed and run.state is RunState.RETRYING and graph.has_failed(run.steps):
        return False  # what failed has yet to be planned again
    return not open_attempts(run) and step == next_step(run)


def _begins_a_try(run: Run, *attempts: Attempt) -> bool:
    """Whether the try of the run begins with these attempts, open or about to be made."""
    ids = {attempt.id for attempt in attempts}
    others = [each for each in open_attempts(run) if each.id not in ids]
    before = changed(run, attempts=attempts_without(run, *attempts))
    return run.state is not RunState.RUNNING and not others and not tries_again(before, attempts[0].step)


def _planned_steps(run: Run, spec: JobSpec) -> step_life.Steps:
    last = run.current_attempt
    if last is not None and tries_again(run, last.step):
        return step_life.again(run.steps, last.step)
    return step_life.planned(run.steps, spec, restart=spec.retry.restart and run.attempt > 0)
