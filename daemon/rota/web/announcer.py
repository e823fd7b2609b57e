"""Failures in words for people who can't look all the time: seldom, merged, never all there is of a fact."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from rota.core.run import Run
from rota.core.seams import Clock

QUIET_SECONDS = 5.0

Say = Callable[[str, str, str], None]  # level, text, ref


class Announcer:
    """At most one announcement in `QUIET_SECONDS`; what comes meanwhile is merged into the next."""

    def __init__(self, clock: Clock, say: Say) -> None:
        self._clock = clock
        self._say = say
        self._waiting: dict[str, Run] = {}
        self._quiet: asyncio.Task[None] | None = None

    def failed(self, run: Run) -> None:
        """A run has failed."""
        self._waiting[run.id] = run
        if self._quiet is None:
            self._tell()
            self._quiet = asyncio.ensure_future(self._wait())

    def close(self) -> None:
        if self._quiet is not None:
            self._quiet.cancel()

    async def _wait(self) -> None:
        while True:
            await self._clock.sleep(QUIET_SECONDS)
            if not self._waiting:
                self._quiet = None
                return
            self._tell()

    def _tell(self) -> None:
        runs = list(self._waiting.values())
        self._waiting.clear()
        if len(runs) == 1:
            why = f": {runs[0].message}" if runs[0].message else ""
            self._say("assertive", f"{runs[0].id} failed{why}", f"run/{runs[0].id}")
            return
        names = ", ".join(sorted({run.job for run in runs})[:5])
        self._say("assertive", f"{len(runs)} runs failed: {names}", "overview")
