"""One run from wherever it is to its end: attempts and steps in order, each durable before the next."""

from __future__ import annotations

from collections.abc import Awaitable
from datetime import datetime, timedelta

import structlog

from rota.core import happenings as h
from rota.core import markers, outcome, recovery, retry
from rota.core.errors import JobError, Unavailable
from rota.core.lifecycle import apply_all, next_step, open_attempt
from rota.core.model import ExitCodes, JobSpec
from rota.core.outcome import Outcome
from rota.core.run import Reason, Run, RunState, StepState
from rota.core.seams import EndCause, Ended, RunnerFacts, Started, StartOrder
from rota.core.words import length_in_words
from rota.engine.live_run import LiveRun
from rota.engine.order import build_order
from rota.engine.parts import Parts
from rota.engine.tail import Tail
from rota.engine.turns import TryLimit, until_next_attempt
from rota.engine.waiting import sleep_or

_RUNNER_PAUSE = 0.25  # seconds between two looks for a runner while there is none

_log = structlog.get_logger(__name__)


def attempt_created(run: Run, spec: JobSpec, parts: Parts) -> h.AttemptCreated:
    """The next attempt of a run that has a step left, by the job as `spec` says it is."""
    step = next_step(run)
    if step is None:
        raise AssertionError(f"nothing is left to attempt in {run.id}")
    return h.AttemptCreated(
        at=parts.clock.now(),
        id=parts.ids.attempt(),
        step=step,
        boot_id=parts.boot_id,
        definition=spec.definition.hash,
        markers=spec.markers,
    )


