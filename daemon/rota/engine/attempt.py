"""One attempt from wherever it is to its end: started once, watched, and its end recorded."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import aclosing
from datetime import datetime, timedelta

import structlog

from rota.core import condition, markers, outcome, recovery
from rota.core import happenings as h
from rota.core.attempt_life import attempt_of, open_attempts
from rota.core.errors import JobError, Unavailable
from rota.core.model import ExitCodes, JobSpec, Limits
from rota.core.outcome import Outcome
from rota.core.run import Attempt, Reason, Run, RunState, StepState, Used
from rota.core.seams import AttemptRef, EndCause, Ended, RunnerFacts, Started, StartOrder
from rota.engine import moves
from rota.engine.live_run import LiveRun, ref_of
from rota.engine.order import build_order, must_run, seen_from
from rota.engine.parts import Parts
from rota.engine.tail import Tail
from rota.engine.time_limits import TryLimit, limit_before, limit_that_held, timeout_at, try_ends_at
from rota.engine.turns import until_runner
from rota.process.files import when_possible

_RUNNER_PAUSE = 0.25  # seconds between two questions while nobody answers
_WATCH_PAUSE = 1.0  # seconds until what became of an attempt is asked, whose watch ended without its end

_log = structlog.get_logger(__name__)

Job = Callable[[], JobSpec | None]


class Lead:
    """Leads one attempt. What it does next follows from the attempt, so a restart goes on where it was."""

    def __init__(self, live: LiveRun, attempt: Attempt, job: Job, limit: TryLimit, parts: Parts) -> None:
        """`job`: as this try of the run began, None when it was removed before; `limit`: of the try."""
        self._live = live
        self._id = attempt.id
        self._job = job
        self._limit = limit
        self._parts = parts
        self._sent: StartOrder | None = None

    async def lead(self, found: recovery.Recovery | None = None) -> None:
        """Return when it is over, or is not to be started as things are; then its run is to be looked at.

        `found`: what became of it while nobody looked. After a fault this may be called again, and goes on.
        """
        if found is not None:
            await self._settle(found)
        while (attempt := self._open) is not None:
            if attempt.state is StepState.RUNNING:
                await self._watch()
            elif not await self._start():
                return

    @property
    def _open(self) -> Attempt | None:
        attempt = None if self._live.run.state.is_final else attempt_of(self._live.run, self._id)
        return None if attempt is None or attempt.state.is_final else attempt

    @property
    def _attempt(self) -> Attempt:
        attempt = attempt_of(self._live.run, self._id)
        if attempt is None:
            raise AssertionError(f"{self._live.run.id} has no attempt {self._id}")
        return attempt

    @property
    def _ref(self) -> AttemptRef:
        return ref_of(self._live.run, self._attempt)

    @property
    def _seen(self) -> Run:
        return seen_from(self._live.run, self._attempt)

    # --- starting it ---

    async def _start(self) -> bool:
        """False when that is not to be, or the run has other plans now."""
        facts = await until_runner(self._live, self._parts)
        if facts is None or self._open is None:
            return False
        spec = self._job()
        if spec is None:
            await self._leave_out()
        elif spec.definition.hash != self._attempt.definition:
            await self._live.commit_plan(lambda run: self._replanned(run, spec))
            return False
        elif await self._is_wanted(spec):
            await self._send(spec, facts)
        return True

    def _replanned(self, run: Run, spec: JobSpec) -> tuple[h.Happening, ...]:
        attempt = attempt_of(run, self._id)  # another attempt's new plan may have left this one out
        if attempt is None or attempt.definition == spec.definition.hash:
            return ()
        return (h.Replanned(at=self._now(), spec=spec, attempt=self._id),)

    async def _leave_out(self) -> None:
        """Its job was removed; what goes on beside it ends in peace."""
        if len(open_attempts(self._live.run)) == 1:
            await self._live.commit(moves.removed(self._live.run, self._now()))
            return
        message = "the job was removed before this step could start"
        await self._end(Outcome(state=StepState.FAILED, reason=Reason.REMOVED, message=message))

    async def _is_wanted(self, spec: JobSpec) -> bool:
        """What the step's `if` says; when it says no, the run goes on without it."""
        try:
            if self._live.run.is_asking or must_run(spec, self._seen, self._parts.place):
                return True
        except JobError as error:
            await self._end(self._refused(error.message))
            return False
        attempt = self._attempt
        await self._live.commit_plan(lambda run: moves.passed_over(run, attempt, spec, self._parts))
        return False

    async def _send(self, spec: JobSpec, facts: RunnerFacts) -> None:
        timeout = self._limit.left(spec, self._live, self._attempt)
        if timeout is not None and timeout <= timedelta():
            await self._end(moves.out_of_time(spec, self._attempt.step))
            return
        try:
            self._sent = build_order(spec, self._seen, self._parts.place, facts, timeout)
        except JobError as error:
            await self._end(self._refused(error.message))
            return
        try:
            answer = await self._parts.runner.start(self._sent)
        except Unavailable as error:
            _log.warning("attempt.start_unknown", run=self._live.run.id, error=error.message)
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
        return condition.refused(message) if self._live.run.is_asking else outcome.refused(message)

    async def _hold_process(self) -> None:
        """It lives, and is told to end if somebody wants that."""
        # Before it is stored: a full disk, maybe its own doing, must not keep it from being stopped.
        self._live.attempt(self._id).has_process = True
        if self._live.run.cancel_requested_at is not None:
            await self._parts.runner.terminate(self._ref, immediately=self._live.kills_at_once)

    async def _record_start(self, process: Started) -> None:
        order = self._order()
        ends_at = timeout_at(process, order, self._try_ends_at(order))
        facts = self._parts.runner.facts
        await self._live.commit(moves.started(self._id, process, order, facts, ends_at))

    def _order(self) -> StartOrder | None:
        """What started it: as it was sent, or as an earlier daemon must have sent it."""
        attempt, spec, facts = self._attempt, self._job(), self._parts.runner.facts
        if self._sent is not None:
            return self._sent
        if spec is None or facts is None or spec.definition.hash != attempt.definition:
            return None
        try:
            return build_order(spec, self._seen, self._parts.place, facts, limit_before(spec, attempt))
        except JobError:
            return None

    def _try_ends_at(self, order: StartOrder | None) -> datetime | None:
        """Of a try that began under an earlier daemon."""
        spec, run = self._job(), self._live.run
        if order is self._sent or run.state is not RunState.RUNNING or spec is None:
            return None
        return try_ends_at(spec, run, self._attempt)

    # --- watching it ---

    async def _watch(self) -> None:
        tail = self._tail()
        async with aclosing(self._parts.runner.watch(self._ref)) as events:
            async for event in events:
                if isinstance(event, Ended):
                    await self._ended(event)
                    return
                await tail.follow(event.size, event.notices)
        _log.warning("attempt.watch_ended_early", run=self._live.run.id)
        await self._parts.clock.sleep(_WATCH_PAUSE)
        await self._look()

    async def _look(self) -> None:
        """Nobody told what became of it: ask, and decide as after a crash."""
        attempt = self._attempt
        while True:
            try:
                reports = await self._parts.runner.report([self._ref])
                break
            except Unavailable:
                await self._parts.clock.sleep(_RUNNER_PAUSE)
        await self._settle(recovery.recover(attempt, reports[attempt.id], self._parts.boot_id))

    async def _settle(self, found: recovery.Recovery) -> None:
        self._live.attempt(self._id).read_before = self._attempt.log_offset
        if isinstance(found, recovery.WatchOn):
            await self._hold_process()
        if not isinstance(found, recovery.StartNow) and found.started is not None:
            await self._record_start(found.started)
        match found:
            case recovery.TakeEnd(ended=ended):
                await self._ended(ended)
            case recovery.GiveUp(outcome=given):
                await self._tail().drain()
                is_asking = self._live.run.is_asking
                await self._end(condition.unanswered(self._condition()) if is_asking else given)
            case recovery.WatchOn() | recovery.StartNow():
                pass

    def _tail(self) -> Tail:
        return Tail(self._live, self._ref, self._parts)

    # --- its end ---

    async def _ended(self, ended: Ended) -> None:
        ref = self._ref
        is_known = ended.cause is not EndCause.UNKNOWN
        size = ended.log_size if is_known else None
        await self._tail().drain(size, ended.notices)
        if ended.has_outputs and not self._live.run.is_asking:
            await self._take_outputs()
        if ended.left_behind:
            await self._live.announce(h.Warned(text=outcome.left_behind(ended.left_behind)))
        if ended.log_lost:
            await self._live.announce(h.Warned(text=outcome.log_lost(ended.log_lost)))
        await self._end(self._judged(ended), at=ended.at, log_size=ended.log_size, used=ended.used)
        await self._parts.runner.ack(ref)

    def _judged(self, ended: Ended) -> Outcome:
        spec, cancel = self._job(), self._live.run.cancel_requested_at is not None
        if self._live.run.is_asking:
            return condition.judge(ended, self._condition(), cancel=cancel)
        return outcome.judge(
            ended,
            ExitCodes() if spec is None else spec.exit_codes,
            cancel=cancel,
            timeout=limit_that_held(spec, self._attempt),
            limits=Limits() if spec is None else spec.limits_of(self._attempt.step),
        )

    def _condition(self) -> str:
        """As people wrote it; what was really asked, when the job has it no longer."""
        spec = self._job()
        if spec is not None and spec.condition is not None:
            return spec.condition.text
        return " ".join(self._attempt.argv)

    async def _take_outputs(self) -> None:
        try:
            pairs = (await when_possible(self._parts.clock, self._outputs)).items()
        except JobError as error:
            await self._live.announce(h.Warned(text=error.message))
            return
        parsed = [markers.parse_output(f"{key}={value}") for key, value in pairs]
        known = [each for each in parsed if each is not None]
        taken = [h.OutputSet(key=each.key, value=each.value, attempt=self._id) for each in known]
        if taken:
            await self._live.announce(*taken)

    async def _outputs(self) -> Mapping[str, str]:
        return self._parts.logs.outputs(self._ref)

    async def _end(
        self,
        judged: Outcome,
        *,
        at: datetime | None = None,
        log_size: int = 0,
        used: Used | None = None,
    ) -> None:
        """Record the end and, in the same transaction, the attempts that follow it."""
        at = at or self._now()
        unmet = self._live.run.is_asking and judged.state is StepState.SKIPPED
        before = await self._unmet_before() if unmet else None

        def plan(run: Run) -> tuple[h.Happening, ...]:
            again_at = moves.next_attempt_at(run, self._attempt, judged, at, self._parts)
            end = h.AttemptEnded(
                at=at,
                outcome=judged,
                attempt=self._id,
                next_attempt_at=again_at,
                log_size=log_size,
                used=used,
                goes_on=before,
            )
            return moves.ended(run, end, self._job(), self._parts)

        self._live.attempt(self._id).has_process = False
        await self._live.commit_plan(plan, instead_of=before)

    async def _unmet_before(self) -> Run | None:
        """The skip for the same reason just before: one row stands for both, with the log of the newer."""
        entry = self._parts.board.jobs.get(self._live.run.job)
        skip = None if entry is None else entry.last_skip
        if skip is None or not condition.goes_on(skip, self._live.run):
            return None
        try:
            await self._parts.runner.remove(skip.log_name, skip.number)
        except Unavailable:
            return None  # its log can't go now, so its row stays
        return skip

    def _now(self) -> datetime:
        return self._parts.clock.now()
