from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from fakes.jobs import a_job
from fakes.schedules import a_scheduled_run
from rota.core.model import Concurrency
from rota.core.room import Claim, Room, claim_of
from rota.core.run import RunState

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)


def a_claim(job: str, since: int = 0, number: int = 1, **takes: Any) -> Claim:
    return Claim(job=job, number=number, since=since, **takes)


def in_db(job: str, since: int = 0, **takes: Any) -> Claim:
    return a_claim(job, since, pool="db", **takes)


def runs(claims: list[Claim]) -> list[str]:
    return [claim.run for claim in claims]


def test_a_run_without_pool_and_lock_has_room_while_fewer_than_max_running_go_on() -> None:
    room = Room(max_running=2)

    admitted = [room.admit(a_claim(job)) for job in "abc"]

    assert admitted == [True, True, False]
    assert room.obstacle(a_claim("c")) == "waits for a free place: 2 of 2 runs go on (max_running)"


def test_a_full_pool_says_who_has_its_places() -> None:
    room = Room({"db": 4})
    room.hold(in_db("a", number=12, weight=3))
    room.hold(in_db("b", number=3))

    room.wait(in_db("c"))

    assert room.grant() == []
    assert room.blocked_by("c.1") == "waits for the pool db: 4 of 4 places taken by a.12, b.3"
    assert room.blocked_by("a.12") == ""


def test_a_heavy_run_says_how_many_places_it_needs() -> None:
    room = Room({"db": 4})
    room.hold(in_db("a", weight=2))

    assert room.obstacle(in_db("c", weight=3)) == (
        "waits for 3 places of the pool db: 2 of 4 places taken by a.1"
    )


def test_only_three_runs_are_named() -> None:
    room = Room({"db": 5})
    for job in "abcde":
        room.hold(in_db(job))

    assert room.obstacle(in_db("f")).endswith("taken by a.1, b.1, c.1 and 2 more")


def test_places_go_to_the_highest_priority_and_then_to_who_came_first() -> None:
    room = Room({"db": 1})
    room.hold(in_db("a"))
    for claim in (in_db("late", 3), in_db("early", 1), in_db("important", 5, priority=2)):
        room.wait(claim)

    order: list[str] = []
    for _ in range(3):
        room.leave((order or ["a.1"])[-1])
        order += runs(room.grant())

    assert order == ["important.1", "early.1", "late.1"]


def test_light_runs_do_not_pass_a_heavy_one_that_waits_for_the_same_pool() -> None:
    room = Room({"db": 4})
    room.hold(in_db("a", weight=2))
    room.wait(in_db("heavy", 1, weight=4))
    room.wait(in_db("light", 2))

    assert room.grant() == []
    assert not room.admit(in_db("newest", 3))
    assert room.blocked_by("light.1") == "waits for the pool db: heavy.1 is before it in line"
    room.leave("a.1")
    assert runs(room.grant()) == ["heavy.1"]


def test_a_higher_priority_passes_a_heavy_run_that_waits() -> None:
    room = Room({"db": 4})
    room.hold(in_db("a", weight=2))
    room.wait(in_db("heavy", 1, weight=4))

    assert room.admit(in_db("important", 2, priority=1))


def test_who_waits_for_one_pool_holds_nobody_of_another() -> None:
    room = Room({"db": 1, "web": 1})
    room.hold(in_db("a"))
    room.wait(in_db("b", 1))
    room.wait(a_claim("c", 2, pool="web"))
    room.wait(a_claim("d", 3))

    assert runs(room.grant()) == ["c.1", "d.1"]


def test_of_the_jobs_that_share_a_lock_one_runs_at_a_time() -> None:
    room = Room()
    room.hold(a_claim("a", lock="db1"))
    room.wait(a_claim("b", 1, lock="db1"))
    room.wait(a_claim("c", 2, lock="db1"))
    room.wait(a_claim("d", 3, lock="db2"))

    assert runs(room.grant()) == ["d.1"]
    assert room.blocked_by("b.1") == "waits for the lock db1: a.1 holds it"
    room.leave("a.1")
    assert runs(room.grant()) == ["b.1"]


def test_who_waits_for_a_lock_keeps_no_place_of_its_pool_free() -> None:
    room = Room({"db": 2})
    room.hold(in_db("a", lock="x"))
    room.wait(in_db("b", 1, lock="x"))
    room.wait(in_db("c", 2))

    assert runs(room.grant()) == ["c.1"]


def test_a_run_that_is_heavier_than_its_pool_runs_alone_in_it() -> None:
    room = Room({"db": 2})

    assert room.admit(in_db("a", weight=5))
    assert not room.admit(in_db("b"))


def test_a_pool_that_nobody_has_named_has_one_place() -> None:
    room = Room()

    assert room.admit(in_db("a"))
    assert not room.admit(in_db("b"))


def test_who_leaves_the_line_lets_others_pass() -> None:
    room = Room({"db": 2})
    room.hold(in_db("a"))
    room.wait(in_db("heavy", 1, weight=2))
    room.wait(in_db("light", 2))

    room.leave("heavy.1")

    assert runs(room.grant()) == ["light.1"]


def test_who_waits_twice_stands_once_in_line_and_by_its_newest_claim() -> None:
    room = Room({"db": 1})
    room.hold(in_db("a"))
    room.wait(in_db("b", 1))
    room.wait(a_claim("b", 1))

    assert room.waiting == 1
    assert runs(room.grant()) == ["b.1"]


def test_nobody_of_a_held_job_gets_a_place_nor_who_stands_behind_it() -> None:
    room = Room()
    room.wait(a_claim("a", 1))
    room.wait(a_claim("b", 2))
    room.wait(in_db("c", 3))

    assert runs(room.grant(held={"a"})) == ["c.1"]
    assert runs(room.grant()) == ["a.1", "b.1"]


def test_pools_tell_who_is_in_them_and_who_waits_in_order() -> None:
    room = Room({"db": 1, "web": 3})
    room.hold(in_db("a"))
    room.wait(in_db("late", 2))
    room.wait(in_db("early", 1))

    db, web = room.pool_uses()

    assert (db.name, db.size, db.taken, db.runs) == ("db", 1, 1, ("a.1",))
    assert db.waiting == ("early.1", "late.1")
    assert (web.name, web.size, web.taken, web.runs, web.waiting) == ("web", 3, 0, (), ())


def test_a_run_claims_what_its_job_says_and_one_that_tries_again_waits_since_its_time_came() -> None:
    spec = a_job(concurrency=Concurrency(pool="db", weight=2, priority=3, lock="x"))
    run = a_scheduled_run(4, created_at=NOW, state=RunState.PENDING)
    again = replace(run, state=RunState.RETRYING, next_attempt_at=NOW + timedelta(seconds=5))

    claim = claim_of(run, spec)

    assert (claim.run, claim.pool, claim.weight, claim.lock) == ("backup.4", "db", 2, "x")
    assert claim_of(again, spec).since - claim.since == 5000


def test_who_takes_none_of_the_places_of_max_running_does_not_stand_behind_who_waits_for_one() -> None:
    room = Room(max_running=1)
    room.hold(a_claim("a"))
    room.wait(a_claim("child", 1, parent=1))
    room.wait(a_claim("batch", 2, counts=False))

    assert runs(room.grant()) == ["batch.1"]
