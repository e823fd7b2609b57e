"""Jumps of the wall clock, over the real planner, the real engine and the ledger: what each instant leads to.

Each story begins on 2026-01-01 at 00:00 with a job that is due every hour; runs end at once. What the ledger
holds is told as text: an instant, what became of it, and how many instants the row stands for.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from fakes.clock import START
from fakes.clocked import Host, a_host
from fakes.jobs import a_job
from fakes.schedules import HOUR, MINUTE, cron, every
from rota.core.model import JobSpec, Missed, MissedPolicy
from rota.core.run import RunState
from rota.core.schedule import due_between
from rota.core.triggers import AtTrigger, Trigger

SECOND, DAY = timedelta(seconds=1), timedelta(days=1)


def hourly(policy: MissedPolicy, within: timedelta = 24 * HOUR) -> JobSpec:
    return a_job(triggers=(cron("0 * * * *"),), missed=Missed(run=policy, within=within))


SKIP, LATEST, ALL = MissedPolicy

# What happens, as (what, how long) after two hours of work; then two more hours of work follow, or as many as
# it takes until the clock shows what it had shown already.
JUMPS = {
    "forward 30 s": [("jumps", 30 * SECOND), ("works", 2 * HOUR)],
    "forward 3 h": [("jumps", 3 * HOUR), ("works", 2 * HOUR)],
    "forward 2 d": [("jumps", 2 * DAY), ("works", 2 * HOUR)],
    "back 30 s": [("jumps", -30 * SECOND), ("works", 2 * HOUR)],
    "back 90 min": [("jumps", -90 * MINUTE), ("works", 4 * HOUR)],
    "back 2 d": [("jumps", -2 * DAY), ("works", 2 * HOUR)],
    "suspended for 3 h": [("sleeps", 3 * HOUR), ("works", 2 * HOUR)],
    "ahead by 3 h, then set right": [
        ("jumps", 3 * HOUR),
        ("works", 10 * MINUTE),
        ("jumps", -3 * HOUR),
        ("works", 5 * HOUR),
    ],
    "ahead by 30 h, then set right": [
        ("jumps", 30 * HOUR),
        ("works", 10 * MINUTE),
        ("jumps", -30 * HOUR),
        ("works", 3 * HOUR),
    ],
    "slewed by half a second again and again": [
        *[("jumps", SECOND / 2), ("works", 10 * MINUTE), ("jumps", -SECOND / 2), ("works", 10 * MINUTE)] * 6,
    ],
}


def caught_up(first: int, last: int) -> list[str]:
    """Each hour of that span, counted from the beginning of the story."""
    days = [divmod(hour, 24) for hour in range(first, last + 1)]
    return [f"{f'{day:+}d ' if day else ''}{hour:02}:00 caught up" for day, hour in days]


RUNS = ["01:00 run", "02:00 run"]
ON_TIME = [*RUNS, "03:00 run", "04:00 run"]

# By policy: skip, latest, all (of the last 24 hours).
ANSWERS: dict[str, tuple[list[str], list[str], list[str]]] = {
    "forward 30 s": (ON_TIME, ON_TIME, ON_TIME),
    "forward 3 h": (
        [*RUNS, "03:00-05:00 missed 3", "06:00 run", "07:00 run"],
        [*RUNS, "03:00-04:00 missed 2", "05:00 caught up", "06:00 run", "07:00 run"],
        [*RUNS, *caught_up(3, 5), "06:00 run", "07:00 run"],
    ),
    "forward 2 d": (
        [*RUNS, "03:00-+2d 02:00 missed 48", "+2d 03:00 run", "+2d 04:00 run"],
        [*RUNS, "03:00-+2d 01:00 missed 47", "+2d 02:00 caught up", "+2d 03:00 run", "+2d 04:00 run"],
        [*RUNS, "03:00-+1d 02:00 missed 24", *caught_up(27, 50), "+2d 03:00 run", "+2d 04:00 run"],
    ),
    "back 30 s": (ON_TIME, ON_TIME, ON_TIME),
    "back 90 min": (ON_TIME, ON_TIME, ON_TIME),
    "back 2 d": (["-2d 03:00 run", "-2d 04:00 run", *RUNS],) * 3,
    "suspended for 3 h": (
        [*RUNS, "03:00-05:00 missed 3", "06:00 run", "07:00 run"],
        [*RUNS, "03:00-04:00 missed 2", "05:00 caught up", "06:00 run", "07:00 run"],
        [*RUNS, *caught_up(3, 5), "06:00 run", "07:00 run"],
    ),
    # What the clock missed while it was ahead runs at its time; what it started is not started again.
    "ahead by 3 h, then set right": (
        [*RUNS, "03:00 run", "04:00 run", "05:00 run", "06:00 run", "07:00 run"],
        [*RUNS, "03:00 run", "04:00 run", "05:00 caught up", "06:00 run", "07:00 run"],
        [*RUNS, *caught_up(3, 5), "06:00 run", "07:00 run"],
    ),
    "ahead by 30 h, then set right": (
        [*ON_TIME, "05:00 run"],
        [*ON_TIME, "05:00 run", "+1d 08:00 caught up"],
        [*ON_TIME, "05:00 run", *caught_up(9, 32)],
    ),
    "slewed by half a second again and again": (ON_TIME, ON_TIME, ON_TIME),
}


async def plays(host: Host, jump: str) -> None:
    await host.works(2 * HOUR + 20 * MINUTE)
    for what, length in JUMPS[jump]:
        await getattr(host, what)(length)


@pytest.mark.parametrize("jump", JUMPS)
@pytest.mark.parametrize("policy", MissedPolicy)
async def test_each_jump_leads_to_exactly_these_answers(jump: str, policy: MissedPolicy) -> None:
    async with a_host(hourly(policy)) as host:
        await plays(host, jump)

        assert await host.answers() == ANSWERS[jump][list(MissedPolicy).index(policy)]


KINDS: dict[str, Trigger] = {
    "fixed times": cron("15 1,2,3,4,5,7 * * *", "Europe/Berlin"),
    "elapsed time": cron("*/40 * * * *", "America/New_York"),
    "every": every(45 * MINUTE),
    "every, a day long": every(DAY, "Asia/Tokyo"),
    "once": AtTrigger(at=START + 4 * HOUR),
}


@pytest.mark.parametrize("jump", JUMPS)
@pytest.mark.parametrize("kind", KINDS)
async def test_with_any_schedule_no_instant_starts_twice_and_none_is_without_a_trace(
    jump: str, kind: str
) -> None:
    for policy in MissedPolicy:
        async with a_host(a_job(triggers=(KINDS[kind],), missed=Missed(run=policy))) as host:
            await plays(host, jump)

            await assert_accounted(host, KINDS[kind])


async def assert_accounted(host: Host, trigger: Trigger) -> None:
    """Every instant between the first and the present has its row, and at most one that is a run."""
    rows = await host.rows()
    begun = [row.due_at for row in rows if row.state is not RunState.SKIPPED]
    assert len(begun) == len(set(begun))
    first = min([START, *(row.due_at for row in rows if row.due_at is not None)])
    for due in due_between("backup", (trigger,), first, host.now):
        answers = [
            row for row in rows if row.due_at and row.due_at <= due.at <= (row.last_due_at or row.due_at)
        ]
        assert answers, due


async def test_a_clock_that_is_an_hour_ahead_when_the_daemon_starts_loses_nothing_when_it_is_set_right() -> (
    None
):
    """As when the hardware clock keeps local time, until the network's time is known."""
    async with a_host(hourly(SKIP)) as host:
        await host.works(2 * HOUR + 20 * MINUTE)
        await host.jumps(HOUR)
        await host.restarts()
        await host.works(10 * MINUTE)
        await host.jumps(-HOUR)
        await host.works(2 * HOUR)

        assert await host.answers() == ON_TIME


