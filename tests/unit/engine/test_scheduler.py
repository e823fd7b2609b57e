from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import takewhile
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from structlog.testing import capture_logs

from fakes.clock import FakeClock
from fakes.jobs import a_job
from fakes.schedules import HOUR, MINUTE, a_set, cron, every
from rota.core.board import Board
from rota.core.cron import parse
from rota.core.decisions import Decision, Skip, Start
from rota.core.errors import Unavailable
from rota.core.events import Event, JobChanged
from rota.core.model import JobSpec, Missed, MissedPolicy
from rota.core.run import Reason, TriggeredBy
from rota.core.seams import JobRecord, Pause
from rota.core.triggers import AtTrigger
from rota.engine.scheduler import Scheduler

SECOND = timedelta(seconds=1)


@dataclass
class Stage:
    """A scheduler on a fake clock; what it decides is kept and otherwise forgotten."""

    clock: FakeClock
    records: dict[str, JobRecord] = field(default_factory=dict)
    decisions: list[Decision] = field(default_factory=list)
    batches: list[int] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    broken: BaseException | None = None
    broken_job: str | None = None
    meanwhile: Callable[[], object] = lambda: None
    is_deaf: bool = False

    def __post_init__(self) -> None:
        self.board = Board(started_at=self.clock.now())
        self.scheduler = Scheduler(
            clock=self.clock,
            board=self.board,
            records=self.records,
            carry_out=self._carry_out,
            publish=self._publish,
        )

    def load(self, *specs: JobSpec) -> list[JobRecord]:
        self.board.load(a_set(*specs))
        return self.scheduler.load(a_set(*specs), self.clock.now())

    async def pass_and_step(self, by: timedelta) -> None:
        await self.clock.advance(by)
        await self.scheduler.step()

    @property
    def starts(self) -> list[tuple[str, datetime]]:
        return [(each.job, each.due.at) for each in self.decisions if isinstance(each, Start)]

    @property
    def skips(self) -> list[Skip]:
        return [each for each in self.decisions if isinstance(each, Skip)]

    async def _carry_out(self, decisions: Sequence[Decision]) -> None:
        if self.broken is not None and self.broken_job in {None, *(each.job for each in decisions)}:
            raise self.broken
        self.batches.append(len(decisions))
        self.decisions += decisions
        self.meanwhile()

    def _publish(self, event: Event) -> None:
        if self.is_deaf:
            raise RuntimeError("a listener's fault")
        self.events.append(event)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock(datetime(2026, 6, 1, 12, tzinfo=UTC))


@pytest.fixture
def stage(clock: FakeClock) -> Stage:
    return Stage(clock)


def hourly(job: str = "backup", **changes: Any) -> JobSpec:
    return a_job(job, triggers=(cron("0 * * * *"),), **changes)


async def after_downtime(stage: Stage, length: timedelta, *specs: JobSpec) -> Stage:
    """A scheduler that starts again after its host was away for that long."""
    stage.load(*specs)
    await stage.scheduler.step()
    await stage.clock.advance(length)
    return Stage(stage.clock, records=dict(stage.records))


async def test_a_job_starts_when_it_is_due_and_not_before(stage: Stage, clock: FakeClock) -> None:
    stage.load(hourly())

    await stage.pass_and_step(HOUR - SECOND)
    assert stage.starts == []

    await stage.pass_and_step(SECOND)
    assert stage.starts == [("backup", clock.now())]

    await stage.scheduler.step()
    assert len(stage.starts) == 1


async def test_the_board_holds_the_next_three_and_says_when_they_change(
    stage: Stage, clock: FakeClock
) -> None:
    start = clock.now()
    stage.load(hourly())
    await stage.scheduler.step()
    assert [due.at for due in stage.board.jobs["backup"].next_due] == [start + n * HOUR for n in (1, 2, 3)]
    assert stage.events == [JobChanged(job="backup")]

    await stage.pass_and_step(HOUR)

    assert [due.at for due in stage.board.jobs["backup"].next_due] == [start + n * HOUR for n in (2, 3, 4)]
    assert len(stage.events) == 2


async def test_a_job_that_is_disabled_or_by_hand_has_nothing_to_come(stage: Stage) -> None:
    stage.load(hourly(enabled=False), a_job("manual"))

    await stage.pass_and_step(2 * HOUR)

    assert stage.scheduler.next_wake is None
    assert stage.board.jobs["backup"].next_due == ()
    assert stage.decisions == []


