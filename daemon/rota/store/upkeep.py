"""What keeps the ledger small and safe: retention every hour, a check and a backup every day."""

from __future__ import annotations

import asyncio
import sqlite3
from pathlib import Path

import structlog

from rota.core.errors import RotaError
from rota.core.seams import Clock
from rota.store.backup import backup_folder, check, daily_backup, daily_path
from rota.store.ledger import Ledger
from rota.store.retention import RemoveLogs, RetentionPolicy, sweep

_FIRST = 60.0  # seconds after the start: by then what was missed has been started
_EVERY = 3600.0

log = structlog.get_logger()


class Upkeep:
    """`run()` is a task of the daemon; a step that fails is logged, and the next one tries again."""

    def __init__(
        self, ledger: Ledger, clock: Clock, policy: RetentionPolicy, remove_logs: RemoveLogs, *, keep: int = 7
    ) -> None:
        """`keep` is the number of daily backups that stay."""
        self._ledger = ledger
        self._clock = clock
        self._policy = policy
        self._remove_logs = remove_logs
        self._keep = keep
        self.damage: tuple[str, ...] = ()  # what the last daily check found

    async def run(self) -> None:
        """A step every hour, for ever."""
        await self._clock.sleep(_FIRST)
        while True:
            await self.step()
            await self._clock.sleep(_EVERY)

    async def step(self) -> None:
        """Retention, and once a day (UTC) the check and, when all is sound, the backup."""
        try:
            swept = await sweep(self._ledger, self._policy, self._remove_logs, self._clock.now())
            if swept.logs or swept.runs:
                log.info("store.swept", logs=swept.logs, runs=swept.runs)
            await self._back_up()
        except (RotaError, OSError, sqlite3.Error) as error:
            log.error("store.upkeep_failed", error=str(error))

    async def _back_up(self) -> None:
        path, now = self._ledger.path, self._clock.now()
        if daily_path(path, now).exists():
            return
        self.damage = tuple(await asyncio.to_thread(check, path))
        if self.damage:
            # No backup now: it would push a sound one out.
            log.error("store.damaged", problems=self.damage, backups=str(backup_folder(path)))
            return
        taken: Path | None = await asyncio.to_thread(daily_backup, path, at=now, keep=self._keep)
        log.info("store.backed_up", file=str(taken))
