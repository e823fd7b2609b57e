"""Where the tree of a run's page comes from; progress costs neither the ledger nor the log's file."""

from __future__ import annotations

import asyncio

from rota.core.errors import NotFound
from rota.core.eta import SAMPLES_USED, step_lengths
from rota.core.events import ChildChanged, Event, JobsLoaded, LogAppended, RunChanged, RunProgressed
from rota.core.expect import overdue_since
from rota.core.log_page import LogPage
from rota.core.replacing import waits_for
from rota.core.run import Attempt, Run, RunState
from rota.core.seams import RunQuery
from rota.core.step_life import listed
from rota.views.log import LINES
from rota.views.run import RunView, run_page
from rota.views.steps import Usual
from rota.web.child_page import ChildPage
from rota.web.run_source import attempt_of, end_of_log, find_run
from rota.web.services import Services
from rota.web.topic_names import RunTopic
from rota_catalog.tree import Document

WAIT_SECONDS = 5.0  # what a run in line waits for is told anew so often
LOG_SECONDS = 1.0  # the lines in the tree are refreshed at most so often; the stream carries each at once


class RunSource:
    """`/runs/{run}`; what only a change of state can alter is kept, so that progress reads no ledger."""

    def __init__(self, services: Services, topic: RunTopic) -> None:
        self._services = services
        self._topic = topic
        self._run_id = f"{topic.job}.{topic.number}"
        self._log = _LogEnd(services)
        self._children = ChildPage(services, topic)
        self._previous: str | None = None
        self._next: str | None = None
        self._are_neighbours_old = True
        self._shown: RunView | None = None
        self._usual: Usual | None = None  # read once: one run more changes a median little

    def concerns(self, event: Event) -> float | None:
        if isinstance(event, RunChanged | RunProgressed):
            return self._wait_for_run(event)
        if isinstance(event, ChildChanged):
            return self._wait_for_child(event)
        if isinstance(event, LogAppended):
            return self._wait_for_log(event)
        return 0.0 if isinstance(event, JobsLoaded) else None

    def owes(self) -> float | None:
        waits = (self._log.owes(), self._children.owes(), self._owes_words())
        owed = [each for each in waits if each is not None]
        return min(owed, default=None)

    async def build(self) -> Document:
        services = self._services
        run = await find_run(services, self._run_id)
        attempt = self._attempt(run)
        if self._are_neighbours_old:
            self._are_neighbours_old = (
                False  # before they are read: what changes meanwhile makes them old again
            )
            self._previous = await self._neighbour(run.number - 1)
            self._next = await self._neighbour(run.number + 1)
        view = RunView(
            run=run,
            entry=services.board.jobs.get(run.job),
            attempt=attempt,
            log=None if attempt is None else await self._log.read(run, attempt),
            previous=self._previous,
            next=self._next,
            waits_for=waits_for(services.board, run),
            children=None if run.children is None else await self._children.read(),
            usual=await self._usual_of(run),
        )
        self._shown = view
        return run_page(str(self._topic), view, now=services.clock.now())

    async def _usual_of(self, run: Run) -> Usual:
        """How long the steps of a run that goes on usually take."""
        if not listed(run.steps) or run.state.is_final:
            return {}
        if self._usual is None:
            completed = RunQuery(job=run.job, states=frozenset({RunState.COMPLETED}), limit=SAMPLES_USED)
            self._usual = step_lengths((await self._services.store.runs(completed)).runs)
        return self._usual

    def _owes_words(self) -> float | None:
        """When the page says something else though nothing happens to the run."""
        if self._shown is None:
            return None
        run, entry = self._shown.run, self._shown.entry
        if self._shown.waits_for:
            return WAIT_SECONDS
        since = None if entry is None else overdue_since(entry.spec.expect, run)
        if since is None:
            return None
        left = (since - self._services.clock.now()).total_seconds()
        return left if left > 0 else None

    def _attempt(self, run: Run) -> Attempt | None:
        wanted = self._topic
        if not wanted.step and not wanted.attempt:
            return run.current_attempt
        attempt = attempt_of(run, wanted.step or None, wanted.attempt or None)
        if attempt is None:
            raise NotFound(f"{run.id} has no such attempt.")
        return attempt

    def _wait_for_run(self, event: RunChanged | RunProgressed) -> float | None:
        changed = isinstance(event, RunChanged)
        if event.run.id == self._run_id:
            if changed:
                attempt = event.run.current_attempt
                self._log.outdate(now=attempt is None or attempt.state.is_final)
            return 0.0
        # The next run of the job gives this one its link to it.
        is_next = (event.run.series, event.run.number) == (self._topic.job, self._topic.number + 1)
        if not is_next or not changed or self._next is not None:
            return None
        self._are_neighbours_old = True
        return 0.0

    def _wait_for_child(self, event: ChildChanged) -> float | None:
        if event.run.id == self._run_id:
            own = RunChanged(run=event.run) if event.stored else RunProgressed(run=event.run)
            return self._wait_for_run(own)
        if event.run.series != self._run_id or not event.stored:
            return None
        self._children.outdate()
        return LOG_SECONDS

    def _wait_for_log(self, event: LogAppended) -> float | None:
        if (event.ref.job, event.ref.number) != (self._topic.job, self._topic.number):
            return None
        shown = None if self._shown is None else self._shown.attempt
        if shown is not None and shown.id != event.ref.id:  # of another step, which runs beside that one
            return None
        self._log.outdate(now=event.end)
        return 0.0 if event.end else LOG_SECONDS

    async def _neighbour(self, number: int) -> str | None:
        if number < 1:
            return None
        job = self._topic.job
        if self._services.board.open_run(job, number) is not None:
            return f"{job}.{number}"
        found = await self._services.store.run(job, number)
        return None if found is None else f"{job}.{number}"


class _LogEnd:
    """The last lines of an attempt's log, read at most every `LOG_SECONDS` while it grows."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._page: LogPage | None = None
        self._of = ""
        self._read_at = 0.0
        self._is_old = True
        self._must_read = True

    def outdate(self, *, now: bool) -> None:
        """There is more; `now`: it was the end, so the next page shows all of it."""
        self._is_old = True
        self._must_read |= now

    def owes(self) -> float | None:
        """In how many seconds lines may be read that are there already."""
        if not self._is_old or self._page is None:
            return None
        return max(0.0, self._read_at + LOG_SECONDS - self._services.clock.monotonic())

    async def read(self, run: Run, attempt: Attempt) -> LogPage:
        if self._page is not None and self._of == attempt.id and not self._is_due():
            return self._page
        self._is_old = self._must_read = False
        self._of = attempt.id
        self._page = await asyncio.to_thread(end_of_log, self._services, run, attempt, LINES)
        self._read_at = self._services.clock.monotonic()
        return self._page

    def _is_due(self) -> bool:
        return self._must_read or self.owes() == 0.0
