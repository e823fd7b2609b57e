"""The daemon's side of the runner: one connection, made again for ever, and what is under way on it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path

from rota.core.seams import (
    AttemptRef,
    AttemptReport,
    Clock,
    Refused,
    RunnerEvent,
    RunnerFacts,
    Started,
    StartOrder,
)


class RunnerClient:
    """Implements `core.seams.ProcessRunner`. `open` begins connecting, `close` ends it; jobs go on."""

    def __init__(self, socket: Path, *, clock: Clock, ledger: str = "") -> None:
        self._path = socket
        self._clock = clock
        self._ledger = ledger

    @property
    def facts(self) -> RunnerFacts | None:
        raise NotImplementedError

    async def open(self) -> None:
        """Begin to connect; does not wait for a runner."""
        raise NotImplementedError

    async def close(self) -> None:
        raise NotImplementedError

    async def start(self, order: StartOrder) -> Started | Refused:
        raise NotImplementedError

    async def terminate(self, ref: AttemptRef, *, immediately: bool = False) -> None:
        raise NotImplementedError

    def watch(self, ref: AttemptRef) -> AsyncIterator[RunnerEvent]:
        raise NotImplementedError

    async def report(self, refs: Sequence[AttemptRef]) -> Mapping[str, AttemptReport]:
        raise NotImplementedError

    async def ack(self, ref: AttemptRef) -> None:
        raise NotImplementedError

    async def remove(self, job: str, number: int) -> None:
        """Delete the directories of a run's attempts, for retention."""
        raise NotImplementedError
