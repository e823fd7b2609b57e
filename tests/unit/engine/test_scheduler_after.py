from __future__ import annotations

from datetime import timedelta
from typing import Any

from fakes.jobs import a_job
from fakes.planned import PlannedEngine
from fakes.schedules import HOUR, MINUTE, cron
from rota.core.model import Concurrency, JobSpec, Missed, MissedPolicy, Retry
from rota.core.run import Reason, RunState, TriggeredBy
from rota.core.seams import Pause
from rota.core.triggers import AfterTrigger, Ending

SECOND = timedelta(seconds=1)
EXPORT = a_job("export", triggers=(cron("0 * * * *"),))
CLEANUP = a_job("cleanup", triggers=(cron("0 * * * *"),))


def report(*jobs: str, **settings: Any) -> JobSpec:
    trigger = {key: settings.pop(key) for key in ("all", "on", "spread") if key in settings}
    return a_job("report", triggers=(AfterTrigger(jobs=jobs or ("export",), **trigger),), **settings)


async def test_a_job_runs_when_the_one_before_it_has_completed() -> None:
    async with PlannedEngine(EXPORT, report()) as engine:
        await engine.passes(HOUR)
        assert await engine.told("report") == []

        await engine.sleeps(5 * MINUTE)
        export = await engine.ends("export")

        (run,) = await engine.rows("report")
        assert (run.state, run.triggered_by) == (RunState.RUNNING, TriggeredBy.AFTER)
        assert run.upstream == (export.id,)
        assert run.due_at == export.ended_at
        assert engine.hands.orders[-1].env["ROTA_TRIGGER"] == "after"


async def test_an_end_of_the_wrong_kind_leaves_a_skip_that_names_it() -> None:
    async with PlannedEngine(EXPORT, report()) as engine:
        await engine.passes(HOUR)
        await engine.ends("export", code=3)

        (skip,) = await engine.rows("report")

        assert (skip.state, skip.reason) == (RunState.SKIPPED, Reason.UPSTREAM)
        assert skip.message == "export.1 failed"


async def test_on_failed_and_always_run_after_a_failure() -> None:
    rescue = a_job("rescue", triggers=(AfterTrigger(jobs=("export",), on=Ending.FAILED),))
    log = a_job("log", triggers=(AfterTrigger(jobs=("export",), on=Ending.ALWAYS),))
    async with PlannedEngine(EXPORT, rescue, log) as engine:
        await engine.passes(HOUR)
        await engine.ends("export", code=3)

        assert await engine.told("rescue") == ["running after"]
        assert await engine.told("log") == ["running after"]


async def test_a_skipped_upstream_leaves_a_skip_all_down_the_chain() -> None:
    mail = a_job("mail", triggers=(AfterTrigger(jobs=("report",)),))
    async with PlannedEngine(EXPORT, report(), mail) as engine:
        engine.entry("export").pauses = (Pause(since=engine.clock.now(), note="disk swap"),)
        await engine.passes(3 * HOUR)

        (skip,) = await engine.rows("report")
        assert skip.reason is Reason.UPSTREAM
        assert skip.count == 3
        assert skip.message == "export was skipped at 2026-01-01 03:00 UTC: paused: disk swap"
        assert await engine.told("mail") == ["skipped upstream 3"]


async def test_all_waits_for_one_end_of_each() -> None:
    async with PlannedEngine(EXPORT, CLEANUP, report("export", "cleanup", all=True)) as engine:
        await engine.passes(HOUR)
        await engine.ends("export")
        assert await engine.told("report") == []

        await engine.ends("cleanup")

        (run,) = await engine.rows("report")
        assert run.upstream == ("export.1", "cleanup.1")


async def test_a_newer_end_takes_the_place_of_an_older_one_in_a_round() -> None:
    async with PlannedEngine(EXPORT, a_job("cleanup"), report("export", "cleanup", all=True)) as engine:
        await engine.passes(HOUR)
        await engine.ends("export", code=1)
        await engine.passes(HOUR)
        await engine.ends("export")
        await engine.operations.run_now("cleanup")
        await engine.ends("cleanup")

        (run,) = await engine.rows("report")
        assert (run.state, run.upstream) == (RunState.RUNNING, ("export.2", "cleanup.1"))


async def test_of_a_round_one_skip_names_everyone_who_did_not() -> None:
    async with PlannedEngine(EXPORT, CLEANUP, report("export", "cleanup", all=True)) as engine:
        await engine.passes(HOUR)
        await engine.ends("export", code=1)
        await engine.ends("cleanup", code=1)

        (skip,) = await engine.rows("report")
        assert skip.message == "export.1 failed; cleanup.1 failed"


