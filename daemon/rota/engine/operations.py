"""What people may ask of the daemon, by page, API or command line: all of them call exactly these."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta

from rota.core import happenings as h
from rota.core.attempt_life import waits_to_try
from rota.core.board import JobEntry
from rota.core.errors import Conflict, InvalidRequest, JobError, NotFound, Unavailable
from rota.core.events import HealthChanged
from rota.core.model import JobSet
from rota.core.obstacles import trouble, why_now
from rota.core.pauses import ALL, JOB, resume_command, scope_in_words
from rota.core.run import Run, RunState, TriggeredBy, parse_run_id
from rota.core.seams import Pause, SkipNext
from rota.core.why import Past, Why, span_of, why_at
from rota.engine.executor import Executor
from rota.engine.jobs import Jobs
from rota.engine.parts import Parts
from rota.engine.preview import Here, Preview, preview
from rota.engine.wishes import carried, next_to_skip, queues, require_no_drain
from rota.handlers.params import checked_params


class Operations:
    """Every wish of a person, checked against how things stand, stored, then carried out.

    All methods raise NotFound for a job or run that is not there, Conflict when the wish makes no sense now
    (its `reason` is a key for programs, its message a sentence for people), and Unavailable when the ledger
    can't record it.
    """

    def __init__(
        self, parts: Parts, executor: Executor, jobs: Jobs, *, keeps: timedelta | None = None
    ) -> None:
        """`keeps`: how long runs are kept in the ledger, as far as that is known."""
        self._parts = parts
        self._keeps = keeps
        self._executor = executor
        self._jobs = jobs

    def preview(self, job: str, *, params: Mapping[str, object] | None = None, step: str = "") -> Preview:
        """With what a run by hand would start at that step ("": the first one).

        Raises InvalidRequest for parameters that the job does not take, Conflict `unpreparable` when the job
        can't be prepared, Unavailable without a runner.
        """
        spec, facts = self._entry(job).spec, self._parts.runner.facts
        if facts is None:
            raise Unavailable("No runner answers, so nobody can say as whom the job would run.")
        here = Here(place=self._parts.place, facts=facts, now=self._parts.clock.now())
        try:
            return preview(spec, checked_params(spec.params, params), step, here)
        except JobError as error:
            raise Conflict("unpreparable", error.message) from error

    async def run_now(
        self,
        job: str,
        *,
        params: Mapping[str, object] | None = None,
        scheduled_for: datetime | None = None,
    ) -> Run:
        """A new run, started or queued; `scheduled_for` is the instant it is for (`--for`).

        Raises InvalidRequest for parameters that the job does not take; Conflict `disabled`, `draining`,
        `overlap` (the message names the run in the way) or `queue_full`.
        """
        entry = self._enabled(job)
        require_no_drain(self._parts.board)
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
        """What waits for an attempt begins now. FAILED or CANCELLED: a new run, from the failed step on.

        Of a batch the new run has the items of the children that have not completed. Raises Conflict `child`
        for a child that has ended, `not_retryable` in any other state, and those of `run_now`.
        """
        run = await self._run(run_id)
        require_no_drain(self._parts.board)
        if waits_to_try(run):
            return await self._executor.retry_now(run)
        if run.parent is not None:
            way = f"retry {run.series} instead, which does again what has not completed"
            raise Conflict("child", f"{run.id} is one of the children of {run.series}: {way}.")
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
            carried=carried(run, entry.spec),
        )
        return await self._open(entry, opening)

    async def pause(self, job: str, *, until: datetime | None = None, note: str = "") -> Pause | None:
        """Due instants are skipped, queue and retries held, until resumed or `until`.

        Answers the pause of this job that it replaces. Raises InvalidRequest when `until` is not in the
        future.
        """
        self._entry(job)
        before = self._jobs.holds.own_pause(job)
        await self._jobs.holds.pause([job], self._pause(JOB, until, note))
        return before

    async def resume(self, job: str, *, catch_up: bool = False) -> None:
        """End the job's own pause; with `catch_up` its paused instants are owed by its `missed` policy.

        Raises Conflict `not_paused`, or `held` when a pause of many jobs holds it (also: still holds it, when
        it is to catch up), and then nothing has changed.
        """
        entry, holds = self._entry(job), self._jobs.holds
        own = holds.own_pause(job)
        others = [pause for pause in entry.pauses if pause.scope != JOB]
        if others and (own is None or catch_up):
            raise Conflict(
                "held",
                f"{job} is paused with {scope_in_words(others[0].scope)}: {resume_command(others[0].scope)}",
            )
        if own is None:
            raise Conflict("not_paused", f"{job} is not paused.")
        if catch_up:
            await self._executor.catch_up(entry.spec, self._owed_since(job, own))
        await holds.pause([job], None)

    async def pause_many(self, scope: str, *, until: datetime | None = None, note: str = "") -> Pause | None:
        """As `pause`, for every job of that scope ("tag:<tag>" or "all"), also those that come later."""
        before = {pause.scope: pause for pause in self._jobs.holds.shared}.get(scope)
        await self._jobs.holds.pause_all({scope: self._pause(scope, until, note)})
        return before

    async def resume_many(self, scope: str, *, catch_up: bool = False) -> None:
        """End the pause of that scope; "all" ends every pause there is, those of jobs and tags as well.

        With `catch_up` the instants of jobs that nothing pauses any more are owed by their `missed` policy.
        Raises Conflict `not_paused`.
        """
        holds = self._jobs.holds
        ending = {pause.scope for pause in holds.shared if scope in (ALL, pause.scope)}
        jobs = [job for job in self._parts.board.jobs if scope == ALL and holds.own_pause(job) is not None]
        if not ending and not jobs:
            what = "Nothing is paused" if scope == ALL else f"There is no pause of {scope_in_words(scope)}"
            raise Conflict("not_paused", f"{what}.")
        if catch_up:
            await self._catch_up_freed(ending | ({JOB} if scope == ALL else set()))
        await holds.pause_all(dict.fromkeys(ending))
        await holds.pause(jobs, None)

    @property
    def pauses(self) -> Sequence[Pause]:
        """The pauses of many jobs that are in force."""
        return self._jobs.holds.shared

    async def skip(self, job: str, *, note: str = "") -> SkipNext:
        """The job's next instant will be skipped. Answers which; its `at` is None when nobody knows it yet.

        Raises Conflict `disabled`, `no_schedule`, `paused` when its next instants are skipped anyway, or
        `not_due` when there is none.
        """
        entry = self._enabled(job)
        wish = SkipNext(at=next_to_skip(entry), asked_at=self._parts.clock.now(), note=note)
        await self._jobs.holds.skip(job, wish)
        return wish

    async def undo_skip(self, job: str) -> None:
        """The next instant will not be skipped after all. Raises Conflict `not_skipped`."""
        if self._entry(job).skip_next is None:
            raise Conflict("not_skipped", f"Nobody asked to skip an instant of {job}.")
        await self._jobs.holds.skip(job, None)

    async def why(self, job: str, at: datetime | None = None) -> Why:
        """How the job was last, when it runs next and what could stop it; or what became of that instant."""
        entry, now = self._entry(job), self._parts.clock.now()
        if at is None:
            return why_now(entry, self._parts.board, now)
        rows = await self._parts.store.answers(job, *span_of(entry, at))
        past = Past(
            rows=rows,
            since=self._jobs.holds.schedule_since(job),
            kept_from=now - self._keeps if self._keeps is not None else None,
            trouble=next(trouble(entry, self._parts.board, now), ""),
        )
        return why_at(entry, past, at, now)

    async def drain(self) -> None:
        """Start nothing new from now on; what is under way goes on to its end. Ends with the daemon.

        Due instants wait, and are owed by their `missed` policy when it ends; queue and retries are held.
        """
        self._set_draining(self._parts.board.draining_since or self._parts.clock.now())

    async def undo_drain(self) -> None:
        """Go on as before. Raises Conflict `not_draining`."""
        if self._parts.board.draining_since is None:
            raise Conflict("not_draining", "The daemon does not drain: it starts what is due.")
        self._set_draining(None)
        self._executor.nudge([job for job, entry in self._parts.board.jobs.items() if entry.open_runs])

    @property
    def under_way(self) -> Sequence[Run]:
        """Runs that a drain waits for, oldest first."""
        return sorted(self._executor.under_way, key=lambda run: run.created_at)

    async def reload(self, *, confirm: bool = False) -> JobSet:
        """Read the job directories again; the answer is the set that is in force now, with its problems.

        `confirm` accepts a set in which many jobs vanish.
        """
        return await self._jobs.reload(confirm=confirm)

    def _set_draining(self, since: datetime | None) -> None:
        self._parts.board.draining_since = since
        self._parts.bus.publish(HealthChanged(key="planner"))

    def _pause(self, scope: str, until: datetime | None, note: str) -> Pause:
        now = self._parts.clock.now()
        if until is not None and until <= now:
            raise InvalidRequest("The end of a pause must lie in the future.")
        return Pause(since=now, until=until, note=note, scope=scope)

    async def _catch_up_freed(self, ending: Collection[str]) -> None:
        """For every job that is held by pauses of these scopes, and by no other."""
        for job, entry in list(self._parts.board.jobs.items()):
            if entry.pauses and all(pause.scope in ending for pause in entry.pauses):
                since = min(self._owed_since(job, pause) for pause in entry.pauses)
                await self._executor.catch_up(entry.spec, since)

    def _owed_since(self, job: str, pause: Pause) -> datetime:
        """A schedule that was loaded during the pause owes nothing older than its load."""
        since = self._jobs.holds.schedule_since(job)
        return pause.since if since is None else max(pause.since, since)

    async def _open(self, entry: JobEntry, opening: h.Opening) -> Run:
        return await self._executor.open(entry.spec, opening, lambda: queues(entry, self._parts.clock.now()))

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
        run = self._parts.board.open_run(job, number) or await self._parts.store.run(job, number)
        own, dot, parent = job.partition(".")
        now = await self._parts.store.renamed(own) if run is None else None
        run = run if now is None else await self._parts.store.run(f"{now}{dot}{parent}", number)
        if run is None:
            raise NotFound(f"There is no run {run_id}.")
        return run
