"""One open run in memory, and the two ways it changes: stored then announced, or announced at once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

import structlog

from rota.core import happenings as h
from rota.core.errors import Unavailable
from rota.core.events import RunChanged, RunProgressed
from rota.core.lifecycle import apply_all
from rota.core.run import Run
from rota.core.seams import AttemptRef
from rota.engine.parts import Parts

_STORE_PAUSE = 1.0  # seconds between two tries to store what must be stored

Plan = Callable[[Run], Sequence[h.Happening]]

_log = structlog.get_logger(__name__)


class LiveRun:
    """Holds the run as it is now; everyone who changes it goes through here, one after another."""

    def __init__(self, run: Run, parts: Parts) -> None:
        self.run = run
        self.nudged = asyncio.Event()  # somebody asked for something: look again instead of sleeping on
        self.over = asyncio.Event()  # the run is final, and nobody leads it any more
        self.has_process = False  # one that can be asked to end
        self.kills_at_once = False  # somebody wants SIGKILL for it without SIGTERM
        self.heard = 0  # the newest notice that had its effect
        self.taken_over = ("", 0)  # the attempt that an earlier daemon watched, and how far it read the log
        self.extended_until: float | None = None  # monotonic: the newest attempt asked for time until then
        self._parts = parts
        self._lock = asyncio.Lock()

    @property
    def ref(self) -> AttemptRef:
        """The newest attempt. Only for a run that has one."""
        attempt = self.run.attempts[-1]
        return AttemptRef(
            id=attempt.id, job=self.run.log_name, number=self.run.number, step=attempt.step, n=attempt.n
        )

    async def commit(self, *happenings: h.Happening) -> None:
        """Apply, store, then announce. Tries again for as long as the ledger can't take it."""
        await self.commit_plan(lambda run: happenings)

    async def commit_plan(self, plan: Plan, *, instead_of: Run | None = None) -> None:
        """`commit` of what `plan` says of the run as it is at that moment.

        `instead_of`: a skip that leaves the ledger with it, since this run stands for it from now on.
        """
        while True:
            try:
                await self.commit_plan_once(plan, instead_of=instead_of)
                return
            except Unavailable as error:
                _log.warning("run.not_stored", run=self.run.id, error=error.message)
            await self._parts.clock.sleep(_STORE_PAUSE)

    async def commit_once(self, *happenings: h.Happening) -> None:
        """Apply, store, then announce; raises Unavailable, and then nothing has changed."""
        await self.commit_plan_once(lambda run: happenings)

    async def commit_plan_once(self, plan: Plan, *, instead_of: Run | None = None) -> None:
        """`commit_once` of what `plan` says of the run as it is at that moment."""
        async with self._lock:
            changed = apply_all(self.run, plan(self.run))
            try:
                await self._parts.store.save(changed, instead_of=instead_of)
            except Unavailable as error:
                self._parts.writable.error = error.message
                raise
            self._parts.writable.error = ""
            self._take(changed)
        self._parts.bus.publish(RunChanged(run=changed))

    async def announce(self, *happenings: h.Happening, quietly: bool = False) -> None:
        """Apply and announce at once; the next commit stores it. `quietly`: nobody needs to hear of it."""
        async with self._lock:
            changed = apply_all(self.run, happenings)
            self._take(changed)
        if not quietly:
            self._parts.bus.publish(RunProgressed(run=changed))

    def _take(self, run: Run) -> None:
        self.run = run
        self._parts.board.record(run)
