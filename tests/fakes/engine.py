"""A whole engine on fakes, as the composition root builds it on the real things."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, Self

from fakes.clock import START, FakeClock
from fakes.hands import BOOT, Hands
from fakes.ids import FakeIds
from fakes.jobs import a_job
from fakes.store import MemoryStore
from rota.core.board import Board, Due, JobEntry
from rota.core.decisions import Start
from rota.core.events import Event
from rota.core.model import JobSet, JobSpec
from rota.core.room import Room
from rota.core.run import Run
from rota.core.seams import JobRecord
from rota.engine.bus import Bus
from rota.engine.executor import Executor
from rota.engine.jobs import Jobs
from rota.engine.operations import Operations
from rota.engine.parts import Parts
from rota.engine.recover import take_back
from rota.process.environment import Place


class FakeEngine:
    """Executor, jobs and operations over one clock, store and runner; `restart`: a new daemon over these."""

    def __init__(
        self,
        *specs: JobSpec,
        clock: FakeClock | None = None,
        pools: Mapping[str, int] | None = None,
        max_running: int | None = None,
    ) -> None:
        self.pools = pools
        self.max_running = max_running
        self.clock = clock or FakeClock(START)
        self.store = MemoryStore(clock=self.clock)
        self.hands = Hands(clock=self.clock)
        self.ids = FakeIds()
        self.specs = {spec.id: spec for spec in specs}
        self.events: list[Event] = []
        self.boot_id = BOOT
        self._build()

    def _build(self) -> None:
        self.records: dict[str, JobRecord] = {}
        bus = Bus()
        bus.subscribe(self.events.append)
        room = Room(self.pools, self.max_running)
        self.board = Board(host="db1", started_at=self.clock.now(), room=room)
        self.parts = Parts(
            clock=self.clock,
            ids=self.ids,
            store=self.store,
            runner=self.hands,
            board=self.board,
            bus=bus,
            logs=self.hands,
            place=Place(host="db1", url="http://127.0.0.1:8321"),
            boot_id=self.boot_id,
        )
        self.executor = Executor(self.parts)
        self.jobs = Jobs(self.parts, self.executor, self.records, read=self._read, load=lambda jobs, now: [])
        self.operations = Operations(self.parts, self.executor, self.jobs)

    async def __aenter__(self) -> Self:
        await self.load()
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self.executor.close()

    async def load(self, *specs: JobSpec) -> None:
        """Read the jobs again, after these were added or changed."""
        self.specs |= {spec.id: spec for spec in specs}
        await self.jobs.reload()
        await self.settle()

    async def remove(self, job: str) -> None:
        del self.specs[job]
        await self.jobs.reload()
        await self.settle()

    async def start(self, job: str = "backup", at: datetime | None = None) -> Run:
        """A due instant that is carried out; the run as it is after its process was started."""
        due = Due(job=job, at=at or self.clock.now())
        await self.executor.carry_out([Start(job=job, due=due)])
        await self.settle()
        return await self.latest(job)

    async def end(self, code: int = 0, *, index: int = -1) -> Run:
        """A process ends; the run of `backup` as it is then."""
        self.hands.process(index).end(code)
        await self.settle()
        return await self.latest()

    async def kill(self) -> None:
        """The daemon is gone from one moment to the next; processes and the ledger are as they were."""
        await self.executor.close()

    async def restart(self) -> None:
        """A new daemon takes the runs back."""
        await self.executor.close()
        self._build()
        self.records.update(await self.store.records())
        await self.load()
        await take_back(self.parts, self.executor)
        await self.jobs.follow_renamed()
        await self.settle()

    async def settle(self) -> None:
        await self.clock.settle()

    async def latest(self, job: str = "backup") -> Run:
        run = await self.store.latest(job)
        assert run is not None
        return run

    def entry(self, job: str = "backup") -> JobEntry:
        return self.board.jobs[job]

    async def _read(self, previous: JobSet, confirm: bool) -> JobSet:
        return replace(previous, jobs=dict(self.specs), files=len(self.specs))


async def an_engine(*specs: JobSpec, **settings: Any) -> FakeEngine:
    """One that has read these jobs; else `backup` with these settings."""
    engine = FakeEngine(*(specs or (a_job(**settings),)))
    await engine.load()
    return engine
