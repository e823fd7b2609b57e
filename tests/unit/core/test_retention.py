from __future__ import annotations

from datetime import timedelta

from rota.core.model import Retention
from rota.core.retention import Kept, in_words, log_limit

DAY = timedelta(days=1)


def test_what_a_job_does_not_say_is_as_for_all_jobs() -> None:
    kept = Kept(rows=30 * DAY, runs=7).over(Retention(logs=2 * DAY, max_logs=5))

    assert kept == Kept(rows=30 * DAY, runs=7, logs=2 * DAY, max_logs=5)


def test_runs_that_stay_in_any_case_are_no_more_than_may_stay() -> None:
    assert Kept(runs=100).over(Retention(max_runs=10)).least == 10
    assert Kept(runs=100).over(Retention(max_runs=1000)).least == 100


def test_what_a_job_says_is_told_in_words() -> None:
    own = Retention(rows=365 * DAY, logs=DAY, runs=1, max_runs=5000, max_logs=20)

    assert in_words(own) == (
        "runs 365 days, logs 1 day, the newest 1 run in any case, no more than 5000 runs,"
        " logs of no more than 20 runs"
    )
    assert in_words(Retention()) == ""


def test_logs_may_take_the_smaller_of_a_size_and_a_share_of_their_disk() -> None:
    assert log_limit(1000, size=400, share=0.1) == 100
    assert log_limit(10_000, size=400, share=0.1) == 400
