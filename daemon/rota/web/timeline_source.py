"""Where the tree of the timeline page comes from; it moves with time, and is built anew at most so often."""

from __future__ import annotations

import asyncio

from rota.core.events import Event, JobsLoaded, RunChanged
from rota.core.seams import RunQuery
from rota.views.timeline import AROUND, timeline_jobs, timeline_page
from rota.web.services import Services
from rota.web.topic_names import TimelineTopic
from rota_catalog.tree import Document

RUNS = 1000
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
        query = RunQuery(since=now - AROUND, skipped=False, limit=RUNS, attempts=False)
        page = await self._services.store.runs(query)
        more = page.next_cursor is not None
        # Instants of thousands of jobs take a while; runs go on meanwhile.
        jobs = timeline_jobs(self._services.board)
        return await asyncio.to_thread(timeline_page, str(self._topic), jobs, page.runs, more=more, now=now)