async def test_an_instant_given_by_hand_starts_once(stage: Stage, clock: FakeClock) -> None:
    stage.load(a_job(triggers=(AtTrigger(at=clock.now() + HOUR),)))

    await stage.pass_and_step(HOUR)
    await stage.pass_and_step(HOUR)

    assert len(stage.starts) == 1
    assert stage.board.jobs["backup"].next_due == ()


async def test_a_paused_job_skips_its_instants(stage: Stage, clock: FakeClock) -> None:
    stage.load(hourly())
    await stage.scheduler.step()
    stage.board.jobs["backup"].pauses = (Pause(since=clock.now()),)

    await stage.pass_and_step(HOUR)

    (skip,) = stage.skips
    assert skip.reason is Reason.PAUSED


async def test_equal_schedules_move_on_together_and_hashed_ones_each_on_its_own(stage: Stage) -> None:
    hashed = (cron("H * * * *"),)
    jobs = [hourly("a"), hourly("b"), a_job("c", triggers=hashed), a_job("d", triggers=hashed)]
    stage.load(*jobs)

    for _ in range(120):
        await stage.pass_and_step(MINUTE)

    due = {job: [due.at for due in entry.next_due] for job, entry in stage.board.jobs.items()}
    assert due["a"] == due["b"]
    assert due["c"] != due["d"]
    assert Counter(job for job, _ in stage.starts) == {"a": 2, "b": 2, "c": 2, "d": 2}
    assert {each.job for each in stage.board.jobs["b"].next_due} == {"b"}


# --- reload ----------------------------------------------------------------------------------------------


async def test_an_unchanged_schedule_keeps_its_place_when_the_job_changes(stage: Stage) -> None:
    assert len(stage.load(hourly())) == 1
    await stage.pass_and_step(30 * MINUTE)

    assert stage.load(hourly(title="Backup")) == []

    await stage.pass_and_step(30 * MINUTE)
    assert len(stage.starts) == 1


async def test_a_changed_schedule_owes_nothing_older_than_its_load(stage: Stage, clock: FakeClock) -> None:
    stage.load(hourly())
    await stage.scheduler.step()
    await clock.advance(HOUR + MINUTE)

    (record,) = stage.load(a_job(triggers=(cron("*/30 * * * *"),)))

    assert record.since == clock.now()
    await stage.scheduler.step()
    assert stage.decisions == []
    await stage.pass_and_step(29 * MINUTE)
    assert len(stage.starts) == 1


async def test_a_removed_job_is_never_due_again_and_owes_nothing_when_it_comes_back(stage: Stage) -> None:
    stage.load(hourly())
    await stage.scheduler.step()

    (record,) = stage.load()
    assert record.schedule == ""
    await stage.pass_and_step(3 * HOUR)
    stage.load(hourly())
    await stage.scheduler.step()

    assert stage.decisions == []


async def test_a_job_removed_while_the_daemon_was_down_owes_nothing_either(stage: Stage) -> None:
    again = await after_downtime(stage, HOUR, hourly())

    (record,) = again.load()

    assert (record.job, record.schedule) == ("backup", "")


async def test_an_enabled_job_owes_nothing_of_the_time_it_was_disabled(stage: Stage) -> None:
    again = await after_downtime(stage, 3 * HOUR, hourly(enabled=False))

    again.load(hourly())
    await again.scheduler.step()

    assert again.decisions == []


# --- downtime and jumps ----------------------------------------------------------------------------------


async def test_downtime_is_answered_by_the_missed_policy_at_the_first_step(stage: Stage) -> None:
    latest = hourly("latest", missed=Missed(run=MissedPolicy.LATEST))
    all_ = hourly("all", missed=Missed(run=MissedPolicy.ALL))
    skip = hourly("skip", missed=Missed(run=MissedPolicy.SKIP))
    again = await after_downtime(stage, 3 * HOUR, latest, all_, skip)

    assert again.load(latest, all_, skip) == []
    await again.scheduler.step()

    assert Counter(job for job, _ in again.starts) == {"latest": 1, "all": 3}
    assert {each.job: each.count for each in again.skips} == {"latest": 2, "skip": 3}
    assert all(
        each.triggered_by is TriggeredBy.CATCH_UP for each in again.decisions if isinstance(each, Start)
    )


