from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

from fakes.clock import START
from fakes.jobs import a_job
from fakes.planned import PlannedEngine
from fakes.schedules import HOUR, MINUTE, cron, every
from rota.core.model import Concurrency, JobSpec, Missed, MissedPolicy
from rota.core.run import Reason
from rota.core.seams import Boot, Pause, SkipNext
from rota.core.triggers import (
    BootTrigger,
    CronTrigger,
    DateSpan,
    EveryTrigger,
    Except,
    WeeklyWindow,
)

DAY = timedelta(days=1)
SECOND = timedelta(seconds=1)
JUST_NOW = Boot(id="boot-2", at=START - 5 * SECOND)


def from_end(interval: timedelta, **settings: Any) -> JobSpec:
    return a_job(triggers=(EveryTrigger(interval=interval, from_end=True),), **settings)


def after_boot(*delays: timedelta, **settings: Any) -> JobSpec:
    return a_job(triggers=tuple(BootTrigger(delay=delay) for delay in delays), **settings)


def new_year(zone: str = "UTC") -> CronTrigger:
    span = DateSpan(first=date(2026, 1, 1), last=date(2026, 1, 2))
    label = Except(label="2026-01-01/2026-01-02", spans=(span,))
    return CronTrigger(expression="0 * * * *", timezone=zone, excepts=(label,))


ALWAYS = Except(label="every day", spans=(WeeklyWindow(days=frozenset(range(7)), begin=0, end=1439),))


# --- every … from: end ---


async def test_from_end_begins_an_interval_after_the_load_and_then_after_each_end() -> None:
    async with PlannedEngine(from_end(10 * MINUTE)) as engine:
        assert [due.at for due in engine.entry().next_due] == [START + 10 * MINUTE]
        await engine.passes(10 * MINUTE)
        assert await engine.told("backup") == ["running schedule"]
        assert engine.entry().next_due == ()

        await engine.sleeps(7 * MINUTE)
        run = await engine.ends("backup")
        assert run.ended_at is not None
        assert [due.at for due in engine.entry().next_due] == [run.ended_at + 10 * MINUTE]

        await engine.passes(10 * MINUTE)
        assert await engine.told("backup") == ["completed schedule", "running schedule"]


async def test_from_end_counts_from_a_run_by_hand_as_well() -> None:
    async with PlannedEngine(from_end(10 * MINUTE)) as engine:
        await engine.passes(5 * MINUTE)
        await engine.operations.run_now("backup")
        await engine.passes(10 * MINUTE)
        await engine.ends("backup", code=1)

        assert [due.at for due in engine.entry().next_due] == [START + 25 * MINUTE]


async def test_from_end_goes_on_after_a_skip() -> None:
    async with PlannedEngine(from_end(10 * MINUTE)) as engine:
        engine.entry().pauses = (Pause(since=START),)
        await engine.passes(35 * MINUTE)
        assert await engine.told("backup") == ["skipped paused 3"]

        engine.entry().pauses = ()
        await engine.passes(5 * MINUTE)
        assert await engine.told("backup") == ["skipped paused 3", "running schedule"]


async def test_from_end_is_where_it_was_after_a_restart() -> None:
    async with PlannedEngine(from_end(10 * MINUTE)) as engine:
        await engine.passes(10 * MINUTE)
        await engine.ends("backup")
        (due,) = engine.entry().next_due
        await engine.sleeps(5 * MINUTE)

        await engine.restart()

        assert [each.at for each in engine.entry().next_due] == [due.at]


async def test_from_end_is_not_due_while_a_run_goes_on_that_an_earlier_daemon_started() -> None:
    async with PlannedEngine(from_end(10 * MINUTE, concurrency=Concurrency(max=2))) as engine:
        await engine.passes(10 * MINUTE)
        await engine.ends("backup")
        await engine.passes(10 * MINUTE)
        await engine.sleeps(25 * MINUTE)
        facts, engine.hands.facts = engine.hands.facts, None  # it takes a while until somebody tells of it

        await engine.restart()
        await engine.step()

        assert engine.entry().next_due == ()
        assert await engine.told("backup") == ["completed schedule", "running schedule"]
        engine.hands.facts = facts
        await engine.passes(SECOND)
        await engine.ends("backup")
        assert len(engine.entry().next_due) == 1


