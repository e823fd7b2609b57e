"""One run from its start to its end, on fakes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from datetime import timedelta

import pytest
from structlog.testing import capture_logs

from fakes.engine import FakeEngine
from fakes.jobs import a_job
from rota.core.board import Due
from rota.core.decisions import Queue, Skip, Start
from rota.core.errors import RotaError, Unavailable
from rota.core.events import LogAppended, RunChanged, RunProgressed
from rota.core.model import Backoff, Concurrency, Expect, Limits, Overlap, Retry
from rota.core.run import Reason, Run, RunState, StepState, TriggeredBy
from rota.core.seams import AttemptRef, EndCause, Refused, RunnerEvent, Started, StartOrder

SECOND = timedelta(seconds=1)
MINUTE = 60 * SECOND


@pytest.fixture
async def engine() -> AsyncIterator[FakeEngine]:
    async with FakeEngine(a_job()) as engine:
        yield engine


async def an_engine(*specs: object, **settings: object) -> FakeEngine:
    engine = FakeEngine(*(specs or (a_job(**settings),)))  # type: ignore[arg-type]
    await engine.load()
    return engine


async def end(engine: FakeEngine, code: int = 0, *, index: int = -1) -> Run:
    engine.hands.process(index).end(code)
    await engine.settle()
    return await engine.latest()


async def test_a_run_is_in_the_ledger_with_its_attempt_before_its_process_is_started(
    engine: FakeEngine,
) -> None:
    engine.hands.facts = None

    run = await engine.start()

    assert run.state is RunState.PENDING
    assert run.attempts[0].state is StepState.PENDING
    assert run.attempts[0].boot_id == engine.boot_id
    assert engine.hands.orders == []


async def test_a_started_process_makes_its_run_running_with_pid_and_argv(engine: FakeEngine) -> None:
    run = await engine.start()

    assert run.state is RunState.RUNNING
    assert run.attempt == 1
    assert run.attempts[0].pid == 1001
    assert run.attempts[0].argv == ("/bin/true", "main")
    assert run.attempts[0].user == "rota-jobs"


async def test_exit_code_0_completes_the_run_and_is_acknowledged_after_it_is_stored(
    engine: FakeEngine,
) -> None:
    await engine.start()

    run = await end(engine)

    assert (run.state, run.reason, run.exit_code) == (RunState.COMPLETED, Reason.EXIT, 0)
    assert engine.hands.acked == [run.attempts[0].id]
    assert engine.executor.open_runs == []


async def test_every_change_is_stored_before_it_is_announced(engine: FakeEngine) -> None:
    seen: list[tuple[RunState, RunState]] = []

    def compare(event: object) -> None:
        if isinstance(event, RunChanged):
            stored = engine.store._runs["backup", event.run.number]
            seen.append((event.run.state, stored.state))

    engine.parts.bus.subscribe(compare)
    await engine.start()
    await end(engine)

    assert [announced for announced, _ in seen] == [RunState.PENDING, RunState.RUNNING, RunState.COMPLETED]
    assert all(announced is stored for announced, stored in seen)


async def test_an_instant_that_the_ledger_has_answered_is_not_started_again(engine: FakeEngine) -> None:
    at = engine.clock.now()
    await engine.start(at=at)
    await end(engine)

    await engine.start(at=at)

    assert len(engine.hands.orders) == 1


async def test_a_failed_attempt_is_followed_by_the_next_after_its_delay() -> None:
    retry = Retry(attempts=3, backoff=Backoff.EXPONENTIAL, delay=10 * SECOND)
    async with await an_engine(retry=retry) as engine:
        await engine.start()

        run = await end(engine, 3)
        assert run.state is RunState.RETRYING
        assert run.message == "exit code 3 on attempt 1 of 3"
        assert run.next_attempt_at == engine.clock.now() + 10 * SECOND
        await engine.clock.advance(9)
        assert len(engine.hands.orders) == 1
        await engine.clock.advance(1)
        assert engine.hands.process().name == "main.2"
        await end(engine, 3)
        await engine.clock.advance(20)
        run = await end(engine, 0)

        assert run.state is RunState.COMPLETED
        assert run.attempt == 3


async def test_the_last_failed_attempt_ends_the_run_with_a_sentence() -> None:
    async with await an_engine(retry=Retry(attempts=2)) as engine:
        await engine.start()
        await end(engine, 3)
        await engine.clock.advance(10)

        run = await end(engine, 4)

        assert (run.state, run.exit_code) == (RunState.FAILED, 4)
        assert run.message == "exit code 4 on attempt 2 of 2"


async def test_backoff_goes_on_after_a_restart_where_it_was() -> None:
    async with await an_engine(retry=Retry(attempts=2, delay=60 * SECOND)) as engine:
        await engine.start()
        await end(engine, 1)
        await engine.clock.advance(40)

        await engine.restart()
        await engine.clock.advance(19)
        assert len(engine.hands.orders) == 1
        await engine.clock.advance(1)

        assert engine.hands.process().name == "main.2"
        assert (await end(engine)).state is RunState.COMPLETED


async def test_the_next_attempt_uses_the_job_as_it_is_then() -> None:
    async with await an_engine(retry=Retry(attempts=2)) as engine:
        await engine.start()
        await end(engine, 1)

        await engine.load(a_job(version="2", retry=Retry(attempts=5)))
        await engine.clock.advance(10)
        run = await engine.latest()

        assert [attempt.definition for attempt in run.attempts] == ["hash-1", "hash-2"]
        assert run.max_attempts == 5


async def test_a_removed_job_lets_its_process_end_in_peace_and_is_not_tried_again() -> None:
    async with await an_engine(retry=Retry(attempts=5)) as engine:
        await engine.start()
        await engine.remove("backup")

        run = await end(engine, 1)

        assert run.state is RunState.FAILED
        assert engine.hands.terminated == []


async def test_a_waiting_retry_of_a_removed_job_says_why_it_ends() -> None:
    async with await an_engine(retry=Retry(attempts=5)) as engine:
        await engine.start()
        await end(engine, 1)
        await engine.remove("backup")

        await engine.clock.advance(10)
        run = await engine.latest()

        assert run.state is RunState.FAILED
        assert run.message == "exit code 1 on attempt 1 of 5; not tried again: the job was removed"


async def test_a_program_that_is_not_there_is_refused_and_retried_by_the_policy() -> None:
    async with await an_engine(retry=Retry(attempts=2)) as engine:
        engine.hands.refuse = Refused(code="ENOENT", message="no such file: /bin/true")

        run = await engine.start()
        assert run.state is RunState.RETRYING
        assert run.attempts[0].reason is Reason.REFUSED
        engine.hands.refuse = None
        await engine.clock.advance(10)

        assert (await end(engine)).state is RunState.COMPLETED


async def test_a_job_that_cannot_be_prepared_fails_with_the_reason(engine: FakeEngine) -> None:
    await engine.load(a_job(env={"TOKEN": "{{ nowhere }}"}))

    run = await engine.start()

    assert (run.state, run.reason) == (RunState.FAILED, Reason.REFUSED)
    assert "nowhere" in run.message
    assert engine.hands.orders == []


async def test_while_there_is_no_runner_nothing_starts_and_then_it_does(engine: FakeEngine) -> None:
    facts, engine.hands.facts = engine.hands.facts, None
    await engine.start()
    await engine.clock.advance(60)
    assert engine.hands.orders == []

    engine.hands.facts = facts
    await engine.clock.advance(1)

    assert (await engine.latest()).state is RunState.RUNNING


async def test_a_run_that_waits_for_a_runner_beyond_its_start_deadline_is_skipped(engine: FakeEngine) -> None:
    await engine.load(a_job(start_deadline=60 * SECOND))
    engine.hands.facts = None
    await engine.start()

    await engine.clock.advance(61)
    run = await engine.store.run("backup", 1)

    assert run is not None
    assert (run.state, run.reason, run.attempts) == (RunState.SKIPPED, Reason.START_DEADLINE, ())


async def test_the_delay_of_a_spread_does_not_count_for_the_start_deadline(engine: FakeEngine) -> None:
    await engine.load(a_job(start_deadline=60 * SECOND))
    due = Due(job="backup", at=engine.clock.now() - 40 * MINUTE, delay=40 * MINUTE)

    await engine.executor.carry_out([Start(job="backup", due=due)])
    await engine.settle()

    assert (await engine.latest()).state is RunState.RUNNING


async def test_a_start_whose_answer_is_lost_is_not_sent_twice(engine: FakeEngine) -> None:
    engine.hands.broken = Unavailable("The runner did not answer.")

    run = await engine.start()

    assert run.state is RunState.RUNNING
    assert len(engine.hands.orders) == 1
    assert (await end(engine)).state is RunState.COMPLETED


# --- steps -----------------------------------------------------------------------------------------------


async def test_steps_run_in_order_within_one_attempt_of_the_run() -> None:
    async with await an_engine(steps=("dump", "verify")) as engine:
        run = await engine.start()
        assert [step.state for step in run.steps] == [StepState.RUNNING, StepState.PENDING]

        run = await end(engine)
        assert [step.state for step in run.steps] == [StepState.COMPLETED, StepState.RUNNING]
        run = await end(engine)

        assert run.state is RunState.COMPLETED
        assert run.attempt == 1
        assert [process.order.ref.step for process in engine.hands._processes.values()] == ["dump", "verify"]


async def test_a_failed_step_skips_the_rest() -> None:
    async with await an_engine(steps=("dump", "verify", "prune")) as engine:
        await engine.start()
        await end(engine)

        run = await end(engine, 2)

        assert run.state is RunState.FAILED
        assert run.message == "step verify: exit code 2"
        assert [step.state for step in run.steps] == [
            StepState.COMPLETED,
            StepState.FAILED,
            StepState.SKIPPED,
        ]
        assert run.steps[2].reason is Reason.DEPENDENCY


@pytest.mark.parametrize(("restart", "names"), [(False, ["verify.2"]), (True, ["dump.2", "verify.2"])])
async def test_a_retry_goes_on_from_the_failed_step_unless_it_begins_again(
    restart: bool, names: list[str]
) -> None:
    retry = Retry(attempts=2, restart=restart)
    async with await an_engine(steps=("dump", "verify"), retry=retry) as engine:
        await engine.start()
        await end(engine)
        await end(engine, 1)
        await engine.clock.advance(10)

        for _ in names:
            run = await end(engine)

        assert [process.name for process in engine.hands._processes.values()][2:] == names
        assert (run.state, run.attempt) == (RunState.COMPLETED, 2)


async def test_the_timeout_covers_all_steps_of_an_attempt() -> None:
    limits = Limits(timeout=60 * SECOND)
    async with await an_engine(steps=("dump", "verify"), limits=limits) as engine:
        await engine.start()
        await engine.clock.advance(45)
        engine.clock.step_wall(timedelta(hours=2))  # the wall clock has no say in it

        await end(engine)

        assert [order.timeout_ms for order in engine.hands.orders] == [60_000, 15_000]


async def test_a_timed_out_attempt_says_after_how_long() -> None:
    async with await an_engine(limits=Limits(timeout=timedelta(minutes=30))) as engine:
        await engine.start()
        engine.hands.process().end(cause=EndCause.TIMEOUT, signal=15)
        await engine.settle()

        run = await engine.latest()

        assert (run.state, run.reason) == (RunState.FAILED, Reason.TIMEOUT)
        assert run.message == "timed out after 30 minutes"


# --- markers ---------------------------------------------------------------------------------------------


async def test_progress_is_announced_at_once_and_stored_at_steps_of_five_percent(engine: FakeEngine) -> None:
    await engine.start()
    saves = engine.store.saves

    for percent in range(1, 11):
        engine.hands.process().write(f"::progress {percent}/100 Copying\n")
        await engine.settle()

    told = [event.run.progress.percent for event in engine.events if isinstance(event, RunProgressed)]
    assert told == list(range(1, 11))
    assert engine.store.saves - saves == 2


async def test_progress_is_stored_after_ten_seconds_however_small(engine: FakeEngine) -> None:
    await engine.start()
    await engine.clock.advance(10)

    engine.hands.process().write("::progress 1/100 Copying\n")
    await engine.settle()

    assert (await engine.latest()).progress.percent == 1


async def test_markers_are_hidden_from_the_log_that_is_passed_on(engine: FakeEngine) -> None:
    await engine.start()

    engine.hands.process().write("one\n::progress 1/2\n::progress bad\ntwo\n")
    await engine.settle()

    lines = [line for event in engine.events if isinstance(event, LogAppended) for line in event.lines]
    assert [(line.n, line.text) for line in lines] == [(0, "one"), (2, "::progress bad"), (3, "two")]
    assert engine.entry().open_runs[1].warnings == ("line 3 is no marker that can be read: ::progress bad",)


async def test_markers_have_no_meaning_for_a_job_that_turned_them_off() -> None:
    async with await an_engine(markers=False) as engine:
        await engine.start()
        engine.hands.process().write("::progress 1/2\n::output a=1\n")
        await engine.settle()

        run = await end(engine)

        assert run.result == {}
        assert run.progress.total == 0
        assert any(event.lines for event in engine.events if isinstance(event, LogAppended))


async def test_an_announced_step_is_a_step_of_the_run(engine: FakeEngine) -> None:
    await engine.start()

    engine.hands.process().write("::step dump Dump the database\n")
    await engine.settle()
    engine.hands.process().write("::step verify\n")
    await engine.settle()
    run = await engine.latest()

    assert [(step.key, step.title, step.state) for step in run.steps] == [
        ("dump", "Dump the database", StepState.COMPLETED),
        ("verify", "verify", StepState.RUNNING),
    ]
    assert (await end(engine)).steps[1].state is StepState.COMPLETED


async def test_outputs_come_from_markers_and_from_the_outputs_file(engine: FakeEngine) -> None:
    await engine.start()
    engine.hands.process().write("::output size=42\n")
    engine.hands.process().outputs = {"files": "7", "Not a name": "x"}

    run = await end(engine)

    assert run.result == {"size": "42", "files": "7"}


async def test_what_was_written_last_counts_though_the_process_has_ended(engine: FakeEngine) -> None:
    await engine.start()
    engine.hands.process().text = "::output size=42"  # no newline, and nobody was told

    assert (await end(engine)).result == {"size": "42"}


async def test_marker_effects_count_once_over_a_restart(engine: FakeEngine) -> None:
    await engine.start()
    engine.hands.process().write("::warning one\n::progress 50/100\n")
    await engine.settle()

    engine.hands.process().write("::warning two\n")
    await engine.restart()
    run = await end(engine)

    assert run.warnings == ("one", "two")
    assert run.state is RunState.COMPLETED


# --- cancel ----------------------------------------------------------------------------------------------


async def test_cancel_ends_a_running_process_and_its_run(engine: FakeEngine) -> None:
    run = await engine.start()

    await engine.executor.cancel(run)
    await engine.settle()
    run = await engine.latest()

    assert (run.state, run.reason) == (RunState.CANCELLED, Reason.CANCELLED)
    assert run.attempts[0].state is StepState.CANCELLED


async def test_cancel_of_a_process_that_ignores_it_is_remembered_over_a_restart(engine: FakeEngine) -> None:
    engine.hands.obeys = False
    run = await engine.start()
    asked = await engine.executor.cancel(run)
    assert asked.state is RunState.RUNNING
    assert asked.cancel_requested_at == engine.clock.now()
    await engine.settle()

    await engine.restart()

    assert len(engine.hands.terminated) == 2
    engine.hands.process().end(cause=EndCause.SIGNAL, signal=9)
    await engine.settle()
    assert (await engine.latest()).state is RunState.CANCELLED


async def test_cancel_at_once_kills_what_ignores_a_polite_request(engine: FakeEngine) -> None:
    engine.hands.obeys = False
    run = await engine.start()
    await engine.executor.cancel(run)

    await engine.executor.cancel(run, immediately=True)
    await engine.settle()

    assert [immediately for _, immediately in engine.hands.terminated] == [False, True]
    assert (await engine.latest()).state is RunState.CANCELLED


async def test_cancel_of_a_waiting_retry_ends_it_at_once() -> None:
    async with await an_engine(retry=Retry(attempts=3)) as engine:
        run = await engine.start()
        await end(engine, 1)

        run = await engine.executor.cancel(run)

        assert run.state is RunState.CANCELLED
        await engine.clock.advance(60)
        assert len(engine.hands.orders) == 1


async def test_cancel_while_there_is_no_runner_ends_the_run_before_it_began(engine: FakeEngine) -> None:
    engine.hands.facts = None
    run = await engine.start()

    run = await engine.executor.cancel(run)

    assert (run.state, run.message) == (RunState.CANCELLED, "cancelled before it began")


async def test_a_process_that_ends_well_in_spite_of_a_cancel_has_completed(engine: FakeEngine) -> None:
    engine.hands.obeys = False
    run = await engine.start()
    await engine.executor.cancel(run)

    assert (await end(engine)).state is RunState.COMPLETED


async def test_a_cancelled_run_does_not_begin_its_next_step() -> None:
    async with await an_engine(steps=("dump", "verify")) as engine:
        engine.hands.obeys = False
        run = await engine.start()
        await engine.executor.cancel(run)

        run = await end(engine)

        assert run.state is RunState.CANCELLED
        assert run.message == "cancelled between two steps"
        assert len(engine.hands.orders) == 1


async def test_a_run_can_be_cancelled_while_the_ledger_is_full(engine: FakeEngine) -> None:
    run = await engine.start()
    engine.store.broken = Unavailable("The disk is full.")

    await engine.executor.cancel(run)
    await engine.settle()
    assert len(engine.hands.terminated) == 1
    engine.store.broken = None
    await engine.clock.advance(2)

    assert (await engine.latest()).state is RunState.CANCELLED


# --- queue -----------------------------------------------------------------------------------------------


async def queue(engine: FakeEngine, seconds: int, *, catch_up: bool = False) -> None:
    due = Due(job="backup", at=engine.clock.now() + timedelta(seconds=seconds))
    decision = Start(job="backup", due=due, triggered_by=TriggeredBy.CATCH_UP)
    await engine.executor.carry_out([decision if catch_up else Queue(job="backup", due=due)])
    await engine.settle()


async def test_queued_runs_start_one_after_another_oldest_first() -> None:
    concurrency = Concurrency(overlap=Overlap.QUEUE)
    async with await an_engine(concurrency=concurrency) as engine:
        await engine.start()
        await queue(engine, 1)
        await queue(engine, 2)
        assert len(engine.hands.orders) == 1

        await end(engine)
        assert engine.hands.orders[-1].ref.number == 2
        await end(engine)

        assert engine.hands.orders[-1].ref.number == 3
        assert len(engine.entry().active) == 1


async def test_queued_runs_wait_on_after_a_restart() -> None:
    async with await an_engine(concurrency=Concurrency(overlap=Overlap.QUEUE)) as engine:
        await engine.start()
        await queue(engine, 1)

        await engine.restart()
        assert len(engine.hands.orders) == 1
        await end(engine)

        assert engine.hands.orders[-1].ref.number == 2


async def test_a_queued_run_that_waits_too_long_is_skipped_on_time() -> None:
    settings = {"concurrency": Concurrency(overlap=Overlap.QUEUE), "start_deadline": 30 * SECOND}
    async with await an_engine(**settings) as engine:
        await engine.start()
        await queue(engine, 0)
        await queue(engine, 1)

        await engine.clock.advance(32)
        run = await engine.store.run("backup", 2)

        assert run is not None
        assert (run.state, run.reason) == (RunState.SKIPPED, Reason.START_DEADLINE)


async def test_a_run_that_is_to_wait_and_whose_job_is_removed_while_it_is_recorded_is_skipped(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with await an_engine(concurrency=Concurrency(overlap=Overlap.QUEUE)) as engine:
        await engine.start()
        add = engine.store.add

        async def add_late(runs: Sequence[Run], *rest: Sequence[Run]) -> Sequence[Run | None]:
            engine.specs.clear()
            await engine.jobs.reload()
            return await add(runs, *rest)

        monkeypatch.setattr(engine.store, "add", add_late)
        await queue(engine, 1)
        run = await engine.store.run("backup", 2)

        assert run is not None
        assert (run.state, run.reason) == (RunState.SKIPPED, Reason.REMOVED)


async def test_a_queued_run_can_be_cancelled() -> None:
    async with await an_engine(concurrency=Concurrency(overlap=Overlap.QUEUE)) as engine:
        await engine.start()
        await queue(engine, 1)
        (waiting,) = engine.entry().queued

        run = await engine.executor.cancel(waiting)
        await end(engine)

        assert run.state is RunState.CANCELLED
        assert len(engine.hands.orders) == 1


async def test_missed_instants_are_caught_up_one_after_another_oldest_first(engine: FakeEngine) -> None:
    due = [Due(job="backup", at=engine.clock.now() + n * SECOND) for n in (3, 1, 2)]
    await engine.executor.carry_out(
        [Start(job="backup", due=each, triggered_by=TriggeredBy.CATCH_UP) for each in due]
    )
    await engine.settle()
    assert len(engine.hands.orders) == 1

    while len(engine.hands.orders) < 3:
        await end(engine)

    started = [order.env["ROTA_SCHEDULED_EPOCH"] for order in engine.hands.orders]
    assert started == sorted(started)


async def test_a_skip_is_a_row_with_its_reason_and_count(engine: FakeEngine) -> None:
    at = engine.clock.now()
    skip = Skip(
        job="backup",
        due=Due(job="backup", at=at),
        reason=Reason.MISSED,
        message="missed",
        count=3,
        last_due_at=at + 2 * SECOND,
    )

    await engine.executor.carry_out([skip])
    run = await engine.store.run("backup", 1)

    assert run is not None
    assert (run.state, run.reason, run.count, run.last_due_at) == (
        RunState.SKIPPED,
        Reason.MISSED,
        3,
        at + 2 * SECOND,
    )


# --- the ledger can't be written -------------------------------------------------------------------------


async def test_what_cannot_be_recorded_is_not_started(engine: FakeEngine) -> None:
    engine.store.broken = Unavailable("The disk is full.")

    with pytest.raises(Unavailable):
        await engine.start()

    assert engine.hands.orders == []
    assert engine.parts.writable.error == "The disk is full."


async def test_running_work_goes_on_while_the_ledger_is_full_and_is_stored_when_space_is_back(
    engine: FakeEngine,
) -> None:
    await engine.start()
    engine.store.broken = Unavailable("The disk is full.")

    engine.hands.process().write("::progress 50/100\n")
    await engine.settle()
    assert engine.entry().open_runs[1].progress.percent == 50
    engine.hands.process().end(0)
    await engine.clock.advance(30)
    assert engine.hands.acked == []
    engine.store.broken = None
    await engine.clock.advance(2)

    assert (await engine.latest()).state is RunState.COMPLETED
    assert len(engine.hands.acked) == 1
    assert engine.parts.writable.error == ""


async def test_a_place_is_given_once_though_the_queue_moves_while_a_new_run_is_being_recorded(
    engine: FakeEngine,
) -> None:
    await engine.operations.pause("backup")
    await queue(engine, 1, catch_up=True)
    add = engine.store.add

    async def slowly(runs: Sequence[Run], *rest: Sequence[Run]) -> Sequence[Run | None]:
        await engine.operations.resume("backup")
        return await add(runs, *rest)

    engine.store.add = slowly  # type: ignore[method-assign,assignment]
    await engine.operations.run_now("backup")
    await engine.settle()

    assert [run.triggered_by for run in engine.entry().active] == [TriggeredBy.MANUAL]
    await end(engine)
    assert [run.triggered_by for run in engine.entry().active] == [TriggeredBy.CATCH_UP]


async def test_a_fault_of_ours_does_not_lose_the_run(engine: FakeEngine) -> None:
    engine.hands.broken = FaultyRunner("a fault")  # raised once, after the process was started

    with capture_logs() as logs:
        await engine.start()
    assert [entry["event"] for entry in logs if entry["log_level"] == "error"] == ["run.task_failed"]
    await engine.clock.advance(10)

    assert (await engine.latest()).state is RunState.RUNNING
    assert len(engine.hands.orders) == 1
    assert (await end(engine)).state is RunState.COMPLETED


async def test_closing_ends_no_process(engine: FakeEngine) -> None:
    await engine.start()

    await engine.executor.close()

    assert engine.hands.terminated == []
    assert (await engine.latest()).state is RunState.RUNNING


class FaultyRunner(RotaError):
    """Something that nobody expects of a runner."""


async def test_a_cancel_while_the_process_is_being_started_ends_it_as_soon_as_it_is_there(
    engine: FakeEngine,
) -> None:
    start, go = engine.hands.start, asyncio.Event()

    async def slowly(order: StartOrder) -> Started | Refused:
        await go.wait()
        return await start(order)

    engine.hands.start = slowly  # type: ignore[method-assign]
    run = await engine.start()
    cancel = asyncio.create_task(engine.executor.cancel(run))
    await engine.settle()
    go.set()
    await engine.settle()

    assert (await cancel).state is RunState.CANCELLED
    assert len(engine.hands.terminated) == 1


async def test_an_attempt_records_the_definition_that_it_was_really_started_with(engine: FakeEngine) -> None:
    facts, engine.hands.facts = engine.hands.facts, None
    await engine.start()
    await engine.load(a_job(version="2", markers=False))
    engine.hands.facts = facts
    await engine.clock.advance(1)

    (attempt,) = (await engine.latest()).attempts

    assert (attempt.definition, attempt.markers) == ("hash-2", False)


async def test_a_watch_that_breaks_off_is_taken_up_again(engine: FakeEngine) -> None:
    watch = engine.hands.watch

    async def broken(ref: AttemptRef) -> AsyncGenerator[RunnerEvent, None]:
        engine.hands.watch = watch  # type: ignore[method-assign]
        nothing: tuple[RunnerEvent, ...] = ()
        for event in nothing:
            yield event

    engine.hands.watch = broken  # type: ignore[method-assign]
    await engine.start()
    await engine.clock.advance(1)

    assert (await end(engine)).state is RunState.COMPLETED


async def test_a_step_for_which_no_time_is_left_is_not_started() -> None:
    async with await an_engine(steps=("dump", "verify"), limits=Limits(timeout=60 * SECOND)) as engine:
        await engine.start()
        await engine.clock.advance(60)

        run = await end(engine)

        assert (run.state, run.reason) == (RunState.FAILED, Reason.TIMEOUT)
        assert run.message == "step verify: timed out after 1 minute, before this step could start"
        assert len(engine.hands.orders) == 1


async def test_a_retry_whose_failed_step_is_gone_says_so() -> None:
    async with await an_engine(steps=("dump", "verify"), retry=Retry(attempts=2)) as engine:
        await engine.start()
        await end(engine)
        await end(engine, 1)

        await engine.load(a_job(version="2", steps=("dump",), retry=Retry(attempts=2)))
        await engine.clock.advance(10)
        run = await engine.latest()

        assert (run.state, run.reason) == (RunState.FAILED, Reason.REMOVED)
        assert run.message == "the step that failed is no longer part of the job"


async def test_a_run_that_takes_longer_than_expected_carries_a_warning() -> None:
    async with await an_engine(expect=Expect(longest=20 * SECOND)) as engine:
        await engine.start()
        await engine.clock.advance(25)

        run = await end(engine)

        assert run.state is RunState.COMPLETED
        assert run.warnings == ("took 25 s, longer than the 20 s expected",)