async def test_a_restart_of_a_second_is_downtime_too(stage: Stage) -> None:
    spec = hourly(missed=Missed(run=MissedPolicy.SKIP))
    again = await after_downtime(stage, HOUR, spec)

    again.load(spec)
    await again.scheduler.step()

    assert [each.reason for each in again.skips] == [Reason.MISSED]


async def test_while_the_start_is_delayed_the_board_shows_what_is_to_come_not_what_is_owed(
    stage: Stage, clock: FakeClock
) -> None:
    again = await after_downtime(stage, 3 * HOUR, hourly())

    again.load(hourly())

    assert again.board.jobs["backup"].next_due[0].at == clock.now() + HOUR


async def test_what_the_ledger_has_answered_is_not_answered_again(stage: Stage, clock: FakeClock) -> None:
    again = await after_downtime(stage, 3 * HOUR, hourly(missed=Missed(run=MissedPolicy.ALL)))
    again.records["backup"] = replace(again.records["backup"], answered_until=clock.now() - HOUR)

    again.load(hourly(missed=Missed(run=MissedPolicy.ALL)))
    await again.scheduler.step()

    assert again.starts == [("backup", clock.now())]


async def test_a_forward_jump_is_logged_counted_and_answered_by_the_missed_policy(
    stage: Stage, clock: FakeClock
) -> None:
    stage.load(hourly(missed=Missed(run=MissedPolicy.SKIP)))
    await stage.pass_and_step(10 * MINUTE)

    clock.step_wall(5 * HOUR)
    with capture_logs() as logs:
        await stage.pass_and_step(SECOND)

    assert [(each["event"], each["seconds"]) for each in logs] == [("clock.jumped", 5 * 3600.0)]
    assert stage.scheduler.jumps == 1
    assert [(each.reason, each.count) for each in stage.skips] == [(Reason.MISSED, 5)]


async def test_a_host_that_slept_has_missed_what_passed(stage: Stage, clock: FakeClock) -> None:
    stage.load(hourly())
    await stage.scheduler.step()

    await stage.pass_and_step(8 * HOUR)

    assert stage.starts == [("backup", clock.now())]
    assert [each.count for each in stage.skips] == [7]
    assert stage.scheduler.jumps == 0


async def test_an_instant_that_comes_due_while_the_daemon_starts_is_not_missed(clock: FakeClock) -> None:
    await clock.advance(HOUR - SECOND)
    starting = Stage(clock)
    starting.load(hourly(missed=Missed(run=MissedPolicy.SKIP)))

    await starting.pass_and_step(2 * SECOND)

    (start,) = starting.decisions
    assert isinstance(start, Start)
    assert start.triggered_by is TriggeredBy.SCHEDULE


async def test_a_few_seconds_late_is_late_and_not_missed(stage: Stage) -> None:
    stage.load(hourly(missed=Missed(run=MissedPolicy.SKIP)))
    await stage.scheduler.step()

    await stage.pass_and_step(HOUR + 9 * SECOND)

    assert len(stage.starts) == 1


async def test_a_small_step_back_repeats_nothing(stage: Stage, clock: FakeClock) -> None:
    stage.load(hourly())
    await stage.scheduler.step()
    await stage.pass_and_step(HOUR)
    await stage.pass_and_step(HOUR)

    clock.step_wall(-50 * SECOND)
    for _ in range(2 * 60 + 1):
        await stage.pass_and_step(MINUTE)

    assert len(stage.starts) == len(set(stage.starts)) == 4
    assert stage.scheduler.jumps == 1


async def test_a_clock_that_was_wrong_by_years_does_not_stop_the_jobs(stage: Stage, clock: FakeClock) -> None:
    stage.load(hourly())
    await stage.scheduler.step()
    clock.step_wall(timedelta(days=3650))
    await stage.pass_and_step(SECOND)
    before = len(stage.starts)

    clock.step_wall(timedelta(days=-3650))
    for _ in range(2 * 60):
        await stage.pass_and_step(MINUTE)

    assert len(stage.starts) == before + 2


# --- many jobs, faults -----------------------------------------------------------------------------------


