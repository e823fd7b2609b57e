"""The clock of the machine."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime

_LONGEST_NAP = 30.0  # seconds


class SystemClock:
    """The seam `core.seams.Clock` over the kernel's clocks."""

    def now(self) -> datetime:
        """Wall clock, aware UTC. May jump."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Seconds that never jump and that count on while the machine sleeps."""
        return time.clock_gettime(time.CLOCK_BOOTTIME)

    async def sleep(self, seconds: float) -> None:
        """Return after that many monotonic seconds; zero or less lets others run once."""
        deadline = self.monotonic() + seconds
        await asyncio.sleep(min(seconds, _LONGEST_NAP))  # noqa: TID251
        # The loop's timers stand still while the machine sleeps, so a long wait looks at the clock again.
        while (left := deadline - self.monotonic()) > 0:  # noqa: ASYNC110
            await asyncio.sleep(min(left, _LONGEST_NAP))  # noqa: TID251
