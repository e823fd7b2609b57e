"""Where the trees of topics come from: the board, the ledger and the logs, through the views."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import structlog

from rota.config import schemas
from rota.core.board import Board, JobEntry
from rota.core.events import Event, JobChanged, JobsLoaded, LogAppended, RunChanged, RunProgressed
from rota.core.obstacles import obstacles
from rota.core.replacing import waits_for
from rota.core.run import Run
from rota.core.seams import RunPage, RunQuery
from rota.views.attention import Trouble, trouble_of
from rota.views.job import JobView, job_page
from rota.views.log import LINES, last_words
from rota.views.overview import Filter, Overview
from rota.web.live_topic import Source
from rota.web.run_page_source import RunSource
from rota.web.run_source import end_of_log
from rota.web.services import Services
from rota.web.shapes import problems_of
from rota.web.timeline_source import TimelineSource
from rota.web.topic_names import JobTopic, OverviewTopic, TimelineTopic, TreeTopic
from rota_catalog.tree import Document

_log = structlog.get_logger(__name__)

RUNS = 25  # rows of the run table on a job's page


class TreeSources:
    """Makes the source of a topic; every overview shares one memory of the board."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._overview: Overview | None = None
        services.bus.subscribe(self._remember)

    def __call__(self, topic: TreeTopic) -> Source:
        if isinstance(topic, OverviewTopic):
            # Made for the first reader: until then the board is filled without events.
            self._overview = self._overview or Overview(self._services.board, _report)
            return OverviewSource(self._services, topic, self._overview)
        if isinstance(topic, JobTopic):
            return JobSource(self._services, topic)
        if isinstance(topic, TimelineTopic):
            return TimelineSource(self._services, topic)
        return RunSource(self._services, topic)

    def _remember(self, event: Event) -> None:
        if self._overview is None:
            return
        if isinstance(event, JobsLoaded):
            self._overview.reload()
        elif isinstance(event, RunChanged | RunProgressed):
            self._overview.touch(event.run.job)
        elif isinstance(event, JobChanged):
            self._overview.touch(event.job)


def _report(job: str, error: Exception) -> None:
    _log.error("web.row_failed", job=job, error=f"{type(error).__name__}: {error}")


class OverviewSource:
    """`/`"""

    def __init__(self, services: Services, topic: OverviewTopic, overview: Overview) -> None:
        self._services = services
        self._name = str(topic)
        self._filter = Filter(page=topic.page, state=topic.state, q=topic.q)
        self._overview = overview

    def concerns(self, event: Event) -> float | None:
        return None if isinstance(event, LogAppended) else 0.0

    def owes(self) -> float | None:
        return None

    async def build(self) -> Document:
        for run in self._overview.unexplained():
            self._overview.explain(run.id, await last_words_of(self._services, run, 3))
        return self._overview.document(self._name, self._filter, now=self._services.clock.now())


class JobSource:
    """`/jobs/{job}`; the ledger is read again when a run has begun or moved on, not for its progress."""

    def __init__(self, services: Services, topic: JobTopic) -> None:
        self._services = services
        self._topic = topic
        self._runs = RunPage(runs=(), total=0, next_cursor=None)
        self._last_words: Sequence[str] = ()
        self._is_old = True

    def concerns(self, event: Event) -> float | None:
        if isinstance(event, RunChanged | RunProgressed):
            if event.run.job != self._topic.job:
                return None
            self._is_old |= isinstance(event, RunChanged)
            return 0.0
        if isinstance(event, JobChanged):
            return 0.0 if event.job == self._topic.job else None
        return 0.0 if isinstance(event, JobsLoaded) else None

    def owes(self) -> float | None:
        return None

    async def build(self) -> Document:
        services, job = self._services, self._topic.job
        if self._is_old:
            self._is_old = False  # before it is read: what changes meanwhile makes it old again
            await self._read()
        entry = services.board.entry(job)
        view = JobView(
            entry=entry,
            runs=self._runs,
            problems=problems_of(entry.spec, services.board),
            before=self._topic.before,
            obstacles=tuple(obstacles(entry, services.board, services.clock.now())),
            waits_for=_waits_for(entry, services.board),
            last_words=self._last_words,
            schema=schemas.load("job"),
            unenforced=services.board.unenforced,
            runner=services.board.runner,
        )
        return job_page(str(self._topic), view, now=services.clock.now())

    async def _read(self) -> None:
        services, job = self._services, self._topic.job
        query = RunQuery(job=job, before=self._topic.before or None, limit=RUNS, attempts=False)
        self._runs = await services.store.runs(query)
        entry = services.board.jobs.get(job)
        failed = entry is not None and trouble_of(entry) in (Trouble.FAILED, Trouble.UNKNOWN)
        run = entry.last if entry is not None and failed else None
        self._last_words = () if run is None else await last_words_of(services, run, 8)


def _waits_for(entry: JobEntry, board: Board) -> str:
    return next((words for run in entry.queued if (words := waits_for(board, run))), "")


async def last_words_of(services: Services, run: Run, count: int) -> Sequence[str]:
    """The last lines of a run's newest attempt."""
    attempt = run.current_attempt
    if attempt is None:
        return ()
    return last_words(await asyncio.to_thread(end_of_log, services, run, attempt, LINES), count)
