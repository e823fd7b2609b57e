"""What people may ask of the daemon, by page, API or command line: all of them call exactly these."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from rota.core import happenings as h
from rota.core.board import JobEntry
from rota.core.errors import Conflict, InvalidRequest, NotFound
from rota.core.model import JobSet, JobSpec, Overlap
from rota.core.planning import is_paused
from rota.core.run import Run, RunState, Step, StepState, TriggeredBy, parse_run_id
from rota.core.seams import Pause
from rota.engine.executor import Executor
from rota.engine.jobs import Jobs
from rota.engine.parts import Parts
from rota.handlers.params import checked_params


class Operations:
    """Every wish of a person, checked against how things stand, stored, then carried out.

    All methods raise NotFound for a job or run that is not there, Conflict when the wish makes no sense now
    (its `reason` is a key for programs, its message a sentence for people), and Unavailable when the ledger
    can't record it.
    """

    def __init__(self, parts: Parts, executor: Executor, jobs: Jobs) -> None:
        self._parts = parts
        self._executor = executor
        self._jobs = jobs

    async def run_now(
        self,
        job: str,
        *,
        params: Mapping[str, object] | None = None,
        scheduled_for: datetime | None = None,
    ) -> Run:
        """A new run, started or queued; `scheduled_for` is the instant it is for (`--for`).

        Raises InvalidRequest for parameters that the job does not take; Conflict `disabled`, `overlap` (the
        message names the run in the way) or `queue_full`.
        """
        entry = self._enabled(job)
        opening = h.Opening(
            at=self._parts.clock.now(),
            triggered_by=TriggeredBy.MANUAL,
            host=self._parts.board.host,
            scheduled_for=scheduled_for,
            params=checked_params(entry.spec.params, params),
        )
        return await self._open(entry, opening)

    async def cancel(self, run_id: str, *, immediately: bool = False) -> Run:
        """Stop it: SIGTERM, after its grace SIGKILL, or SIGKILL at once; waiting runs end at once.

        The answer is the run as it is now: CANCELLED, or still RUNNING with `cancel_requested_at`.
        Raises Conflict `not_active` when it has already ended.
        """
        run = await self._run(run_id)
        if run.state.is_final:
            raise Conflict("not_active", f"{run.id} has already ended: it is {run.state}.")
        return await self._executor.cancel(run, immediately=immediately)

    async def retry(self, run_id: str) -> Run:
        """RETRYING: its next attempt starts now. FAILED or CANCELLED: a new run, from the failed step on.

        Raises Conflict `not_retryable` in any other state, and those of `run_now`.
        """
        run = await self._run(run_id)
        if run.state is RunState.RETRYING:
            return await self._executor.retry_now(run)
        if run.state not in (RunState.FAILED, RunState.CANCELLED):
            raise Conflict("not_retryable", f"{run.id} can't be retried: it is {run.state}.")
        entry = self._enabled(run.job)
        opening = h.Opening(
            at=self._parts.clock.now(),
            triggered_by=TriggeredBy.RETRY,
            host=self._parts.board.host,
            scheduled_for=run.scheduled_for,
            params=checked_params(entry.spec.params, run.params),
            retry_of=run.id,
            carried=_carried(run, entry.spec),
        )
        return await self._open(entry, opening)

    async def pause(self, job: str, *, until: datetime | None = None, note: str = "") -> None:
        """Due instants are skipped, queue and retries held, until resumed or `until`.

        Raises InvalidRequest when `until` is not in the future.
        """
        self._entry(job)
        now = self._parts.clock.now()
        if until is not None and until <= now:
            raise InvalidRequest("The end of a pause must lie in the future.")
        await self._jobs.pause(job, Pause(since=now, until=until, note=note))

    async def resume(self, job: str) -> None:
        """Raises Conflict `not_paused`."""
        if self._entry(job).pause is None:
            raise Conflict("not_paused", f"{job} is not paused.")
        await self._jobs.resume(job)

    async def reload(self, *, confirm: bool = False) -> JobSet:
        """Read the job directories again; the answer is the set that is in force now, with its problems.

        `confirm` accepts a set in which many jobs vanish.
        """
        return await self._jobs.reload(confirm=confirm)

    async def _open(self, entry: JobEntry, opening: h.Opening) -> Run:
        return await self._executor.open(entry.spec, opening, lambda: _queues(entry, self._parts.clock.now()))

    def _entry(self, job: str) -> JobEntry:
        return self._parts.board.entry(job)

    def _enabled(self, job: str) -> JobEntry:
        entry = self._entry(job)
        if not entry.spec.enabled:
            raise Conflict("disabled", f"{job} is disabled: its job file says `enabled: false`.")
        return entry

    async def _run(self, run_id: str) -> Run:
        try:
            job, number = parse_run_id(run_id)
        except ValueError as error:
            raise NotFound(f"There is no run {run_id!r}: expected <job>.<number>.") from error
        entry = self._parts.board.jobs.get(job)
        run = None if entry is None else entry.open_runs.get(number)
        run = run or await self._parts.store.run(job, number)
        if run is None:
            raise NotFound(f"There is no run {run_id}.")
        return run


def _queues(entry: JobEntry, now: datetime) -> bool:
    """Whether a run by hand has to wait. Raises Conflict when it may not even do that."""
    limits = entry.spec.concurrency
    waiting = [run for run in entry.queued if run.triggered_by is not TriggeredBy.CATCH_UP]
    # A pause holds the queue, and people may start a job by hand all the same.
    if len(entry.active) < limits.max and (not waiting or is_paused(entry.pause, now)):
        return False
    if limits.overlap is Overlap.QUEUE and len(waiting) < limits.queue:
        return True
    if limits.overlap is Overlap.QUEUE:
        raise Conflict(
            "queue_full", f"The queue of {entry.spec.id} is full: {len(waiting)} runs wait already."
        )
    raise Conflict("overlap", _in_the_way(entry))


def _in_the_way(entry: JobEntry) -> str:
    run = (*entry.active, *entry.queued)[0]
    attempt = f" (attempt {run.attempt} of {run.max_attempts})" if run.max_attempts > 1 else ""
    return f"{run.id} is {run.state}{attempt}: cancel it or wait for its end."


def _carried(run: Run, spec: JobSpec) -> tuple[Step, ...]:
    """The completed steps that a retry of the run need not do again."""
    done = [step for step in run.steps if step.state is StepState.COMPLETED and not step.announced]
    left = {step.id for step in spec.steps} - {step.key for step in done}
    if spec.retry.restart or not left:
        return ()
    return tuple(replace(step, attempt=0) for step in done)