async def test_from_end_owes_one_instant_for_a_downtime() -> None:
    async with PlannedEngine(from_end(10 * MINUTE)) as engine:
        await engine.passes(10 * MINUTE)
        await engine.ends("backup")
        await engine.sleeps(5 * HOUR)

        await engine.restart()
        await engine.step()

        assert await engine.told("backup") == ["completed schedule", "running catch_up"]


async def test_from_end_without_catching_up_counts_from_the_restart() -> None:
    async with PlannedEngine(from_end(10 * MINUTE, missed=Missed(run=MissedPolicy.SKIP))) as engine:
        await engine.sleeps(5 * HOUR)
        await engine.restart()
        await engine.step()

        assert await engine.told("backup") == ["skipped missed"]
        assert [due.at for due in engine.entry().next_due] == [START + 5 * HOUR + 10 * MINUTE]


# --- boot ---


async def test_a_boot_that_the_daemon_finds_runs_the_job_once() -> None:
    async with PlannedEngine(after_boot(timedelta(0))) as engine:
        await engine.passes(MINUTE)
        assert await engine.told("backup") == []  # loaded after that boot

        await engine.sleeps(HOUR)
        engine.boot = Boot(id="boot-2", at=engine.clock.now() - 40 * SECOND)
        await engine.restart()
        await engine.step()
        assert await engine.told("backup") == ["running schedule"]
        await engine.ends("backup")

        engine.boot = Boot(id="boot-2", at=engine.boot.at + 3 * SECOND)  # the kernel's answer wobbles
        await engine.restart()
        await engine.passes(HOUR)
        assert await engine.told("backup") == ["completed schedule"]


async def test_each_delay_after_a_boot_runs_once_and_is_shown_before() -> None:
    async with PlannedEngine(after_boot(MINUTE, HOUR), boot=JUST_NOW) as engine:
        assert [due.at for due in engine.entry().next_due] == [JUST_NOW.at + MINUTE, JUST_NOW.at + HOUR]

        await engine.passes(MINUTE)
        await engine.ends("backup")
        await engine.restart()
        await engine.passes(2 * HOUR)
        await engine.ends("backup")
        await engine.restart()
        await engine.passes(2 * HOUR)

        assert await engine.told("backup") == ["completed schedule", "completed schedule"]


async def test_a_clock_that_is_set_after_the_boot_moves_what_is_still_to_come() -> None:
    async with PlannedEngine(after_boot(HOUR), boot=JUST_NOW) as engine:
        await engine.step()
        engine.clock.step_wall(1000 * DAY)
        await engine.step()

        assert [due.at for due in engine.entry().next_due] == [JUST_NOW.at + 1000 * DAY + HOUR]
        await engine.passes(HOUR)
        assert await engine.told("backup") == ["running schedule"]


# --- except ---


async def test_an_excepted_instant_is_skipped_and_not_shown() -> None:
    async with PlannedEngine(a_job(triggers=(new_year(),))) as engine:
        assert engine.entry().next_due[0].at == datetime(2026, 1, 3, tzinfo=UTC)

        await engine.passes(47 * HOUR)
        (skip,) = await engine.rows("backup")
        assert (skip.reason, skip.count) == (Reason.EXCEPT, 47)
        assert skip.message == "its schedule leaves out 1 to 2 January 2026"

        await engine.passes(HOUR)
        assert await engine.told("backup") == ["skipped except 47", "running schedule"]


async def test_the_zone_of_the_trigger_decides_which_day_it_is() -> None:
    async with PlannedEngine(a_job(triggers=(new_year("Asia/Tokyo"),))) as engine:
        assert engine.entry().next_due[0].at == datetime(2026, 1, 2, 15, tzinfo=UTC)


