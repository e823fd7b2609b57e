"""What the event loop itself complains about, as the daemon's log shall have it."""

from __future__ import annotations

import asyncio
from typing import Any

import structlog

from rota.core.seams import Clock

_NO_ROOM = "socket.accept() out of system resource"  # asyncio's words, a hundred times a second meanwhile
_EVERY = 60.0  # seconds between two lines about it

_log = structlog.get_logger(__name__)


class LoopFaults:
    """To be given to `loop.set_exception_handler`: one that repeats without end is told once a minute."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._told_at: float | None = None  # monotonic seconds

    def __call__(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        if context.get("message") != _NO_ROOM:
            loop.default_exception_handler(context)
            return
        now = self._clock.monotonic()
        if self._told_at is None or now - self._told_at >= _EVERY:
            self._told_at = now
            wait = "connections wait until there is room; raise LimitNOFILE= or `ulimit -n`"
            _log.error("web.not_accepting", error=str(context.get("exception")), so=wait)
