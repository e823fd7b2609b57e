"""Why did it not run at 02:00? Each situation as the real planner leaves it in a ledger."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from fakes.clock import FakeClock
from fakes.engine import FakeEngine
from fakes.jobs import a_job
from fakes.schedules import cron, every
from rota.core.board import Due
from rota.core.decisions import Skip
from rota.core.missed import answer_missed
from rota.core.model import Concurrency, JobSpec, Missed, MissedPolicy, Overlap, Retry
from rota.core.planning import plan
from rota.core.run import Reason, Run, RunState, TriggeredBy
from rota.core.schedule import due_between
from rota.core.seams import SkipNext
from rota.core.triggers import AfterTrigger, AtTrigger, DateSpan, Except
from rota.core.why import Past, Why, span_of, why_at

BEGIN = datetime(2026, 6, 1, 0, 30, tzinfo=UTC)
TWO = datetime(2026, 6, 1, 2, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


class Night(FakeEngine):
    """An engine whose due instants a test answers by the planner, at the time it chooses."""

    async def pass_to(self, at: datetime) -> None:
        await self.clock.advance(at - self.clock.now())

    async def answer(self, job: str = "backup", *, since: datetime | None = None) -> None:
        """Everything that came due since then (default: a minute ago), as if just now."""
        now, entry = self.clock.now(), self.entry(job)
        spec = entry.spec
        due = due_between(job, spec.triggers, since or now - MINUTE, now, entry.situation)
        await self.executor.carry_out(plan(entry, list(due), now))
        await self.settle()

    async def miss(self, since: datetime) -> None:
        """Everything that came due since then, as after a downtime."""
        await self.executor.carry_out(answer_missed(self.entry(), since, self.clock.now()))
        await self.settle()

    async def why(self, at: datetime, *, since: datetime | None = BEGIN, **past: object) -> Why:
        entry = self.entry()
        rows = await self.store.answers("backup", *span_of(entry, at))
        return why_at(entry, replace(Past(rows=rows, since=since), **past), at, self.clock.now())  # type: ignore[arg-type]


@pytest.fixture
async def night() -> AsyncIterator[Night]:
    """A job at 02:00 every day; it is 00:30."""
    async with Night(nightly(), clock=FakeClock(BEGIN)) as engine:
        yield engine


def nightly(**changes: object) -> JobSpec:
    return a_job(**{"triggers": (cron("0 2 * * *"),), **changes})  # type: ignore[arg-type]


async def test_it_ran_and_completed(night: Night) -> None:
    await night.pass_to(TWO)
    await night.answer()
    await night.clock.advance(MINUTE)
    await night.end()

    why = await night.why(TWO)

    assert (why.run, why.at, why.reason) == ("backup.1", TWO, "exit")
    assert why.answer.startswith(
        "It ran as backup.1 for 2026-06-01 02:00 UTC, which completed at 2026-06-01 02:01 UTC"
    )
    assert why.details == ()


async def test_it_ran_and_failed(night: Night) -> None:
    await night.pass_to(TWO)
    await night.answer()
    await night.end(3)

    assert "which failed at 2026-06-01 02:00 UTC: " in (await night.why(TWO)).answer


async def test_it_runs_now(night: Night) -> None:
    await night.pass_to(TWO)
    await night.answer()

    assert (await night.why(TWO)).answer == (
        "backup.1 is for 2026-06-01 02:00 UTC; it runs since 2026-06-01 02:00 UTC."
    )


async def test_it_was_cancelled(night: Night) -> None:
    await night.pass_to(TWO)
    await night.answer()
    await night.operations.cancel("backup.1")
    await night.settle()
    await night.end(143)

    assert "which was cancelled at 2026-06-01 02:00 UTC" in (await night.why(TWO)).answer


async def test_it_tries_again_later() -> None:
    async with Night(nightly(retry=Retry(attempts=3, delay=HOUR)), clock=FakeClock(BEGIN)) as night:
        await night.pass_to(TWO)
        await night.answer()
        await night.end(1)

        assert (await night.why(TWO)).answer == (
            "backup.1 is for 2026-06-01 02:00 UTC; "
            "after attempt 1 of 3 it tries again at 2026-06-01 03:00 UTC."
        )


async def test_the_minute_that_people_name_is_near_enough(night: Night) -> None:
    await night.pass_to(TWO)
    await night.answer()

    assert (await night.why(TWO + timedelta(seconds=40))).run == "backup.1"
    assert (await night.why(TWO + 2 * MINUTE)).run is None


async def test_a_run_was_in_the_way(night: Night) -> None:
    await night.operations.run_now("backup")
    await night.settle()
    await night.pass_to(TWO)
    await night.answer()

    why = await night.why(TWO)

    assert (why.reason, why.run) == ("overlap", "backup.2")
    assert why.answer == (
        "The run at 2026-06-01 02:00 UTC was skipped: backup.1 is still running: attempt 1 of 1, "
        "it has no timeout."
    )


async def test_it_waited_in_the_queue_and_then_ran_late() -> None:
    queues = nightly(concurrency=Concurrency(overlap=Overlap.QUEUE))
    async with Night(queues, clock=FakeClock(BEGIN)) as night:
        await night.operations.run_now("backup")
        await night.settle()
        await night.pass_to(TWO)
        await night.answer()
        assert (await night.why(TWO)).answer == (
            "backup.2 is for 2026-06-01 02:00 UTC; it has not begun: it waits for its turn."
        )

        await night.clock.advance(5 * MINUTE)
        await night.end()
        await night.end()

        assert (await night.why(TWO)).details == (
            "It started 5 minutes after its time: it waited for its turn.",
        )


async def test_the_queue_was_full() -> None:
    queues = nightly(concurrency=Concurrency(overlap=Overlap.QUEUE, queue=1))
    async with Night(queues, clock=FakeClock(BEGIN)) as night:
        await night.operations.run_now("backup")
        await night.operations.run_now("backup")
        await night.pass_to(TWO)
        await night.answer()

        assert (await night.why(TWO)).reason == "queue_full"


async def test_it_waited_longer_than_its_start_deadline() -> None:
    queues = nightly(concurrency=Concurrency(overlap=Overlap.QUEUE), start_deadline=10 * MINUTE)
    async with Night(queues, clock=FakeClock(BEGIN)) as night:
        await night.operations.run_now("backup")
        await night.settle()
        await night.pass_to(TWO)
        await night.answer()
        await night.clock.advance(11 * MINUTE)

        why = await night.why(TWO)

        assert why.reason == "start_deadline"
        assert "start deadline of 10 minutes" in why.answer


async def test_it_was_paused(night: Night) -> None:
    await night.operations.pause("backup", note="disk swap")
    await night.pass_to(TWO)
    await night.answer()
    await night.operations.resume("backup")

    assert (await night.why(TWO)).answer == (
        "The run at 2026-06-01 02:00 UTC was skipped: paused: disk swap."
    )


async def test_it_was_paused_with_all_jobs_until_a_time(night: Night) -> None:
    await night.operations.pause_many("all", until=TWO + HOUR)
    await night.pass_to(TWO)
    await night.answer()

    assert "paused until 2026-06-01 03:00 UTC" in (await night.why(TWO)).answer


async def test_it_was_paused_and_caught_up(night: Night) -> None:
    night.records["backup"] = replace(night.records["backup"], since=BEGIN - DAY)
    await night.operations.pause("backup")
    await night.pass_to(TWO)
    await night.answer()
    await night.clock.advance(HOUR)
    await night.operations.resume("backup", catch_up=True)
    await night.settle()

    why = await night.why(TWO)

    assert (why.run, why.reason) == ("backup.2", None)
    assert why.details == ("It started 1 hour after its time: nothing could run then, and it was caught up.",)


async def test_somebody_asked_to_skip_it(night: Night) -> None:
    night.entry().skip_next = SkipNext(at=TWO, asked_at=BEGIN, note="holiday")
    await night.pass_to(TWO)
    await night.answer()

    why = await night.why(TWO)

    assert why.reason == "asked"
    assert why.answer.endswith("skipped once, as asked at 2026-06-01 00:30 UTC: holiday.")


async def test_its_schedule_excepts_the_day() -> None:
    day = Except(label="2026-06-01", spans=(DateSpan(first=TWO.date(), last=TWO.date()),))
    trigger = replace(cron("0 2 * * *"), excepts=(day,))
    async with Night(a_job(triggers=(trigger,)), clock=FakeClock(BEGIN)) as night:
        assert (await night.why(TWO)).answer == (
            "No: 2026-06-01 02:00 UTC will be skipped: its schedule leaves out 1 June 2026."
        )
        await night.pass_to(TWO)
        await night.answer()

        assert (await night.why(TWO)).answer == (
            "The run at 2026-06-01 02:00 UTC was skipped: its schedule leaves out 1 June 2026."
        )


async def test_nothing_could_run_then_and_the_job_does_not_catch_up() -> None:
    skips = nightly(missed=Missed(run=MissedPolicy.SKIP))
    async with Night(skips, clock=FakeClock(BEGIN)) as night:
        await night.pass_to(TWO + HOUR)
        await night.miss(BEGIN)

        why = await night.why(TWO)

        assert why.reason == "missed"
        assert "this job does not catch up" in why.answer


async def test_nothing_could_run_then_and_it_was_caught_up(night: Night) -> None:
    await night.pass_to(TWO + HOUR)
    await night.miss(BEGIN)

    assert (await night.why(TWO)).details == (
        "It started 1 hour after its time: nothing could run then, and it was caught up.",
    )


async def test_nothing_could_run_for_days_and_a_later_one_runs_instead(night: Night) -> None:
    await night.pass_to(TWO + 3 * DAY + HOUR)
    await night.miss(BEGIN)

    why = await night.why(TWO + DAY)

    assert (why.reason, why.run) == ("missed", "backup.1")
    assert why.details == (
        "backup.1 stands for 3 due instants in a row, 2026-06-01 02:00 UTC to 2026-06-03 02:00 UTC: "
        "missed: nothing could run then; a later one runs instead.",
    )


async def test_its_upstream_did_not_end_so(night: Night) -> None:
    due = Due(job="backup", at=TWO, upstream=("export.4",))
    message = "export.4 failed"
    skip = Skip(job="backup", due=due, reason=Reason.UPSTREAM, message=message)
    await night.executor.carry_out([skip])

    why = await night.why(TWO)

    assert (why.reason, why.details) == ("upstream", ("It came after export.4.",))


async def test_its_condition_was_not_met(night: Night) -> None:
    run = Run(
        job="backup",
        number=0,
        state=RunState.SKIPPED,
        reason=Reason.CONDITION,
        message="its condition was not met: test -e /mnt",
        triggered_by=TriggeredBy.SCHEDULE,
        due_at=TWO,
        created_at=TWO,
        ended_at=TWO,
    )
    await night.store.add([run])
    await night.pass_to(TWO)

    assert (await night.why(TWO)).answer == (
        "The run at 2026-06-01 02:00 UTC was skipped: its condition was not met: test -e /mnt."
    )


async def test_it_was_not_due_then_and_what_is_nearest(night: Night) -> None:
    await night.pass_to(TWO)
    await night.answer()
    await night.pass_to(TWO + 10 * HOUR)

    why = await night.why(TWO + 5 * HOUR)

    assert (why.reason, why.at) == ("not_due", None)
    assert why.answer == "backup was not due at 2026-06-01 07:00 UTC."
    assert why.details == (
        "The nearest due instant before it is 2026-06-01 02:00 UTC: "
        "backup.1 is for 2026-06-01 02:00 UTC; it runs since 2026-06-01 02:00 UTC.",
        "The nearest due instant after it is 2026-06-02 02:00 UTC.",
    )


async def test_its_schedule_was_loaded_later(night: Night) -> None:
    await night.pass_to(TWO + DAY)

    why = await night.why(TWO, since=TWO + HOUR)

    assert why.reason == "not_loaded"
    assert why.answer == (
        "backup was not due at 2026-06-01 02:00 UTC: this schedule was loaded at 2026-06-01 03:00 UTC, "
        "and a new or changed schedule owes nothing older than its load."
    )


async def test_a_row_of_an_earlier_schedule_still_tells(night: Night) -> None:
    await night.pass_to(TWO)
    await night.answer()
    await night.load(nightly(triggers=(cron("0 5 * * *"),)))
    await night.pass_to(TWO + HOUR)

    assert (await night.why(TWO, since=TWO + MINUTE)).run == "backup.1"


async def test_what_is_too_old_to_be_known(night: Night) -> None:
    await night.pass_to(TWO + 100 * DAY)

    why = await night.why(TWO, kept_from=TWO + 10 * DAY)

    assert why.reason == "not_kept"
    assert "may be gone" in why.answer


async def test_it_is_only_just_due(night: Night) -> None:
    await night.pass_to(TWO)

    assert (await night.why(TWO)).answer == ("2026-06-01 02:00 UTC is not answered yet; that takes a moment.")


async def test_the_daemon_is_kept_from_answering(night: Night) -> None:
    await night.pass_to(TWO + HOUR)

    why = await night.why(TWO, trouble="Nothing can be recorded now: the disk is full.")

    assert why.answer == (
        "2026-06-01 02:00 UTC is not answered yet. Nothing can be recorded now: the disk is full."
    )


async def test_what_nobody_answered_is_not_invented(night: Night) -> None:
    await night.pass_to(TWO + DAY)

    assert (await night.why(TWO)).reason == "unknown"


async def test_it_is_to_come(night: Night) -> None:
    why = await night.why(TWO)

    assert (why.question, why.reason) == ("Will backup run at 2026-06-01 02:00 UTC?", "to_come")
    assert why.answer == "backup is due at 2026-06-01 02:00 UTC, which is to come."
    assert (await night.why(TWO + HOUR)).answer == "backup is not due at 2026-06-01 03:00 UTC."


async def test_it_is_disabled() -> None:
    async with Night(nightly(enabled=False), clock=FakeClock(BEGIN)) as night:
        assert (await night.why(BEGIN - HOUR)).reason == "disabled"


async def test_it_runs_by_hand_only() -> None:
    async with Night(a_job(), clock=FakeClock(BEGIN)) as night:
        assert (await night.why(BEGIN - HOUR)).reason == "no_schedule"


async def test_a_clock_change_moved_it() -> None:
    begin = datetime(2026, 3, 29, 0, 30, tzinfo=UTC)
    job = a_job(triggers=(cron("30 2 * * *", "Europe/Berlin"),))
    async with Night(job, clock=FakeClock(begin)) as night:
        moved = datetime(2026, 3, 29, 1, tzinfo=UTC)
        await night.pass_to(moved)
        await night.answer()

        why = await night.why(moved, since=begin - DAY)

        assert why.run == "backup.1"
        assert why.details[0].startswith("Clock change: ")
        assert "2026-03-29 03:00 CEST" in why.answer


async def test_spread_delays_it_and_both_times_find_it() -> None:
    job = a_job(triggers=(replace(cron("0 2 * * *"), spread=30 * MINUTE),))
    async with Night(job, clock=FakeClock(BEGIN)) as night:
        (due,) = due_between("backup", job.triggers, BEGIN, BEGIN + 3 * HOUR)
        await night.pass_to(due.starts_at)
        await night.answer()

        for at in (TWO, due.starts_at):
            why = await night.why(at)
            assert (why.run, why.at) == ("backup.1", TWO)
        assert "`spread` delays it by" in why.details[0]


async def test_one_of_many_instants_in_a_long_row(night: Night) -> None:
    await night.load(nightly(triggers=(every(MINUTE),)))
    await night.operations.pause("backup")
    await night.clock.advance(5 * HOUR)
    await night.answer(since=BEGIN)

    why = await night.why(TWO)

    assert (why.at, why.reason, why.run) == (TWO, "paused", "backup.1")
    assert "300 due instants in a row" in why.details[0]


async def test_an_instant_that_is_given_once() -> None:
    async with Night(a_job(triggers=(AtTrigger(at=TWO),)), clock=FakeClock(BEGIN)) as night:
        await night.pass_to(TWO)
        await night.answer()
        await night.pass_to(TWO + 30 * DAY)

        why = await night.why(TWO + 29 * DAY)

        assert why.reason == "not_due"
        nearest = "The nearest due instant before it is 2026-06-01 02:00 UTC: backup.1"
        assert why.details[0].startswith(nearest)


async def test_a_job_after_another_is_told_by_its_rows_alone() -> None:
    job = a_job(triggers=(AfterTrigger(jobs=("export",)),))
    async with Night(job, clock=FakeClock(BEGIN)) as night:
        await night.executor.carry_out(
            plan(night.entry(), [Due(job="backup", at=BEGIN, upstream=("export.4",))], BEGIN)
        )
        await night.settle()

        why = await night.why(BEGIN)

        assert (why.run, why.details) == ("backup.1", ("It came after export.4.",))
        assert (await night.why(BEGIN - HOUR)).reason == "not_due"
