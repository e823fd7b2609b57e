from __future__ import annotations

import pytest

from rota.core.progress import crosses, of_steps, whole
from rota.core.run import Progress, Step, StepState


def test_a_run_is_as_far_as_its_steps_by_their_shares() -> None:
    steps = [
        Step(key="dump", state=StepState.COMPLETED, share=3),
        Step(key="verify", state=StepState.RUNNING, progress=Progress(current=1, total=2, text="half")),
        Step(key="prune", share=2),
    ]

    progress = of_steps(steps)

    assert (progress.current, progress.total, progress.percent) == (58, 100, 58)
    assert progress.text == "half"


def test_steps_of_no_weight_have_no_total() -> None:
    assert of_steps([Step(key="dump", state=StepState.COMPLETED, share=0)]) == Progress()


def test_a_failed_step_counts_for_nothing() -> None:
    failed = Step(key="dump", state=StepState.FAILED, progress=Progress(current=9, total=10))

    assert of_steps([failed]).percent == 0


@pytest.mark.parametrize(
    ("current", "total", "percent"),
    [
        (29, 100, 29),
        (57, 100, 57),
        (0.29, 1, 29),
        (2, 3, 66),
        (999, 1000, 99),
        (5, 0, 0),
        (7, 5, 100),
        (200, 5e-324, 100),
    ],
)
def test_percent_is_rounded_down_and_0_when_the_total_is_0(
    current: float, total: float, percent: int
) -> None:
    assert Progress(current=current, total=total).percent == percent


def test_at_its_end_nothing_is_left_of_what_was_to_do() -> None:
    assert whole(Progress(current=3, total=8, text="x")).percent == 100
    assert whole(Progress(current=3)) == Progress(current=3)


@pytest.mark.parametrize(("before", "after", "expected"), [(4, 5, True), (5, 9, False), (9, 10, True)])
def test_steps_of_five_percent(before: int, after: int, expected: bool) -> None:
    assert crosses(Progress(current=before, total=100), Progress(current=after, total=100)) is expected
