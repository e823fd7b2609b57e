"""Large work on the ledger in steps so small that nobody who writes waits for long."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

from sqlalchemy import Connection

from rota.core.seams import Clock
from rota.store.ledger import Ledger

T = TypeVar("T")

_LONG = 0.02  # seconds that a step may take with its commit: what others wait for the writer beside their own
# Rows in a step. The most of them take a few ms of CPU: a disk or a machine that is suddenly slow makes of it
# what it likes, before anybody can know.
_FEWEST, _FIRST, _MOST = 4, 16, 64


class Pace:
    """Finds out how many rows a step may have; between two steps the writer is free as long as one took."""

    def __init__(self, ledger: Ledger, clock: Clock) -> None:
        self._ledger = ledger
        self._clock = clock
        self.rows = _FIRST

    def begin(self) -> None:
        """Another kind of rows: nothing is known yet of what they cost."""
        self.rows = _FIRST

    def steps(self, of: Sequence[T]) -> Iterator[Sequence[T]]:
        """All of them, in parts as large as seems right by then."""
        start = 0
        while start < len(of):
            part = of[start : start + self.rows]
            start += len(part)
            yield part

    async def write(self, work: Callable[[Connection], None], rows: int) -> None:
        """One step, of so many rows."""
        began = self._clock.monotonic()
        await self._ledger.write(work)
        took = self._clock.monotonic() - began
        if took > _LONG:
            self.rows = max(_FEWEST, self.rows // 2)
        elif took < _LONG / 2:  # by what the step had: a few rows say nothing of what many take
            self.rows = max(self.rows, min(_MOST, rows * 2))
        if took > 0:
            await self._clock.sleep(took)