class Conductor:
    """Leads one run. What it does next follows from the run alone, so a restart goes on where it was."""

    def __init__(
        self,
        live: LiveRun,
        parts: Parts,
        *,
        first: h.Happening | None = None,
        found: Awaitable[recovery.Recovery] | None = None,
    ) -> None:
        """`first`: what happens to it before all; `found`: what became of its attempt while nobody looked."""
        self.live = live
        self._parts = parts
        self._first = first
        self._found = found
        self._spec: JobSpec | None = None  # the job as this try of the run began
        self._limit = TryLimit(parts.clock)

    async def conduct(self) -> None:
        """Return when the run is final."""
        if self._first is not None:
            first, self._first = self._first, None
            await self.live.commit(first)
        if self._found is not None:
            found = await self._found
            self._found = None
            await self._settle(found)
        while not self.live.run.state.is_final:
            await self._advance()

    async def _advance(self) -> None:
        attempt = open_attempt(self.live.run)
        if attempt is None:
            await self._begin()
        elif attempt.state is StepState.PENDING:
            await self._start()
        else:
            await self._watch()

    # --- the next attempt ---

    async def _begin(self) -> None:
        run = self.live.run
        if run.state is RunState.RETRYING:
            await until_next_attempt(self.live, self._parts)
            run = self.live.run
        if run.cancel_requested_at is not None:
            await self.live.commit(h.Cancelled(at=self._now()))
            return
        if run.state is not RunState.RUNNING:
            self._spec = None
        spec = self._job()
        if spec is None:
            await self.live.commit(self._removed())
            return
        await self.live.commit_plan(lambda run: self._planned(run, spec))

    def _planned(self, run: Run, spec: JobSpec) -> tuple[h.Happening, ...]:
        if run.cancel_requested_at is not None:
            return (h.Cancelled(at=self._now()),)
        planned = h.Planned(spec=spec)
        return (planned, *self._created(apply_all(run, [planned]), spec))

    def _created(self, run: Run, spec: JobSpec) -> tuple[h.Happening, ...]:
        if next_step(run) is None:
            return (self._given_up(Reason.REMOVED, "the step that failed is no longer part of the job"),)
        return (attempt_created(run, spec, self._parts),)

    def _job(self) -> JobSpec | None:
        if self._spec is None:
            entry = self._parts.board.jobs.get(self.live.run.job)
            self._spec = None if entry is None else entry.spec
        return self._spec

    def _removed(self) -> h.Happening:
        run = self.live.run
        if run.state is RunState.PENDING:
            message = "the job was removed before this run could start"
            return h.Skipped(at=self._now(), reason=Reason.REMOVED, message=message)
        if run.state is RunState.RETRYING:
            message = f"{run.message}; not tried again: the job was removed"
            return self._given_up(run.reason or Reason.REMOVED, message)
        return self._given_up(Reason.REMOVED, "the job was removed before its next step could start")

    def _given_up(self, reason: Reason, message: str) -> h.Happening:
        return h.GivenUp(at=self._now(), reason=reason, message=message)

    # --- starting it ---

    async def _start(self) -> None:
        facts = await self._runner_facts()
        if facts is None:
            return
        spec = self._job()
        if spec is None:
            await self.live.commit(self._removed())
            return
        timeout = self._limit.left(spec, self.live.run)
        if timeout is not None and timeout <= timedelta():
            await self._end(self._timed_out(spec))
            return
        try:
            order = build_order(spec, self.live.run, self._parts.place, facts, timeout)
        except JobError as error:
            await self._end(outcome.refused(error.message))
            return
        await self._send(order, spec, facts)

    async def _send(self, order: StartOrder, spec: JobSpec, facts: RunnerFacts) -> None:
        try:
            answer = await self._parts.runner.start(order)
        except Unavailable as error:
            _log.warning("attempt.start_unknown", run=self.live.run.id, error=error.message)
            await self._look()
            return
        if isinstance(answer, Started):
            await self._started(_began(answer, order, spec, facts))
        elif answer.code == "known":
            await self._look()
        else:
            await self._end(outcome.refused(f"it could not be started: {answer.message}"))

    async def _runner_facts(self) -> RunnerFacts | None:
        """Who will run it; None when the run ended while there was no runner."""
        while not self.live.run.state.is_final:
            if self.live.run.cancel_requested_at is not None:
                await self.live.commit(h.Cancelled(at=self._now()))
            elif self._is_too_late():
                message = "it could not start before its start deadline"
                skipped = h.Skipped(at=self._now(), reason=Reason.START_DEADLINE, message=message)
                await self.live.commit(skipped)
            elif self._parts.runner.facts is not None:
                return self._parts.runner.facts
            else:
                self.live.nudged.clear()
                await sleep_or(self._parts.clock, _RUNNER_PAUSE, self.live.nudged)
        return None

    def _is_too_late(self) -> bool:
        run, entry = self.live.run, self._parts.board.jobs.get(self.live.run.job)
        if run.state is not RunState.PENDING or run.due_at is None or entry is None:
            return False
        deadline = entry.spec.start_deadline
        return deadline is not None and self._now() - run.due_at > deadline

    async def _started(self, began: h.AttemptStarted) -> None:
        await self.live.commit(began)
        if self.live.run.cancel_requested_at is not None:
            await self._parts.runner.terminate(self.live.ref)

    # --- watching it ---

    async def _watch(self) -> None:
        tail, is_over = Tail(self.live, self._parts), False
        # To its own end: a stream that is left behind costs a task that closes it.
        async for event in self._parts.runner.watch(self.live.ref):
            if isinstance(event, Ended):
                await self._ended(event)
                is_over = True
            else:
                await tail.follow(event.size)
        if is_over:
            return
        _log.warning("attempt.watch_ended_early", run=self.live.run.id)
        await self._parts.clock.sleep(1.0)
        await self._look()

    async def _look(self) -> None:
        """Nobody told what became of the attempt: ask, and decide as after a crash."""
        attempt = self.live.run.attempts[-1]
        while True:
            try:
                reports = await self._parts.runner.report([self.live.ref])
                break
            except Unavailable:
                await self._parts.clock.sleep(_RUNNER_PAUSE)
        await self._settle(recovery.recover(attempt, reports[attempt.id], self._parts.boot_id))

    async def _settle(self, found: recovery.Recovery) -> None:
        if not isinstance(found, recovery.StartNow) and found.started is not None:
            started = found.started
            await self.live.commit(
                h.AttemptStarted(at=started.at, pid=started.pid, pid_started=started.pid_started)
            )
        match found:
            case recovery.TakeEnd(ended=ended):
                await self._ended(ended)
            case recovery.GiveUp(outcome=given):
                await Tail(self.live, self._parts).drain()
                await self._end(given)
            case recovery.WatchOn():
                if self.live.run.cancel_requested_at is not None:
                    await self._parts.runner.terminate(self.live.ref)
            case recovery.StartNow():
                pass

    # --- its end ---

    async def _ended(self, ended: Ended) -> None:
        ref = self.live.ref
        is_told = ended.cause is not EndCause.UNKNOWN
        await Tail(self.live, self._parts).drain(ended.log_size if is_told else None)
        await self._take_outputs()
        spec = self._job()
        judged = outcome.judge(
            ended,
            ExitCodes() if spec is None else spec.exit_codes,
            cancel=self.live.run.cancel_requested_at is not None,
            timeout=None if spec is None else spec.limits.timeout,
        )
        await self._end(judged, at=ended.at, log_size=ended.log_size)
        await self._parts.runner.ack(ref)

    async def _take_outputs(self) -> None:
        pairs = self._parts.logs.outputs(self.live.ref).items()
        parsed = [markers.parse_output(f"{key}={value}") for key, value in pairs]
        taken = [h.OutputSet(key=each.key, value=each.value) for each in parsed if each is not None]
        if taken:
            await self.live.announce(*taken)

    async def _end(self, judged: Outcome, *, at: datetime | None = None, log_size: int = 0) -> None:
        """Record the end and, in the same transaction, the step that follows it."""
        at = at or self._now()

        def plan(run: Run) -> tuple[h.Happening, ...]:
            next_at = self._next_attempt(run, judged, at)
            ended = h.AttemptEnded(at=at, outcome=judged, next_attempt_at=next_at, log_size=log_size)
            if not run.steps:  # nothing can follow, so there is no need to look what does
                return (ended,)
            after, spec = apply_all(run, [ended]), self._job()
            if after.state is not RunState.RUNNING or spec is None:
                return (ended,)
            return (ended, *self._created(after, spec))

        await self.live.commit_plan(plan)

    def _next_attempt(self, run: Run, judged: Outcome, at: datetime) -> datetime | None:
        entry = self._parts.board.jobs.get(run.job)
        if entry is None or run.cancel_requested_at is not None:
            return None
        return retry.decide(entry.spec.retry, run, judged, max(at, self._now()))

    def _timed_out(self, spec: JobSpec) -> Outcome:
        limit = length_in_words(spec.limits.timeout or timedelta())
        message = f"timed out after {limit}, before this step could start"
        return Outcome(state=StepState.FAILED, reason=Reason.TIMEOUT, message=message)

    def _now(self) -> datetime:
        return self._parts.clock.now()


def _began(answer: Started, order: StartOrder, spec: JobSpec, facts: RunnerFacts) -> h.AttemptStarted:
    limit = None if order.timeout_ms is None else timedelta(milliseconds=order.timeout_ms)
    return h.AttemptStarted(
        at=answer.at,
        pid=answer.pid,
        pid_started=answer.pid_started,
        argv=order.argv,
        cwd=order.cwd,
        user=facts.user,
        timeout_at=None if limit is None else answer.at + limit,
        definition=spec.definition.hash,
        markers=spec.markers,
    )
