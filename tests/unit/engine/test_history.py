"""What is remembered of jobs that come onto the board, few and many."""

from __future__ import annotations

from datetime import timedelta

from fakes.clock import START, FakeClock
from fakes.engine import FakeEngine
from fakes.jobs import a_job
from rota.core.board import BARS, JobState, bar
from rota.core.changed import changed
from rota.core.happenings import Opening
from rota.core.lifecycle import new_run
from rota.core.model import JobSet
from rota.core.run import Run, RunState, TriggeredBy
from rota.engine.history import recall_rest, recall_state

MANY = 503  # more than have their whole history at once


def a_finished_run(job: str, minute: int, state: RunState) -> Run:
    at = START - timedelta(days=1) + timedelta(minutes=minute)
    run = new_run(a_job(job), Opening(at=at, triggered_by=TriggeredBy.SCHEDULE, host="db1", due_at=at))
    return changed(run, state=state, started_at=at, ended_at=at + timedelta(seconds=1))


async def with_history(names: list[str]) -> FakeEngine:
    engine = FakeEngine(*(a_job(name) for name in names), clock=FakeClock(START))
    for name in names:
        states = (RunState.COMPLETED, RunState.FAILED)
        await engine.store.add([a_finished_run(name, minute, state) for minute, state in enumerate(states)])
    engine.board.load(JobSet(jobs=dict(engine.specs)))
    return engine


async def test_of_few_jobs_the_whole_history_is_there_at_once() -> None:
    engine = await with_history(["backup"])

    await recall_state(engine.parts, ["backup"])

    assert [each.number for each in engine.entry().bars] == [1, 2]


async def test_of_many_jobs_each_knows_at_once_how_it_is_and_soon_how_it_was() -> None:
    names = [f"job-{n}" for n in range(MANY)]
    engine = await with_history(names)

    await recall_state(engine.parts, names)

    last = engine.entry(names[-1])
    assert [each.number for each in last.bars] == [2]
    assert last.state is JobState.FAILED

    await recall_rest(engine.parts, names)

    assert [each.number for each in last.bars] == [1, 2]
    assert all(entry.last is not None for entry in engine.board.jobs.values())


async def test_a_run_that_ends_before_the_older_ones_are_read_stays_the_newest() -> None:
    names = [f"job-{n}" for n in range(MANY)]
    engine = await with_history(names)
    await recall_state(engine.parts, names)
    entry = engine.entry(names[-1])
    entry.bars.append(bar(changed(a_finished_run(names[-1], 9, RunState.COMPLETED), number=3)))

    await recall_rest(engine.parts, names)

    assert [each.number for each in entry.bars] == [1, 2, 3]
    assert entry.bars.maxlen == BARS
