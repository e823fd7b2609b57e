"""When an attempt may begin, and how long it may last."""

from __future__ import annotations

from datetime import datetime, timedelta

from rota.core import condition
from rota.core import happenings as h
from rota.core.attempt_life import tries_again
from rota.core.changed import changed
from rota.core.model import JobSpec
from rota.core.pauses import covering
from rota.core.room import claim_of
from rota.core.run import Reason, Run, RunState, StepState
from rota.core.seams import Clock, RunnerFacts
from rota.engine.live_run import LiveRun
from rota.engine.parts import Parts
from rota.engine.waiting import sleep_or

_RUNNER_PAUSE = 0.25  # seconds between two looks for a runner while there is none
_FOREVER = 86_400.0  # seconds; a held retry looks again once a day at the latest


async def until_next_attempt(live: LiveRun, parts: Parts) -> None:
    """Return when a RETRYING run may go on: its time has come and nothing pauses it, or somebody asked.

    The time is measured from now, so a wall clock that is set meanwhile neither hastens nor holds it.
    """
    due = live.run.next_attempt_at or parts.clock.now()
    wakes_at = parts.clock.monotonic() + (due - parts.clock.now()).total_seconds()
    while not _is_asked(live.run, due):
        left = wakes_at - parts.clock.monotonic()
        if left <= 0 and not _is_held(live.run, parts):
            return
        live.nudged.clear()
        await sleep_or(parts.clock, left if left > 0 else _FOREVER, live.nudged)


async def until_room(live: LiveRun, parts: Parts) -> None:
    """Return when a run that tries again has its place among all that run, or somebody wants its end.

    Who gives places to those in line nudges the one that got one. A pause keeps it out of the line.
    """
    room, told = parts.board.room, live.run.message
    while live.run.cancel_requested_at is None and not room.holds(live.run.id):
        entry = parts.board.jobs.get(live.run.job)
        claim = claim_of(live.run, None if entry is None else entry.spec)
        live.nudged.clear()
        if not _is_held(live.run, parts):
            if room.admit(claim):
                return
            room.wait(claim)
            await _tell_waiting(live, told, room.obstacle(claim))
        await live.nudged.wait()


async def until_runner(live: LiveRun, parts: Parts) -> RunnerFacts | None:
    """Who will run the newest attempt; None when the run ended while there was no runner."""
    while not live.run.state.is_final:
        if live.run.cancel_requested_at is not None:
            await live.commit(h.Cancelled(at=parts.clock.now()))
        elif _is_too_late(live.run, parts):
            message = "it could not start before its start deadline"
            reason = Reason.START_DEADLINE
            await live.commit(h.Skipped(at=parts.clock.now(), reason=reason, message=message))
        elif parts.runner.facts is not None:
            return parts.runner.facts
        else:
            live.nudged.clear()
            await sleep_or(parts.clock, _RUNNER_PAUSE, live.nudged)
    return None


class TryLimit:
    """What is left of `limits.timeout`, which covers all steps of one try of a run."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._ends_at: float | None = None  # monotonic seconds

    def left(self, spec: JobSpec, run: Run, extended_until: float | None = None) -> timedelta | None:
        """For the newest attempt, before it is started. None: no limit; zero or less: it has passed.

        `extended_until`: monotonic seconds until which a step of this try, or one before, asked for time.
        """
        if run.is_asking:
            return condition.TIMEOUT
        key = run.attempts[-1].step
        step = spec.step(key)
        bounds = [self._of_try(spec, run, extended_until), None if step is None else step.timeout]
        return min((bound for bound in bounds if bound is not None), default=None)

    def _of_try(self, spec: JobSpec, run: Run, extended_until: float | None) -> timedelta | None:
        limit = spec.limits.timeout
        if limit is None or is_after_failure(run):
            return limit
        now, before = self._clock.monotonic(), changed(run, attempts=run.attempts[:-1])
        if run.state is not RunState.RUNNING and not tries_again(before, run.attempts[-1].step):
            self._ends_at, extended_until = now + limit.total_seconds(), None
        elif self._ends_at is None:  # begun under an earlier daemon: only the wall clock remembers
            ends_at = try_ends_at(spec, run)
            left = limit if ends_at is None else ends_at - self._clock.now()
            self._ends_at = now + left.total_seconds()
        return timedelta(seconds=max(self._ends_at, extended_until or self._ends_at) - now)


def is_after_failure(run: Run) -> bool:
    """Whether the try is over, and what follows a failure runs: that has its own time."""
    return any(step.state is StepState.FAILED for step in run.steps)


def try_ends_at(spec: JobSpec, run: Run) -> datetime | None:
    """Until when the try may last that the newest attempt goes on with; None when it begins one."""
    limit, ends_at = spec.limits.timeout, None
    if is_after_failure(run):
        return None
    for attempt in reversed(run.attempts[:-1]):
        step = spec.step(attempt.step)
        own = step is not None and step.retry is not None
        if limit is None or step is None or not (attempt.state is StepState.COMPLETED or own):
            break  # an earlier try ended with it
        if step.timeout is None and attempt.timeout_at is not None:
            return attempt.timeout_at
        ends_at = (attempt.started_at or attempt.created_at) + limit
    return ends_at


async def _tell_waiting(live: LiveRun, told: str, what_for: str) -> None:
    """Once; `told`: what was said of the run before it waited."""
    if live.run.message == told:
        await live.commit(h.Waiting(message=f"{told}; {what_for}"))


def _is_asked(run: Run, due: datetime) -> bool:
    return run.cancel_requested_at is not None or run.next_attempt_at != due


def _is_too_late(run: Run, parts: Parts) -> bool:
    entry = parts.board.jobs.get(run.job)
    if run.state is not RunState.PENDING or run.due_at is None or entry is None:
        return False
    deadline = entry.spec.start_deadline
    return deadline is not None and parts.clock.now() - run.due_at > deadline


def _is_held(run: Run, parts: Parts) -> bool:
    entry = parts.board.jobs.get(run.job)
    return entry is not None and covering(entry.pauses, parts.clock.now()) is not None
