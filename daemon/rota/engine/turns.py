"""When an attempt may begin."""

from __future__ import annotations

from datetime import datetime

from rota.core import happenings as h
from rota.core.attempt_life import open_attempts, waits
from rota.core.pauses import covering
from rota.core.room import claim_of
from rota.core.run import Attempt, Run, RunState
from rota.core.seams import RunnerFacts
from rota.engine.live_run import LiveRun
from rota.engine.parts import Parts
from rota.engine.waiting import sleep_or

_RUNNER_PAUSE = 0.25  # seconds between two looks for a runner while there is none
FOREVER = 86_400.0  # seconds; a held retry looks again once a day at the latest


async def until_next_attempt(live: LiveRun, parts: Parts) -> None:
    """Return when a RETRYING run may go on: its time has come and nothing pauses it, or somebody asked.

    The time is measured from now, so a wall clock that is set meanwhile neither hastens nor holds it.
    """
    due = live.run.next_attempt_at or parts.clock.now()
    wakes_at = parts.clock.monotonic() + (due - parts.clock.now()).total_seconds()
    while not _is_asked(live.run, due):
        nudged = live.nudged.next()
        left = wakes_at - parts.clock.monotonic()
        if left <= 0 and not is_held(live.run, parts):
            return
        await sleep_or(parts.clock, left if left > 0 else FOREVER, nudged)


async def until_room(live: LiveRun, parts: Parts) -> None:
    """Return when a run that tries again has its place among all that run, or somebody wants its end.

    Who gives places to those in line nudges the one that got one. A pause keeps it out of the line.
    """
    room, told = parts.board.room, live.run.message
    while live.run.cancel_requested_at is None and not room.holds(live.run.id):
        entry = parts.board.jobs.get(live.run.job)
        claim = claim_of(live.run, None if entry is None else entry.spec)
        nudged = live.nudged.next()
        if not is_held(live.run, parts):
            if room.admit(claim):
                return
            room.wait(claim)
            await _tell_waiting(live, told, room.obstacle(claim))
        await nudged.wait()


async def until_place(live: LiveRun, parts: Parts) -> None:
    """Return when a child that waits in line has its place, or somebody wants its end."""
    room = parts.board.room
    while live.run.cancel_requested_at is None and not room.holds(live.run.id):
        nudged = live.nudged.next()
        entry = parts.board.jobs.get(live.run.job)
        claim = claim_of(live.run, None if entry is None else entry.spec)
        if parts.board.draining_since is None and room.admit(claim):
            return
        room.wait(claim)
        await nudged.wait()


async def until_runner(live: LiveRun, parts: Parts) -> RunnerFacts | None:
    """Who will run an attempt; None when it is not to be started any more."""
    while not live.run.state.is_final:
        nudged = live.nudged.next()
        if live.run.cancel_requested_at is not None or is_too_late(live.run, parts):
            return None
        if parts.runner.facts is not None:
            return parts.runner.facts
        await sleep_or(parts.clock, _RUNNER_PAUSE, nudged)
    return None


def is_too_late(run: Run, parts: Parts) -> bool:
    """Whether a run that has not begun may not begin any more: its start deadline has passed."""
    entry, due = parts.board.jobs.get(run.job), run.planned_at or run.due_at
    if run.state is not RunState.PENDING or due is None or entry is None:
        return False
    deadline = entry.spec.start_deadline
    return deadline is not None and parts.clock.now() - due > deadline


def is_held(run: Run, parts: Parts) -> bool:
    """Whether a pause keeps it from trying again."""
    entry = parts.board.jobs.get(run.job)
    if parts.board.draining_since is not None and run.state is RunState.RETRYING:
        return True  # what is under way goes on
    return entry is not None and covering(entry.pauses, parts.clock.now()) is not None


class Waits:
    """When the attempts of a graph that wait may start.

    The time is measured from when each is first seen, so a wall clock that is set meanwhile changes nothing.
    """

    def __init__(self, live: LiveRun, parts: Parts) -> None:
        self._live = live
        self._parts = parts
        self._wakes: dict[str, tuple[datetime, float]] = {}  # monotonic seconds

    def due(self) -> bool:
        """Whether one of them may start now."""
        return any(left <= 0 for left in self._left()) and not is_held(self._live.run, self._parts)

    def seconds(self) -> float:
        """Until that may be so, if nobody asks for something before."""
        return min((left for left in self._left() if left > 0), default=FOREVER)

    def over(self, run: Run) -> tuple[h.Happening, ...]:
        """Those whose time has come, or that come next where nothing else is left to do, may start."""
        waiting = sorted((self._wakes_at(each), each.id) for each in open_attempts(run) if waits(each))
        now = self._parts.clock.monotonic()
        due = [id_ for wakes_at, id_ in waiting if wakes_at <= now]
        if not due and run.next_attempt_at is not None:
            due = [id_ for _, id_ in waiting[:1]]
        return tuple(h.WaitOver(attempt=id_) for id_ in due)

    def _left(self) -> list[float]:
        now = self._parts.clock.monotonic()
        return [self._wakes_at(each) - now for each in open_attempts(self._live.run) if waits(each)]

    def _wakes_at(self, attempt: Attempt) -> float:
        assert attempt.not_before is not None
        known = self._wakes.get(attempt.id)
        if known is None or known[0] != attempt.not_before:
            left = (attempt.not_before - self._parts.clock.now()).total_seconds()
            known = self._wakes[attempt.id] = (attempt.not_before, self._parts.clock.monotonic() + left)
        return known[1]


async def _tell_waiting(live: LiveRun, told: str, what_for: str) -> None:
    """Once; `told`: what was said of the run before it waited."""
    if live.run.message == told:
        await live.commit(h.Waiting(message=f"{told}; {what_for}"))


def _is_asked(run: Run, due: datetime) -> bool:
    return run.cancel_requested_at is not None or run.next_attempt_at != due
