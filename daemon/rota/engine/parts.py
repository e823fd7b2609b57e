"""What the engine works with: the injected seams and the few facts about this daemon."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Protocol

from rota.core.board import Board
from rota.core.seams import AttemptRef, Clock, Ids, ProcessRunner, Store
from rota.engine.bus import Bus
from rota.process.environment import Place
from rota.process.output import LogChunk


class AttemptLogs(Protocol):
    """What the engine reads of an attempt; `process.output.Logs` is the real one."""

    def read_from(
        self, ref: AttemptRef, offset: int, line: int, *, final: bool = False, upto: int | None = None
    ) -> LogChunk: ...

    def unended(self, ref: AttemptRef, start: int) -> int | None: ...

    def items(self, ref: AttemptRef) -> Iterator[object]:
        """What an attempt at ITEMS found. Raises JobError while they are read."""
        ...

    def outputs(self, ref: AttemptRef) -> dict[str, str]:
        """Raises JobError when what the job left there can't be used."""
        ...


@dataclass(slots=True)
class Writable:
    """Whether the ledger took the last thing it was given."""

    error: str = ""  # why not, a sentence for people; "" when it did


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """Handed to everything in the engine. `boot_id` names this boot of the host."""

    clock: Clock
    ids: Ids
    store: Store
    runner: ProcessRunner
    board: Board
    bus: Bus
    logs: AttemptLogs
    place: Place
    boot_id: str
    writable: Writable = field(default_factory=Writable)
