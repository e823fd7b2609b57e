"""A clock that only moves when a test moves it."""

from __future__ import annotations

import asyncio
import heapq
from collections import deque
from datetime import UTC, datetime, timedelta
from itertools import count

START = datetime(2026, 1, 1, tzinfo=UTC)
_MOST_HOPS = 100_000


class FakeClock:
    """The seam `core.seams.Clock`; `advance` lets time pass, `step_wall` sets the wall clock."""

    def __init__(self, now: datetime = START) -> None:
        self._now = now
        self._monotonic = 1000.0
        self._order = count()
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []

    def now(self) -> datetime:
        return self._now

    def monotonic(self) -> float:
        return self._monotonic

    async def sleep(self, seconds: float) -> None:
        if seconds <= 0:
            await asyncio.sleep(0)  # noqa: TID251
            return
        sleeper: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (self._monotonic + seconds, next(self._order), sleeper))
        await sleeper

    @property
    def sleepers(self) -> int:
        """How many tasks sleep on this clock now."""
        return sum(not sleeper.done() for _, _, sleeper in self._sleepers)

    async def advance(self, by: timedelta | float) -> None:
        """Let that much time pass, with a stop at each deadline on the way, and let woken tasks settle."""
        seconds = by.total_seconds() if isinstance(by, timedelta) else by
        until = self._monotonic + seconds
        await self.settle()
        while self._sleepers and self._sleepers[0][0] <= until:
            deadline, _, sleeper = heapq.heappop(self._sleepers)
            if not sleeper.done():
                self._move_to(deadline)
                sleeper.set_result(None)
                await self.settle()
        self._move_to(until)
        await self.settle()

    def step_wall(self, by: timedelta) -> None:
        """Set the wall clock forward or back, without anyone having waited."""
        self._now += by

    async def settle(self) -> None:
        """Return when no task of this loop can go on without time, threads or files."""
        ready: deque[object] = asyncio.get_running_loop()._ready  # type: ignore[attr-defined]
        for _ in range(_MOST_HOPS):
            await asyncio.sleep(0)  # noqa: TID251
            if not ready:
                return
        raise AssertionError("a task keeps running without ever waiting")

    def _move_to(self, monotonic: float) -> None:
        self._now += timedelta(seconds=monotonic - self._monotonic)
        self._monotonic = monotonic
