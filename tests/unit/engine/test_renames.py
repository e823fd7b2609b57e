"""Jobs that are called otherwise from now on, while instants come due and runs go on."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest

from fakes.clock import START
from fakes.jobs import a_job
from fakes.planned import PlannedEngine
from rota.core.model import Concurrency, JobSpec, Overlap
from rota.core.triggers import AfterTrigger, EveryTrigger

MINUTE = timedelta(minutes=1)


def each_minute(job: str, **settings: Any) -> JobSpec:
    return a_job(job, triggers=(EveryTrigger(interval=MINUTE),), **settings)


async def ends(engine: PlannedEngine) -> None:
    """Every process under way ends."""
    for process in engine.hands.processes:
        if process.ended is None:
            process.end(0)
    await engine.step()


async def test_an_instant_that_comes_due_while_its_job_is_renamed_is_answered_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with PlannedEngine(each_minute("known-as")) as engine:
        await engine.passes(MINUTE)
        rename = engine.store.rename
        steps: list[asyncio.Task[None]] = []

        async def rename_slowly(old: str, new: str, waiting: Sequence[int] = ()) -> bool:
            moved = await rename(old, new, waiting)
            await engine.clock.advance(MINUTE)
            steps.append(asyncio.create_task(engine.scheduler.step()))
            await engine.settle()
            return moved

        monkeypatch.setattr(engine.store, "rename", rename_slowly)
        engine.specs = {"called": each_minute("called", renamed_from="known-as")}
        await engine.jobs.reload()
        monkeypatch.undo()
        await asyncio.gather(*steps)
        await engine.step()
        await ends(engine)

        assert await engine.told("known-as") == []
        assert await engine.told("called") == ["completed schedule", "completed schedule"]


async def test_a_run_that_its_job_left_open_follows_it_also_when_it_ends_under_the_next_daemon() -> None:
    after = a_job("after-it", triggers=(AfterTrigger(jobs=("called",)),))
    async with PlannedEngine(each_minute("known-as")) as engine:
        await engine.passes(MINUTE)
        engine.specs = {"called": each_minute("called", renamed_from="known-as"), "after-it": after}
        await engine.restart()
        await engine.passes()

        await ends(engine)

        assert await engine.told("known-as") == []
        assert await engine.told("called") == ["completed schedule"]
        assert await engine.told("after-it") == ["running after"]


@pytest.mark.parametrize("is_killed", [False, True])
async def test_runs_that_wait_for_their_turn_come_along_and_go_in_their_order(is_killed: bool) -> None:
    queue = Concurrency(overlap=Overlap.QUEUE)
    async with PlannedEngine(each_minute("known-as", concurrency=queue)) as engine:
        await engine.passes(3 * MINUTE)
        engine.specs = {"called": each_minute("called", renamed_from="known-as", concurrency=queue)}
        await (engine.restart() if is_killed else engine.load())
        await engine.passes()
        assert await engine.told("called") == ["running schedule", "pending schedule"]

        for _ in range(3):
            await ends(engine)

        assert await engine.told("known-as") == []
        assert await engine.told("called") == ["completed schedule"] * 3
        assert [run.due_at for run in await engine.rows("called")] == [START + MINUTE * n for n in (1, 2, 3)]
