"""What keeps the ledger small and safe: retention every hour, a check and a backup every day."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from functools import partial
from threading import Event
from typing import Any, TypeVar

import structlog
from sqlalchemy import Connection, delete

from rota.core.errors import RotaError
from rota.core.instant import to_ms
from rota.core.seams import Clock
from rota.store import definitions, histories, log_space
from rota.store.backup import backup_folder, check, daily_backup, daily_path
from rota.store.families import sweep_children
from rota.store.ledger import Ledger
from rota.store.pace import Pace
from rota.store.retention import Means, RemoveLogs, Rules, rules_by_job, sweep
from rota.store.tables import facts
from rota.store.vacuum import give_back

T = TypeVar("T")

_FIRST = 60.0  # seconds after the start: by then what was missed has been started
_EVERY = 3600.0
_LOOKS = 12  # at the size of all logs, in that time
_GATHERED = 10  # jobs whose ends are gathered in one write

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Keep:
    """What stays: of each job, of all logs together in bytes (asked each time), and of daily backups."""

    rules: Rules
    log_limit: Callable[[], int]
    backups: int = 7


class Upkeep:
    """`run()` is a task of the daemon; a step that fails is logged, and the next one tries again."""

    def __init__(self, ledger: Ledger, clock: Clock, keep: Keep, remove_logs: RemoveLogs) -> None:
        self._ledger = ledger
        self._clock = clock
        self._keep = keep
        self._means = Means(ledger=ledger, remove_logs=remove_logs, pace=Pace(ledger, clock))
        self.damage: tuple[str, ...] = ()  # what the last daily check found

    async def run(self) -> None:
        """A step every hour, and a look at the size of all logs every five minutes, for ever."""
        await self._clock.sleep(_FIRST)
        while True:
            await self.step()
            for _ in range(_LOOKS - 1):
                await self._clock.sleep(_EVERY / _LOOKS)
                await self.look()
            await self._clock.sleep(_EVERY / _LOOKS)

    async def step(self) -> None:
        """Retention, and once a day (UTC) the check and, when all is sound, the backup."""
        await self._try(self._sweep)
        await self._try(self._back_up)

    async def look(self) -> None:
        """Let logs go when all together take too much."""
        await self._try(self._ease)

    async def _try(self, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        try:
            await work()
        except (RotaError, OSError, sqlite3.Error) as error:
            log.error("store.upkeep_failed", error=str(error))

    async def _sweep(self) -> None:
        kept = await rules_by_job(self._ledger, self._keep.rules)
        children = await sweep_children(self._means, kept, self._clock.now())
        if children.logs or children.runs:
            log.info("store.children_swept", logs=children.logs, runs=children.runs)
        swept = await sweep(self._means, kept, self._clock.now())
        if swept.logs or swept.runs:
            log.info("store.swept", logs=swept.logs, runs=swept.runs)
        await self._ease()
        now = to_ms(self._clock.now())
        await self._ledger.write(lambda connection: _forget_facts(connection, now))
        await self._gather()
        pages = await give_back(self._ledger, self._means.pace)
        if pages:
            log.info("store.shrunk", pages=pages)

    async def _ease(self) -> None:
        kept = await rules_by_job(self._ledger, self._keep.rules)
        eased = await log_space.ease(self._means, kept, self._keep.log_limit())
        if eased.runs:
            log.info("store.logs_eased", runs=eased.runs, bytes=eased.freed, limit=eased.limit)
        if eased.is_too_much:
            log.warning("store.logs_too_large", bytes=eased.used - eased.freed, limit=eased.limit)

    async def _gather(self) -> None:
        """The ends of jobs whose runs were stored by a rota that did not keep them together."""
        while missing := await self._ledger.read(lambda connection: histories.unknown(connection, _GATHERED)):
            await self._ledger.write(partial(histories.gather, of=missing))

    async def _back_up(self) -> None:
        path, now = self._ledger.path, self._clock.now()
        if daily_path(path, now).exists():
            return
        pruned = await definitions.prune(self._ledger, self._means.pace)
        if pruned:
            log.info("store.definitions_pruned", definitions=pruned)
        self.damage = tuple(await _aside(lambda is_stopped: check(path, is_stopped=is_stopped)))
        if self.damage:
            # No backup now: it would push a sound one out.
            log.error("store.damaged", problems=self.damage, backups=str(backup_folder(path)))
            return
        taken = await _aside(
            lambda is_stopped: daily_backup(path, at=now, keep=self._keep.backups, is_stopped=is_stopped)
        )
        log.info("store.backed_up", file=str(taken))


async def _aside(work: Callable[[Callable[[], bool]], T]) -> T:
    """In a thread of its own, which is told when nobody waits any more: a large file takes minutes."""
    stopped = Event()
    try:
        return await asyncio.to_thread(work, stopped.is_set)
    finally:
        stopped.set()


def _forget_facts(connection: Connection, now: int) -> None:
    connection.execute(delete(facts).where(facts.c.expires_at <= now))
