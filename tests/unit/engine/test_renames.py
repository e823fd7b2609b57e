"""Jobs that are called otherwise from now on, while instants come due and runs go on."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from fakes.jobs import a_job
from fakes.planned import PlannedEngine
from rota.core.model import JobSpec
from rota.core.triggers import AfterTrigger, EveryTrigger

MINUTE = timedelta(minutes=1)


def each_minute(job: str, renamed_from: str = "") -> JobSpec:
    return a_job(job, triggers=(EveryTrigger(interval=MINUTE),), renamed_from=renamed_from or None)


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

        async def rename_slowly(old: str, new: str) -> bool:
            moved = await rename(old, new)
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