async def test_many_jobs_due_at_once_come_in_batches_that_begin_small(stage: Stage) -> None:
    stage.load(*(hourly(f"job-{n}") for n in range(600)))
    await stage.scheduler.step()

    await stage.pass_and_step(HOUR)

    assert len(set(stage.starts)) == 600
    assert stage.batches[:4] == [16, 32, 64, 128]
    assert max(stage.batches) == 256


async def test_others_get_a_turn_between_two_batches(stage: Stage, clock: FakeClock) -> None:
    stage.load(*(hourly(f"job-{n}") for n in range(200)))
    await stage.scheduler.step()
    await clock.advance(HOUR)
    seen: list[int] = []

    async def look() -> None:
        while len(stage.starts) < 200:
            seen.append(len(stage.starts))
            await clock.sleep(0)

    await asyncio.gather(look(), stage.scheduler.step())

    assert len(set(seen)) >= 3


async def test_what_cannot_be_recorded_is_answered_when_it_can(stage: Stage, clock: FakeClock) -> None:
    stage.load(hourly())
    await stage.scheduler.step()
    stage.broken = Unavailable("the disk is full")
    with capture_logs() as logs:
        await stage.pass_and_step(HOUR)
    assert [(each["event"], each["error"]) for each in logs] == [("scheduler.held", "the disk is full")]

    stage.broken = None
    await stage.scheduler.step()
    assert stage.starts == []  # not at once

    await stage.pass_and_step(SECOND)
    assert stage.starts == [("backup", clock.now() - SECOND)]


async def test_instants_that_could_not_be_recorded_for_long_were_missed(stage: Stage) -> None:
    stage.load(hourly(missed=Missed(run=MissedPolicy.SKIP)))
    await stage.scheduler.step()
    stage.broken = Unavailable("the disk is full")
    await stage.pass_and_step(HOUR)

    stage.broken = None
    await stage.pass_and_step(20 * SECOND)

    assert [each.reason for each in stage.skips] == [Reason.MISSED]


async def test_a_job_whose_instants_cannot_be_told_does_not_stop_the_others(stage: Stage) -> None:
    with capture_logs() as logs:
        stage.load(replace(hourly("odd"), triggers=(cron("no expression"),)), hourly("good"))
        await stage.pass_and_step(HOUR)

    assert [job for job, _ in stage.starts] == ["good"]
    assert {(each["event"], each["job"]) for each in logs} == {("job.plan_failed", "odd")}


async def test_one_job_at_fault_does_not_stop_the_others(stage: Stage) -> None:
    stage.load(*(hourly(f"job-{n}") for n in range(5)))
    await stage.scheduler.step()
    stage.broken, stage.broken_job = RuntimeError("a fault"), "job-3"
    with capture_logs() as logs:
        await stage.pass_and_step(HOUR)

    assert {job for job, _ in stage.starts} == {"job-0", "job-1", "job-2", "job-4"}
    assert [(each["event"], each["job"]) for each in logs] == [("job.plan_failed", "job-3")]

    stage.broken = None
    await stage.pass_and_step(MINUTE)
    assert "job-3" in {job for job, _ in stage.starts}


async def test_a_reload_while_decisions_are_carried_out_is_not_undone(stage: Stage, clock: FakeClock) -> None:
    stage.load(hourly("a"), hourly("b"))
    await stage.scheduler.step()
    await clock.advance(HOUR)
    stage.meanwhile = lambda: stage.load(a_job("a", triggers=(cron("30 * * * *"),)))

    await stage.scheduler.step()

    assert stage.board.jobs.keys() == {"a"}
    assert stage.scheduler.next_wake == clock.now() + 30 * MINUTE


async def test_a_step_that_is_cancelled_leaves_its_instants_to_the_next(
    stage: Stage, clock: FakeClock
) -> None:
    stage.load(hourly())
    await stage.scheduler.step()
    await clock.advance(HOUR)
    stage.broken = asyncio.CancelledError()
    with pytest.raises(asyncio.CancelledError):
        await stage.scheduler.step()

    stage.broken = None
    await stage.scheduler.step()

    assert stage.starts == [("backup", clock.now())]


