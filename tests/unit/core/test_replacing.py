"""`overlap: replace`: who makes way for whom follows from the runs that wait and those under way."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from fakes.jobs import a_job
from fakes.schedules import MINUTE, a_scheduled_run, every
from rota.core.board import Due, JobEntry
from rota.core.decisions import Expire, Queue, Release, Replace
from rota.core.model import Concurrency, Overlap
from rota.core.planning import plan, release
from rota.core.run import Reason, Run, RunState, TriggeredBy
from rota.core.seams import Pause

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)


def an_entry(*runs: Run, most: int = 1, pause: Pause | None = None) -> JobEntry:
    limits = Concurrency(max=most, overlap=Overlap.REPLACE, queue=1)
    entry = JobEntry(
        spec=a_job(triggers=(every(MINUTE),), concurrency=limits), pauses=() if pause is None else (pause,)
    )
    entry.open_runs.update({run.number: run for run in runs})
    return entry


def running(number: int, **changes: Any) -> Run:
    return a_scheduled_run(number=number, created_at=NOW - MINUTE, **changes)


def queued(number: int, **changes: Any) -> Run:
    at = NOW - timedelta(seconds=60 - number)
    changes = {"state": RunState.PENDING, "reason": Reason.QUEUED, "created_at": at, **changes}
    return a_scheduled_run(number=number, **changes)


def test_an_instant_that_finds_all_places_taken_waits_however_many_wait_already() -> None:
    dues = [Due(job="backup", at=NOW), Due(job="backup", at=NOW + MINUTE)]

    assert plan(an_entry(running(1)), dues, NOW + MINUTE) == [Queue(job="backup", due=due) for due in dues]


def test_the_oldest_run_makes_way_for_the_one_that_waits() -> None:
    old, young, waits = running(1), running(2), queued(3)

    assert release(an_entry(young, old, waits, most=2), NOW) == [Replace(run=old, by="backup.3")]


def test_a_run_between_two_attempts_makes_way_as_well() -> None:
    old, waits = running(1, state=RunState.RETRYING, next_attempt_at=NOW + MINUTE), queued(2)

    assert release(an_entry(old, waits), NOW) == [Replace(run=old, by="backup.2")]


def test_nobody_else_makes_way_while_one_is_ending() -> None:
    ending = running(1, cancel_requested_at=NOW, replaced_by="backup.3")

    assert release(an_entry(ending, running(2), queued(3), most=2), NOW) == []


def test_what_somebody_cancelled_makes_way_enough() -> None:
    assert release(an_entry(running(1, cancel_requested_at=NOW), queued(2)), NOW) == []


def test_only_the_newest_waits_on_and_the_run_that_ends_learns_who_takes_its_place() -> None:
    ending, waited, newest = (
        running(1, cancel_requested_at=NOW, replaced_by="backup.2"),
        queued(2),
        queued(3),
    )

    assert release(an_entry(ending, waited, newest), NOW) == [
        Expire(run=waited, reason=Reason.OVERLAP, message="a newer run, backup.3, takes its place"),
        Replace(run=ending, by="backup.3"),
    ]


def test_the_one_that_waits_begins_when_the_place_is_free() -> None:
    waits = queued(2)

    assert release(an_entry(waits), NOW) == [Release(run=waits)]


def test_as_many_wait_for_room_as_there_are_places_of_the_job() -> None:
    first, second, third = queued(1), queued(2), queued(3)

    assert release(an_entry(first, second, third, most=2), NOW) == [
        Expire(run=first, reason=Reason.OVERLAP, message="a newer run, backup.3, takes its place"),
        Release(run=second),
        Release(run=third),
    ]


def test_a_run_that_catches_up_waits_and_ends_nobody() -> None:
    late = queued(2, triggered_by=TriggeredBy.CATCH_UP)

    assert release(an_entry(running(1), late), NOW) == []


def test_a_run_that_a_pause_holds_ends_nobody_and_one_by_hand_does() -> None:
    pause = Pause(since=NOW - timedelta(seconds=1))
    by_hand = queued(3, triggered_by=TriggeredBy.MANUAL, created_at=NOW)

    assert release(an_entry(running(1), queued(2), pause=pause), NOW) == []
    assert release(an_entry(running(1), by_hand, pause=pause), NOW) == [
        Replace(run=running(1), by="backup.3")
    ]


def test_when_fewer_may_run_than_do_as_many_make_way() -> None:
    runs = [running(1), running(2), running(3)]

    assert release(an_entry(*runs, queued(4), most=2), NOW) == [
        Replace(run=runs[0], by="backup.4"),
        Replace(run=runs[1], by="backup.4"),
    ]
