"""How a run goes on after an attempt, and how it ends."""

from __future__ import annotations

from datetime import datetime

from rota.core import graph, step_life
from rota.core import happenings as h
from rota.core.after import answered_ends
from rota.core.attempt_life import attempt_at, open_attempts, waits
from rota.core.changed import changed
from rota.core.model import ITEMS
from rota.core.outcome import end_message, failure_message
from rota.core.progress import of_steps, whole
from rota.core.run import Attempt, Reason, Run, RunState, Step, StepState
from rota.core.transitions import moved

Told = tuple[Reason, str]

_NONE_HAD_TO = "none of its steps had to run: what their `if` asks for is not so"


def after_condition(run: Run, happening: h.AttemptEnded) -> Run:
    """The run has not begun, whatever the answer is."""
    outcome, skip = happening.outcome, happening.goes_on
    if outcome.state is StepState.COMPLETED:
        if run.cancel_requested_at is None:
            return changed(run, reason=None, message="")
        return closed(run, RunState.CANCELLED, happening.at, (Reason.CANCELLED, "cancelled before it began"))
    if skip is not None:
        run = changed(
            run,
            due_at=skip.due_at,
            count=skip.count + 1,
            last_due_at=run.due_at,
            answered_ends=answered_ends(skip, run),
        )
    return closed(run, RunState(outcome.state.value), happening.at, (outcome.reason, outcome.message))


def after_attempt(run: Run, attempt: Attempt, happening: h.AttemptEnded) -> Run:
    """A single piece of work or a step has ended so; `run` and its steps say that already."""
    outcome, at = happening.outcome, happening.at
    of_items = "its items: " if attempt.step == ITEMS else ""
    told = (outcome.reason, f"{of_items}{end_message(run, attempt, outcome)}")
    if attempt.step == ITEMS and outcome.state is StepState.COMPLETED:
        return _after_search(run, at)
    if graph.runs_as_graph(run):
        return _in_graph(run, attempt, happening, told)
    if outcome.state is StepState.FAILED and happening.next_attempt_at is not None:
        return moved(
            run,
            RunState.RETRYING,
            reason=told[0],
            message=told[1],
            next_attempt_at=happening.next_attempt_at,
        )
    if not step_life.listed(run.steps) or outcome.state in (StepState.CANCELLED, StepState.SKIPPED):
        return _ended_by(run, outcome.state, at, told)
    run = changed(run, steps=step_life.settled(run.steps))
    if step_life.next_key(run.steps) is None or run.cancel_requested_at is not None:
        return _ended_by(run, outcome.state, at, told)
    # It goes on; people read meanwhile what has failed.
    return run if outcome.state is StepState.COMPLETED else changed(run, message=told[1])


def _after_search(run: Run, at: datetime) -> Run:
    """The items of a batch are found, and its children come next."""
    if run.cancel_requested_at is None:
        return run
    return closed(run, RunState.CANCELLED, at, (Reason.CANCELLED, "cancelled before its children began"))


def after_passing(run: Run, at: datetime) -> Run:
    """The `if` of a step of the ordered run said no: it goes on, or that was its last one."""
    last = run.current_attempt
    if step_life.next_key(run.steps) is not None:
        return run
    if run.state is RunState.RUNNING and last is not None:
        return _ended_by(run, StepState.COMPLETED, at, (last.reason or Reason.EXIT, last.message))
    return _idle(run, at)


def rested(run: Run) -> Run:
    """RETRYING, when all that a graph still does is to wait for another attempt at some step."""
    opened = open_attempts(run)
    if run.state is not RunState.RUNNING or not opened or not all(waits(attempt) for attempt in opened):
        return run
    if graph.ready(run):
        return run
    soonest = min(attempt.not_before for attempt in opened if attempt.not_before is not None)
    failed = attempt_before(run, opened[0])
    return moved(
        run,
        RunState.RETRYING,
        reason=None if failed is None else failed.reason,
        message=run.message,
        next_attempt_at=soonest,
    )


def attempt_before(run: Run, attempt: Attempt) -> Attempt | None:
    """The one that it comes after, at the same step."""
    return next((each for each in run.attempts if (each.step, each.n) == (attempt.step, attempt.n - 1)), None)


