"""Waiting on the injected clock without being deaf meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

from rota.core.seams import Clock


async def sleep_or(clock: Clock, seconds: float, event: asyncio.Event) -> bool:
    """Sleep that long, or until the event is set; answers whether it was set."""
    if event.is_set() or seconds <= 0:
        return event.is_set()
    await first_of(clock.sleep(seconds), event.wait())
    return event.is_set()


async def first_of(*waits: Coroutine[Any, Any, Any]) -> None:
    """Return when one of them has ended; the others are cancelled."""
    tasks = [asyncio.ensure_future(wait) for wait in waits]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
