"""The owner of all open runs: makes them, leads each in a task of its own, and survives any one of them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Coroutine, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime
from itertools import zip_longest
from typing import Any

import structlog

from rota.core import decisions as d
from rota.core import happenings as h
from rota.core.attempt_life import waits_to_try
from rota.core.catching_up import catch_up_paused
from rota.core.errors import Unavailable
from rota.core.events import RunChanged
from rota.core.model import Concurrency, JobSpec
from rota.core.room import claim_of
from rota.core.run import Reason, Run, RunState
from rota.engine.family import Family
from rota.engine.line import Line
from rota.engine.live_run import LiveRun
from rota.engine.opening import Batch, NewRun, opened
from rota.engine.parts import Parts
from rota.engine.steps import Conductor, Found
from rota.engine.waiting import first_of

_SLICE = 64  # runs that are made or begin before others get a turn
_AFTER_A_FAULT = 10.0  # seconds until a run whose task failed is led on
_CANCEL_PATIENCE = 1.0  # seconds that a cancel waits to answer with the end itself

_log = structlog.get_logger(__name__)


class Executor:
    """`carry_out` what was planned, `adopt` what was found at start; `close` lets go and ends no job."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self.live: dict[str, LiveRun] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._adding = asyncio.Lock()
        self._families: dict[str, Family] = {}  # of parents, by id
        self._making_way: dict[str, str] = {}  # runs that are asked to end, and the newer ones they end for
        self._room = parts.board.room
        self._line = Line(parts, self)

    @property
    def open_runs(self) -> Sequence[Run]:
        """Every run that is led now, also those of jobs that are no longer there."""
        return [live.run for live in self.live.values()]

    @property
    def under_way(self) -> Sequence[Run]:
        """Runs that have a process, or are about to: not those that wait for their turn or next attempt."""
        waiting = (RunState.RETRYING,)
        # Of a batch its children go on, which are runs of their own.
        led = [run for run in self.open_runs if run.children is None]
        return [run for run in led if not run.is_queued and run.state not in waiting]

    async def carry_out(self, decisions: Sequence[d.Decision]) -> None:
        """Record all of it in one transaction, then start what is to start.

        An instant that the ledger has answered already is left alone. Raises Unavailable, and then nothing
        was recorded and nothing starts.
        """
        async with self.holding({decision.job for decision in decisions}):
            added = await self._added(await self._planned(decisions))
        # All are led before others get a turn: who cancels one of them must meet it here.
        begun = [self.take_up(run) for run in added if _begins(run)]
        for position, live in enumerate(begun, start=1):
            self.lead(live)
            if position % _SLICE == 0:
                await self._parts.clock.sleep(0)

    async def catch_up(self, spec: JobSpec, since: datetime) -> int:
        """Make the runs that the job owes for its paused due instants since then; answers how many.

        They wait until nothing pauses the job any more. Raises Unavailable, and then there is none.
        """
        # Held from the look at the skips on, so that none of them grows meanwhile.
        async with self.holding({spec.id}):
            now = self._parts.clock.now()
            skips = await self._parts.store.answers(spec.id, since, now)
            owed = catch_up_paused(spec, skips, now)
            return len(await self._added(await self._planned(owed.starts), owed.shortened))

    async def open(self, spec: JobSpec, opening: h.Opening, admit: Callable[[], bool]) -> Run:
        """A run at somebody's request. `admit` answers whether it queues, or refuses by raising.

        Raises Unavailable when the ledger can't take it.
        """
        async with self.holding({spec.id}):
            new = opened(spec, replace(opening, queued=admit()), self._parts)
            (run,) = await self._added([new])
        if not _begins(run):
            return self._now(run)
        live = self.take_up(run)
        self.lead(live)
        return live.run

    def adopt(self, run: Run, found: Found | None = None, limits: Concurrency | None = None) -> None:
        """Lead on a run of an earlier daemon; `found`: what became of its open attempts, by id.

        `limits`: what it shares with other jobs when its own is gone.
        """
        if run.id in self.live:
            return
        if run.next_attempt_at is None and not run.is_queued:
            entry = self._parts.board.jobs.get(run.job)
            self._room.hold(claim_of(run, None if entry is None else entry.spec, limits))
        self.lead(self.take_up(run), found=found)

    def release(self, *jobs: str) -> None:
        """Let waiting runs start, now that something of these jobs may have changed."""
        self._line.release(*jobs)

    def skip(self, run: Run, reason: Reason, message: str) -> None:
        """End a waiting run before it began."""
        if run.id not in self.live:
            first = h.Skipped(at=self._parts.clock.now(), reason=reason, message=message)
            self.lead(self.take_up(run), first=first)

    def nudge(self, jobs: Collection[str]) -> None:
        """Something about these jobs changed, such as a pause: whoever waits looks again."""
        for live in self.live.values():
            if live.run.job in jobs:
                live.nudged.set()
        self.release(*jobs)

    @asynccontextmanager
    async def holding(self, jobs: Collection[str]) -> AsyncIterator[None]:
        """Meanwhile no new run of any job is recorded, and nobody gets the places of these."""
        async with self._adding:
            self._line.held = frozenset(jobs)
            try:
                yield
            finally:
                self._line.held = frozenset()
                self.release(*jobs)

    async def until_over(self, job: str) -> None:
        """Return when no run of the job is led any more."""
        while going_on := [live for live in self.live.values() if live.run.job == job]:
            await going_on[0].over.wait()

    async def cancel(self, run: Run, *, immediately: bool = False) -> Run:
        """Ask an open run to end. Raises Unavailable for a waiting run whose end can't be stored."""
        live = self.live.get(run.id)
        if live is None:
            return await self._cancel_waiting(run)
        live.kills_at_once = live.kills_at_once or immediately
        await self._note_cancel(live, h.CancelRequested(at=self._parts.clock.now()))
        self._tell_to_end(live)
        if not live.processes and not live.run.state.is_final:
            await first_of(live.over.wait(), self._parts.clock.sleep(_CANCEL_PATIENCE))
        return live.run

    def replace(self, run: Run, by: str) -> None:
        """Ask an active run to end, as the run of that id takes its place; once for each such id."""
        if self._making_way.get(run.id) != by:
            self._making_way[run.id] = by
            self.spawn(self._make_way(run.id, by))

    async def retry_now(self, run: Run) -> Run:
        """Begin the attempts that a run waits for at once. Any other run is answered as it is."""
        live = self.live.get(run.id)
        if live is None:
            return run
        at = self._parts.clock.now()
        await live.commit_plan_once(lambda current: (h.RetryNow(at=at),) if waits_to_try(current) else ())
        live.nudged.set()
        return live.run

    async def close(self) -> None:
        """Stop leading; processes go on, and the next daemon takes them back."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    # --- new runs ---

    async def _planned(self, decisions: Sequence[d.Decision]) -> list[NewRun]:
        batch = Batch(self._parts)
        try:
            for position, decision in enumerate(decisions, start=1):
                batch.add(decision)
                if position % _SLICE == 0:
                    await self._parts.clock.sleep(0)
        except BaseException:
            self._settle(batch.runs, ())  # nobody is going to take the places that were kept
            raise
        return batch.runs

    async def _added(self, planned: Sequence[NewRun], shortened: Sequence[Run] = ()) -> list[Run]:
        if not planned:
            return []
        added: Sequence[Run | None] = ()
        try:
            added = await self._parts.store.add([new.run for new in planned], shortened)
        except Unavailable as error:
            self._parts.writable.error = error.message
            raise
        finally:
            self._settle(planned, added)
        self._parts.writable.error = ""
        runs = [run for run in added if run is not None]
        for run in runs:
            self._parts.board.record(run)
            self._parts.bus.publish(RunChanged(run=run))
            if run.is_queued and run.job not in self._parts.board.jobs:
                # Nobody releases what is not on the board.
                self.skip(run, Reason.REMOVED, "the job was removed while this run was recorded")
        return runs

    def _settle(self, planned: Sequence[NewRun], added: Sequence[Run | None]) -> None:
        """The places that were kept belong to the runs that came to be."""
        for new, run in zip_longest(planned, added):
            if new.claim is not None:
                self._room.leave(new.claim.run)
                if run is not None:
                    self._room.hold(replace(new.claim, number=run.number))

    def _now(self, run: Run) -> Run:
        live = self.live.get(run.id)
        return run if live is None else live.run

    # --- leading them ---

    def take_up(self, run: Run) -> LiveRun:
        """From now on whoever wants something of the run meets it here."""
        live = self.live[run.id] = LiveRun(run, self._parts)
        if run.parent is not None:
            live.family = self.family(self.live[run.series])
            live.family.children[run.id] = live
        return live

    def rests(self, run: Run) -> None:
        """It waits for its next attempt: others may have its place until then."""
        self._line.rests(run)

    def family(self, parent: LiveRun) -> Family:
        """The children of that run."""
        return self._families.setdefault(parent.run.id, Family(parent))

    def lead(self, live: LiveRun, *, first: h.Happening | None = None, found: Found | None = None) -> None:
        """Lead it to its end in a task of its own. `first`, `found`: see Conductor."""
        conductor = Conductor(live, self._parts, leads=self, first=first, found=found)
        self.spawn(self._led(live, conductor))

    async def _led(self, live: LiveRun, conductor: Conductor) -> None:
        while not live.run.state.is_final:
            try:
                await conductor.conduct()
            except Exception as error:
                # A fault of ours must not lose the run: it stays in the ledger as it is, and is led on.
                _log.exception("run.task_failed", run=live.run.id, error=str(error))
                await self._parts.clock.sleep(_AFTER_A_FAULT)
        self.let_go(live)

    def let_go(self, live: LiveRun) -> None:
        """It is over: its place is free for others."""
        self.live.pop(live.run.id, None)
        self._making_way.pop(live.run.id, None)
        self._families.pop(live.run.id, None)
        self._room.leave(live.run.id)
        live.over.set()
        if live.family is not None:
            live.family.children.pop(live.run.id, None)
            live.family.parent.nudged.set()
        self._line.release(live.run.job)

    async def _cancel_waiting(self, run: Run) -> Run:
        live = self.take_up(run)
        try:
            await live.commit_once(h.Cancelled(at=self._parts.clock.now()))
        finally:
            self.let_go(live)
        return live.run

    async def _make_way(self, run_id: str, by: str) -> None:
        live = self.live.get(run_id)
        if live is None:
            self._making_way.pop(run_id, None)
            return
        is_told = live.run.cancel_requested_at is not None
        await self._note_cancel(live, h.ReplaceRequested(at=self._parts.clock.now(), by=by))
        if not is_told:
            self._tell_to_end(live)

    def _tell_to_end(self, live: LiveRun) -> None:
        live.nudged.set()
        for ref in live.processes:
            self.spawn(self._parts.runner.terminate(ref, immediately=live.kills_at_once))

    async def _note_cancel(self, live: LiveRun, asked: h.Happening) -> None:
        try:
            await live.commit_plan_once(lambda run: () if run.state.is_final else (asked,))
        except Unavailable:
            # A full disk may be this run's own doing, so it can be stopped all the same.
            if not live.run.state.is_final:
                await live.announce(asked)

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        """Do it in the background, until it ends or `close` is called."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._forget)

    def _forget(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            _log.error("executor.task_failed", error=str(error))


def _begins(run: Run) -> bool:
    """Whether a new run is to start at once."""
    return run.state is RunState.PENDING and not run.is_queued
