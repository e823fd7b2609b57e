"""What people hold back: jobs, tags, all of them, and single instants."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from fakes.engine import FakeEngine
from fakes.jobs import a_job
from rota.core.board import Due, JobState
from rota.core.decisions import Queue, Skip
from rota.core.errors import Conflict, InvalidRequest, Unavailable
from rota.core.events import JobChanged
from rota.core.model import Concurrency, Missed, MissedPolicy, Overlap
from rota.core.planning import plan
from rota.core.run import Reason, RunState, TriggeredBy
from rota.core.seams import Pause, SkipNext
from rota.core.triggers import EveryTrigger

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)


def nightly(job: str = "backup", **changes: Any) -> Any:
    return a_job(job, tags=("nightly",), triggers=(EveryTrigger(interval=MINUTE),), **changes)


async def reason_of(call: Any) -> str:
    with pytest.raises(Conflict) as caught:
        await call
    return caught.value.reason


async def test_a_pause_of_a_tag_holds_its_jobs_also_those_that_come_later_and_survives_a_restart() -> None:
    async with FakeEngine(nightly(), a_job("other")) as engine:
        assert await engine.operations.pause_many("tag:nightly", note="disks") is None
        assert JobChanged(job="backup") in engine.events

        await engine.load(nightly("report"))
        await engine.restart()

        states = {job: entry.state for job, entry in engine.board.jobs.items()}
        assert states == {
            "backup": JobState.PAUSED,
            "other": JobState.UNKNOWN,
            "report": JobState.PAUSED,
        }
        assert [pause.scope for pause in engine.operations.pauses] == ["tag:nightly"]


async def test_a_job_leaves_the_pause_with_the_tag() -> None:
    async with FakeEngine(nightly()) as engine:
        await engine.operations.pause_many("tag:nightly")

        await engine.load(replace(nightly(), tags=()))

        assert engine.entry().pause is None


async def test_of_several_pauses_the_one_that_ends_last_is_shown_and_each_ends_by_itself() -> None:
    async with FakeEngine(nightly()) as engine:
        now = engine.clock.now()
        await engine.operations.pause("backup", until=now + HOUR)
        await engine.operations.pause_many("tag:nightly", until=now + 3 * HOUR)
        await engine.operations.pause_many("all", until=now + 2 * HOUR)
        assert [pause.scope for pause in engine.entry().pauses] == ["job", "all", "tag:nightly"]

        shown = []
        for _ in range(3):
            pause = engine.entry().pause
            shown.append(pause and pause.scope)
            await engine.clock.advance(HOUR)

        assert shown == ["tag:nightly", "tag:nightly", "tag:nightly"]
        assert engine.entry().pause is None


async def test_a_second_pause_replaces_the_first_and_says_so() -> None:
    async with FakeEngine(nightly()) as engine:
        now = engine.clock.now()
        await engine.operations.pause("backup", until=now + HOUR, note="one")

        replaced = await engine.operations.pause("backup", note="two")

        assert replaced == Pause(since=now, until=now + HOUR, note="one")
        await engine.clock.advance(2 * HOUR)
        assert engine.entry().pause == Pause(since=now, note="two")
        assert await engine.operations.pause_many("all", note="three") is None
        assert (await engine.operations.pause_many("all")) == Pause(
            since=engine.clock.now(), note="three", scope="all"
        )


async def test_a_job_that_its_tag_holds_is_not_resumed_alone() -> None:
    async with FakeEngine(nightly()) as engine:
        assert await reason_of(engine.operations.resume("backup")) == "not_paused"
        await engine.operations.pause_many("tag:nightly")
        assert await reason_of(engine.operations.resume("backup")) == "held"

        await engine.operations.pause("backup")
        await engine.operations.resume("backup")
        assert [pause.scope for pause in engine.entry().pauses] == ["tag:nightly"]

        await engine.operations.resume_many("tag:nightly")
        assert engine.entry().pauses == ()
        assert await reason_of(engine.operations.resume_many("tag:nightly")) == "not_paused"


async def test_to_resume_all_ends_every_pause() -> None:
    async with FakeEngine(nightly(), a_job("other")) as engine:
        assert await reason_of(engine.operations.resume_many("all")) == "not_paused"
        await engine.operations.pause("other")
        await engine.operations.pause_many("tag:nightly")

        await engine.operations.resume_many("all")

        assert [entry.pauses for entry in engine.board.jobs.values()] == [(), ()]
        await engine.restart()
        assert [entry.pauses for entry in engine.board.jobs.values()] == [(), ()]


async def test_nothing_is_paused_when_it_can_not_be_stored() -> None:
    async with FakeEngine(nightly()) as engine:
        engine.store.broken = Unavailable("the disk is full")
        with pytest.raises(Unavailable):
            await engine.operations.pause_many("all")
        with pytest.raises(InvalidRequest):
            await engine.operations.pause_many("all", until=engine.clock.now())

        assert engine.entry().pauses == ()


async def test_an_instant_inside_a_pause_that_ended_a_moment_ago_is_still_paused() -> None:
    async with FakeEngine(nightly()) as engine:
        now = engine.clock.now()
        await engine.operations.pause("backup", until=now + HOUR)
        await engine.clock.advance(HOUR + MINUTE)

        before = plan(engine.entry(), [Due(job="backup", at=now + HOUR - MINUTE)], engine.clock.now())
        after = plan(engine.entry(), [Due(job="backup", at=now + HOUR)], engine.clock.now())

        assert isinstance(before[0], Skip)
        assert before[0].reason is Reason.PAUSED
        assert not isinstance(after[0], Skip)


async def test_instants_of_a_pause_that_ended_while_the_daemon_was_away_are_paused() -> None:
    async with FakeEngine(nightly()) as engine:
        now = engine.clock.now()
        await engine.operations.pause("backup", until=now + HOUR)
        await engine.kill()
        await engine.clock.advance(2 * HOUR)

        await engine.restart()

        assert engine.entry().state is not JobState.PAUSED
        assert [(pause.since, pause.until) for pause in engine.entry().known_pauses] == [(now, now + HOUR)]


async def paused_stretch(engine: FakeEngine, count: int) -> None:
    """So many minutes of a pause, answered; the schedule was there before it."""
    now = engine.clock.now()
    engine.records["backup"] = replace(engine.records["backup"], since=now - HOUR)
    await engine.operations.pause("backup")
    await engine.clock.advance(count * MINUTE)
    first = Due(job="backup", at=now + MINUTE)
    skip = Skip(
        job="backup",
        due=first,
        reason=Reason.PAUSED,
        message="paused",
        count=count,
        last_due_at=now + count * MINUTE,
    )
    await engine.executor.carry_out([skip])


async def due_rows(engine: FakeEngine) -> list[tuple[str, int, str]]:
    """State, number of instants and trigger of every row that answers an instant, oldest first."""
    start = engine.board.started_at
    rows = await engine.store.answers("backup", start - HOUR, start + 240 * HOUR)
    return [(run.state.value, run.count, run.triggered_by.value) for run in rows]


async def test_resumed_with_catch_up_the_latest_paused_instant_runs() -> None:
    async with FakeEngine(nightly()) as engine:
        await paused_stretch(engine, 5)

        await engine.operations.resume("backup", catch_up=True)
        await engine.settle()

        assert await due_rows(engine) == [("skipped", 4, "schedule"), ("running", 1, "catch_up")]
        assert (await engine.latest()).due_at == engine.clock.now()
        await engine.operations.pause("backup")
        await engine.operations.resume("backup", catch_up=True)
        assert len(await due_rows(engine)) == 2


async def test_resumed_with_catch_up_all_paused_instants_run_one_after_another() -> None:
    job = nightly(missed=Missed(run=MissedPolicy.ALL))
    async with FakeEngine(job) as engine:
        await paused_stretch(engine, 3)

        await engine.operations.resume_many("all", catch_up=True)
        await engine.settle()

        assert await due_rows(engine) == [
            ("running", 1, "catch_up"),
            ("pending", 1, "catch_up"),
            ("pending", 1, "catch_up"),
        ]
        skip = await engine.store.run("backup", 1)
        assert skip is not None
        assert (skip.due_at, skip.message) == (None, "paused; caught up afterwards")


async def test_paused_instants_older_than_the_window_or_the_schedule_are_not_caught_up() -> None:
    job = nightly(missed=Missed(run=MissedPolicy.ALL, within=2 * MINUTE))
    async with FakeEngine(job) as engine:
        await paused_stretch(engine, 5)
        await engine.operations.resume("backup", catch_up=True)
        assert [row[1] for row in await due_rows(engine)] == [2, 1, 1, 1]

        engine.records["backup"] = replace(engine.records["backup"], since=engine.clock.now())
        await engine.operations.pause("backup")
        await engine.operations.resume("backup", catch_up=True)
        assert len(await due_rows(engine)) == 4


async def test_a_skip_is_asked_for_the_next_instant_kept_and_taken_back() -> None:
    async with FakeEngine(nightly()) as engine:
        at = engine.clock.now() + MINUTE
        engine.entry().next_due = (Due(job="backup", at=at),)

        wish = await engine.operations.skip("backup", note="holiday")

        assert wish == SkipNext(at=at, asked_at=engine.clock.now(), note="holiday")
        await engine.restart()
        assert engine.entry().skip_next == wish
        await engine.operations.undo_skip("backup")
        assert engine.entry().skip_next is None
        assert await reason_of(engine.operations.undo_skip("backup")) == "not_skipped"


async def test_a_wish_to_skip_is_forgotten_when_it_is_granted() -> None:
    async with FakeEngine(nightly()) as engine:
        due = Due(job="backup", at=engine.clock.now() + MINUTE)
        engine.entry().next_due = (due,)
        await engine.operations.skip("backup")

        await engine.executor.carry_out([Skip(job="backup", due=due, reason=Reason.ASKED, message="asked")])
        await engine.settle()

        assert engine.entry().skip_next is None
        assert (await engine.store.records())["backup"].skip_next is None


async def test_what_can_not_be_skipped_is_refused_with_the_reason() -> None:
    specs = (a_job("hand"), nightly("off", enabled=False), nightly("held"), nightly("over"))
    async with FakeEngine(*specs) as engine:
        engine.entry("held").next_due = (Due(job="held", at=engine.clock.now() + MINUTE),)
        await engine.operations.pause("held")

        reasons = [await reason_of(engine.operations.skip(job)) for job in ("hand", "off", "held", "over")]

        assert reasons == ["no_schedule", "disabled", "paused", "not_due"]


async def test_a_renamed_job_goes_on_where_the_old_one_was() -> None:
    async with FakeEngine(a_job()) as engine:
        first = await engine.start()
        engine.hands.process().end(0)
        await engine.settle()
        await engine.operations.pause("backup", note="moving")
        del engine.specs["backup"]
        await engine.load(a_job("dump", renamed_from="backup"))

        entry = engine.entry("dump")
        assert (entry.pause and entry.pause.note, [bar.number for bar in entry.bars]) == ("moving", [1])
        assert entry.last is not None
        assert (entry.last.id, entry.last.log_name) == ("dump.1", "backup")
        assert (await engine.operations.run_now("dump")).id == "dump.2"
        assert await engine.store.run("backup", first.number) is None


async def test_a_run_that_was_open_when_its_job_was_renamed_ends_in_peace_and_follows() -> None:
    async with FakeEngine(a_job()) as engine:
        await engine.start()
        del engine.specs["backup"]
        await engine.load(a_job("dump", renamed_from="backup"))
        newer = await engine.operations.run_now("dump")
        await engine.settle()
        assert newer.id == "dump.2"

        engine.hands.process(0).end(0)
        await engine.settle()

        moved = await engine.store.run("dump", 1)
        assert moved is not None
        assert (moved.state, moved.triggered_by) == (RunState.COMPLETED, TriggeredBy.SCHEDULE)
        assert 1 in [bar.number for bar in engine.entry("dump").bars]


async def test_two_jobs_that_claim_the_same_old_name_get_nothing() -> None:
    async with FakeEngine(a_job()) as engine:
        await engine.start()
        engine.hands.process().end(0)
        await engine.settle()
        del engine.specs["backup"]

        await engine.load(a_job("one", renamed_from="backup"), a_job("two", renamed_from="backup"))

        assert await engine.store.run("backup", 1) is not None


async def test_a_run_that_should_expire_while_the_disk_is_full_keeps_nobody_busy() -> None:
    queues = Concurrency(overlap=Overlap.QUEUE)
    async with FakeEngine(a_job(start_deadline=MINUTE, concurrency=queues)) as engine:
        await engine.start()
        await engine.clock.advance(1)
        await engine.executor.carry_out([Queue(job="backup", due=Due(job="backup", at=engine.clock.now()))])
        engine.store.broken = Unavailable("the disk is full")
        await engine.clock.advance(HOUR)  # would never return
        assert [run.number for run in engine.entry().queued] == [2]

        engine.store.broken = None
        await engine.clock.advance(MINUTE)

        expired = await engine.store.run("backup", 2)
        assert expired is not None
        assert expired.reason is Reason.START_DEADLINE
