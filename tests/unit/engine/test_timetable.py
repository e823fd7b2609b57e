from __future__ import annotations

from datetime import UTC, datetime, timedelta

from rota.engine.timetable import Timed, Timetable

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def a_place(job: str = "backup") -> Timed:
    return Timed(job=job, identity="", answered=NOON)


def test_jobs_come_soonest_first_and_only_when_they_are_due() -> None:
    table = Timetable()
    for job, minutes in (("a", 2), ("b", 1), ("c", 3)):
        table.put(a_place(job), NOON + minutes * MINUTE)

    assert [timed.job for timed in table.pop(NOON + 2 * MINUTE, 10)] == ["b", "a"]
    assert table.next_wake == NOON + 3 * MINUTE


def test_of_two_places_of_a_job_only_the_newer_counts() -> None:
    table = Timetable()
    old, new = a_place(), a_place()
    table.put(old, NOON)
    table.put(new, NOON + MINUTE)

    table.push(old, NOON)

    assert (table.holds(old), table.holds(new), table.next_wake) == (False, True, NOON + MINUTE)


def test_a_job_that_is_never_due_has_a_place_and_one_that_is_gone_has_none() -> None:
    table = Timetable()
    table.put(a_place("never"), None)
    table.put(a_place("gone"), NOON)

    table.drop("gone")

    assert [timed.job for timed in table.places] == ["never"]
    assert table.next_wake is None
