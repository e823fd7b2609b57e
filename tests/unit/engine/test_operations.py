"""What people may ask, and how it is refused."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from fakes.engine import FakeEngine
from fakes.jobs import a_job
from rota.core.board import Due, JobState
from rota.core.decisions import Skip
from rota.core.errors import Conflict, InvalidRequest, NotFound, Unavailable
from rota.core.events import JobChanged, JobsLoaded
from rota.core.model import Concurrency, Overlap, Retry
from rota.core.run import Reason, RunState, StepState, TriggeredBy

HOUR = timedelta(hours=1)


async def end(engine: FakeEngine, code: int = 0) -> None:
    engine.hands.process().end(code)
    await engine.settle()


async def refused(call: object) -> Conflict:
    with pytest.raises(Conflict) as caught:
        await call  # type: ignore[misc]
    return caught.value


async def test_run_now_starts_a_run_by_hand_with_its_parameters() -> None:
    params = {"database": {"type": "string", "default": "app"}, "full": {"type": "boolean", "default": False}}
    async with FakeEngine(a_job(params=params)) as engine:
        run = await engine.operations.run_now("backup", params={"full": True})
        await engine.settle()

        assert (run.triggered_by, run.due_at) == (TriggeredBy.MANUAL, None)
        assert run.params == {"database": "app", "full": True}
        assert engine.hands.orders[0].env["PARAM_FULL"] == "true"


async def test_run_now_can_be_for_another_instant() -> None:
    async with FakeEngine(a_job()) as engine:
        yesterday = engine.clock.now() - timedelta(days=1)

        run = await engine.operations.run_now("backup", scheduled_for=yesterday)

        assert run.scheduled_for == yesterday


async def test_run_now_refuses_what_the_job_does_not_take() -> None:
    async with FakeEngine(a_job()) as engine:
        with pytest.raises(InvalidRequest, match="database"):
            await engine.operations.run_now("backup", params={"database": "app"})
        with pytest.raises(NotFound):
            await engine.operations.run_now("nothing")


async def test_a_disabled_job_is_not_run_by_hand() -> None:
    async with FakeEngine(a_job(enabled=False)) as engine:
        assert (await refused(engine.operations.run_now("backup"))).reason == "disabled"


async def test_runs_by_hand_count_for_concurrency_and_the_refusal_names_the_run() -> None:
    async with FakeEngine(a_job()) as engine:
        await engine.operations.run_now("backup")

        error = await refused(engine.operations.run_now("backup"))

        assert error.reason == "overlap"
        assert "backup.1" in error.message


async def test_two_wishes_at_the_same_moment_do_not_start_two_runs() -> None:
    async with FakeEngine(a_job()) as engine:
        wishes = [engine.operations.run_now("backup") for _ in range(2)]

        answers = await asyncio.gather(*wishes, return_exceptions=True)
        await engine.settle()

        assert [type(answer).__name__ for answer in answers] == ["Run", "Conflict"]
        assert len(engine.hands.orders) == 1


async def test_a_run_by_hand_queues_where_the_job_queues_until_the_queue_is_full() -> None:
    concurrency = Concurrency(overlap=Overlap.QUEUE, queue=1)
    async with FakeEngine(a_job(concurrency=concurrency)) as engine:
        await engine.operations.run_now("backup")

        second = await engine.operations.run_now("backup")
        error = await refused(engine.operations.run_now("backup"))

        assert second.is_queued
        assert error.reason == "queue_full"


async def test_a_paused_job_can_be_run_by_hand() -> None:
    async with FakeEngine(a_job()) as engine:
        await engine.operations.pause("backup")

        run = await engine.operations.run_now("backup")

        assert not run.is_queued


async def test_what_the_ledger_cannot_take_is_unavailable() -> None:
    async with FakeEngine(a_job()) as engine:
        engine.store.broken = Unavailable("The disk is full.")

        with pytest.raises(Unavailable, match="disk is full"):
            await engine.operations.run_now("backup")


async def test_a_run_that_has_ended_cannot_be_cancelled() -> None:
    async with FakeEngine(a_job()) as engine:
        run = await engine.operations.run_now("backup")
        await engine.settle()
        await end(engine)

        error = await refused(engine.operations.cancel(run.id))

        assert (error.reason, error.message) == ("not_active", "backup.1 has already ended: it is completed.")


@pytest.mark.parametrize("name", ["backup.99", "backup", "nothing.1"])
async def test_a_run_that_is_not_there_is_not_found(name: str) -> None:
    async with FakeEngine(a_job()) as engine:
        with pytest.raises(NotFound):
            await engine.operations.cancel(name)


async def test_retry_of_a_waiting_run_begins_its_next_attempt_now() -> None:
    async with FakeEngine(a_job(retry=Retry(attempts=2, delay=HOUR))) as engine:
        run = await engine.start()
        await end(engine, 1)

        await engine.operations.retry(run.id)
        await engine.settle()

        assert engine.hands.process().name == "main.2"


async def test_retry_of_a_failed_run_is_a_new_run_from_the_failed_step() -> None:
    async with FakeEngine(a_job(steps=("dump", "verify"))) as engine:
        run = await engine.start()
        engine.hands.process().write("::output size=42\n")
        await end(engine)
        await end(engine, 1)

        again = await engine.operations.retry(run.id)
        await engine.settle()

        assert (again.number, again.retry_of, again.triggered_by) == (2, "backup.1", TriggeredBy.RETRY)
        assert [step.state for step in again.steps] == [StepState.COMPLETED, StepState.PENDING]
        assert engine.hands.orders[-1].ref.step == "verify"
        assert engine.hands.orders[-1].env["STEPS_DUMP_OUTPUTS_SIZE"] == "42"
        await end(engine)
        assert (await engine.latest()).result == {"size": "42"}


async def test_retry_of_a_completed_or_running_run_is_refused_with_the_reason() -> None:
    async with FakeEngine(a_job()) as engine:
        run = await engine.start()
        running = await refused(engine.operations.retry(run.id))
        await end(engine)
        completed = await refused(engine.operations.retry(run.id))

        assert running.reason == completed.reason == "not_retryable"
        assert completed.message == "backup.1 can't be retried: it is completed."


async def test_a_cancelled_run_can_be_retried() -> None:
    async with FakeEngine(a_job()) as engine:
        run = await engine.start()
        await engine.operations.cancel(run.id)
        await engine.settle()

        again = await engine.operations.retry(run.id)

        assert again.retry_of == run.id


async def test_a_pause_holds_retries_and_the_queue_until_the_job_is_resumed() -> None:
    concurrency = Concurrency(overlap=Overlap.QUEUE)
    async with FakeEngine(a_job(retry=Retry(attempts=2), concurrency=concurrency)) as engine:
        await engine.start()
        await engine.operations.run_now("backup")
        await engine.operations.pause("backup", note="migration")
        await end(engine, 1)
        await engine.clock.advance(HOUR)
        assert len(engine.hands.orders) == 1

        await engine.operations.resume("backup")
        await engine.settle()
        assert engine.hands.process().name == "main.2"
        await end(engine)

        assert engine.hands.orders[-1].ref.number == 2


async def test_a_pause_with_an_end_ends_by_itself_also_after_a_restart() -> None:
    async with FakeEngine(a_job(retry=Retry(attempts=2))) as engine:
        await engine.start()
        await engine.operations.pause("backup", until=engine.clock.now() + HOUR)
        await end(engine, 1)
        await engine.restart()
        assert engine.entry().pause is not None

        await engine.clock.advance(HOUR)

        assert engine.entry().pause is None
        assert engine.hands.process().name == "main.2"


async def test_a_pause_is_announced_and_refused_when_it_makes_no_sense() -> None:
    async with FakeEngine(a_job()) as engine:
        with pytest.raises(InvalidRequest):
            await engine.operations.pause("backup", until=engine.clock.now())
        assert (await refused(engine.operations.resume("backup"))).reason == "not_paused"

        await engine.operations.pause("backup")

        assert JobChanged(job="backup") in engine.events


async def test_reload_answers_the_set_in_force_and_announces_it() -> None:
    async with FakeEngine(a_job()) as engine:
        engine.specs["other"] = a_job("other")

        jobset = await engine.operations.reload()

        assert set(jobset.jobs) == set(engine.board.jobs) == {"backup", "other"}
        assert JobsLoaded(jobs=jobset) in engine.events


async def test_the_last_good_version_of_a_job_is_remembered_in_the_ledger() -> None:
    async with FakeEngine(a_job()) as engine:
        await engine.load(a_job(version="2"))

        record = (await engine.store.records())["backup"]

        assert (record.definition, record.source_file) == ("hash-2", "backup.yaml")
        assert await engine.store.definition("hash-2") == a_job(version="2").definition.text


async def test_a_job_that_comes_back_finds_its_running_run_and_its_history() -> None:
    async with FakeEngine(a_job()) as engine:
        await engine.start()
        await end(engine)
        await engine.operations.run_now("backup")
        await engine.settle()
        await engine.remove("backup")

        await engine.load(a_job())

        assert [run.number for run in engine.entry().active] == [2]
        assert [bar.number for bar in engine.entry().bars] == [1]
        last = engine.entry().last
        assert last is not None
        assert last.number == 1


async def test_queued_runs_of_a_removed_job_are_skipped() -> None:
    async with FakeEngine(a_job(concurrency=Concurrency(overlap=Overlap.QUEUE))) as engine:
        await engine.start()
        waiting = await engine.operations.run_now("backup")

        await engine.remove("backup")
        run = await engine.store.run("backup", waiting.number)

        assert run is not None
        assert run.state is RunState.SKIPPED


async def test_jobs_are_in_force_also_when_the_ledger_cannot_remember_them() -> None:
    async with FakeEngine(a_job()) as engine:
        engine.store.broken = Unavailable("The disk is full.")

        await engine.load(a_job(version="2"))

        assert engine.entry().spec.definition.hash == "hash-2"
        assert engine.parts.writable.error == "The disk is full."


async def test_after_a_restart_a_job_has_the_state_of_its_last_run_at_once_and_the_run_soon() -> None:
    async with FakeEngine(a_job()) as engine:
        await engine.start()
        await end(engine, 1)
        run = engine.store.run
        engine.store.run = never  # type: ignore[method-assign]
        await engine.restart()
        assert engine.entry().state is JobState.FAILED
        assert engine.entry().last is None

        engine.store.run = run  # type: ignore[method-assign]
        await engine.restart()

        last = engine.entry().last
        assert last is not None
        assert last.message == "exit code 1"


async def test_after_a_restart_a_job_that_missed_its_time_is_still_known_to_have_missed_it() -> None:
    async with FakeEngine(a_job()) as engine:
        due = Due(job="backup", at=engine.clock.now())
        skip = Skip(job="backup", due=due, reason=Reason.MISSED, message="missed")
        await engine.executor.carry_out([skip])

        await engine.restart()

        assert engine.entry().state is JobState.MISSED


async def test_after_a_restart_a_job_is_still_known_to_be_stuck() -> None:
    async with FakeEngine(a_job()) as engine:
        await engine.start()
        due = Due(job="backup", at=engine.clock.now() + timedelta(minutes=1))
        skip = Skip(job="backup", due=due, reason=Reason.OVERLAP, message="in the way", count=3)
        await engine.executor.carry_out([skip])

        await engine.restart()

        assert engine.entry().stuck_since == due.at


async def never(job: str, number: int) -> None:
    await asyncio.Event().wait()
