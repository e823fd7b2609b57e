"""One open run in memory, and the two ways it changes: stored then announced, or announced at once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import structlog

from rota.core import happenings as h
from rota.core.attempt_life import open_attempts
from rota.core.errors import Unavailable
from rota.core.events import ChildChanged, RunChanged, RunProgressed
from rota.core.lifecycle import apply_all
from rota.core.run import Attempt, Run
from rota.core.seams import AttemptRef
from rota.engine.family import Family
from rota.engine.parts import Parts

_STORE_PAUSE = 1.0  # seconds between two tries to store what must be stored

Plan = Callable[[Run], Sequence[h.Happening]]

_log = structlog.get_logger(__name__)


class Bell:
    """Wakes whoever waits for it at that moment; each of them then looks how things stand."""

    def __init__(self) -> None:
        self._next = asyncio.Event()

    def set(self) -> None:
        """Ring."""
        self._next.set()
        self._next = asyncio.Event()

    def next(self) -> asyncio.Event:
        """Set when it rings the next time. To be asked for before looking how things stand."""
        return self._next


@dataclass(slots=True)
class LiveAttempt:
    """What is known in memory of an open attempt."""

    has_process: bool = False  # one that can be asked to end
    heard: int = 0  # the newest notice that had its effect
    read_before: int = 0  # how far an earlier daemon, which watched it, had read its log


class LiveRun:
    """Holds the run as it is now; everyone who changes it goes through here, one after another."""

    def __init__(self, run: Run, parts: Parts) -> None:
        self.run = run
        self.nudged = Bell()  # somebody asked for something: look again instead of sleeping on
        self.over = asyncio.Event()  # the run is final, and nobody leads it any more
        self.kills_at_once = False  # somebody wants SIGKILL for it without SIGTERM
        self.extended_until: float | None = None  # monotonic: one of its attempts asked for time until then
        self.family: Family | None = None  # of a child: who counts it
        self._attempts: dict[str, LiveAttempt] = {}
        self._parts = parts
        self._lock = asyncio.Lock()

    def attempt(self, id_: str) -> LiveAttempt:
        """What is known of the attempt of that id."""
        return self._attempts.setdefault(id_, LiveAttempt())

    @property
    def processes(self) -> Sequence[AttemptRef]:
        """The attempts that can be asked to end."""
        return [
            ref_of(self.run, attempt)
            for attempt in open_attempts(self.run)
            if attempt.id in self._attempts and self._attempts[attempt.id].has_process
        ]

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
            before = self.run.state
            changed = apply_all(self.run, plan(self.run))
            await self._store(changed, instead_of)
            self._take(changed)
        self._publish(changed, stored=True)
        if self.family is not None:
            await self.family.keep(before, changed.state)

    async def announce(self, *happenings: h.Happening, quietly: bool = False) -> None:
        """Apply and announce at once; the next commit stores it. `quietly`: nobody needs to hear of it."""
        async with self._lock:
            changed = apply_all(self.run, happenings)
            self._take(changed)
        if not quietly:
            self._publish(changed, stored=False)

    async def _store(self, changed: Run, instead_of: Run | None) -> None:
        before, family = self.run.state, self.family
        parent = None if family is None else family.promise(before, changed.state)
        try:
            await self._parts.store.save(changed, instead_of=instead_of, parent=parent)
        except Unavailable as error:
            if family is not None:
                family.withdraw(before, changed.state)
            self._parts.writable.error = error.message
            raise
        self._parts.writable.error = ""

    def _publish(self, run: Run, *, stored: bool) -> None:
        if run.parent is not None:
            self._parts.bus.publish(ChildChanged(run=run, stored=stored))
        else:
            self._parts.bus.publish(RunChanged(run=run) if stored else RunProgressed(run=run))

    def _take(self, run: Run) -> None:
        self.run = run
        self._parts.board.record(run)


def ref_of(run: Run, attempt: Attempt) -> AttemptRef:
    """The name of the attempt's directory."""
    return AttemptRef(id=attempt.id, job=run.log_name, number=run.number, step=attempt.step, n=attempt.n)
