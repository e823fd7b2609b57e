"""The guard against a directory that loses many jobs at once."""

from __future__ import annotations

import pytest

from fakes.jobs import a_job
from rota.config.admission import admit, vanishing
from rota.core.model import JobSet


def jobset(count: int, *, title: str = "") -> JobSet:
    return JobSet(jobs={f"job-{n}": a_job(f"job-{n}", title=title) for n in range(count)}, files=count)


@pytest.mark.parametrize(
    ("before", "after", "is_let_through"),
    [
        (10, 5, True),
        (10, 4, False),
        (31, 25, True),
        (30, 24, False),
        (100, 80, False),
        (100, 81, True),
        (5, 0, True),
    ],
)
def test_more_than_five_jobs_and_a_fifth_of_all_do_not_vanish_by_accident(
    before: int, after: int, is_let_through: bool
) -> None:
    old, new = jobset(before), jobset(after)

    admitted = admit(old, new)

    assert len(admitted.jobs) == (after if is_let_through else before)
    assert bool(admitted.problems) is not is_let_through


def test_what_would_vanish_or_change_is_stale_until_it_is_confirmed() -> None:
    old, new = jobset(10), jobset(2, title="new")

    kept = admit(old, new)

    assert kept.jobs == old.jobs
    assert kept.stale == set(old.jobs)
    assert "8 of 10 jobs would vanish" in kept.problems[-1].message
    assert kept.problems[-1].hint == "if that is meant: rota reload --confirm"
    assert admit(old, new, confirm=True) is new
    assert len(vanishing(old, new)) == 8


def test_the_first_set_is_always_let_through() -> None:
    assert admit(None, jobset(0)).jobs == {}


def test_jobs_that_only_got_another_id_do_not_vanish() -> None:
    old = jobset(10)
    new = JobSet(jobs={f"new-{n}": a_job(f"new-{n}", renamed_from=f"job-{n}") for n in range(10)})

    assert vanishing(old, new) == ()
    assert admit(old, new) is new
