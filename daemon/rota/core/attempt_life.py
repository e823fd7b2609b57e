"""The attempts inside a run: which ones are open, and a run with one of them changed."""

from __future__ import annotations

from typing import Any

from rota.core.changed import changed
from rota.core.run import Attempt, Run, RunState, StepState


class ImpossibleChange(AssertionError):
    """A happening that can't happen to this run: a fault in rota, never in a job."""


def open_attempts(run: Run) -> tuple[Attempt, ...]:
    """Those that have not ended yet, oldest first; more than one where steps run side by side."""
    return tuple(attempt for attempt in run.attempts if not attempt.state.is_final)


def waits(attempt: Attempt) -> bool:
    """Whether the time for it to start has yet to come."""
    return attempt.state is StepState.PENDING and attempt.not_before is not None


def waits_to_try(run: Run) -> bool:
    """Whether it waits to try something again, all of it or a step beside others that go on."""
    return run.state is RunState.RETRYING or any(waits(attempt) for attempt in run.attempts)


def attempt_of(run: Run, id_: str) -> Attempt | None:
    """The attempt of that id, open or not."""
    return next((attempt for attempt in reversed(run.attempts) if attempt.id == id_), None)


def attempt_at(run: Run, step: str, *, begun: bool = False) -> Attempt | None:
    """The newest attempt at the step; `begun`: but for one that waits until it is tried again."""
    found = (attempt for attempt in reversed(run.attempts) if attempt.step == step)
    return next((attempt for attempt in found if not (begun and waits(attempt))), None)


def in_a_row(run: Run, attempt: Attempt) -> tuple[Attempt, ...]:
    """Up to that attempt those at its step, as far back as each came because the one before failed."""
    found = [attempt]
    for each in reversed(run.attempts):
        if each.step != attempt.step or each.n >= attempt.n:
            continue
        if each.state is not StepState.FAILED:
            break
        found.append(each)
    return tuple(reversed(found))


def tries_again(run: Run, step: str) -> bool:
    """Whether an attempt at the step now is due to the step's own `retry`: the try of the run goes on."""
    last, known = attempt_at(run, step), run.step(step)
    if run.state is not RunState.RETRYING or last is None or known is None:
        return False
    return known.max_attempts > 0 and last.state is StepState.FAILED


def attempts_with(run: Run, attempt: Attempt, **changes: Any) -> tuple[Attempt, ...]:
    """The attempts of the run with that one changed."""
    return tuple(changed(each, **changes) if each.id == attempt.id else each for each in run.attempts)


def attempts_without(run: Run, *gone: Attempt) -> tuple[Attempt, ...]:
    """The attempts of the run but for these, which were only planned."""
    ids = {attempt.id for attempt in gone}
    return tuple(each for each in run.attempts if each.id not in ids)


def concerned(run: Run, id_: str, happening: object) -> Attempt:
    """The open attempt of that id; the only one when it is "". Raises ImpossibleChange without one."""
    found = [attempt for attempt in open_attempts(run) if id_ in ("", attempt.id)]
    require(run, len(found) == 1, happening)
    return found[0]


def require(run: Run, holds: bool, happening: object) -> None:
    """Raise ImpossibleChange unless it holds."""
    if not holds:
        raise ImpossibleChange(f"{happening} can't happen to {run.id}, which is {run.state}")