async def test_any_of_several_makes_an_instant_each_also_at_the_same_moment() -> None:
    async with PlannedEngine(EXPORT, CLEANUP, report("export", "cleanup")) as engine:
        await engine.passes(HOUR)
        for process in engine.hands.processes:
            process.end()
        await engine.passes(SECOND)

        rows = await engine.rows("report")

        assert len({run.due_at for run in rows}) == 2
        assert await engine.told("report") == ["running after", "skipped overlap"]


async def test_a_retry_counts_once_at_the_end() -> None:
    again = a_job("export", triggers=EXPORT.triggers, retry=Retry(attempts=2, delay=10 * SECOND))
    async with PlannedEngine(again, report()) as engine:
        await engine.passes(HOUR)
        await engine.ends("export", code=1)
        assert await engine.told("report") == []

        await engine.passes(20 * SECOND)
        await engine.ends("export")

        assert await engine.told("report") == ["running after"]


async def test_a_run_by_hand_counts_as_well() -> None:
    async with PlannedEngine(a_job("export"), report()) as engine:
        await engine.operations.run_now("export")
        await engine.ends("export")

        assert await engine.told("report") == ["running after"]


async def test_a_spread_delays_what_comes_after_and_shows_it() -> None:
    async with PlannedEngine(a_job("export"), report(spread=10 * MINUTE)) as engine:
        await engine.operations.run_now("export")
        export = await engine.ends("export")

        (due,) = engine.entry("report").next_due
        assert due.at == export.ended_at
        assert due.starts_at > due.at
        await engine.passes(10 * MINUTE)

        (run,) = await engine.rows("report")
        assert (run.due_at, run.planned_at) == (due.at, due.starts_at)
        assert engine.entry("report").next_due == ()


async def test_an_end_that_was_stored_before_a_crash_starts_its_job_once_after_it() -> None:
    async with PlannedEngine(EXPORT, report()) as engine:
        await engine.passes(HOUR)
        await engine.ends("export")
        await engine.ends("report")
        await engine.sleeps(HOUR)
        await engine.step()
        engine.parts.bus._subscribers.remove(engine.scheduler.hear)  # it dies before it can do anything
        engine.hands.process().end()
        await engine.settle()

        await engine.restart()
        await engine.step()
        assert await engine.told("report") == ["completed after", "running after"]

        await engine.restart()
        await engine.step()
        await engine.ends("report")
        assert await engine.told("report") == ["completed after", "completed after"]
        assert [run.upstream for run in await engine.rows("report")] == [("export.1",), ("export.2",)]


async def test_a_round_goes_on_after_a_restart() -> None:
    async with PlannedEngine(EXPORT, CLEANUP, report("export", "cleanup", all=True)) as engine:
        await engine.passes(HOUR)
        await engine.ends("export")
        await engine.restart()
        await engine.step()

        await engine.ends("cleanup")
        assert await engine.told("report") == ["running after"]

        await engine.ends("report")
        await engine.restart()
        await engine.passes(MINUTE)
        assert await engine.told("report") == ["completed after"]


async def test_an_upstream_that_ended_while_the_daemon_was_away_is_caught_up() -> None:
    async with PlannedEngine(EXPORT, report()) as engine:
        await engine.passes(HOUR)
        await engine.kill()
        engine.hands.process().end()
        await engine.sleeps(20 * MINUTE)

        await engine.restart()
        await engine.step()

        assert await engine.told("report") == ["running catch_up"]
        (run,) = await engine.rows("report")
        assert run.upstream == ("export.1",)


async def test_a_job_that_does_not_catch_up_says_that_it_was_missed() -> None:
    spec = report(missed=Missed(run=MissedPolicy.SKIP))
    async with PlannedEngine(EXPORT, spec) as engine:
        await engine.passes(HOUR)
        await engine.kill()
        engine.hands.process().end()
        await engine.sleeps(20 * MINUTE)

        await engine.restart()
        await engine.step()

        assert await engine.told("report") == ["skipped missed"]


async def test_a_new_after_owes_nothing_for_ends_before_its_load() -> None:
    async with PlannedEngine(EXPORT) as engine:
        await engine.passes(HOUR)
        await engine.ends("export")

        await engine.load(report())
        await engine.passes(MINUTE)
        await engine.restart()
        await engine.passes(MINUTE)

        assert await engine.told("report") == []


async def test_an_end_during_the_start_of_the_daemon_counts_once() -> None:
    async with PlannedEngine(EXPORT, report()) as engine:
        await engine.passes(HOUR)
        await engine.restart()
        engine.hands.process().end()
        await engine.settle()  # the end is stored, and the planner has not looked yet

        await engine.step()
        await engine.step()

        assert await engine.told("report") == ["running after"]


