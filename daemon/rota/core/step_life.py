"""The steps inside a run: listed by the job file, or announced by the job while it runs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from rota.core import graph
from rota.core.model import JobSpec, StepSpec
from rota.core.outcome import Outcome
from rota.core.run import Progress, Reason, RunState, Step, StepState
from rota.core.when import FAILURE, after_failure

ANNOUNCED_LIMIT = 100

Steps = tuple[Step, ...]


def listed(steps: Sequence[Step]) -> bool:
    """Whether these are steps of the job file, each with attempts of its own."""
    return bool(steps) and not steps[0].announced


def planned(steps: Steps, spec: JobSpec, *, restart: bool) -> Steps:
    """The steps of a new try: completed ones stay completed, unless it begins again at the first.

    One that may run after a failure is done again, unless all before it stay.
    """
    if not spec.has_steps:
        return ()
    known = {step.key: step for step in steps if not restart and step.state is StepState.COMPLETED}
    in_graph = spec.is_graph
    above = graph.ancestors(tuple((step.id, (step.needs or ()) if in_graph else None) for step in spec.steps))
    stay: set[str] = set()
    for step in sorted(spec.steps, key=lambda each: len(above[each.id])):
        if step.id in known and (not after_failure(step.when) or above[step.id] <= stay):
            stay.add(step.id)
    made: list[Step] = []
    for step in spec.steps:
        number = next((old.attempt for old in steps if old.key == step.id), 0)
        before = known[step.id] if step.id in stay else Step(key=step.id, attempt=number)
        made.append(
            replace(
                before,
                title=step.title or step.id,
                share=step.share,
                when=step.when,
                max_attempts=_own(step),
                needs=(step.needs or ()) if in_graph else None,
            )
        )
    return settled(tuple(made))


def next_key(steps: Steps) -> str | None:
    """Of steps in order, the one whose turn it is or that is under way; None when all have ended."""
    return next((step.key for step in steps if not step.state.is_final), None)


def again(steps: Steps, key: str) -> Steps:
    """The step's own `retry` begins another attempt; all others stay as they are."""
    return _at(steps, key, lambda step: replace(step, state=StepState.PENDING, reason=None))


def settled(steps: Steps) -> Steps:
    """What must not run any more, after what became of others, is skipped."""
    if graph.is_graph(steps):
        return graph.settled(steps, over=False)
    failed, waits = graph.has_failed(steps), False
    made: list[Step] = []
    for step in steps:
        if step.state is not StepState.PENDING:
            made.append(step)
        elif failed and not after_failure(step.when):
            made.append(replace(step, state=StepState.SKIPPED, reason=Reason.DEPENDENCY))
        elif not failed and not waits and step.when == FAILURE:
            made.append(replace(step, state=StepState.SKIPPED, reason=Reason.CONDITION))
        else:
            waits = True
            made.append(step)
    return tuple(made)


def passed_over(steps: Steps, key: str) -> Steps:
    """The `if` of the step says no: an attempt at it was only planned."""
    return settled(
        _at(
            steps,
            key,
            lambda step: replace(
                step, state=StepState.SKIPPED, reason=Reason.CONDITION, attempt=step.attempt - 1
            ),
        )
    )


def _own(step: StepSpec) -> int:
    return 0 if step.retry is None else step.retry.attempts


def begun(steps: Steps, key: str, n: int) -> Steps:
    """An attempt at the step exists: what an earlier one said of itself no longer holds."""
    if not listed(steps):
        return ()
    return _at(steps, key, lambda step: replace(step, attempt=n, progress=Progress(), outputs={}))


def changed(steps: Steps, key: str, state: StepState, at: datetime) -> Steps:
    """The step has begun."""
    return _at(steps, key, lambda step: replace(step, state=state, started_at=at, ended_at=None, reason=None))


def ended(steps: Steps, key: str, outcome: Outcome, at: datetime) -> Steps:
    """The attempt at the step is over; of announced steps, the one under way shares its fate."""
    if listed(steps):
        return _at(
            steps, key, lambda step: replace(step, state=outcome.state, reason=outcome.reason, ended_at=at)
        )
    return tuple(
        replace(step, state=outcome.state, reason=outcome.reason, ended_at=at)
        if step.state is StepState.RUNNING
        else step
        for step in steps
    )


def announced(steps: Steps, key: str, title: str, at: datetime) -> Steps:
    """The step named begins, the one before it is completed. Further ones than 100 are not kept."""
    done = tuple(
        replace(step, state=StepState.COMPLETED, ended_at=at)
        if step.state is StepState.RUNNING and step.key != key
        else step
        for step in steps
    )
    if any(step.key == key for step in done):
        return _at(done, key, lambda step: replace(step, title=title, state=StepState.RUNNING, ended_at=None))
    if len(done) >= ANNOUNCED_LIMIT:
        return done
    return (*done, Step(key=key, title=title, state=StepState.RUNNING, started_at=at, announced=True))


def progressed(steps: Steps, key: str, progress: Progress) -> Steps:
    return _at(steps, key, lambda step: replace(step, progress=progress))


def with_output(steps: Steps, key: str, name: str, value: str) -> Steps:
    if not listed(steps):
        return steps
    return _at(steps, key, lambda step: replace(step, outputs={**step.outputs, name: value}))


def outputs(steps: Steps) -> Mapping[str, object]:
    """All outputs of the steps by name; of two alike the later step's."""
    return {name: value for step in steps for name, value in step.outputs.items()}


def closed(steps: Steps, to: RunState, at: datetime) -> Steps:
    """The run is over: what was running shares its fate, what was still to come is skipped."""
    if all(step.state.is_final for step in steps):
        return steps
    reason = Reason.CANCELLED if to is RunState.CANCELLED else Reason.DEPENDENCY
    fate = StepState.CANCELLED if to is RunState.CANCELLED else StepState.FAILED
    return tuple(_closed(step, fate, reason, at) for step in steps)


def _closed(step: Step, fate: StepState, reason: Reason, at: datetime) -> Step:
    if step.state is StepState.RUNNING:
        return replace(step, state=fate, reason=reason, ended_at=at)
    if step.state is StepState.PENDING:
        return replace(step, state=StepState.SKIPPED, reason=reason)
    return step


def _at(steps: Steps, key: str, change: Callable[[Step], Step]) -> Steps:
    return tuple(change(step) if step.key == key else step for step in steps)
