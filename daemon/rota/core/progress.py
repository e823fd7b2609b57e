"""How far a run with listed steps is: each step weighs as much as its share."""

from __future__ import annotations

from collections.abc import Sequence

from rota.core.run import Progress, Reason, Step, StepState


def of_steps(steps: Sequence[Step]) -> Progress:
    """Whole percent, rounded down: the sum of share x fraction over the sum of shares.

    The fraction is 1 for completed steps, their own word for running ones, else 0.
    """
    running = next((step for step in steps if step.state is StepState.RUNNING), None)
    weighed = Progress(
        current=sum(step.share * _fraction(step) for step in steps),
        total=sum(step.share for step in steps),
    )
    return Progress(
        current=weighed.percent,
        total=100 if weighed.total > 0 else 0,
        text="" if running is None else running.progress.text or running.title,
    )


def whole(progress: Progress) -> Progress:
    """The same at its end: nothing is left of what was to do."""
    if progress.total <= 0:
        return progress
    return Progress(current=progress.total, total=progress.total, text=progress.text)


def crosses(before: Progress, after: Progress, step: int = 5) -> bool:
    """Whether a multiple of `step` percent lies between the two."""
    return before.percent // step != after.percent // step


def _fraction(step: Step) -> float:
    if step.state is StepState.COMPLETED or step.reason is Reason.CONDITION:  # nothing is left to do there
        return 1.0
    return step.progress.fraction or 0.0 if step.state is StepState.RUNNING else 0.0