async def test_an_unchanged_after_keeps_its_round_over_a_reload() -> None:
    async with PlannedEngine(EXPORT, CLEANUP, report("export", "cleanup", all=True)) as engine:
        await engine.passes(HOUR)
        await engine.ends("export")
        await engine.load(a_job("another"))
        await engine.ends("cleanup")

        assert await engine.told("report") == ["running after"]


async def test_a_pause_holds_what_comes_after() -> None:
    async with PlannedEngine(EXPORT, report()) as engine:
        await engine.passes(HOUR)
        engine.entry("report").pauses = (Pause(since=engine.clock.now()),)
        await engine.ends("export")

        assert await engine.told("report") == ["skipped paused"]


async def test_a_run_that_was_open_when_its_job_was_renamed_starts_what_comes_after_the_new_name() -> None:
    async with PlannedEngine(EXPORT, report()) as engine:
        await engine.passes(HOUR)
        del engine.specs["export"]

        await engine.load(a_job("dump", renamed_from="export"), report("dump"))
        engine.hands.process().end(0)
        await engine.step()

        (run,) = await engine.rows("report")
        assert (run.state, run.upstream) == (RunState.RUNNING, ("dump.1",))


async def test_an_end_that_becomes_known_after_later_ones_counts() -> None:
    both = report("export", "cleanup")
    hand = a_job("cleanup", concurrency=Concurrency(max=2))
    async with PlannedEngine(EXPORT, hand, both) as engine:
        await engine.passes(HOUR)
        export = await engine.store.latest("export")
        assert export is not None
        for _ in range(2):
            await engine.operations.run_now("cleanup")
            await engine.passes(MINUTE)
            await engine.ends("cleanup", code=1)
        assert await engine.told("report") == ["skipped upstream 2"]

        ended_at = engine.clock.now() - 5 * SECOND
        process = next(each for each in engine.hands.processes if each.order.ref.job == "export")
        process.end(0, at=ended_at)
        await engine.step()

        assert await engine.told("report") == ["skipped upstream 2", "running after"]


async def test_an_end_that_becomes_known_late_is_no_part_of_skips_around_it() -> None:
    hand = a_job("cleanup", concurrency=Concurrency(max=2))
    async with PlannedEngine(EXPORT, hand, report("export", "cleanup")) as engine:
        await engine.passes(HOUR)
        for _ in range(3):
            await engine.operations.run_now("cleanup")
            await engine.passes(MINUTE)
            await engine.ends("cleanup")
        assert await engine.told("report") == ["running after", "skipped overlap 2"]
        await engine.ends("report")

        process = next(each for each in engine.hands.processes if each.order.ref.job == "export")
        process.end(0, at=engine.clock.now() - 5 * SECOND)
        await engine.step()

        assert await engine.told("report") == ["completed after", "skipped overlap 2", "running after"]


async def test_a_late_end_among_skips_that_was_not_answered_any_more_is_recalled() -> None:
    hand = a_job("cleanup", concurrency=Concurrency(max=2))
    async with PlannedEngine(EXPORT, hand, report("export", "cleanup")) as engine:
        await engine.passes(HOUR)
        for _ in range(3):
            await engine.operations.run_now("cleanup")
            await engine.passes(MINUTE)
            await engine.ends("cleanup")
        await engine.ends("report")
        engine.parts.bus._subscribers.remove(engine.scheduler.hear)  # it dies before it can do anything
        process = next(each for each in engine.hands.processes if each.order.ref.job == "export")
        process.end(0, at=engine.clock.now() - 30 * SECOND)
        await engine.sleeps(SECOND)

        await engine.restart()
        await engine.step()
        assert await engine.told("report") == ["completed after", "skipped overlap 2", "running catch_up"]

        await engine.ends("report")
        await engine.restart()
        await engine.step()
        assert await engine.told("report") == ["completed after", "skipped overlap 2", "completed catch_up"]


async def test_of_two_ends_at_the_same_moment_a_crash_between_their_answers_loses_none() -> None:
    async with PlannedEngine(EXPORT, CLEANUP, report("export", "cleanup")) as engine:
        await engine.passes(HOUR)
        await engine.ends("export")
        await engine.ends("report")
        engine.parts.bus._subscribers.remove(engine.scheduler.hear)  # it dies before it can do anything
        (process,) = [each for each in engine.hands.processes if each.ended is None]
        process.end()
        await engine.sleeps(SECOND)

        for _ in range(2):
            await engine.restart()
            await engine.step()

        rows = await engine.rows("report")
        assert [run.upstream for run in rows] == [("export.1",), ("cleanup.1",)]
        assert rows[0].due_at != rows[1].due_at
