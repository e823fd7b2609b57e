"""What can come between any two steps of a run."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from datetime import timedelta

import pytest
from structlog.testing import capture_logs

from fakes.engine import FakeEngine
from fakes.hands import FACTS
from fakes.jobs import a_job
from rota.core.board import Due
from rota.core.decisions import Queue, Start
from rota.core.errors import Unavailable
from rota.core.model import Concurrency, Limits, Overlap, Retry
from rota.core.run import Reason, Run, RunState, StepState
from rota.core.seams import AttemptRef, RunBar, RunnerEvent

HOUR = timedelta(hours=1)
FULL = Unavailable("The disk is full.")


@pytest.fixture
async def engine() -> AsyncIterator[FakeEngine]:
    async with FakeEngine(a_job(limits=Limits(timeout=HOUR))) as engine:
        yield engine


async def without_a_runner(engine: FakeEngine) -> None:
    engine.hands.facts = None
    await engine.start()


async def with_a_runner(engine: FakeEngine) -> Run:
    engine.hands.facts = FACTS
    await engine.clock.advance(1)
    return await engine.latest()


async def test_run_and_attempt_follow_a_job_that_changes_while_they_wait_for_a_runner(
    engine: FakeEngine,
) -> None:
    await without_a_runner(engine)
    await engine.load(a_job(version="2", retry=Retry(attempts=3), markers=False))

    run = await with_a_runner(engine)

    (attempt,) = run.attempts
    assert (run.definition, run.max_attempts) == ("hash-2", 3)
    assert (attempt.definition, attempt.markers, attempt.n) == ("hash-2", False, 1)


async def test_a_run_that_waits_for_a_runner_takes_over_the_steps_that_its_job_has_by_then(
    engine: FakeEngine,
) -> None:
    await without_a_runner(engine)
    await engine.load(a_job(version="2", steps=("dump", "verify")))

    run = await with_a_runner(engine)

    assert [step.key for step in run.steps] == ["dump", "verify"]
    assert [(attempt.step, attempt.n) for attempt in run.attempts] == [("dump", 1)]
    assert [order.ref.step for order in engine.hands.orders] == ["dump"]


async def test_a_waiting_retry_whose_steps_are_all_gone_by_then_says_so() -> None:
    async with FakeEngine(a_job(steps=("dump", "verify"), retry=Retry(attempts=2))) as engine:
        await engine.start()
        engine.hands.process().end(0)
        await engine.settle()
        engine.hands.process().end(1)
        await engine.settle()
        engine.hands.facts = None
        await engine.clock.advance(10)
        await engine.restart()
        await engine.load(a_job(version="2", steps=("dump",), retry=Retry(attempts=2)))

        run = await with_a_runner(engine)

        assert (run.state, run.reason) == (RunState.FAILED, Reason.REMOVED)


async def test_a_wish_to_retry_now_changes_nothing_for_an_attempt_that_waits_for_a_runner_already() -> None:
    async with FakeEngine(a_job(retry=Retry(attempts=2))) as engine:
        await engine.start()
        engine.hands.facts = None
        engine.hands.process().end(1)
        await engine.clock.advance(10)

        await engine.operations.retry("backup.1")
        run = await with_a_runner(engine)

        assert (run.state, run.attempt, run.next_attempt_at) == (RunState.RUNNING, 2, None)


async def test_a_start_whose_answer_is_lost_is_on_record_as_it_was_ordered(engine: FakeEngine) -> None:
    engine.hands.broken = Unavailable("The connection was lost.")

    run = await engine.start()

    (attempt,), (order,) = run.attempts, engine.hands.orders
    assert (attempt.argv, attempt.cwd, attempt.user) == (order.argv, order.cwd, "rota-jobs")
    assert attempt.timeout_at == engine.clock.now() + HOUR


async def test_a_start_that_a_dead_daemon_could_not_record_is_on_record_as_it_must_have_been_ordered(
    engine: FakeEngine,
) -> None:
    began = engine.clock.now()
    save = engine.store.save
    engine.store.save = refused  # type: ignore[method-assign]
    await engine.start()
    await engine.kill()
    engine.store.save = save  # type: ignore[method-assign]
    await engine.clock.advance(60)

    await engine.restart()
    (attempt,) = (await engine.latest()).attempts

    (order,) = engine.hands.orders
    assert (attempt.state, attempt.argv, attempt.cwd) == (StepState.RUNNING, order.argv, order.cwd)
    assert attempt.timeout_at == began + HOUR


async def test_what_an_older_definition_ordered_is_not_made_up(engine: FakeEngine) -> None:
    save = engine.store.save
    engine.store.save = refused  # type: ignore[method-assign]
    await engine.start()
    await engine.kill()
    engine.store.save = save  # type: ignore[method-assign]
    engine.specs["backup"] = a_job(version="2")

    await engine.restart()
    (attempt,) = (await engine.latest()).attempts

    assert (attempt.state, attempt.argv, attempt.definition) == (StepState.RUNNING, (), "hash-1")


async def test_a_process_whose_start_can_not_be_stored_can_be_stopped_all_the_same(
    engine: FakeEngine,
) -> None:
    save = engine.store.save
    engine.store.save = refused  # type: ignore[method-assign]
    await engine.start()

    run = await engine.operations.cancel("backup.1")
    await engine.settle()

    assert run.cancel_requested_at is not None
    assert engine.hands.process().ended is not None
    engine.store.save = save  # type: ignore[method-assign]
    await engine.clock.advance(1)
    assert (await engine.latest()).state is RunState.CANCELLED


async def test_a_wish_for_the_end_at_once_holds_for_a_process_that_is_only_just_being_started() -> None:
    async with FakeEngine(a_job()) as engine:
        await without_a_runner(engine)
        engine.hands.obeys = False
        started = engine.hands.start

        async def cancelled_meanwhile(order: object) -> object:
            answer = await started(order)  # type: ignore[arg-type]
            engine.executor.spawn(cancel(engine))
            await engine.clock.sleep(0.5)
            return answer

        engine.hands.start = cancelled_meanwhile  # type: ignore[method-assign, assignment]

        run = await with_a_runner(engine)

        assert engine.hands.terminated[-1][1] is True
        assert run.state is RunState.CANCELLED


async def test_a_run_that_is_cancelled_while_many_others_begin_never_starts() -> None:
    jobs = [a_job(f"job-{n}") for n in range(200)]
    async with FakeEngine(*jobs) as engine:
        due = [Start(job=job.id, due=Due(job=job.id, at=engine.clock.now())) for job in jobs]
        engine.executor.spawn(engine.executor.carry_out(due))
        while not engine.entry("job-199").active:
            await engine.clock.sleep(0)

        await engine.operations.cancel("job-199.1")
        await engine.settle()

        run = await engine.store.run("job-199", 1)
        assert run is not None
        assert run.state is RunState.CANCELLED
        assert "job-199" not in {order.ref.job for order in engine.hands.orders}


async def test_a_skip_that_met_a_fault_of_ours_is_still_a_skip() -> None:
    queueing = a_job(concurrency=Concurrency(overlap=Overlap.QUEUE))
    async with FakeEngine(queueing) as engine:
        await engine.start()
        await engine.operations.run_now("backup")
        save = engine.store.save
        engine.store.save = faulty  # type: ignore[method-assign]
        with capture_logs():
            await engine.remove("backup")
            engine.store.save = save  # type: ignore[method-assign]
            await engine.clock.advance(10)

        run = await engine.store.run("backup", 2)

        assert run is not None
        assert (run.state, run.reason) == (RunState.SKIPPED, Reason.REMOVED)
        assert len(engine.hands.orders) == 1


async def test_a_watch_is_let_go_as_soon_as_the_attempt_has_ended(engine: FakeEngine) -> None:
    watch, open_watches = engine.hands.watch, set()

    async def counted(ref: AttemptRef) -> AsyncGenerator[RunnerEvent, None]:
        open_watches.add(ref.id)
        try:
            async for event in watch(ref):
                yield event
        finally:
            open_watches.discard(ref.id)

    engine.hands.watch = counted  # type: ignore[method-assign]
    await engine.start()
    watched = set(open_watches)
    engine.hands.process().end(0)
    await engine.settle()

    assert (len(watched), len(open_watches)) == (1, 0)
    assert engine.executor.open_runs == []


async def test_the_deadlines_of_a_queue_need_one_timer_however_it_moves() -> None:
    spec = a_job(concurrency=Concurrency(overlap=Overlap.QUEUE, queue=50), start_deadline=HOUR)
    async with FakeEngine(spec) as engine:
        await engine.start()
        without = engine.clock.sleepers
        for _ in range(20):
            await engine.clock.advance(1)
            due = Due(job="backup", at=engine.clock.now())
            await engine.executor.carry_out([Queue(job="backup", due=due)])
        for _ in range(10):
            engine.hands.process().end(0)
            await engine.settle()

        assert len(engine.entry().queued) == 10
        assert engine.clock.sleepers - without == 1


async def test_jobs_are_in_force_also_when_the_ledger_can_not_tell_how_they_went() -> None:
    async with FakeEngine(a_job()) as engine:
        await engine.start()
        engine.hands.process().end(0)
        await engine.settle()
        engine.store.bars = unreadable  # type: ignore[method-assign]
        with capture_logs() as logs:
            await engine.restart()

        assert engine.entry().spec.id == "backup"
        assert "jobs.not_recalled" in {entry["event"] for entry in logs}


async def cancel(engine: FakeEngine) -> None:
    await engine.operations.cancel("backup.1", immediately=True)


async def refused(run: Run, *, instead_of: Run | None = None, parent: Run | None = None) -> None:
    raise FULL


async def faulty(run: Run, *, instead_of: Run | None = None, parent: Run | None = None) -> None:
    raise RuntimeError("a fault of ours")


async def unreadable(limit: int, jobs: Sequence[str] | None = None) -> Mapping[str, Sequence[RunBar]]:
    raise FULL
