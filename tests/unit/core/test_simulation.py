"""The schedule on a virtual clock."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from fakes.jobs import a_job
from rota.core.model import Concurrency, Expect, JobSpec, Overlap
from rota.core.pressure import Side
from rota.core.seams import Pause
from rota.core.simulated import Bar, JobTimeline, Simulated
from rota.core.simulation import simulate
from rota.core.triggers import AfterTrigger, CronTrigger, EveryTrigger, Trigger

BEGIN = datetime(2026, 11, 21, 0, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)


def job(name: str, *triggers: Trigger, takes: timedelta = MINUTE, **settings: Any) -> JobSpec:
    return a_job(name, triggers=triggers, expect=Expect(longest=takes), **settings)


def simulated(*jobs: JobSpec, span: timedelta = HOUR, **settings: Any) -> Simulated:
    pauses = settings.pop("pauses", None)
    side = Side(jobs={spec.id: spec for spec in jobs}, **settings)
    return simulate(side, begin=BEGIN, until=BEGIN + span, pauses=pauses)


def of(found: Simulated, name: str) -> JobTimeline:
    return next(each for each in found.jobs if each.spec.id == name)


def bars(found: Simulated, name: str) -> list[tuple[int, int]]:
    """Minutes since the begin."""
    return [((bar.begin - BEGIN) // MINUTE, (bar.end - BEGIN) // MINUTE) for bar in of(found, name).bars]


def every(minutes: int, **settings: Any) -> EveryTrigger:
    return EveryTrigger(interval=timedelta(minutes=minutes), **settings)


def test_runs_take_their_usual_time() -> None:
    found = simulated(job("a", every(20), takes=5 * MINUTE))

    assert bars(found, "a") == [(20, 25), (40, 45), (60, 65)]
    assert found.runs == 3
    assert found.jobs[0].bars[0] == Bar(begin=BEGIN + 20 * MINUTE, end=BEGIN + 25 * MINUTE)


def test_a_run_that_is_replaced_ends_when_the_next_is_due() -> None:
    limits = Concurrency(overlap=Overlap.REPLACE)

    found = simulated(job("a", every(20), takes=25 * MINUTE, concurrency=limits))

    assert bars(found, "a") == [(20, 40), (40, 60), (60, 85)]
    assert (of(found, "a").replaced, of(found, "a").skipped) == (2, {})


def test_two_at_once_that_are_replaced_by_turns_keep_their_places_in_a_pool() -> None:
    limits = Concurrency(max=2, overlap=Overlap.REPLACE, pool="db")

    found = simulated(job("a", every(10), takes=25 * MINUTE, concurrency=limits), pools={"db": 2})

    assert bars(found, "a") == [(10, 30), (20, 40), (30, 50), (40, 60), (50, 75), (60, 85)]


def test_overlap_skips_are_counted_and_say_what_was_in_the_way() -> None:
    found = of(simulated(job("a", every(10), takes=25 * MINUTE)), "a")

    assert found.runs == 2
    assert found.skipped["overlap"].count == 4
    assert found.skipped["overlap"].first == BEGIN + 20 * MINUTE
    assert found.skipped["overlap"].message == (
        "the run that began 2026-11-21 00:10 UTC is still going on, as it takes 25 minutes"
    )


def test_a_queue_makes_runs_wait_and_the_rest_is_skipped() -> None:
    limits = Concurrency(overlap=Overlap.QUEUE, queue=1)

    found = of(simulated(job("a", every(10), takes=25 * MINUTE, concurrency=limits)), "a")

    assert [(bar.begin - BEGIN) // MINUTE for bar in found.bars] == [10, 35, 60]
    assert (found.waited, found.longest_wait, found.median_wait) == (2, 20 * MINUTE, 17.5 * MINUTE)
    assert found.skipped["queue_full"].count == 2
    assert found.left_waiting == 1


def test_a_chain_runs_one_after_the_other() -> None:
    found = simulated(
        job("a", every(30), takes=5 * MINUTE),
        job("b", AfterTrigger(jobs=("a",)), takes=7 * MINUTE),
        job("c", AfterTrigger(jobs=("a", "b"), all=True)),
    )

    assert bars(found, "b") == [(35, 42)]
    assert bars(found, "c") == [(42, 43)]


def test_what_is_skipped_upstream_is_skipped_downstream() -> None:
    pauses = {"a": Pause(since=BEGIN, until=BEGIN + 40 * MINUTE)}

    found = simulated(job("a", every(30)), job("b", AfterTrigger(jobs=("a",))), pauses=pauses)

    assert of(found, "a").skipped["paused"].count == 1
    assert of(found, "b").skipped["upstream"].count == 1
    assert bars(found, "a") == [(60, 61)]


def test_every_from_end_counts_from_the_end_of_the_run() -> None:
    found = simulated(job("a", every(10, from_end=True), takes=5 * MINUTE))

    assert bars(found, "a") == [(10, 15), (25, 30), (40, 45), (55, 60)]


def test_a_run_of_another_trigger_takes_back_what_was_counted_from_the_end_before() -> None:
    found = simulated(job("a", every(20), every(15, from_end=True)), span=50 * MINUTE)

    assert bars(found, "a") == [(15, 16), (20, 21), (36, 37), (40, 41)]


def test_a_pool_makes_its_jobs_take_turns_and_is_at_its_limit_meanwhile() -> None:
    limits = Concurrency(pool="db", overlap=Overlap.QUEUE)
    jobs = [job(name, every(60), takes=10 * MINUTE, concurrency=limits) for name in "abc"]

    found = simulated(*jobs, span=2 * HOUR - MINUTE, pools={"db": 2})

    assert [bars(found, name) for name in "abc"] == [[(60, 70)], [(60, 70)], [(70, 80)]]
    pool = found.pools["db"]
    assert (pool.size, pool.most, pool.total, pool.times) == (2, 2, 10 * MINUTE, 1)
    assert pool.longest_at == BEGIN + HOUR


def test_a_lock_is_held_by_one_at_a_time() -> None:
    limits = Concurrency(lock="disk")

    found = simulated(*[job(name, every(30), takes=10 * MINUTE, concurrency=limits) for name in "ab"])

    assert bars(found, "a") == [(30, 40), (60, 70)]
    assert bars(found, "b") == [(40, 50)]
    assert of(found, "b").left_waiting == 1


def test_no_more_run_than_the_daemon_lets() -> None:
    found = simulated(*[job(name, every(30)) for name in "abc"], max_running=1)

    assert found.running.most == 1
    assert [bars(found, name)[0] for name in "abc"] == [(30, 31), (31, 32), (32, 33)]


def test_a_run_that_waits_too_long_is_skipped() -> None:
    limits = Concurrency(pool="db")
    jobs = [
        job("a", every(40), takes=15 * MINUTE, concurrency=limits),
        job("b", every(40), concurrency=limits, start_deadline=5 * MINUTE),
    ]

    found = simulated(*jobs)

    assert of(found, "b").skipped["start_deadline"].count == 1
    assert found.never == (of(found, "b"),)


def test_the_fullest_minutes_come_first() -> None:
    found = simulated(job("a", every(20)), job("b", every(30)), job("c", every(30)))

    assert [((each.at - BEGIN) // MINUTE, each.count) for each in found.collisions] == [(60, 3), (30, 2)]
    assert found.collisions[0].jobs == ("a", "b", "c")


def test_jobs_that_never_run_are_named_and_jobs_without_schedule_are_not() -> None:
    found = simulated(
        job("a", CronTrigger(expression="0 12 * * *")), job("b"), job("off", every(1), enabled=False)
    )

    assert [each.spec.id for each in found.never] == ["a"]


def test_many_runs_become_density() -> None:
    found = of(simulated(job("a", every(1), takes=timedelta(seconds=30)), span=24 * HOUR), "a")

    assert (found.runs, found.bars) == (1440, ())
    assert 0.45 < sum(found.density) / len(found.density) * 1 < 0.52


def test_the_same_schedule_gives_the_same_answer() -> None:
    jobs = [job(name, every(7), takes=9 * MINUTE, concurrency=Concurrency(pool="p")) for name in "abcd"]

    assert simulated(*jobs, pools={"p": 2}) == simulated(*reversed(jobs), pools={"p": 2})
