"""One run from wherever it is to its end: attempts and steps, each durable before the next."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Mapping, Sequence

from rota.core import happenings as h
from rota.core.attempt_life import open_attempts, waits
from rota.core.batch_life import is_parent
from rota.core.condition import must_ask
from rota.core.graph import ready, runs_as_graph
from rota.core.model import JobSpec
from rota.core.recovery import Recovery
from rota.core.run import Attempt, Reason, Run, RunState, StepState
from rota.engine import moves
from rota.engine.attempt import Lead
from rota.engine.batch import Leads, Parent
from rota.engine.live_run import LiveRun
from rota.engine.parts import Parts
from rota.engine.time_limits import TryLimit
from rota.engine.turns import Waits, is_too_late, until_next_attempt, until_place, until_room
from rota.engine.waiting import sleep_or

Found = Mapping[str, Awaitable[Recovery]]


class Conductor:
    """Leads one run. What it does next follows from the run alone, so a restart goes on where it was."""

    def __init__(
        self,
        live: LiveRun,
        parts: Parts,
        *,
        leads: Leads,
        first: h.Happening | None = None,
        found: Found | None = None,
    ) -> None:
        """`first`: what happens to it before all; `found`: what became of its attempts while nobody looked.

        `leads` hears when the run waits for its next attempt, and needs no place until then; and leads its
        children, if it is to have any.
        """
        self.live = live
        self._parts = parts
        self._executor = leads
        self._parent = Parent(live, parts, leads)
        self._first = first
        self._found = dict(found or {})
        self._spec: JobSpec | None = None  # the job as this try of the run began
        self._limit = TryLimit(parts.clock)
        self._waits = Waits(live, parts)
        self._leads: dict[str, asyncio.Task[None]] = {}  # of attempts that go on side by side

    async def conduct(self) -> None:
        """Return when the run is final. After a fault it may be called again, and goes on."""
        if self._first is not None:
            await self.live.commit(self._first)
            self._first = None
        try:
            while not self.live.run.state.is_final:
                await self._advance()
        finally:
            await self._let_go()

    async def _advance(self) -> None:
        run = self.live.run
        opened = open_attempts(run)
        if run.children is not None:
            await self._parent.lead()
        elif self._may_not_begin(opened):
            await self.live.commit_plan(self._end_before_it_began)
        elif run.is_queued:
            await self._wait_in_line()
        elif run.next_attempt_at is not None:
            await self._try_again()
        elif not opened or self._has_more(run):
            await self._begin()
        elif len(opened) == 1 and not self._leads and not waits(opened[0]):
            await self._lead(opened[0])
        else:
            await self._lead_on(opened)

    def _has_more(self, run: Run) -> bool:
        """Whether steps of a graph can begin beside those under way, which nobody planned yet."""
        return runs_as_graph(run) and bool(ready(run))

    def _may_not_begin(self, opened: Sequence[Attempt]) -> bool:
        """Whether nothing of it goes on, and nothing of it may begin any more."""
        if self._found or self._leads or any(attempt.state is StepState.RUNNING for attempt in opened):
            return False
        run = self.live.run
        return run.cancel_requested_at is not None or (bool(opened) and is_too_late(run, self._parts))

    def _end_before_it_began(self, run: Run) -> tuple[h.Happening, ...]:
        at = self._parts.clock.now()
        if run.cancel_requested_at is not None:
            return (h.Cancelled(at=at),)
        message = "it could not start before its start deadline"
        return (h.Skipped(at=at, reason=Reason.START_DEADLINE, message=message),)

    # --- the next attempts ---

    async def _wait_in_line(self) -> None:
        """Of a child: until there is room for it."""
        await until_place(self.live, self._parts)
        if self.live.run.cancel_requested_at is None:
            await self.live.commit_plan(lambda run: (h.Released(),))

    async def _try_again(self) -> None:
        self._executor.rests(self.live.run)
        await until_next_attempt(self.live, self._parts)
        await until_room(self.live, self._parts)
        if self.live.run.cancel_requested_at is not None:
            return
        if open_attempts(self.live.run):
            self._spec = None
            await self.live.commit_plan(self._waits.over)
        else:
            await self._begin()

    async def _begin(self) -> None:
        if self.live.run.state is not RunState.RUNNING and not open_attempts(self.live.run):
            self._spec = None
        spec = self._job()
        if spec is None and not self._leads:
            await self.live.commit_plan(lambda run: moves.left_alone(run, self._parts))
        if spec is None:
            return
        if is_parent(self.live.run, spec) and not must_ask(self.live.run, spec):
            await self._parent.begin(spec)
            return
        plan = moves.going_on if open_attempts(self.live.run) else moves.begun
        await self.live.commit_plan(lambda run: plan(run, spec, self._parts))

    def _job(self) -> JobSpec | None:
        if self._spec is None:
            entry = self._parts.board.jobs.get(self.live.run.job)
            self._spec = None if entry is None else entry.spec
        return self._spec

    # --- leading them ---

    async def _lead(self, attempt: Attempt) -> None:
        lead = Lead(self.live, attempt, self._job, self._limit, self._parts)
        asked = self._found.get(attempt.id)
        found = None if asked is None else await asked
        self._found.pop(attempt.id, None)
        await lead.lead(found)

    async def _lead_on(self, opened: Sequence[Attempt]) -> None:
        """Side by side, until one of them is over, somebody wants something, or one's time has come."""
        nudged = self.live.nudged.next()
        is_ending = self.live.run.cancel_requested_at is not None
        for attempt in opened:
            goes_on = attempt.state is StepState.RUNNING or attempt.id in self._found
            if attempt.id not in self._leads and not waits(attempt) and (goes_on or not is_ending):
                task = asyncio.create_task(self._lead(attempt))
                task.add_done_callback(lambda _: self.live.nudged.set())
                self._leads[attempt.id] = task
        if self._waits.due():
            await self.live.commit_plan(self._waits.over)
            return
        await sleep_or(self._parts.clock, self._waits.seconds(), nudged)
        for id_, task in list(self._leads.items()):
            if task.done():
                del self._leads[id_]
                task.result()

    async def _let_go(self) -> None:
        tasks, self._leads = list(self._leads.values()), {}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
