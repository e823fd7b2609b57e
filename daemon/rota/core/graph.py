"""Steps that name the steps they need: what comes before each, and whose turn it is.

Steps without any `needs` run in order, and each has all those listed before it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache

from rota.core.attempt_life import open_attempts
from rota.core.run import Reason, Run, Step, StepState
from rota.core.when import FAILURE, after_failure

Needs = tuple[tuple[str, tuple[str, ...] | None], ...]


def is_graph(steps: Sequence[Step]) -> bool:
    """Whether they may run side by side."""
    return bool(steps) and steps[0].needs is not None


def runs_as_graph(run: Run) -> bool:
    """Whether several attempts of the run may be open at once."""
    return is_graph(run.steps)


def before(steps: Sequence[Step], key: str) -> tuple[Step, ...]:
    """Every step that has ended for good before that one begins, in the order of the list."""
    above = ancestors(tuple((step.key, step.needs) for step in steps)).get(key, frozenset())
    return tuple(step for step in steps if step.key in above)


@lru_cache(maxsize=512)
def ancestors(needs: Needs) -> Mapping[str, frozenset[str]]:
    """By key, the keys of all steps that come before it. Steps that need each other in a circle have none."""
    if not needs or needs[0][1] is None:
        return {key: frozenset(name for name, _ in needs[:place]) for place, (key, _) in enumerate(needs)}
    found: dict[str, frozenset[str]] = {}
    left = {key: needed or () for key, needed in needs}
    while left:
        round_ = [key for key, needed in left.items() if not any(name in left for name in needed)]
        if not round_:
            break
        for key in round_:
            needed = left.pop(key)
            found[key] = frozenset(needed).union(*(found.get(name, frozenset()) for name in needed))
    return found


def ready(run: Run, *, over: bool | None = None) -> tuple[str, ...]:
    """The steps of a graph whose turn it is and at which no attempt is open; none of a run that is to end.

    `over`: whether the tries of the job are over, so that what follows a failure begins; else as
    `tries_over` says.
    """
    if run.cancel_requested_at is not None or run.is_asking:
        return ()
    busy = {attempt.step for attempt in open_attempts(run)}
    waiting = [key for key in _startable(run.steps) if key not in busy]
    if waiting and not (tries_over(run) if over is None else over):
        waiting = [key for key in waiting if not has_failed(before(run.steps, key))]
    return tuple(waiting)


def in_order(steps: Sequence[Step]) -> tuple[Step, ...]:
    """As listed, but each after all that it needs."""
    if not is_graph(steps):
        return tuple(steps)
    left, made = list(steps), dict[str, Step]()
    while left:
        step = next((each for each in left if all(name in made for name in each.needs or ())), left[0])
        left.remove(step)
        made[step.key] = step
    return tuple(made.values())


def may_start(run: Run, key: str) -> bool:
    """Whether all that the step needs has ended, and no attempt at it is open."""
    return key in _startable(run.steps) and all(attempt.step != key for attempt in open_attempts(run))


def tries_over(run: Run) -> bool:
    """Whether no other try of the job can come, or what follows a failure in this one has begun."""
    if run.attempt >= run.max_attempts:
        return True
    if any(step.state is StepState.FAILED and step.max_attempts for step in run.steps):
        return True  # a step with a `retry` of its own failed for good
    busy = {attempt.step for attempt in open_attempts(run)}
    return any(_follows(step, busy) and has_failed(before(run.steps, step.key)) for step in run.steps)


def has_failed(steps: Collection[Step]) -> bool:
    """Whether one of them has."""
    return any(step.state is StepState.FAILED for step in steps)


def settled(steps: tuple[Step, ...], *, over: bool) -> tuple[Step, ...]:
    """What must not run any more is skipped; unless `over`, what follows a failure waits for the next try."""
    made = {step.key: step for step in steps}
    above = ancestors(tuple((step.key, step.needs) for step in steps))
    for key in sorted(made, key=lambda each: len(above.get(each, ()))):
        made[key] = _fate(made, key, [made[name] for name in above.get(key, ())], over=over)
    return tuple(made[step.key] for step in steps)


def _fate(made: Mapping[str, Step], key: str, above: Collection[Step], *, over: bool) -> Step:
    step = made[key]
    failed = has_failed(above)
    if step.state is not StepState.PENDING or (failed and not over):
        return step
    if (failed or _nothing_to_do(above)) and not after_failure(step.when):
        return replace(step, state=StepState.SKIPPED, reason=Reason.DEPENDENCY)
    is_told = all(made[name].state.is_final for name in step.needs or () if name in made)
    if step.when == FAILURE and not failed and is_told:
        return replace(step, state=StepState.SKIPPED, reason=Reason.CONDITION)
    return step


def _startable(steps: Sequence[Step]) -> list[str]:
    """All before it have ended: one that a failure skipped ends at once, while others before it go on."""
    ended = {step.key for step in steps if step.state.is_final}
    above = ancestors(tuple((step.key, step.needs) for step in steps))
    return [
        step.key
        for step in steps
        if step.state is StepState.PENDING
        and ended.issuperset((*above.get(step.key, ()), *(step.needs or ())))
    ]


def _nothing_to_do(steps: Collection[Step]) -> bool:
    """One of them said so of itself, by its exit code."""
    return any(step.state is StepState.SKIPPED and step.reason is Reason.EXIT_CODE for step in steps)


def _follows(step: Step, busy: Collection[str]) -> bool:
    """Whether its state says that a failure has had its consequences, where one lies before it."""
    if step.state is StepState.SKIPPED:
        return step.reason is Reason.DEPENDENCY or after_failure(step.when)
    return after_failure(step.when) and (step.state is not StepState.PENDING or step.key in busy)
