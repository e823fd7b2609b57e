from __future__ import annotations

from datetime import timedelta

from rota.core.model import Retention
from rota.core.retention import Kept, log_limit

DAY = timedelta(days=1)


def test_what_a_job_does_not_say_is_as_for_all_jobs() -> None:
    kept = Kept(rows=30 * DAY, runs=7).over(Retention(logs=2 * DAY, max_logs=5))

    assert kept == Kept(rows=30 * DAY, runs=7, logs=2 * DAY, max_logs=5)


def test_runs_that_stay_in_any_case_are_no_more_than_may_stay() -> None:
    assert Kept(runs=100).over(Retention(max_runs=10)).least == 10
    assert Kept(runs=100).over(Retention(max_runs=1000)).least == 100


def test_logs_may_take_the_smaller_of_a_size_and_a_share_of_their_disk() -> None:
    assert log_limit(1000, size=400, share=0.1) == 100
    assert log_limit(10_000, size=400, share=0.1) == 400