async def test_what_was_missed_inside_an_exception_is_not_caught_up() -> None:
    async with PlannedEngine(a_job(triggers=(new_year(),))) as engine:
        await engine.passes(MINUTE)
        await engine.sleeps(30 * HOUR)
        await engine.restart()
        await engine.step()

        assert await engine.told("backup") == ["skipped except 30"]


async def test_an_exception_of_everything_hangs_nothing() -> None:
    seconds = EveryTrigger(interval=SECOND, excepts=(ALWAYS,))
    minutes = CronTrigger(expression="* * * * *", excepts=(ALWAYS,))
    ends = EveryTrigger(interval=SECOND, from_end=True, excepts=(ALWAYS,))
    async with PlannedEngine(
        *(a_job(job, triggers=(each,)) for job, each in (("a", seconds), ("b", minutes), ("c", ends)))
    ) as engine:
        await engine.passes(2 * MINUTE)

        assert await engine.told("a") == ["skipped except 120"]
        assert await engine.told("b") == ["skipped except 2"]
        assert (await engine.told("c"))[0].startswith("skipped except 1")
        assert [engine.entry(job).next_due for job in "abc"] == [(), (), ()]


async def test_a_calendar_that_changes_keeps_the_place_of_its_jobs() -> None:
    async with PlannedEngine(a_job(triggers=(new_year(),))) as engine:
        await engine.passes(HOUR)
        shorter = Except(label="2026-01-01/2026-01-02", spans=())
        await engine.load(a_job(triggers=(CronTrigger(expression="0 * * * *", excepts=(shorter,)),)))

        assert engine.entry().next_due[0].at == START + 2 * HOUR


# --- spread ---


def spread(length: timedelta, interval: timedelta = HOUR) -> JobSpec:
    return a_job(triggers=(EveryTrigger(interval=interval, spread=length, seed="db1/backup"),))


async def test_a_spread_run_starts_late_and_knows_its_nominal_instant() -> None:
    async with PlannedEngine(spread(30 * MINUTE)) as engine:
        due = engine.entry().next_due[0]
        assert due.at == START  # it has yet to start

        await engine.passes(due.starts_at - START - SECOND)
        assert await engine.told("backup") == []
        await engine.passes(SECOND)

        (run,) = await engine.rows("backup")
        assert (run.due_at, run.scheduled_for, run.planned_at) == (due.at, due.at, due.starts_at)


async def test_a_restart_between_an_instant_and_its_start_loses_nothing_and_repeats_nothing() -> None:
    async with PlannedEngine(spread(30 * MINUTE)) as engine:
        due = engine.entry().next_due[0]
        await engine.passes(HOUR)
        await engine.restart()
        await engine.passes(due.starts_at - engine.clock.now())
        await engine.ends("backup")
        await engine.restart()
        await engine.passes(SECOND)

        assert await engine.told("backup") == ["completed schedule"]


async def test_delays_longer_than_the_interval_leave_each_instant_one_answer() -> None:
    async with PlannedEngine(spread(HOUR, interval=10 * MINUTE)) as engine:
        for _ in range(30):
            await engine.passes(9 * MINUTE)
            await engine.ends("backup")
            await engine.restart()
        rows = await engine.rows("backup")

        answered = [run.due_at for run in rows]
        assert len(set(answered)) == len(answered)
        assert sum(run.count for run in rows) >= 21


# --- skip once ---


async def test_the_next_instant_can_be_skipped_once() -> None:
    async with PlannedEngine(a_job(triggers=(every(HOUR),))) as engine:
        engine.entry().skip_next = SkipNext(at=None, asked_at=START, note="rack move")
        await engine.passes(HOUR)
        await engine.passes(HOUR)

        assert await engine.told("backup") == ["skipped asked", "running schedule"]
        skip, _ = await engine.rows("backup")
        assert skip.message == "skipped once, as asked at 2026-01-01 00:00 UTC: rack move"


async def test_another_trigger_still_runs_where_one_is_excepted() -> None:
    both = a_job(triggers=(new_year(), cron("0 12 * * *")))
    async with PlannedEngine(both) as engine:
        await engine.passes(12 * HOUR)

        assert await engine.told("backup") == ["skipped except 11", "running schedule"]
