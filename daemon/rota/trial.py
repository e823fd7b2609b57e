"""One run of a job here and now, without a daemon: by the executor and a runner of its own, kept nowhere.

Everything lies in a temporary folder, and when the trial is over neither the folder nor a process is left.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import tempfile
from collections import Counter
from collections.abc import AsyncIterator, Callable, Collection, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import cast

from rota.core import happenings as h
from rota.core.batch import Chunk, Known
from rota.core.board import Board
from rota.core.errors import Unavailable
from rota.core.events import ChildChanged, Event, LogAppended, RunChanged
from rota.core.model import JobSet, JobSpec
from rota.core.run import Run, TriggeredBy
from rota.core.seams import AttemptRef, RunPage, RunQuery, Store
from rota.engine.bus import Bus
from rota.engine.clock import SystemClock
from rota.engine.executor import Executor
from rota.engine.parts import Parts
from rota.host.command import own_command
from rota.host.listen import boot_id, host_name
from rota.process.client import RunnerClient
from rota.process.environment import Place
from rota.process.launch import Launcher
from rota.process.layout import Layout
from rota.process.output import Logs
from rota.store.ids import SystemIds

_LOOK_EVERY = 0.005  # seconds, while the runner greets us
_RUNNER_PATIENCE = 10.0  # seconds for that
_ROUNDS = 100  # of ending what is left, which may start others meanwhile
_LONGEST_FOLDER = 70  # bytes: with our own names below it a path of 107, the longest that AF_UNIX takes
_STOPPED_BY = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

Lines = Callable[[AttemptRef, Sequence[str]], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """`lines` is handed the log as it comes, marker lines left out; `stopping` hears of a signal to end."""

    spec: JobSpec
    params: Mapping[str, object]
    lines: Lines
    stopping: Callable[[], None] = lambda: None


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """The run as it ended; `signal` is the number of the one that ended it early, 0 when none did."""

    run: Run
    signal: int = 0


def tried(trial: Trial) -> Tried:
    """Run it to its end. Ctrl-C, SIGTERM and SIGHUP cancel it; a second one kills it at once.

    Raises Unavailable when no runner can be started.
    """
    folder = Path(tempfile.mkdtemp(prefix="rota-try-", dir=_temporary()))
    folder.chmod(0o711)  # what belongs to the job's user lies below; nobody else sees what there is
    try:
        return asyncio.run(_run(trial, folder))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _temporary() -> str:
    """Where the address of a socket has room below it."""
    folder = tempfile.gettempdir()
    return folder if len(os.fsencode(folder)) <= _LONGEST_FOLDER else "/tmp"


async def _run(trial: Trial, folder: Path) -> Tried:
    clock, bus, signals = SystemClock(), Bus(), _signals()
    layout = Layout(
        state=folder,
        socket=folder / "rota.sock",
        runner_state=folder / "runner",
        runner_socket=folder / "socket" / "runner.sock",
    )
    spec = trial.spec
    board = Board(host=host_name(), started_at=clock.now())
    board.load(JobSet(jobs={spec.id: spec}))
    async with _own_runner(layout, clock) as client:
        parts = Parts(
            clock=clock,
            ids=SystemIds(clock),
            store=cast("Store", _OneRun()),  # one run needs no more of a ledger than to be added and saved
            runner=client,
            board=board,
            bus=bus,
            logs=Logs(layout.runner_state),
            place=Place(host=board.host, url="", command=own_command()),
            boot_id=boot_id(),
        )
        return await _Watched(trial, parts, signals).to_its_end()


def _signals() -> asyncio.Queue[int]:
    """Those that end the trial, from now on."""
    signals: asyncio.Queue[int] = asyncio.Queue()
    for number in _STOPPED_BY:
        asyncio.get_running_loop().add_signal_handler(number, signals.put_nowait, number)
    return signals


class _Watched:
    """Leads the run, passes on what it says, and ends it when a signal says so."""

    def __init__(self, trial: Trial, parts: Parts, signals: asyncio.Queue[int]) -> None:
        self._trial = trial
        self._parts = parts
        self._executor = Executor(parts)
        self._signals = signals
        self._over = asyncio.Event()
        self._run: Run | None = None
        self._attempts: set[str] = set()  # of its children
        self._signal = 0

    async def to_its_end(self) -> Tried:
        self._parts.bus.subscribe(self._hear)
        opening = h.Opening(
            at=self._parts.clock.now(),
            triggered_by=TriggeredBy.MANUAL,
            host=self._parts.board.host,
            params=self._trial.params,
        )
        try:
            self._run = await self._executor.open(self._trial.spec, opening, lambda: False)
            self._executor.spawn(self._stop_when_told(self._run))
            await self._over.wait()
        finally:
            await self._executor.close()
            _end_stragglers(self._run, self._attempts)
        assert self._run is not None
        return Tried(run=self._run, signal=self._signal)

    def _hear(self, event: Event) -> None:
        if isinstance(event, LogAppended) and event.lines:
            self._trial.lines(event.ref, [line.text for line in event.lines])
        elif isinstance(event, ChildChanged):
            self._attempts |= {attempt.id for attempt in event.run.attempts}
        elif isinstance(event, RunChanged):
            self._run = event.run
            if event.run.state.is_final:
                self._over.set()

    async def _stop_when_told(self, run: Run) -> None:
        while True:
            number = await self._signals.get()
            again, self._signal = self._signal != 0, self._signal or number
            self._trial.stopping()
            await self._executor.cancel(run, immediately=again)


@asynccontextmanager
async def _own_runner(layout: Layout, clock: SystemClock) -> AsyncIterator[RunnerClient]:
    launcher = Launcher(layout, clock=clock)
    client = RunnerClient(layout.runner_socket, clock=clock)
    await launcher.ensure()
    try:
        await client.open()
        deadline = clock.monotonic() + _RUNNER_PATIENCE
        while client.facts is None:
            if clock.monotonic() > deadline:
                raise Unavailable(client.problem or "the runner does not answer")
            await clock.sleep(_LOOK_EVERY)
        yield client
    finally:
        runner = client.facts
        if not await launcher.end(client) and runner is not None:
            os.kill(runner.pid, signal.SIGKILL)  # it holds what can't be ended, and nobody is to come for it
        await client.close()


def _end_stragglers(run: Run | None, others: Collection[str]) -> None:
    """What an attempt left in the background carries its id in the environment."""
    ids = {*others, *(attempt.id for attempt in run.attempts)} if run else {*others}
    marks = {f"ROTA_ATTEMPT_ID={attempt}".encode() for attempt in ids}
    for _ in range(_ROUNDS):
        left = [pid for pid in _pids() if not marks.isdisjoint(_environ(pid))]
        if not left:
            return
        for pid in left:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


def _pids() -> Iterator[int]:
    return (int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit())


def _environ(pid: int) -> Sequence[bytes]:
    try:
        return Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    except OSError:
        return ()  # it ended meanwhile, or is somebody else's


class _OneRun:
    """A ledger that forgets: the run is in memory for as long as it lasts, with its children."""

    def __init__(self) -> None:
        self._chunks: list[Chunk] = []
        self._children: dict[int, Run] = {}

    async def add(self, runs: Sequence[Run], shortened: Sequence[Run] = ()) -> Sequence[Run | None]:
        return [replace(run, number=1) for run in runs]

    async def save(self, run: Run, *, instead_of: Run | None = None, parent: Run | None = None) -> None:
        if run.parent is not None:
            self._children[run.number] = run

    async def add_children(self, children: Sequence[Run]) -> None:
        self._children |= {child.number: child for child in children}

    async def save_chunks(self, parent: str, first: int, found: Sequence[Chunk]) -> None:
        self._chunks[first - 1 :] = found

    async def chunks(self, parent: str, after: int, most: int, *, undone: bool = False) -> Sequence[Chunk]:
        return self._chunks[after : after + most]

    async def known_children(self, parent: str) -> Known:
        states = Counter(child.state for child in self._children.values())
        begun = max(self._children, default=0)
        return Known(open=(), states=states, begun=begun, chunks=len(self._chunks))

    async def runs(self, query: RunQuery) -> RunPage:
        found = [child for child in self._children.values() if child.state in query.states]
        return RunPage(runs=found[: query.limit], total=len(found), next_cursor=None)
