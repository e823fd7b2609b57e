"""The jobs in force: read as one set, and remembered in the ledger."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

import structlog

from rota.core.errors import Unavailable
from rota.core.events import JobsLoaded
from rota.core.model import JobSet, JobSpec
from rota.core.run import Reason, Run
from rota.core.seams import JobRecord
from rota.engine.executor import Executor
from rota.engine.history import recall_rest, recall_state
from rota.engine.holds import Holds
from rota.engine.parts import Parts
from rota.engine.refused import with_refused
from rota.engine.renames import follow_open, settled, take_over

Read = Callable[[JobSet, bool], Awaitable[JobSet]]
Load = Callable[[JobSet, datetime], Sequence[JobRecord]]

_log = structlog.get_logger(__name__)


class Jobs:
    """`reload` reads and swaps the whole set; `holds` is what people wish to hold back of it.

    `read` answers the set that is to be in force, from the one before and whether many may vanish. `records`
    is shared with the scheduler: whoever changes a record replaces it there. `load` is the scheduler's: it
    takes over a set that is on the board and answers the records to save.
    """

    def __init__(
        self,
        parts: Parts,
        executor: Executor,
        records: dict[str, JobRecord],
        read: Read,
        load: Load,
    ) -> None:
        self._parts = parts
        self._executor = executor
        self._records = records
        self._read = read
        self._load = load
        self._reading = asyncio.Lock()
        self._is_first = True
        self.holds = Holds(parts, executor, records)
        self.current = JobSet()

    def start_from(self, previous: JobSet) -> None:
        """Last good versions that an earlier daemon remembered; to be called before the first `reload`."""
        self.current = previous

    async def reload(self, *, confirm: bool = False, overtaken: Callable[[], bool] = lambda: False) -> JobSet:
        """Read the job directories; the answer is in force. Also the first load after a start.

        When it is `overtaken` by changes while it reads, all stays as it is: somebody reads again soon.
        """
        async with self._reading:
            if self._is_first:
                await self.holds.recall()
            self._is_first = False
            jobset = await self._read(self.current, confirm)
            if overtaken():
                return self.current
            async with settled(self._parts, self._executor, self._records, jobset):
                renamed = await take_over(self._parts, self._executor, self._records, jobset)
                jobset = await with_refused(self._parts, self._records, jobset)
                await self._remember(jobset)
                await self._swap(jobset, renamed)
            await follow_open(self._parts, self._executor)
        _log.info("jobs.loaded", jobs=len(jobset.jobs), problems=len(jobset.problems))
        return jobset

    async def follow_renamed(self) -> None:
        """Runs of an earlier daemon that a renamed job left open follow it. Once they were taken back."""
        await follow_open(self._parts, self._executor)

    async def _remember(self, jobset: JobSet) -> None:
        """So that a job whose file is broken at the next start still runs on its last good version."""
        changed = [spec for spec in jobset.jobs.values() if _is_news(spec, self._records.get(spec.id))]
        if not changed:
            return
        for spec in changed:
            self._records[spec.id] = _noted(spec, self._records.get(spec.id))
        try:
            await self._parts.store.save_definitions(
                {spec.definition.hash: spec.definition.text for spec in changed}
            )
        except Unavailable as error:
            self._parts.writable.error = error.message
        await self._saved([self._records[spec.id] for spec in changed])

    async def _saved(self, records: Sequence[JobRecord]) -> None:
        """The jobs are in force also when the ledger can't note it; then an earlier state is remembered."""
        if not records:
            return
        try:
            await self._parts.store.save_records(records)
        except Unavailable as error:
            self._parts.writable.error = error.message
            _log.warning("jobs.not_remembered", jobs=len(records), error=error.message)

    async def _swap(self, jobset: JobSet, renamed: Mapping[str, Run]) -> None:
        board = self._parts.board
        queued = [run for entry in board.jobs.values() for run in entry.queued]
        new = [job for job in jobset.jobs if job not in board.jobs]
        self.current = jobset
        board.load(jobset)
        await self._recall(new)
        self.holds.settle(jobset.jobs)
        for run in queued:
            if run.id in renamed:
                board.room.leave(run.id)
                board.record(renamed[run.id])
            elif run.job not in board.jobs:
                self._executor.skip(run, Reason.REMOVED, "the job was removed while this run waited")
        await self._saved(self._load(jobset, self._parts.clock.now()))
        self._parts.bus.publish(JobsLoaded(jobs=jobset))
        waiting = {job for job, entry in board.jobs.items() if entry.open_runs}
        # Also those whose job is gone: a pause that held them is gone as well.
        self._executor.nudge(waiting | {run.job for run in self._executor.open_runs})

    async def _recall(self, new: Sequence[str]) -> None:
        """What the ledger knows of jobs that have just come onto the board."""
        known = {job: None for job in new if job in self._records}  # in order
        if not known:
            return
        await recall_state(self._parts, list(known))
        for run in self._executor.open_runs:
            if run.job in known:
                self._parts.board.record(run)
        self._executor.spawn(recall_rest(self._parts, list(known)))


def _is_news(spec: JobSpec, record: JobRecord | None) -> bool:
    if record is None:
        return True
    known = (record.definition, record.source_file, record.source_line, record.source_directory)
    return known != (spec.definition.hash, spec.source.file, spec.source.line, spec.source.directory)


def _noted(spec: JobSpec, record: JobRecord | None) -> JobRecord:
    return replace(
        record or JobRecord(job=spec.id),
        definition=spec.definition.hash,
        source_file=spec.source.file,
        source_line=spec.source.line,
        source_directory=spec.source.directory,
    )
