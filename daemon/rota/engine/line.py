"""Runs that wait for their turn: which may begin, which have waited too long, and who gets free room."""

from __future__ import annotations

from collections.abc import Collection, Coroutine, MutableMapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, Protocol

import structlog

from rota.core import decisions as d
from rota.core import happenings as h
from rota.core import planning
from rota.core.board import JobEntry
from rota.core.errors import Unavailable
from rota.core.lifecycle import apply_all
from rota.core.pauses import covering
from rota.core.room import Claim, claim_of
from rota.core.run import Reason, Run
from rota.engine.live_run import LiveRun
from rota.engine.parts import Parts

_AFTER_A_DEADLINE = 1.0  # seconds until a run that should have expired is looked at again

_log = structlog.get_logger(__name__)


class Leads(Protocol):
    """Who leads runs once their turn has come."""

    @property
    def live(self) -> MutableMapping[str, LiveRun]: ...

    def take_up(self, run: Run) -> LiveRun: ...

    def lead(self, live: LiveRun) -> None: ...

    def skip(self, run: Run, reason: Reason, message: str) -> None: ...

    def replace(self, run: Run, by: str) -> None: ...

    def let_go(self, live: LiveRun) -> None: ...

    def spawn(self, work: Coroutine[Any, Any, None]) -> None: ...


class Line:
    """Who waits is on the board; here is decided what becomes of it whenever something changes."""

    def __init__(self, parts: Parts, leads: Leads) -> None:
        self.held: frozenset[str] = frozenset()  # jobs whose new runs are being recorded
        self._parts = parts
        self._leads = leads
        self._room = parts.board.room
        self._expiries: dict[str, datetime] = {}

    def release(self, *jobs: str) -> None:
        """Let waiting runs start, now that something of these jobs may have changed.

        Whose own job lets it start stands in line for room; and who is next in line gets it, of any job.
        """
        lined_up = [run for job in jobs for run in self._lined_up(job)]
        for claim in self._room.grant(held=self.held) if not self._is_draining else ():
            self._begin_waiting(claim)
        for run in lined_up:
            if run.message or run.id in self._leads.live:
                continue
            if what_for := self._room.blocked_by(run.id):
                self._leads.spawn(self._note_waiting(self._leads.take_up(run), what_for))

    @property
    def _is_draining(self) -> bool:
        return self._parts.board.draining_since is not None

    def rests(self, run: Run) -> None:
        """It waits for its next attempt: others may have its place until then."""
        if self._room.holds(run.id):
            self._room.leave(run.id)
            self.release(run.job)

    def _lined_up(self, job: str) -> list[Run]:
        """The runs of the job that stand in line for room now; those whose turn it is not leave it."""
        entry = self._parts.board.jobs.get(job)
        if entry is None or job in self.held:
            return []
        now = self._parts.clock.now()
        outcomes = planning.release(entry, now)
        if self._is_draining:  # nobody begins, so nobody makes way
            outcomes = [each for each in outcomes if isinstance(each, d.Expire)]
        turns = [outcome.run for outcome in outcomes if isinstance(outcome, d.Release)]
        waits_since = self._since_of(outcomes)
        self._step_out(entry, {run.id for run in turns}, paused=covering(entry.pauses, now) is not None)
        for outcome in outcomes:
            match outcome:
                case d.Expire(run=run, reason=reason, message=message):
                    self._leads.skip(run, reason, message)
                case d.Replace(run=run, by=by):
                    self._leads.replace(run, by)
                case d.Release(run=run) if self._room.holds(run.id):  # got while it was being changed
                    self._start_waiting(run)
                case d.Release(run=run):
                    claim = claim_of(run, entry.spec)
                    self._room.wait(replace(claim, since=min(claim.since, waits_since or claim.since)))
        self._arm_expiry(entry)
        return turns

    def _since_of(self, outcomes: Sequence[d.Release | d.Expire | d.Replace]) -> int | None:
        """Since when runs have waited for room that give way to a newer one: it takes their place in line.

        Else a job that is due more often than there is room would always stand at the end.
        """
        gone = [each.run.id for each in outcomes if isinstance(each, d.Expire)]
        waited = [claim.since for run in gone if (claim := self._room.claim(run)) is not None]
        return min(waited, default=None)

    def _step_out(self, entry: JobEntry, turns: Collection[str], *, paused: bool) -> None:
        """Out of the line, or off a place that came while they were being changed."""
        for run in entry.open_runs.values():
            if run.is_queued:
                gone = run.id not in turns and run.id not in self._leads.live
            else:
                gone = paused and self._room.waits(run.id)  # it tries again
            if gone:
                self._room.leave(run.id)

    def _begin_waiting(self, claim: Claim) -> None:
        entry = self._parts.board.jobs.get(claim.job) if claim.parent is None else None
        run = None if entry is None else entry.open_runs.get(claim.number)
        live = self._leads.live.get(claim.run)
        if run is not None and run.is_queued:
            self._start_waiting(run)
        elif live is not None:
            live.nudged.set()  # it tries again, and waits for nothing else
        else:
            self._room.leave(claim.run)

    async def _note_waiting(self, live: LiveRun, message: str) -> None:
        """Say in the ledger what a waiting run waits for; it may be asked to end meanwhile."""
        noted = h.Waiting(message=message)
        try:
            await live.commit_plan_once(lambda run: (noted,) if run.is_queued else ())
            if live.run.cancel_requested_at is not None:
                await live.commit_plan(lambda _: (h.Cancelled(at=self._parts.clock.now()),))
        except Unavailable as error:
            _log.warning("run.waiting_not_noted", run=live.run.id, error=error.message)
            if live.run.is_queued:
                await live.announce(noted)  # known all the same, and stored with what comes next
        if live.run.state.is_final:
            self._leads.let_go(live)
            return
        self._leads.live.pop(live.run.id, None)
        if live.run.job in self._parts.board.jobs:
            self.release(live.run.job)
        else:
            self._leads.skip(live.run, Reason.REMOVED, "the job was removed while this run waited")

    def _start_waiting(self, run: Run) -> None:
        if run.id in self._leads.live:
            return  # it is looked at again as soon as that is done
        # On the board before the ledger: nobody else may take the place while this is being stored.
        released = apply_all(run, [h.Released()])
        self._parts.board.record(released)
        self._leads.lead(self._leads.take_up(released))

    def _arm_expiry(self, entry: JobEntry) -> None:
        job, at = entry.spec.id, planning.expires_at(entry)
        armed = self._expiries.get(job)
        if at is None or (armed is not None and armed <= at):
            return  # when that one has passed, what is next by then is armed
        self._expiries[job] = at
        self._leads.spawn(self._release_at(job, at))

    async def _release_at(self, job: str, at: datetime) -> None:
        # A moment later: the deadline itself is still in time.
        left = (at - self._parts.clock.now()).total_seconds() + 0.001
        # Where it has passed already, its end can't be stored now: that is no reason to look all the time.
        await self._parts.clock.sleep(left if left > 0 else _AFTER_A_DEADLINE)
        if self._expiries.get(job) == at:
            del self._expiries[job]
        self.release(job)
