"""One run from wherever it is to its end: attempts and steps in order, each durable before the next."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import aclosing
from datetime import datetime, timedelta

import structlog

from rota.core import condition, markers, outcome, recovery
from rota.core import happenings as h
from rota.core.attempt_life import open_attempt
from rota.core.errors import JobError, Unavailable
from rota.core.model import ExitCodes, JobSpec, Limits
from rota.core.outcome import Outcome
from rota.core.run import Run, RunState, StepState, Used
from rota.core.seams import EndCause, Ended, RunnerFacts, Started, StartOrder
from rota.engine import moves
from rota.engine.live_run import LiveRun
from rota.engine.order import build_order, must_run
from rota.engine.parts import Parts
from rota.engine.tail import Tail
from rota.engine.turns import TryLimit, try_ends_at, until_next_attempt, until_room, until_runner

_RUNNER_PAUSE = 0.25  # seconds between two questions while nobody answers
_WATCH_PAUSE = 1.0  # seconds until what became of an attempt is asked, whose watch ended without its end

_log = structlog.get_logger(__name__)


class Conductor:
    """Leads one run. What it does next follows from the run alone, so a restart goes on where it was."""

    def __init__(
        self,
        live: LiveRun,
        parts: Parts,
        *,
        rests: Callable[[Run], None],
        first: h.Happening | None = None,
        found: Awaitable[recovery.Recovery] | None = None,
    ) -> None:
        """`first`: what happens to it before all; `found`: what became of its attempt while nobody looked.

        `rests` is called when the run waits for its next attempt, and needs no place until then.
        """
        self.live = live
        self._parts = parts
        self._rests = rests
        self._first = first
        self._found = found
        self._spec: JobSpec | None = None  # the job as this try of the run began
        self._sent: StartOrder | None = None  # the newest order
        self._limit = TryLimit(parts.clock)

    async def conduct(self) -> None:
        """Return when the run is final. After a fault it may be called again, and goes on."""
        if self._first is not None:
            await self.live.commit(self._first)
            self._first = None
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
        if self.live.run.state is RunState.RETRYING:
            self._rests(self.live.run)
            await until_next_attempt(self.live, self._parts)
            await until_room(self.live, self._parts)
        if self.live.run.cancel_requested_at is not None:
            await self.live.commit(h.Cancelled(at=self._now()))
            return
        if self.live.run.state is not RunState.RUNNING:
            self._spec = None
        spec = self._job()
        if spec is None:
            await self.live.commit(moves.removed(self.live.run, self._now()))
            return
        await self.live.commit_plan(lambda run: moves.begun(run, spec, self._parts))

    def _job(self) -> JobSpec | None:
        if self._spec is None:
            entry = self._parts.board.jobs.get(self.live.run.job)
            self._spec = None if entry is None else entry.spec
        return self._spec

    # --- starting it ---

    async def _start(self) -> None:
        facts = await until_runner(self.live, self._parts)
        if facts is None:
            return
        spec = self._job()
        if spec is None:
            await self.live.commit(moves.removed(self.live.run, self._now()))
        elif spec.definition.hash != self.live.run.attempts[-1].definition:
            await self.live.commit(h.Replanned(at=self._now(), spec=spec))
        elif await self._is_wanted(spec):
            await self._send(spec, facts)

    async def _is_wanted(self, spec: JobSpec) -> bool:
        """What the step's `if` says; when it says no, the run goes on without it."""
        try:
            if self.live.run.is_asking or must_run(spec, self.live.run, self._parts.place):
                return True
        except JobError as error:
            await self._end(self._refused(error.message))
            return False
        await self.live.commit_plan(lambda run: moves.passed_over(run, spec, self._parts))
        return False

    async def _send(self, spec: JobSpec, facts: RunnerFacts) -> None:
        timeout = self._limit.left(spec, self.live.run, self.live.extended_until)
        if timeout is not None and timeout <= timedelta():
            await self._end(moves.out_of_time(spec, self.live.run.attempts[-1].step))
            return
        try:
            self._sent = build_order(spec, self.live.run, self._parts.place, facts, timeout)
        except JobError as error:
            await self._end(self._refused(error.message))
            return
        try:
            answer = await self._parts.runner.start(self._sent)
        except Unavailable as error:
            _log.warning("attempt.start_unknown", run=self.live.run.id, error=error.message)
            await self._look()
            return
        if isinstance(answer, Started):
            await self._hold_process()
            await self._record_start(answer)
        elif answer.code == "known":
            await self._look()
        else:
            await self._end(self._refused(f"it could not be started: {answer.message}"))

    def _refused(self, message: str) -> Outcome:
        return condition.refused(message) if self.live.run.is_asking else outcome.refused(message)

    async def _hold_process(self) -> None:
        """It lives, and is told to end if somebody wants that."""
        # Before it is stored: a full disk, maybe its own doing, must not keep it from being stopped.
        self.live.has_process = True
        if self.live.run.cancel_requested_at is not None:
            await self._parts.runner.terminate(self.live.ref, immediately=self.live.kills_at_once)

    async def _record_start(self, process: Started) -> None:
        order = self._order()
        timeout_at = self._timeout_at(process, order)
        await self.live.commit(moves.started(process, order, self._parts.runner.facts, timeout_at))

    def _order(self) -> StartOrder | None:
        """What started the newest attempt: as it was sent, or as an earlier daemon must have sent it."""
        attempt, spec, facts = self.live.run.attempts[-1], self._job(), self._parts.runner.facts
        if self._sent is not None and self._sent.ref.id == attempt.id:
            return self._sent
        if spec is None or facts is None or spec.definition.hash != attempt.definition:
            return None
        try:
            return build_order(spec, self.live.run, self._parts.place, facts, self._limit_before(spec))
        except JobError:
            return None

    def _timeout_at(self, process: Started, order: StartOrder | None) -> datetime | None:
        if order is None or order.timeout_ms is None:
            return None
        run = self.live.run
        own = process.at + timedelta(milliseconds=order.timeout_ms)
        spec = self._job()
        if order is self._sent or run.state is not RunState.RUNNING or spec is None:
            return own
        # The try began under an earlier daemon.
        ends_at = try_ends_at(spec, run)
        return own if ends_at is None else min(own, ends_at)

    def _limit_before(self, spec: JobSpec) -> timedelta | None:
        """What must have held for an attempt that an earlier daemon started."""
        if self.live.run.is_asking:
            return condition.TIMEOUT
        step = spec.step(self.live.run.attempts[-1].step)
        bounds = (spec.limits.timeout, None if step is None else step.timeout)
        return min((bound for bound in bounds if bound is not None), default=None)

    # --- watching it ---

    async def _watch(self) -> None:
        tail = Tail(self.live, self._parts)
        async with aclosing(self._parts.runner.watch(self.live.ref)) as events:
            async for event in events:
                if isinstance(event, Ended):
                    await self._ended(event)
                    return
                await tail.follow(event.size, event.notices)
        _log.warning("attempt.watch_ended_early", run=self.live.run.id)
        await self._parts.clock.sleep(_WATCH_PAUSE)
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
        attempt = self.live.run.attempts[-1]
        self.live.taken_over = (attempt.id, attempt.log_offset)
        if isinstance(found, recovery.WatchOn):
            await self._hold_process()
        if not isinstance(found, recovery.StartNow) and found.started is not None:
            await self._record_start(found.started)
        match found:
            case recovery.TakeEnd(ended=ended):
                await self._ended(ended)
            case recovery.GiveUp(outcome=given):
                await Tail(self.live, self._parts).drain()
                await self._end(condition.unanswered(self._condition()) if self.live.run.is_asking else given)
            case recovery.WatchOn() | recovery.StartNow():
                pass

    # --- its end ---

    async def _ended(self, ended: Ended) -> None:
        ref = self.live.ref
        is_known = ended.cause is not EndCause.UNKNOWN
        size = ended.log_size if is_known else None
        await Tail(self.live, self._parts).drain(size, ended.notices)
        if not self.live.run.is_asking:
            await self._take_outputs()
        if ended.left_behind:
            await self.live.announce(h.Warned(text=outcome.left_behind(ended.left_behind)))
        await self._end(self._judged(ended), at=ended.at, log_size=ended.log_size, used=ended.used)
        await self._parts.runner.ack(ref)

    def _judged(self, ended: Ended) -> Outcome:
        spec, cancel = self._job(), self.live.run.cancel_requested_at is not None
        if self.live.run.is_asking:
            return condition.judge(ended, self._condition(), cancel=cancel)
        return outcome.judge(
            ended,
            ExitCodes() if spec is None else spec.exit_codes,
            cancel=cancel,
            timeout=self._limit_that_held(spec),
            limits=Limits() if spec is None else spec.limits_of(self.live.run.attempts[-1].step),
        )

    def _limit_that_held(self, spec: JobSpec | None) -> timedelta | None:
        """Of the newest attempt: the step's own, or the one for all steps of the try."""
        attempt = self.live.run.attempts[-1]
        step = None if spec is None else spec.step(attempt.step)
        if spec is None or step is None or step.timeout is None:
            return None if spec is None else spec.limits.timeout
        began, end = attempt.started_at, attempt.timeout_at
        is_own = began is None or end is None or end - began >= step.timeout
        return step.timeout if is_own else spec.limits.timeout

    def _condition(self) -> str:
        """As people wrote it; what was really asked, when the job has it no longer."""
        spec = self._job()
        if spec is not None and spec.condition is not None:
            return spec.condition.text
        return " ".join(self.live.run.attempts[-1].argv)

    async def _take_outputs(self) -> None:
        try:
            pairs = self._parts.logs.outputs(self.live.ref).items()
        except JobError as error:
            await self.live.announce(h.Warned(text=error.message))
            return
        parsed = [markers.parse_output(f"{key}={value}") for key, value in pairs]
        taken = [h.OutputSet(key=each.key, value=each.value) for each in parsed if each is not None]
        if taken:
            await self.live.announce(*taken)

    async def _end(
        self,
        judged: Outcome,
        *,
        at: datetime | None = None,
        log_size: int = 0,
        used: Used | None = None,
    ) -> None:
        """Record the end and, in the same transaction, the step that follows it."""
        at = at or self._now()
        unmet = self.live.run.is_asking and judged.state is StepState.SKIPPED
        before = await self._unmet_before() if unmet else None

        def plan(run: Run) -> tuple[h.Happening, ...]:
            again_at = moves.next_attempt_at(run, judged, at, self._parts)
            end = h.AttemptEnded(
                at=at, outcome=judged, next_attempt_at=again_at, log_size=log_size, used=used, goes_on=before
            )
            return moves.ended(run, end, self._job(), self._parts)

        self.live.has_process = False
        await self.live.commit_plan(plan, instead_of=before)

    async def _unmet_before(self) -> Run | None:
        """The skip for the same reason just before: one row stands for both, with the log of the newer."""
        entry = self._parts.board.jobs.get(self.live.run.job)
        skip = None if entry is None else entry.last_skip
        if skip is None or not condition.goes_on(skip, self.live.run):
            return None
        try:
            await self._parts.runner.remove(skip.log_name, skip.number)
        except Unavailable:
            return None  # its log can't go now, so its row stays
        return skip

    def _now(self) -> datetime:
        return self._parts.clock.now()
