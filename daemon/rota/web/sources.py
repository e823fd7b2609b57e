"""Where the trees of topics come from: the board, the ledger and the logs, through the views."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import structlog

from rota.core.errors import NotFound
from rota.core.events import Event, JobChanged, JobsLoaded, LogAppended, RunChanged, RunProgressed
from rota.core.run import Attempt, Run
from rota.core.seams import LogPage, RunQuery
from rota.views.attention import Trouble, trouble_of
from rota.views.job import JobView, job_page
from rota.views.log import LINES, last_words
from rota.views.overview import Filter, Overview
from rota.views.run import RunView, run_page
from rota.web.live_topic import Source
from rota.web.run_source import attempt_of, end_of_log, find_run
from rota.web.services import Services
from rota.web.shapes import problems_of
from rota.web.topic_names import JobTopic, OverviewTopic, RunTopic, TreeTopic
from rota_catalog.tree import Document

_log = structlog.get_logger(__name__)

RUNS = 25  # rows of the run table on a job's page
LOG_SECONDS = 1.0  # the lines in the tree are refreshed at most so often; the stream carries each at once


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

    async def build(self) -> Document:
        for run in self._overview.unexplained():
            self._overview.explain(run.id, await last_words_of(self._services, run, 3))
        return self._overview.document(self._name, self._filter, now=self._services.clock.now())


class JobSource:
    """`/jobs/{job}`"""

    def __init__(self, services: Services, topic: JobTopic) -> None:
        self._services = services
        self._topic = topic

    def concerns(self, event: Event) -> float | None:
        if isinstance(event, RunChanged | RunProgressed):
            return 0.0 if event.run.job == self._topic.job else None
        if isinstance(event, JobChanged):
            return 0.0 if event.job == self._topic.job else None
        return 0.0 if isinstance(event, JobsLoaded) else None

    async def build(self) -> Document:
        services, job = self._services, self._topic.job
        before = self._topic.before
        runs = await services.store.runs(RunQuery(job=job, before=before or None, limit=RUNS))
        entry = services.board.jobs.get(job)
        if entry is None:
            raise NotFound(f"There is no job {job!r}.")
        problems = problems_of(entry.spec, services.board)
        failed = trouble_of(entry) in (Trouble.FAILED, Trouble.UNKNOWN) and entry.last is not None
        words = await last_words_of(services, entry.last, 8) if failed and entry.last else ()
        view = JobView(entry=entry, runs=runs, problems=problems, before=before, last_words=words)
        return job_page(str(self._topic), view, now=services.clock.now())


async def last_words_of(services: Services, run: Run, count: int) -> Sequence[str]:
    """The last lines of a run's newest attempt."""
    attempt = run.current_attempt
    if attempt is None:
        return ()
    return last_words(await asyncio.to_thread(end_of_log, services, run, attempt, LINES), count)


class RunSource:
    """`/runs/{run}`"""

    def __init__(self, services: Services, topic: RunTopic) -> None:
        self._services = services
        self._topic = topic
        self._run_id = f"{topic.job}.{topic.number}"
        self._log: LogPage | None = None
        self._log_of = ""
        self._log_is_old = True

    def concerns(self, event: Event) -> float | None:
        if isinstance(event, RunChanged | RunProgressed):
            if event.run.id == self._run_id:
                self._log_is_old |= isinstance(event, RunChanged)
                return 0.0
            # The next run of the job gives this one its link to it.
            is_next = (event.run.job, event.run.number) == (self._topic.job, self._topic.number + 1)
            return 0.0 if is_next and isinstance(event, RunChanged) else None
        if isinstance(event, LogAppended):
            return self._wait_for_log(event)
        return 0.0 if isinstance(event, JobsLoaded) else None

    async def build(self) -> Document:
        services = self._services
        run = await find_run(services, self._run_id)
        attempt = self._attempt(run)
        view = RunView(
            run=run,
            entry=services.board.jobs.get(run.job),
            attempt=attempt,
            log=None if attempt is None else await self._read_log(run, attempt),
            previous=await self._neighbour(run.number - 1),
            next=await self._neighbour(run.number + 1),
        )
        return run_page(str(self._topic), view, now=services.clock.now())

    def _attempt(self, run: Run) -> Attempt | None:
        wanted = self._topic
        if not wanted.step and not wanted.attempt:
            return run.current_attempt
        attempt = attempt_of(run, wanted.step or None, wanted.attempt or None)
        if attempt is None:
            raise NotFound(f"{run.id} has no such attempt.")
        return attempt

    def _wait_for_log(self, event: LogAppended) -> float | None:
        if (event.ref.job, event.ref.number) != (self._topic.job, self._topic.number):
            return None
        self._log_is_old = True
        return 0.0 if event.end else LOG_SECONDS

    async def _read_log(self, run: Run, attempt: Attempt) -> LogPage:
        known = self._log
        if known is not None and not self._log_is_old and self._log_of == attempt.id:
            return known
        self._log_is_old = False
        self._log_of = attempt.id
        self._log = await asyncio.to_thread(end_of_log, self._services, run, attempt, LINES)
        return self._log

    async def _neighbour(self, number: int) -> str | None:
        if number < 1:
            return None
        job = self._topic.job
        entry = self._services.board.jobs.get(job)
        if entry is not None and number in entry.open_runs:
            return f"{job}.{number}"
        found = await self._services.store.run(job, number)
        return None if found is None else f"{job}.{number}"
