"""The parent of a batch: finds its items, lets its children begin, and ends when all of them have ended."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Coroutine, Iterator, Sequence
from datetime import datetime
from itertools import islice
from typing import Any, Protocol, TypeVar

import structlog

from rota.core import batch_life
from rota.core import happenings as h
from rota.core.batch import NAMED, Chunk, Items, WrongItems, chunked
from rota.core.changed import changed
from rota.core.errors import JobError, Unavailable
from rota.core.expect import length_warning
from rota.core.lifecycle import apply_all, new_run
from rota.core.model import Batch, JobSpec
from rota.core.room import claim_of
from rota.core.run import Children, Reason, Run, RunState, TriggeredBy, parse_run_id
from rota.core.seams import RunQuery
from rota.engine import moves
from rota.engine.family import Family
from rota.engine.live_run import LiveRun, ref_of
from rota.engine.parts import Parts

_SLICE = 500  # chunks that are written or read together
_PAUSE = 1.0  # seconds until what the ledger could not take is tried again

T = TypeVar("T")

_log = structlog.get_logger(__name__)


class Leads(Protocol):
    """Who leads runs, and the children of runs."""

    def rests(self, run: Run) -> None: ...

    def family(self, parent: LiveRun) -> Family: ...

    def adopt(self, run: Run) -> None: ...

    def take_up(self, run: Run) -> LiveRun: ...

    def lead(self, live: LiveRun) -> None: ...

    async def cancel(self, run: Run, *, immediately: bool = False) -> Run: ...

    def spawn(self, work: Coroutine[Any, Any, None]) -> None: ...


class Parent:
    """What it does next follows from the run and the ledger, so a restart goes on where it was."""

    def __init__(self, live: LiveRun, parts: Parts, leads: Leads) -> None:
        self._live = live
        self._parts = parts
        self._leads = leads
        self._waiting: list[Chunk] = []  # the next ones that have not begun
        self._is_last_read = False
        self._told: dict[str, bool] = {}  # children that were asked to end, and whether at once

    # --- its items ---

    async def begin(self, spec: JobSpec) -> None:
        """Store what there is to do, so that children may begin; or let an attempt find it first."""
        run, batch = self._live.run, spec.batch
        assert batch is not None
        try:
            total = await self._found(run, batch)
        except WrongItems as error:
            await self._live.commit(h.GivenUp(at=self._now(), reason=Reason.REFUSED, message=str(error)))
            return
        if total is None:
            await self._live.commit_plan(lambda run: moves.searching(run, spec, self._parts))
            return
        await self._live.commit_plan(lambda run: _split(run, spec, h.Split(at=self._now(), chunks=total)))
        if self._live.run.children is not None:
            self._leads.family(self._live).start(self._live.run.children)

    async def _found(self, run: Run, batch: Batch) -> int | None:
        """How many chunks are stored now; None when their items are still to be found.

        Raises WrongItems when they can't be worked on.
        """
        if run.retry_of is not None and (old := await self._retried(run.retry_of)) is not None:
            return await self._take_over(old)
        if batch.source is None:
            return await self._store(iter(batch.items), batch)
        if not batch_life.has_found(run):
            return None
        attempt = run.attempts[-1]
        try:
            return await self._store(self._parts.logs.items(ref_of(run, attempt)), batch)
        except JobError as error:
            raise WrongItems(f"its items: {error.message}") from error

    async def _store(self, items: Iterator[object], batch: Batch) -> int:
        """In slices: neither a long list nor a large one keeps others waiting."""
        found = seen = 0
        size = max(1, _SLICE // batch.chunk) * batch.chunk
        while part := list(islice(items, size)):
            seen += len(part)
            if seen > batch.max_items:
                raise WrongItems(f"there are more than {batch.max_items} items (max_items)")
            chunks = list(chunked(part, batch.chunk, first=found + 1))
            await self._write(found + 1, chunks)
            found += len(chunks)
        if not found:
            await self._write(1, [])  # what an earlier try stored
        return found

    async def _retried(self, run_id: str) -> str | None:
        """The id of the run that is tried again, if it had children."""
        old = await self._answered(lambda: self._parts.store.run(*parse_run_id(run_id)))
        return old.id if old is not None and old.children is not None else None

    async def _take_over(self, old: str) -> int:
        """The chunks of an earlier parent whose children have not completed."""
        after = found = 0
        while part := await self._read(old, after, undone=True):
            after = part[-1].place
            await self._write(found + 1, [changed(each, place=found + n) for n, each in enumerate(part, 1)])
            found += len(part)
        return found

    async def _write(self, first: int, chunks: Sequence[Chunk]) -> None:
        await self._answered(lambda: self._parts.store.save_chunks(self._live.run.id, first, chunks))

    async def _read(self, of: str, after: int, *, undone: bool = False) -> Sequence[Chunk]:
        return await self._answered(lambda: self._parts.store.chunks(of, after, _SLICE, undone=undone))

    # --- its children ---

    async def lead(self) -> None:
        """Let children begin and wait for their ends, until the run is final."""
        family = self._leads.family(self._live)
        begun = await self._begun(led=frozenset(family.children))
        self._waiting, self._is_last_read = [], False
        while True:
            nudged = self._live.nudged.next()
            spec = self._spec()
            ends = self._live.run.cancel_requested_at is not None or spec is None
            if self._live.run.cancel_requested_at is not None:
                self._cancel(family)
            elif spec is not None and not self._is_draining:
                begun = await self._begin_children(family, spec, begun)
            if not family.children and (ends or not self._may_have_more):
                await self._end(spec)
                return
            await nudged.wait()

    @property
    def _is_draining(self) -> bool:
        return self._parts.board.draining_since is not None

    @property
    def _may_have_more(self) -> bool:
        return bool(self._waiting) or (self._is_draining and not self._is_last_read)

    async def _begun(self, led: Collection[str]) -> int:
        """The highest place that has begun. `led`: the children that somebody leads."""
        known = await self._answered(lambda: self._parts.store.known_children(self._live.run.id))
        for child in known.open:
            if child.id not in led:  # stored, but with a fault of ours before anybody led it
                self._parts.board.record(child)
                self._leads.adopt(child)
        return known.begun

    def _spec(self) -> JobSpec | None:
        """The job as it is now; None when it is gone, or no batch any more."""
        entry = self._parts.board.jobs.get(self._live.run.job)
        return None if entry is None or entry.spec.batch is None else entry.spec

    async def _begin_children(self, family: Family, spec: JobSpec, begun: int) -> int:
        """As many as may go on at once; answers the highest place that has begun."""
        assert spec.batch is not None
        free = spec.batch.at_once - len(family.children)
        if len(self._waiting) < free:
            await self._refill(begun)
        new, self._waiting = self._waiting[: max(0, free)], self._waiting[max(0, free) :]
        if not new:
            return begun
        await self._add([self._child(spec, chunk) for chunk in new])
        if not self._waiting:
            await self._refill(new[-1].place)
        return new[-1].place

    async def _refill(self, begun: int) -> None:
        """Chunks for some hundred children at once; nobody is asked again when there are no more."""
        last = self._waiting[-1].place if self._waiting else begun
        more = [] if self._is_last_read else await self._read(self._live.run.id, last)
        self._is_last_read = len(more) < _SLICE
        self._waiting += more

    def _child(self, spec: JobSpec, chunk: Chunk) -> Run:
        """One that holds a place and has its first attempt, or waits in line."""
        child = _child_of(self._live.run, spec, chunk.items, self._parts)
        child = changed(child, number=chunk.place)
        claim, room = claim_of(child, spec), self._parts.board.room
        if room.admit(claim):
            return apply_all(child, moves.attempts_created(child, spec, self._parts))
        return changed(child, reason=Reason.QUEUED, message=room.obstacle(claim))

    async def _add(self, children: Sequence[Run]) -> None:
        await self._answered(lambda: self._parts.store.add_children(children))
        for child in children:
            self._parts.board.record(child)
            self._leads.lead(self._leads.take_up(child))

    def _cancel(self, family: Family) -> None:
        at_once = self._live.kills_at_once
        for live in list(family.children.values()):
            if self._told.get(live.run.id) not in (True, at_once):
                self._told[live.run.id] = at_once
                self._leads.spawn(self._ask(live, at_once=at_once))

    async def _ask(self, child: LiveRun, *, at_once: bool) -> None:
        await self._leads.cancel(child.run, immediately=at_once)

    # --- its end ---

    async def _end(self, spec: JobSpec | None) -> None:
        batch = None if spec is None else spec.batch
        ended = h.ChildrenEnded(
            at=self._now(),
            tolerate=0 if batch is None else batch.tolerate,
            failed=await self._failed(),
            removed=spec is None,
        )
        await self._live.commit_plan(lambda run: _with_warning(run, ended, spec))

    async def _failed(self) -> tuple[str, ...]:
        """Ids of a few that failed."""
        children = self._live.run.children or Children()
        if not children.failed:
            return ()
        query = RunQuery(job=self._live.run.id, states=frozenset({RunState.FAILED}), limit=NAMED)
        page = await self._answered(lambda: self._parts.store.runs(query))
        return tuple(child.id for child in reversed(page.runs))

    # --- the ledger ---

    async def _answered(self, ask: Callable[[], Awaitable[T]]) -> T:
        """What the ledger answers, which is asked again for as long as it can't."""
        while True:
            try:
                return await ask()
            except Unavailable as error:
                self._parts.writable.error = error.message
                _log.warning("batch.ledger_unavailable", run=self._live.run.id, error=error.message)
            await self._parts.clock.sleep(_PAUSE)

    def _now(self) -> datetime:
        return self._parts.clock.now()


def _child_of(parent: Run, spec: JobSpec, items: Items, parts: Parts) -> Run:
    opening = h.Opening(
        at=parts.clock.now(),
        triggered_by=TriggeredBy.BATCH,
        host=parent.host,
        scheduled_for=parent.scheduled_for,
        params=parent.params,
    )
    return changed(new_run(spec, opening), parent=parent.number, items=items)


def _split(run: Run, spec: JobSpec, happening: h.Split) -> tuple[h.Happening, ...]:
    if run.cancel_requested_at is not None:
        return (h.Cancelled(at=happening.at),)
    planned = (h.Planned(spec=spec),) if run.state is RunState.PENDING else ()
    return (*planned, happening)


def _with_warning(run: Run, ended: h.ChildrenEnded, spec: JobSpec | None) -> tuple[h.Happening, ...]:
    warning = "" if spec is None else length_warning(spec.expect, apply_all(run, [ended]))
    return (h.Warned(text=warning), ended) if warning else (ended,)
