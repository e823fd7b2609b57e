"""A real runner in a process of its own, with short paths, for tests at the process border."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Awaitable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TypeVar

from eventually import eventually
from rota.core.seams import AttemptRef, Ended, Started, StartOrder
from rota.engine.clock import SystemClock
from rota.process.client import RunnerClient
from rota.process.launch import answers
from rota.process.output import Logs

T = TypeVar("T")
ROOT = Path(__file__).resolve().parents[1]
PATH = "/usr/local/bin:/usr/bin:/bin"


class RunnerProcess:
    """Starts at once; `start` again after `kill9` or `stop` uses the same state and socket.

    `below`: a folder for the state directory.
    """

    def __init__(self, *module: str, env: Mapping[str, str] | None = None, below: str = "") -> None:
        self._env = dict(env or {})
        self.folder = Path(tempfile.mkdtemp(prefix="rota-", dir="/tmp"))  # whatever TMPDIR says
        self.state = self.folder / below / "state"
        self.socket = self.folder / "runner.sock"
        self._process: subprocess.Popen[bytes] | None = None
        self.start(*module)

    def start(self, *module: str) -> None:
        """`module`: another main than the runner's, for the same arguments."""
        argv = [sys.executable, *(module or ("-m", "rota.runner"))]
        argv += ["--state", str(self.state), "--socket", str(self.socket)]
        path = os.pathsep.join((str(ROOT / "daemon"), str(ROOT / "tests")))
        env = {"PATH": PATH, "PYTHONPATH": path, "SECRET_OF_THE_RUNNER": "1", **self._env}
        with (self.folder / "runner.log").open("ab") as log:
            self._process = subprocess.Popen(argv, env=env, stdout=log, stderr=log, start_new_session=True)
        eventually(lambda: answers(self.socket) or self.process.poll() is not None)

    @property
    def process(self) -> subprocess.Popen[bytes]:
        assert self._process is not None
        return self._process

    def kill9(self) -> None:
        self.process.kill()
        self.process.wait()

    def reload(self) -> None:
        self.process.send_signal(signal.SIGHUP)

    def stop(self) -> int:
        self.process.terminate()
        return self.process.wait(60)

    def said(self) -> str:
        return (self.folder / "runner.log").read_text()

    def client(self, ledger: str = "ledger") -> RunnerClient:
        return RunnerClient(self.socket, clock=SystemClock(), ledger=ledger)

    def clean_copy(self) -> None:
        """End it and leave alone the processes that its state directory names: they are another's."""
        self.kill9()
        shutil.rmtree(self.folder, ignore_errors=True)

    def clean(self) -> None:
        """End it and every process of an attempt that is left."""
        if self.process.poll() is None:
            self.kill9()
        for file in self.state.glob("*/*/*/pid"):
            _kill_session(file)
        shutil.rmtree(self.folder, ignore_errors=True)


class Bench:
    """A runner, a client of it and a reader of its logs, as most tests need them."""

    def __init__(self, runner: RunnerProcess) -> None:
        self.runner = runner
        self.client = runner.client()
        self.logs = Logs(runner.state)
        self._n = 0

    async def reconnect(self) -> None:
        """As a daemon that was killed and started again."""
        await self.client.close()
        self.client = self.runner.client()
        await self.client.open()

    @staticmethod
    def ref() -> AttemptRef:
        """An attempt that nobody started."""
        return AttemptRef(id="nobody", job="job", number=999, step="main", n=1)

    def order(self, script: str, *, timeout_ms: int | None = None, grace_ms: int = 5000) -> StartOrder:
        """A shell script as the next attempt."""
        self._n += 1
        ref = AttemptRef(
            id=f"{self.runner.folder.name}-{self._n}", job="job", number=self._n, step="main", n=1
        )
        return StartOrder(
            ref=ref,
            argv=("bash", "-c", script),
            env={"PATH": PATH, "HERE": str(self.runner.folder)},
            cwd=str(self.runner.folder),
            timeout_ms=timeout_ms,
            grace_ms=grace_ms,
        )

    async def start(self, order: StartOrder) -> Started:
        started = await soon(self.client.start(order))
        assert isinstance(started, Started), started
        return started

    async def end(self, order: StartOrder) -> Ended:
        """Wait for the attempt's end."""

        async def watch() -> Ended:
            async for event in self.client.watch(order.ref):
                if isinstance(event, Ended):
                    return event
            raise AssertionError("the watch ended without an end")

        return await soon(watch())

    async def run(self, script: str) -> tuple[Ended, str]:
        """Run a script to its end: how it ended, and what it wrote."""
        order = self.order(script)
        await self.start(order)
        return await self.end(order), self.log(order)

    def log(self, order: StartOrder) -> str:
        return b"".join(self.logs.raw(order.ref)).decode()

    def wait_for(self, order: StartOrder, text: str) -> None:
        """Return once the job wrote that."""
        eventually(lambda: text in self.log(order))


@asynccontextmanager
async def a_bench(*module: str) -> AsyncIterator[Bench]:
    """A runner with another main, and a client of it; of neither is anything left."""
    runner = RunnerProcess(*module)
    bench = Bench(runner)
    await bench.client.open()
    try:
        yield bench
    finally:
        await bench.client.close()
        runner.clean()


async def soon(waiting: Awaitable[T]) -> T:
    """Its result, within a time that only a hang exceeds."""
    async with asyncio.timeout(60):
        return await waiting


def is_alive(pid: int) -> bool:
    """Whether the process is there and no zombie."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False
    return stat.rpartition(")")[2].split()[0] not in "ZX"


def _kill_session(file: Path) -> None:
    try:
        started = json.loads(file.read_text())
        stat = Path(f"/proc/{started['pid']}/stat").read_text()
        if int(stat.rpartition(")")[2].split()[19]) == started["pidStarted"]:
            os.killpg(started["pid"], signal.SIGKILL)
    except (OSError, ValueError, KeyError):
        return
