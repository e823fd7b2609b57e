"""The web application over a board, a ledger in memory and logs in memory."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path

from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from fakes.clock import FakeClock
from fakes.ids import FakeIds
from fakes.jobs import a_job
from fakes.store import MemoryStore
from rota.core.board import Board, Due, HealthItem, HealthState
from rota.core.errors import NotFound
from rota.core.events import Event, JobChanged, JobsLoaded, LogAppended, RunChanged, RunProgressed
from rota.core.log_page import LogLine, LogPage
from rota.core.model import JobSet, JobSpec
from rota.core.obstacles import why_now
from rota.core.run import Attempt, Reason, Run, RunState, StepState, TriggeredBy, parse_run_id
from rota.core.seams import AttemptRef, Clock, Pause, SkipNext
from rota.core.why import Past, Why, why_at
from rota.engine.bus import Bus
from rota.engine.operations import Operations
from rota.process.output import Logs, Written
from rota.web.app import build_app
from rota.web.services import Services

Client = TestClient[web.Request, web.Application]


class MemoryLogs(Logs):
    """Logs without files; `write` adds a line."""

    def __init__(self) -> None:
        super().__init__(Path("/nonexistent"))
        self._lines: dict[str, list[LogLine]] = {}
        self._ended: set[str] = set()

    def write(self, ref: AttemptRef, text: str, *, at: datetime, level: str = "info") -> LogLine:
        lines = self._lines.setdefault(ref.id, [])
        lines.append(LogLine(n=len(lines), at=at, text=text, level=level))
        return lines[-1]

    def end(self, ref: AttemptRef) -> None:
        self._ended.add(ref.id)

    def page(
        self,
        ref: AttemptRef,
        *,
        start: int = 0,
        limit: int = 1000,
        markers: bool = True,
        written: Written | None = None,
    ) -> LogPage:
        lines = self._lines.get(ref.id, [])
        shown = lines[start : start + limit]
        following = start + len(shown)
        return LogPage(lines=shown, next=following, end=following >= len(lines) and ref.id in self._ended)

    def raw(self, ref: AttemptRef, *, written: Written | None = None) -> Iterator[bytes]:
        yield from (f"{line.text}\n".encode() for line in self._lines.get(ref.id, []))


class RecordingOperations(Operations):
    """Keeps what was asked, and does the least that makes it true on the board."""

    def __init__(self, world: WebWorld) -> None:
        self._world = world
        self.asked: list[tuple[str, object]] = []
        self.refuse_with: Exception | None = None
        self.shared: dict[str, Pause] = {}

    async def run_now(
        self,
        job: str,
        *,
        params: Mapping[str, object] | None = None,
        scheduled_for: datetime | None = None,
    ) -> Run:
        self._note("run_now", {"job": job, "params": params, "scheduled_for": scheduled_for})
        return await self._world.begin(job, params=params or {}, scheduled_for=scheduled_for)

    async def cancel(self, run_id: str, *, immediately: bool = False) -> Run:
        self._note("cancel", {"run": run_id, "immediately": immediately})
        run = await self._world.run(run_id)
        return await self._world.finish(run, RunState.CANCELLED, reason=Reason.CANCELLED)

    async def retry(self, run_id: str) -> Run:
        self._note("retry", run_id)
        run = await self._world.run(run_id)
        return await self._world.begin(run.job, triggered_by=TriggeredBy.RETRY, retry_of=run.id)

    async def pause(self, job: str, *, until: datetime | None = None, note: str = "") -> Pause | None:
        self._note("pause", {"job": job, "until": until, "note": note})
        entry = self._world.board.jobs[job]
        entry.pauses = (Pause(since=self._world.clock.now(), until=until, note=note),)
        self._world.bus.publish(JobChanged(job=job))
        return None

    async def pause_many(self, scope: str, *, until: datetime | None = None, note: str = "") -> Pause | None:
        self._note("pause_many", {"scope": scope, "until": until, "note": note})
        before = self.shared.get(scope)
        self.shared[scope] = Pause(since=self._world.clock.now(), until=until, note=note, scope=scope)
        return before

    async def resume_many(self, scope: str, *, catch_up: bool = False) -> None:
        self._note("resume_many", {"scope": scope, "catch_up": catch_up})
        self.shared.pop(scope, None)

    @property
    def pauses(self) -> Sequence[Pause]:
        return list(self.shared.values())

    async def skip(self, job: str, *, note: str = "") -> SkipNext:
        self._note("skip", {"job": job, "note": note})
        entry = self._world.board.jobs[job]
        at = entry.next_due[0].at if entry.next_due else None
        entry.skip_next = SkipNext(at=at, asked_at=self._world.clock.now(), note=note)
        return entry.skip_next

    async def why(self, job: str, at: datetime | None = None) -> Why:
        entry, now = self._world.board.jobs[job], self._world.clock.now()
        return why_now(entry, self._world.board, now) if at is None else why_at(entry, Past(), at, now)

    async def undo_skip(self, job: str) -> None:
        self._note("undo_skip", job)
        self._world.board.jobs[job].skip_next = None

    async def resume(self, job: str, *, catch_up: bool = False) -> None:
        self._note("resume", {"job": job, "catch_up": catch_up})
        self._world.board.jobs[job].pauses = ()
        self._world.bus.publish(JobChanged(job=job))

    async def reload(self, *, confirm: bool = False) -> JobSet:
        self._note("reload", confirm)
        return self._world.jobset

    def _note(self, what: str, facts: object) -> None:
        if self.refuse_with is not None:
            raise self.refuse_with
        self.asked.append((what, facts))


@dataclass
class WebWorld:
    """Everything that the web reaches, to be changed by a test."""

    specs: Sequence[JobSpec] = field(default_factory=lambda: [a_job("backup")])
    clock: Clock = field(default_factory=FakeClock)

    def __post_init__(self) -> None:
        self.store = MemoryStore(clock=self.clock)
        self.logs = MemoryLogs()
        self.bus = Bus()
        self.ids = FakeIds()
        self.board = Board(host="alpha", started_at=self.clock.now())
        self.jobset = JobSet(jobs={spec.id: spec for spec in self.specs}, files=len(self.specs))
        self.board.load(self.jobset)
        self.operations = RecordingOperations(self)
        for key, label in (("planner", "Scheduler"), ("runner", "Runner"), ("store", "Store")):
            self.board.health[key] = HealthItem(key=key, label=label, state=HealthState.OK)

    def app(self, **settings: object) -> web.Application:
        services = Services(
            board=self.board,
            operations=self.operations,
            store=self.store,
            logs=self.logs,
            bus=self.bus,
            clock=self.clock,
            ids=self.ids,
            url=lambda: "http://127.0.0.1:8321",
            version="0.1.0",
            epoch="7f3a91c2",
            **settings,  # type: ignore[arg-type]
        )
        return build_app(services)

    def load(self, *specs: JobSpec, **members: object) -> None:
        """Another set of jobs comes into force."""
        self.jobset = JobSet(jobs={spec.id: spec for spec in specs}, files=len(specs), **members)  # type: ignore[arg-type]
        self.board.load(self.jobset)
        self.bus.publish(JobsLoaded(jobs=self.jobset))

    def due(self, job: str, *after: timedelta) -> None:
        """The next due instants of a job."""
        now = self.clock.now()
        self.board.jobs[job].next_due = tuple(Due(job=job, at=now + length) for length in after)
        self.bus.publish(JobChanged(job=job))

    async def run(self, run_id: str) -> Run:
        found = await self.store.run(*parse_run_id(run_id))
        if found is None:
            raise NotFound(f"There is no run {run_id!r}.")
        return found

    async def begin(self, job: str = "backup", **changes: object) -> Run:
        """A run that is running, with one attempt."""
        now = self.clock.now()
        attempt = Attempt(
            id=self.ids.attempt(),
            created_at=now,
            started_at=now,
            state=StepState.RUNNING,
            pid=4711,
            argv=("/bin/true",),
            cwd="/srv",
            user="backup",
        )
        settings: dict[str, object] = {
            "state": RunState.RUNNING,
            "triggered_by": TriggeredBy.MANUAL,
            "created_at": now,
            "started_at": now,
            "attempt": 1,
            "attempts": (attempt,),
            "definition": "hash-1",
            "source_file": f"{job}.yaml",
            "source_line": 1,
            "host": "alpha",
        }
        run = Run(job=job, number=0, **(settings | changes))  # type: ignore[arg-type]
        (stored,) = await self.store.add([run])
        assert stored is not None
        return self.announce(stored)

    async def finish(self, run: Run, state: RunState = RunState.COMPLETED, **changes: object) -> Run:
        """The run ends now, and its attempt with it."""
        ended = StepState.COMPLETED if state is RunState.COMPLETED else StepState.FAILED
        attempts = tuple(replace(a, state=ended, ended_at=self.clock.now()) for a in run.attempts)
        settings: dict[str, object] = {
            "reason": Reason.EXIT,
            "ended_at": self.clock.now(),
            "attempts": attempts,
        }
        final = replace(run, state=state, **(settings | changes))  # type: ignore[arg-type]
        await self.store.save(final)
        for attempt in run.attempts:
            self.logs.end(self.ref(run, attempt))
        return self.announce(final)

    def announce(self, run: Run) -> Run:
        """The board knows it, then everyone."""
        self.board.record(run)
        self.publish(RunChanged(run=run))
        return run

    def progress(self, run: Run, **changes: object) -> Run:
        """Volatile: on the board and the bus, not in the ledger."""
        moved = replace(run, **changes)  # type: ignore[arg-type]
        self.board.record(moved)
        self.publish(RunProgressed(run=moved))
        return moved

    def print(self, run: Run, *texts: str, end: bool = False) -> None:
        """Lines in the log of its newest attempt."""
        ref = self.ref(run, run.attempts[-1])
        lines = [self.logs.write(ref, text, at=self.clock.now()) for text in texts]
        if end:
            self.logs.end(ref)
        self.publish(LogAppended(ref=ref, lines=lines, end=end))

    def publish(self, event: Event) -> None:
        self.bus.publish(event)

    @staticmethod
    def ref(run: Run, attempt: Attempt) -> AttemptRef:
        return AttemptRef(id=attempt.id, job=run.job, number=run.number, step=attempt.step, n=attempt.n)


async def a_client(world: WebWorld, **settings: object) -> Client:
    """A browser's view over TCP; the caller closes it."""
    client: Client = TestClient(TestServer(world.app(**settings)))
    await client.start_server()
    return client


async def sign_in(client: Client, world: WebWorld) -> dict[str, str]:
    """Sign the client in; the headers with which it may act."""
    from rota.web.sessions import SESSIONS, csrf_token

    link = await client.app[SESSIONS].create_link()
    answer = await client.get("/sign-in", params={"token": link.token}, allow_redirects=False)
    assert answer.status == 303, await answer.text()
    cookie = next(iter(answer.cookies.values()))
    return {"Origin": str(client.make_url("/")).rstrip("/"), "X-CSRF-Token": csrf_token(cookie.value)}


async def settle() -> None:
    """Let what is ready on the loop run."""
    for _ in range(20):
        await asyncio.sleep(0)  # noqa: TID251