async def test_a_listener_at_fault_costs_no_job_its_next_instant(stage: Stage, clock: FakeClock) -> None:
    stage.load(*(a_job(f"job-{n}", triggers=(every(10 * SECOND),)) for n in range(5)))
    loop = asyncio.ensure_future(stage.scheduler.run())
    await clock.advance(1)
    stage.is_deaf = True

    with capture_logs() as logs:
        await clock.advance(35)

    assert Counter(job for job, _ in stage.starts) == {f"job-{n}": 3 for n in range(5)}
    assert {each["event"] for each in logs} == {"scheduler.step_failed"}
    await stopped(loop)


# --- the loop --------------------------------------------------------------------------------------------


async def test_the_loop_wakes_for_each_instant_and_looks_at_the_clock_meanwhile(
    stage: Stage, clock: FakeClock
) -> None:
    stage.load(a_job(triggers=(every(10 * SECOND),)))
    loop = asyncio.ensure_future(stage.scheduler.run())

    await clock.advance(60.5)

    assert [at.second for _, at in stage.starts] == [10, 20, 30, 40, 50, 0]
    assert clock.now() - stage.scheduler.last_tick_at <= SECOND
    assert stage.scheduler.tick_lag <= SECOND
    await stopped(loop)


async def test_a_job_loaded_while_the_loop_sleeps_is_not_late(stage: Stage, clock: FakeClock) -> None:
    loop = asyncio.ensure_future(stage.scheduler.run())
    await clock.advance(0.2)

    stage.load(a_job(triggers=(AtTrigger(at=clock.now() + SECOND / 10),)))
    await clock.advance(0.1)

    assert len(stage.starts) == 1
    await stopped(loop)


async def test_nothing_starts_before_the_startup_delay_and_then_the_missed_are_caught_up(
    stage: Stage, clock: FakeClock
) -> None:
    again = await after_downtime(stage, 3 * HOUR, hourly())
    again.load(hourly())
    loop = asyncio.ensure_future(again.scheduler.run(startup_delay=MINUTE))

    await clock.advance(59)
    assert again.decisions == []
    assert again.scheduler.tick_lag <= SECOND

    await clock.advance(2)
    assert len(again.starts) == 1
    await stopped(loop)


async def test_the_loop_outlives_a_fault(stage: Stage, clock: FakeClock) -> None:
    stage.load(a_job(triggers=(every(10 * SECOND),)))
    loop = asyncio.ensure_future(stage.scheduler.run())
    stage.broken = Unavailable("the disk is full")
    with capture_logs():
        await clock.advance(15)
    stage.broken = None

    await clock.advance(30)

    assert len(stage.starts) >= 3
    await stopped(loop)


async def stopped(loop: asyncio.Future[None]) -> None:
    loop.cancel()
    with suppress(asyncio.CancelledError):
        await loop


# --- long spans ------------------------------------------------------------------------------------------


@pytest.mark.slow  # a whole year, one instant after another
@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe"])
async def test_a_year_of_hourly_runs_answers_every_instant_exactly_once(zone: str) -> None:
    clock = FakeClock(datetime(2026, 1, 1, tzinfo=UTC))
    stage = Stage(clock)
    stage.load(a_job(triggers=(cron("0 * * * *", zone),)))
    end = clock.now() + timedelta(days=365)

    while (wake := stage.scheduler.next_wake) is not None and wake <= end:
        await stage.pass_and_step(wake - clock.now())

    occurrences = parse("0 * * * *").occurrences(datetime(2026, 1, 1, tzinfo=UTC), ZoneInfo(zone))
    expected = [each.at for each in takewhile(lambda each: each.at <= end, occurrences)]
    assert [at for _, at in stage.starts] == expected
    assert len(expected) >= 8758


@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe"])
async def test_a_nightly_job_runs_once_each_night_of_the_year(zone: str) -> None:
    clock = FakeClock(datetime(2026, 1, 1, 20, tzinfo=UTC))
    stage = Stage(clock)
    stage.load(a_job(triggers=(cron("15 2 * * *", zone),)))

    for _ in range(365):
        wake = stage.scheduler.next_wake
        assert wake is not None
        await stage.pass_and_step(wake - clock.now())

    nights = [at.astimezone(ZoneInfo(zone)).date() for _, at in stage.starts]
    assert len(nights) == len(set(nights)) == 365
    assert (nights[-1] - nights[0]).days == 364
