"""Whether the wall clock goes on as time passes, or was set."""

from __future__ import annotations

from datetime import datetime, timedelta

import structlog

from rota.core.seams import Clock

_JUMP = timedelta(seconds=1)

_log = structlog.get_logger(__name__)


class ClockWatch:
    """`look` now and then; the longer ago the last look was, the later a jump is seen."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._monotonic = clock.monotonic()
        self.looked_at = clock.now()  # wall clock
        self.passed = timedelta(0)  # time that really passed between the last two looks
        self.jumps = 0

    @property
    def lag(self) -> timedelta:
        """How long ago the last look was, however the wall clock moved."""
        return timedelta(seconds=self._clock.monotonic() - self._monotonic)

    def look(self, now: datetime) -> timedelta:
        """By how much the wall clock, which says `now`, was set since the last look; 0 for a trifle."""
        monotonic = self._clock.monotonic()
        self.passed = timedelta(seconds=monotonic - self._monotonic)
        jump = now - self.looked_at - self.passed
        self.looked_at, self._monotonic = now, monotonic
        if abs(jump) <= _JUMP:
            return timedelta(0)
        self.jumps += 1
        _log.warning("clock.jumped", seconds=round(jump.total_seconds(), 3), now=now.isoformat())
        return jump
