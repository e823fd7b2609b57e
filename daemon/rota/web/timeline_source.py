"""Where the tree of the timeline page comes from; it moves with time, and is built anew at most so often."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import datetime

from rota.core.events import Event, JobsLoaded, RunChanged
from rota.core.run import Run
from rota.core.seams import RunQuery
from rota.views.timeline import AROUND, timeline_jobs, timeline_page
from rota.web.services import Services
from rota.web.topic_names import TimelineTopic
from rota_catalog.tree import Document

RUNS = 1000
_PART = 500  # runs in one read, so that other readers have their turn
CHANGED_SECONDS = 10.0
MOVED_SECONDS = 60.0


class TimelineSource:
    """`/timeline`"""

    def __init__(self, services: Services, topic: TimelineTopic) -> None:
        self._services = services
        self._topic = topic

    def concerns(self, event: Event) -> float | None:
        return CHANGED_SECONDS if isinstance(event, RunChanged | JobsLoaded) else None

    def owes(self) -> float | None:
        return MOVED_SECONDS

    async def build(self) -> Document:
        now = self._services.clock.now().replace(second=0, microsecond=0)
        runs, more = await self._runs(now - AROUND)
        # Instants of thousands of jobs take a while; runs go on meanwhile.
        jobs = timeline_jobs(self._services.board)
        return await asyncio.to_thread(timeline_page, str(self._topic), jobs, runs, more=more, now=now)

    async def _runs(self, since: datetime) -> tuple[list[Run], bool]:
        """The newest that began since then, and whether there are more."""
        runs: list[Run] = []
        query = RunQuery(since=since, skipped=False, limit=_PART, attempts=False)
        while True:
            page = await self._services.store.runs(query)
            runs += page.runs
            if page.next_cursor is None or len(runs) >= RUNS:
                return runs, page.next_cursor is not None
            query = replace(query, before=page.next_cursor)
