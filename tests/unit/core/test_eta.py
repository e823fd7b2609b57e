from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from fakes.views import an_ended_run
from rota.core.eta import Eta, EtaKind, completed_durations, estimate, step_lengths
from rota.core.run import Run, RunState, Step, StepState
from rota.core.seams import RunBar

START = datetime(2026, 1, 1, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def eta(*minutes: float, after: float = 0, fraction: float | None = None) -> Eta:
    usual = [each * MINUTE for each in minutes]
    return estimate(usual, started_at=START, now=START + after * MINUTE, fraction=fraction)


def test_under_three_samples_it_is_still_estimating() -> None:
    assert eta(5, 5, fraction=0.9) == Eta(kind=EtaKind.ESTIMATING)


def test_without_progress_it_ends_after_the_median_of_the_last_runs() -> None:
    assert eta(1, 9, 10, 30) == Eta(kind=EtaKind.ENDS_AT, ends_at=START + 9.5 * MINUTE)


def test_only_the_last_ten_runs_count() -> None:
    assert eta(*[60] * 20, *[1] * 10).ends_at == START + MINUTE


def test_past_the_estimate_it_is_almost_done() -> None:
    assert eta(5, 5, 5, after=5) == Eta(kind=EtaKind.ALMOST_DONE)
    assert eta(5, 5, 5, after=1, fraction=1.0).kind is EtaKind.ALMOST_DONE


@pytest.mark.parametrize(("after", "fraction"), [(2.5, 0.25), (5, 0.5), (9, 0.9)])
def test_on_a_usual_day_progress_changes_nothing(after: float, fraction: float) -> None:
    ends_at = eta(10, 10, 10, after=after, fraction=fraction).ends_at

    assert ends_at is not None
    assert abs(ends_at - (START + 10 * MINUTE)) < timedelta(seconds=1)


def test_a_slow_day_moves_the_end_the_further_the_run_is() -> None:
    halfway = eta(10, 10, 10, after=10, fraction=0.5)

    assert halfway.remaining(START + 10 * MINUTE) == 7.5 * MINUTE
    assert halfway.remaining(START + 60 * MINUTE) == timedelta()


def test_a_clock_set_back_does_not_lengthen_the_estimate() -> None:
    assert eta(5, 5, 5, after=-60).ends_at == START - 60 * MINUTE + 5 * MINUTE


def test_only_completed_runs_are_samples() -> None:
    def bar(state: RunState, duration: int | None) -> RunBar:
        return RunBar(number=1, state=state, at=START, duration_ms=duration)

    bars = [bar(RunState.COMPLETED, 60_000), bar(RunState.FAILED, 1), bar(RunState.COMPLETED, None)]

    assert completed_durations(bars) == (MINUTE,)


def in_steps(*minutes: float | None) -> Run:
    """A run whose steps `a`, `b`, … took so long; None: that one did not complete."""
    steps = tuple(
        Step(key=key, state=StepState.PENDING)
        if length is None
        else Step(
            key=key, state=StepState.COMPLETED, started_at=START, ended_at=START + timedelta(minutes=length)
        )
        for key, length in zip("abc", minutes, strict=False)
    )
    return an_ended_run(steps=steps)


def test_a_step_usually_takes_the_median_of_its_own_completed_ones() -> None:
    usual = step_lengths([in_steps(1, 5), in_steps(2, None), in_steps(9, 7)])

    assert usual == {"a": timedelta(minutes=2)}  # of the other one too little is known
