"""The whole engine on fakes with its planner: jobs run because they are due."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from fakes.engine import FakeEngine
from rota.core.run import Run, RunState
from rota.core.seams import Boot, RunQuery
from rota.engine.scheduler import Scheduler


class PlannedEngine(FakeEngine):
    """`restart` is a new daemon over the same ledger; `boot` is the host's, to be changed before it."""

    def __init__(self, *specs: Any, boot: Boot | None = None, **settings: Any) -> None:
        self.boot = boot or Boot(id="boot-1", at=datetime(2025, 12, 31).astimezone())
        super().__init__(*specs, **settings)

    def _build(self) -> None:
        super()._build()
        self.scheduler = Scheduler(
            clock=self.clock,
            board=self.board,
            records=self.records,
            carry_out=self.executor.carry_out,
            publish=self.parts.bus.publish,
        )
        self.scheduler.know(self.store, self.boot)
        self.parts.bus.subscribe(self.scheduler.hear)
        self.jobs._load = self.scheduler.load

    async def passes(self, time: timedelta = timedelta(0)) -> None:
        """Let time go by; the planner wakes when it wants to, as it does in the daemon."""
        end = self.clock.now() + time
        await self.step()
        while (wake := self.scheduler.next_wake) is not None and wake <= end:
            await self.clock.advance(max(timedelta(0), wake - self.clock.now()))
            await self.step()
        await self.clock.advance(end - self.clock.now())
        await self.step()

    async def sleeps(self, time: timedelta) -> None:
        """Time goes by, and no planner looks."""
        await self.clock.advance(time)

    async def step(self) -> None:
        await self.settle()
        await self.scheduler.step()
        await self.settle()

    async def ends(self, job: str, code: int = 0) -> Run:
        """The job's run under way ends."""
        await self.settle()
        for process in self.hands.processes:
            if process.ended is None and process.order.ref.job == job:
                process.end(code)
        await self.step()
        return await self.latest(job)

    async def rows(self, job: str) -> list[Run]:
        """All of the ledger about the job, oldest first."""
        page = await self.store.runs(RunQuery(job=job, limit=1000))
        return sorted(page.runs, key=lambda run: run.number)

    async def told(self, job: str) -> list[str]:
        """Such as "running after", "completed schedule" or "skipped upstream 3"."""
        return [_told(run) for run in await self.rows(job)]


def _told(run: Run) -> str:
    if run.state is RunState.SKIPPED:
        return f"skipped {run.reason}{f' {run.count}' if run.count > 1 else ''}"
    return f"{run.state.value} {run.triggered_by.value}"
