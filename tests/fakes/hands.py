"""A process runner and its logs in memory: a test says when a process writes and how it ends."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from rota.core.errors import RotaError, Unavailable
from rota.core.log_page import LogLine
from rota.core.seams import (
    AttemptRef,
    AttemptReport,
    AttemptWhere,
    Clock,
    EndCause,
    Ended,
    Grew,
    Notice,
    Refused,
    RunnerEvent,
    RunnerFacts,
    Started,
    StartOrder,
)
from rota.process.output import LogChunk

BOOT = "5d2c1f00-0000-4000-8000-000000000001"
FACTS = RunnerFacts(user="rota-jobs", home="/home/rota-jobs", shell="/bin/bash", boot_id=BOOT, pid=1)


@dataclass(kw_only=True)
class Hands:
    """The seam `core.seams.ProcessRunner`, and the `AttemptLogs` of what it started.

    Processes are named `<step>.<n>` in the order of their start; `process()` is the newest.
    """

    clock: Clock
    facts: RunnerFacts | None = FACTS
    refuse: Refused | None = None  # the answer to the next starts
    broken: RotaError | None = None  # raised by the next start, after the process was started
    obeys: bool = True  # SIGTERM ends a process at once
    orders: list[StartOrder] = field(default_factory=list)
    terminated: list[tuple[str, bool]] = field(default_factory=list)
    acked: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)  # runs whose logs were deleted
    reports: dict[str, AttemptReport] = field(default_factory=dict)  # say otherwise than it is
    _processes: dict[str, Process] = field(default_factory=dict)

    @property
    def processes(self) -> Sequence[Process]:
        """In the order of their start."""
        return list(self._processes.values())

    def process(self, index: int = -1) -> Process:
        return list(self._processes.values())[index]

    async def start(self, order: StartOrder) -> Started | Refused:
        if self.refuse is not None:
            return self.refuse
        known = self._processes.get(order.ref.id)
        if known is not None:
            return known.started
        self.orders.append(order)
        started = Started(pid=1000 + len(self.orders), pid_started=7, at=self.clock.now())
        self._processes[order.ref.id] = Process(order=order, started=started, clock=self.clock)
        if self.broken is not None:
            error, self.broken = self.broken, None
            raise error
        return started

    async def terminate(self, ref: AttemptRef, *, immediately: bool = False) -> None:
        self.terminated.append((ref.id, immediately))
        process = self._processes.get(ref.id)
        if process is not None and (self.obeys or immediately):
            process.end(cause=EndCause.KILLED, signal=9 if immediately else 15)

    async def watch(self, ref: AttemptRef) -> AsyncGenerator[RunnerEvent, None]:
        process = self._processes.get(ref.id)
        if process is None:
            yield Ended(cause=EndCause.UNKNOWN, exit_code=None, signal=None, at=self.clock.now(), log_size=0)
            return
        seen = 0
        while True:
            process.news.clear()
            if process.ended is not None:
                yield process.ended
                return
            if process.size > seen or process.notices:
                seen, notices, process.notices = process.size, tuple(process.notices), []
                yield Grew(size=seen, notices=notices)
            else:
                await process.news.wait()

    async def report(self, refs: Sequence[AttemptRef]) -> Mapping[str, AttemptReport]:
        if self.facts is None:
            raise Unavailable("no runner answers, so nothing can be said of attempts")
        return {ref.id: self.reports.get(ref.id) or self._report(ref) for ref in refs}

    async def ack(self, ref: AttemptRef) -> None:
        self.acked.append(ref.id)

    async def remove(self, job: str, number: int) -> None:
        if self.facts is None:
            raise Unavailable("no runner answers, so logs can't be deleted now")
        self.removed.append(f"{job}.{number}")
        for id_, process in list(self._processes.items()):
            ref = process.order.ref
            if (ref.job, ref.number) == (job, number) and id_ in self.acked:
                del self._processes[id_]

    def read_from(
        self, ref: AttemptRef, offset: int, line: int, *, final: bool = False, upto: int | None = None
    ) -> LogChunk:
        process = self._processes.get(ref.id)
        text = "" if process is None else process.text[offset:upto]
        whole = text if final else text[: text.rfind("\n") + 1]
        lines = [
            LogLine(n=line + i, at=self.clock.now(), text=each) for i, each in enumerate(whole.splitlines())
        ]
        return LogChunk(lines=lines, offset=offset + len(whole), line=line + len(lines))

    def unended(self, ref: AttemptRef, start: int) -> int | None:
        process = self._processes.get(ref.id)
        text = "" if process is None else process.text
        return None if "\n" in text[start:] else len(text)

    def outputs(self, ref: AttemptRef) -> dict[str, str]:
        process = self._processes.get(ref.id)
        return {} if process is None else process.outputs

    def items(self, ref: AttemptRef) -> Iterator[object]:
        process = self._processes.get(ref.id)
        return iter(() if process is None else process.items)

    def _report(self, ref: AttemptRef) -> AttemptReport:
        process = self._processes.get(ref.id)
        if process is None:
            return AttemptReport(where=AttemptWhere.ABSENT)
        where = AttemptWhere.LIVE if process.ended is None else AttemptWhere.ENDED
        return AttemptReport(where=where, started=process.started, ended=process.ended)


@dataclass(kw_only=True)
class Process:
    """What one order became."""

    order: StartOrder
    started: Started
    clock: Clock
    text: str = ""
    outputs: dict[str, str] = field(default_factory=dict)
    items: list[object] = field(default_factory=list)
    ended: Ended | None = None
    notices: list[Notice] = field(default_factory=list)
    said: int = 0
    news: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def name(self) -> str:
        return f"{self.order.ref.step}.{self.order.ref.n}"

    @property
    def size(self) -> int:
        return len(self.text)

    def write(self, text: str) -> None:
        self.text += text
        self.news.set()

    def notify(self, kind: str, text: str, *, size: int | None = None) -> Notice:
        """Say that by NOTIFY_SOCKET; `size`: what the log held then."""
        self.said += 1
        at = self.size if size is None else size
        self.notices.append(Notice(n=self.said, at=self.clock.now(), size=at, kind=kind, text=text))
        self.news.set()
        return self.notices[-1]

    def end(
        self,
        code: int = 0,
        *,
        cause: EndCause = EndCause.EXIT,
        signal: int | None = None,
        at: datetime | None = None,
    ) -> None:
        """`at`: when it ended, if that becomes known only now."""
        if self.ended is None:
            exit_code = code if cause is EndCause.EXIT else None
            self.ended = Ended(
                cause=cause, exit_code=exit_code, signal=signal, at=at or self.clock.now(), log_size=self.size
            )
            self.news.set()
