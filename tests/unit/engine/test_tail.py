"""What a job says while it runs: progress, announced steps, outputs."""

from __future__ import annotations

from datetime import timedelta

from fakes.engine import FakeEngine, an_engine
from rota.core.events import LogAppended, RunProgressed
from rota.core.run import RunState, StepState

SECOND = timedelta(seconds=1)
MINUTE = 60 * SECOND


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

        run = await engine.end()

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
    assert (await engine.end()).steps[1].state is StepState.COMPLETED


async def test_outputs_come_from_markers_and_from_the_outputs_file(engine: FakeEngine) -> None:
    await engine.start()
    engine.hands.process().write("::output size=42\n")
    engine.hands.process().outputs = {"files": "7", "Not a name": "x"}

    run = await engine.end()

    assert run.result == {"size": "42", "files": "7"}


async def test_what_was_written_last_counts_though_the_process_has_ended(engine: FakeEngine) -> None:
    await engine.start()
    engine.hands.process().text = "::output size=42"  # no newline, and nobody was told

    assert (await engine.end()).result == {"size": "42"}


async def test_marker_effects_count_once_over_a_restart(engine: FakeEngine) -> None:
    await engine.start()
    engine.hands.process().write("::warning one\n::progress 50/100\n")
    await engine.settle()

    engine.hands.process().write("::warning two\n")
    await engine.restart()
    run = await engine.end()

    assert run.warnings == ("one", "two")
    assert run.state is RunState.COMPLETED