async def test_a_clock_that_was_ahead_and_is_right_when_the_daemon_starts_again_loses_nothing() -> None:
    async with a_host(hourly(SKIP)) as host:
        await host.works(2 * HOUR + 20 * MINUTE)
        await host.jumps(5 * HOUR)
        await host.works(10 * MINUTE)
        await host.jumps(-5 * HOUR)
        await host.restarts()
        await host.works(2 * HOUR)

        assert await host.answers() == ON_TIME


async def test_what_a_clock_that_was_ahead_missed_is_answered_again_also_by_the_next_daemon() -> None:
    async with a_host(hourly(SKIP)) as host:
        await host.works(HOUR)
        await host.sleeps(5 * HOUR)
        await host.works(SECOND)
        await host.jumps(-HOUR - 2 * SECOND)
        await host.works(SECOND)
        await host.sleeps(HOUR)
        await host.restarts()
        await host.step()

        answers = await host.answers()
        assert answers[0] == "01:00 run"
        assert answers[-2:] == ["05:00 run", "06:00 missed"]  # it came while the machine slept


EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize("policy", MissedPolicy)
async def test_a_daemon_that_starts_in_1970_owes_nothing_twice_and_catches_up_as_for_a_day(
    policy: MissedPolicy,
) -> None:
    """The battery of the hardware clock is empty; after two hours the clock is set right by 56 years."""
    async with a_host(hourly(policy, within=3 * HOUR), EPOCH) as host:
        await host.works(2 * HOUR + 20 * MINUTE)
        await host.jumps(START - EPOCH)
        await host.works(HOUR)

        rows = await host.rows()
        ran = [row.due_at for row in rows if row.state is RunState.COMPLETED and row.due_at is not None]
        runs = [at - START for at in ran if at > EPOCH + DAY]
        skips = [row for row in rows if row.state is RunState.SKIPPED]
    caught_up = {SKIP: [], LATEST: [2 * HOUR], ALL: [0 * HOUR, HOUR, 2 * HOUR]}[policy]
    assert runs == [*caught_up, 3 * HOUR]
    # One row, of no more than the last year, and what ran in 1970 stays in the ledger as it was.
    assert [(row.reason, row.count) for row in skips] == [("missed", 366 * 24 - len(caught_up))]
    assert [row.due_at for row in rows[:2]] == [EPOCH + HOUR, EPOCH + 2 * HOUR]


