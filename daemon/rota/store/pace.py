"""Large work on the ledger in steps so small that nobody who writes waits for long."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

from sqlalchemy import Connection

from rota.core.seams import Clock
from rota.store.ledger import Ledger

T = TypeVar("T")

_BUSY = 0.01  # seconds that a step may keep the writer busy
_FEWEST, _FIRST, _MOST = 4, 32, 256  # rows in a step


class Pace:
    """Finds out how many rows a step may have; between two steps the writer is free as long as one took."""

    def __init__(self, ledger: Ledger, clock: Clock) -> None:
        self._ledger = ledger
        self._clock = clock
        self._took = 0.0
        self.rows = _FIRST

    def steps(self, of: Sequence[T]) -> Iterator[Sequence[T]]:
        """All of them, in parts as large as seems right by then."""
        start = 0
        while start < len(of):
            part = of[start : start + self.rows]
            start += len(part)
            yield part

    async def write(self, work: Callable[[Connection], None]) -> None:
        """One step."""

        def timed(connection: Connection) -> None:
            began = self._clock.monotonic()
            work(connection)
            self._took = self._clock.monotonic() - began

        await self._ledger.write(timed)
        grown = self.rows * 2 if self._took < _BUSY / 2 else self.rows
        self.rows = max(_FEWEST, self.rows // 2) if self._took > _BUSY else min(_MOST, grown)
        if self._took > 0:
            await self._clock.sleep(self._took)
