"""A process runner without processes: what jobs do is what the test says."""

from __future__ import annotations

import asyncio
import json
import shutil
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

from rota.core.errors import Unavailable
from rota.core.instant import to_ms
from rota.core.seams import (
    AttemptRef,
    AttemptReport,
    AttemptWhere,
    Clock,
    EndCause,
    Ended,
    Grew,
    Refused,
    RunnerEvent,
    RunnerFacts,
    Started,
    StartOrder,
)
from rota.runner.log import LogWriter
from rota.runner.system import System

BOOT = "5d2c1f00-0000-4000-8000-000000000001"


@dataclass(slots=True)
class Scripted:
    """One attempt that was started."""

    order: StartOrder
    started: Started
    size: int = 0
    ended: Ended | None = None
    lost: bool = False
    news: asyncio.Event = field(default_factory=asyncio.Event)
    log: LogWriter | None = None


class ScriptedRunner:
    """The seam `core.seams.ProcessRunner`.

    `on_start` is called with each order after it was carried out, and may `say` and `end`. With `root`, logs
    are real files there, as `process.output.Logs` reads them.
    """

    def __init__(self, clock: Clock, *, root: Path | None = None) -> None:
        self._clock = clock
        self._root = root
        self._pids = count(1001)
        self._refusals: list[Refused] = []
        self._here = asyncio.Event()
        self._here.set()
        self.on_start: Callable[[StartOrder], None] = lambda _: None
        self.on_terminate: Callable[[AttemptRef, bool], None] = self._end_killed
        self.attempts: dict[str, Scripted] = {}
        self.orders: list[StartOrder] = []
        self.terminated: list[tuple[AttemptRef, bool]] = []
        self.acked: list[AttemptRef] = []

    # what a test says

    def refuse_next(self, code: str, message: str) -> None:
        """The next order is answered so."""
        self._refusals.append(Refused(code=code, message=message))

    def say(self, ref: AttemptRef, *lines: str) -> None:
        """The job writes these lines."""
        self.write(ref, "".join(f"{line}\n" for line in lines))

    def write(self, ref: AttemptRef, text: str) -> None:
        attempt = self.attempts[ref.id]
        data = text.encode()
        attempt.size += len(data)
        log = self._log(attempt)
        if log is not None:
            log.write(data, to_ms(self._clock.now()))
        attempt.news.set()

    def end(
        self,
        ref: AttemptRef,
        exit_code: int | None = 0,
        *,
        cause: EndCause = EndCause.EXIT,
        signal: int | None = None,
    ) -> None:
        """The job ends."""
        attempt = self.attempts[ref.id]
        attempt.ended = Ended(
            cause=cause,
            exit_code=exit_code if signal is None else None,
            signal=signal,
            at=self._clock.now(),
            log_size=attempt.size,
        )
        self._write_exit(ref)
        attempt.news.set()

    def lose(self, ref: AttemptRef) -> None:
        """Nothing is left of it but its directory."""
        self.attempts[ref.id].lost = True
        self.attempts[ref.id].news.set()

    def go_away(self) -> None:
        """No runner answers any more; its jobs go on."""
        self._here.clear()

    def come_back(self) -> None:
        self._here.set()

    # the seam

    @property
    def facts(self) -> RunnerFacts | None:
        if not self._here.is_set():
            return None
        state = str(self._root or "")
        return RunnerFacts(user="rota", home="/home/rota", shell="/bin/sh", boot_id=BOOT, pid=77, state=state)

    async def start(self, order: StartOrder) -> Started | Refused:
        await self._here.wait()
        known = self.attempts.get(order.ref.id)
        if known is not None:
            return Refused(code="known", message="was started before") if known.lost else known.started
        self.orders.append(order)
        if self._refusals:
            return self._refusals.pop(0)
        started = Started(pid=next(self._pids), pid_started=1, at=self._clock.now())
        self.attempts[order.ref.id] = Scripted(order, started)
        self.on_start(order)
        return started

    async def terminate(self, ref: AttemptRef, *, immediately: bool = False) -> None:
        self.terminated.append((ref, immediately))
        attempt = self.attempts.get(ref.id)
        if attempt is not None and attempt.ended is None:
            self.on_terminate(ref, immediately)

    async def watch(self, ref: AttemptRef) -> AsyncGenerator[RunnerEvent, None]:
        attempt = self.attempts.get(ref.id)
        if attempt is None:
            yield self._unknown()
            return
        told = -1
        while True:
            if attempt.ended is not None or attempt.lost:
                yield attempt.ended or self._unknown()
                return
            if attempt.size > told:
                told = attempt.size
                yield Grew(size=told)
            await attempt.news.wait()
            attempt.news.clear()

    async def report(self, refs: Sequence[AttemptRef]) -> Mapping[str, AttemptReport]:
        await self._here.wait()
        return {ref.id: self._report(ref) for ref in refs}

    async def remove(self, job: str, number: int) -> None:
        if not self._here.is_set():
            raise Unavailable("no runner answers, so logs can't be deleted now")
        for id_, attempt in list(self.attempts.items()):
            ref = attempt.order.ref
            if (ref.job, ref.number) == (job, number) and ref in self.acked:
                del self.attempts[id_]
        if self._root is not None:
            shutil.rmtree(self._root / job / str(number), ignore_errors=True)

    async def ack(self, ref: AttemptRef) -> None:
        self.acked.append(ref)

    def _report(self, ref: AttemptRef) -> AttemptReport:
        attempt = self.attempts.get(ref.id)
        if attempt is None:
            return AttemptReport(where=AttemptWhere.ABSENT)
        where = AttemptWhere.LIVE if attempt.ended is None else AttemptWhere.ENDED
        where = AttemptWhere.LOST if attempt.lost else where
        return AttemptReport(where=where, started=attempt.started, ended=attempt.ended)

    def _end_killed(self, ref: AttemptRef, immediately: bool) -> None:
        self.end(ref, cause=EndCause.KILLED, signal=9 if immediately else 15)

    def _unknown(self) -> Ended:
        return Ended(cause=EndCause.UNKNOWN, exit_code=None, signal=None, at=self._clock.now(), log_size=0)

    def _directory(self, ref: AttemptRef) -> Path | None:
        if self._root is None:
            return None
        directory = self._root / ref.job / str(ref.number) / f"{ref.step}.{ref.n}"
        directory.mkdir(parents=True, exist_ok=True)
        return directory

    def _log(self, attempt: Scripted) -> LogWriter | None:
        directory = self._directory(attempt.order.ref)
        if directory is not None and attempt.log is None:
            system = System()
            attempt.log = LogWriter(system, system.open_directory(str(directory)), attempt.order.output)
        return attempt.log

    def _write_exit(self, ref: AttemptRef) -> None:
        directory = self._directory(ref)
        if directory is not None:
            (directory / "exit").write_text(json.dumps({"cause": "exit"}))