def after_try(run: Run, happening: h.TryEnded) -> Run:
    """Nothing of a graph is under way: another try comes, or what follows a failure, or the end."""
    at, failed = happening.at, _failed(run)
    if run.cancel_requested_at is not None and any(not step.state.is_final for step in run.steps):
        return closed(run, RunState.CANCELLED, at, (Reason.CANCELLED, "cancelled between two steps"))
    if failed is not None and happening.next_attempt_at is not None:
        reason, message = _of_failure(run, failed)
        return moved(
            run,
            RunState.RETRYING,
            reason=reason,
            message=message,
            next_attempt_at=happening.next_attempt_at,
        )
    run = changed(run, steps=graph.settled(run.steps, over=True))
    run = changed(run, progress=of_steps(run.steps))
    return run if graph.ready(run, over=True) else _finished(run, at)


def closed(run: Run, to: RunState, at: datetime, told: Told) -> Run:
    """The run is over."""
    reason, message = told
    if to is RunState.CANCELLED and run.replaced_by is not None:
        began = "" if run.started_at else " before it began"
        reason, message = Reason.REPLACED, f"{run.replaced_by} took its place{began}"
    state = StepState.CANCELLED if to is RunState.CANCELLED else StepState.FAILED
    return moved(
        run,
        to,
        reason=reason,
        message=message,
        ended_at=at,
        next_attempt_at=None,
        attempts=_all_ended(run, state, at, (reason, message)),
        steps=step_life.closed(run.steps, to, at),
        progress=whole(run.progress) if to is RunState.COMPLETED else run.progress,
    )


def _in_graph(run: Run, attempt: Attempt, happening: h.AttemptEnded, told: Told) -> Run:
    if happening.outcome.state is StepState.FAILED:
        run = changed(run, message=told[1])
        if happening.next_attempt_at is not None:
            return changed(run, steps=step_life.again(run.steps, attempt.step))
    steps = graph.settled(run.steps, over=graph.tries_over(run))
    return rested(changed(run, steps=steps, progress=of_steps(steps)))


def _finished(run: Run, at: datetime) -> Run:
    """Every step of the graph has ended."""
    failed = _failed(run)
    if failed is not None:
        return _failed_at(run, failed, at)
    if run.state is not RunState.RUNNING:
        return _idle(run, at)
    ended = [attempt for attempt in run.attempts if attempt.ended_at is not None]
    for state in (StepState.CANCELLED, StepState.COMPLETED, StepState.SKIPPED):
        if any(step.state is state for step in run.steps):
            last = max((each for each in ended if each.state is state), key=_ended_at, default=None)
            told = ("", None) if last is None else (last.message, last.reason)
            return closed(run, RunState(state.value), at, (told[1] or Reason.EXIT, told[0] or "completed"))
    return _idle(run, at)


def _ended_at(attempt: Attempt) -> datetime:
    assert attempt.ended_at is not None
    return attempt.ended_at


def _idle(run: Run, at: datetime) -> Run:
    """None of the steps of this try had to run."""
    if run.state is RunState.PENDING:
        return closed(run, RunState.SKIPPED, at, (Reason.CONDITION, _NONE_HAD_TO))
    told = (run.reason or Reason.CONDITION, run.message or _NONE_HAD_TO)
    return closed(run, RunState.FAILED, at, told)


def _ended_by(run: Run, state: StepState, at: datetime, told: Told) -> Run:
    """The run is over; whatever came after a step that failed, that is how it ended."""
    failed = _failed(run)
    listed = step_life.listed(run.steps)
    if failed is None or not listed or state is StepState.CANCELLED:
        if listed and state is StepState.COMPLETED and step_life.next_key(run.steps) is not None:
            return closed(run, RunState.CANCELLED, at, (Reason.CANCELLED, "cancelled between two steps"))
        return closed(run, RunState(state.value), at, told)
    return _failed_at(run, failed, at)


def _failed_at(run: Run, step: Step, at: datetime) -> Run:
    attempt = attempt_at(run, step.key)
    ended = closed(run, RunState.FAILED, at, _of_failure(run, step))
    return ended if attempt is None else changed(ended, exit_code=attempt.exit_code)


def _of_failure(run: Run, step: Step) -> Told:
    attempt = attempt_at(run, step.key)
    if attempt is None:
        return step.reason or Reason.EXIT, f"step {step.key} failed"
    return attempt.reason or Reason.EXIT, failure_message(run, step, attempt)


def _failed(run: Run) -> Step | None:
    return next((step for step in run.steps if step.state is StepState.FAILED), None)


def _all_ended(run: Run, state: StepState, at: datetime, told: Told) -> tuple[Attempt, ...]:
    if not open_attempts(run):
        return run.attempts
    return tuple(
        attempt
        if attempt.state.is_final
        else changed(attempt, state=state, reason=told[0], message=told[1], ended_at=at)
        for attempt in run.attempts
    )