async def test_a_daemon_that_restarts_in_1970_goes_on_at_once_and_again_when_the_clock_is_right() -> None:
    async with a_host(hourly(LATEST)) as host:
        await host.works(2 * HOUR + 20 * MINUTE)
        await host.jumps(EPOCH - START)
        await host.restarts()
        await host.works(2 * HOUR)
        await host.jumps(START - EPOCH)
        await host.works(HOUR)

        rows = await host.rows()
        answers = [text for text in await host.answers() if not text.startswith("-")]
    assert len([row for row in rows if row.due_at is not None and row.due_at < EPOCH + DAY]) == 2
    assert answers == [*RUNS, "03:00 missed", "04:00 caught up", "05:00 run"]


@pytest.mark.parametrize(
    "now", [datetime(2038, 1, 19, 2, 10, tzinfo=UTC), datetime(9989, 12, 31, 20, 10, tzinfo=UTC)]
)
async def test_at_the_end_of_32_bits_and_near_the_end_of_the_calendar_jobs_go_on(now: datetime) -> None:
    async with a_host(hourly(LATEST), now) as host:
        await host.works(3 * HOUR)

        due = [row.due_at for row in await host.rows()]
    first = now + 50 * MINUTE
    assert due == [first + n * HOUR for n in range(3)]


async def test_behind_the_last_year_of_the_calendar_nothing_is_due_and_nothing_breaks() -> None:
    for trigger in KINDS.values():
        async with a_host(a_job(triggers=(trigger,)), datetime(9990, 1, 2, tzinfo=UTC)) as host:
            await host.works(3 * HOUR)

            assert await host.rows() == []
