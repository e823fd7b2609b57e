"""Jobs that are called otherwise now (`renamed_from`): what the ledger knows of them comes along."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import structlog

from rota.core.changed import changed
from rota.core.errors import Unavailable
from rota.core.events import RunChanged
from rota.core.model import JobSet
from rota.core.run import Run
from rota.core.seams import JobRecord
from rota.engine.executor import Executor
from rota.engine.history import recall_again
from rota.engine.parts import Parts

_log = structlog.get_logger(__name__)


@asynccontextmanager
async def settled(
    parts: Parts, executor: Executor, records: dict[str, JobRecord], jobset: JobSet
) -> AsyncIterator[None]:
    """Meanwhile nothing is recorded of jobs that the set calls otherwise.

    What an old name answered after its record had moved would be answered once more by the new one.
    """
    known = await _known(parts, {old for old, _ in renames(jobset, records)})
    names = {name for pair in renames(jobset, records) if known.get(pair[0]) != pair[1] for name in pair}
    if not names:
        yield
        return
    async with executor.holding(names):
        yield


async def take_over(
    parts: Parts, executor: Executor, records: dict[str, JobRecord], jobset: JobSet
) -> dict[str, Run]:
    """Before the set comes into force: records, numbers and final runs of old names go to the new ones.

    So do runs that wait for their turn: the answer is each of them as it is now, by its old id. Others that
    are still open end under the old name, and follow then.
    """
    taken: dict[str, Run] = {}
    for old, new in renames(jobset, records):
        try:
            is_known = await parts.store.renamed(old) == new
            waiting = await _waiting(parts, executor, old)
            moved = await parts.store.rename(old, new, [run.number for run in waiting])
        except Unavailable as error:
            parts.writable.error = error.message
            _log.warning("job.not_renamed", job=new, renamed_from=old, error=error.message)
            continue
        if not moved:
            _log.warning("job.not_renamed", job=new, renamed_from=old, error="it has runs of its own")
            continue
        if not is_known:
            known = await parts.store.records()
            records.update({job: known[job] for job in (old, new) if job in known})
            await recall_again(parts, new)  # where it is on the board already
        taken |= {run.id: changed(run, job=new, log_job=run.log_name) for run in waiting}
    return taken


async def follow_open(parts: Parts, executor: Executor) -> None:
    """Let runs of old names that are still led go to the new ones when they have ended."""
    gone = {run.job for run in executor.open_runs} - parts.board.jobs.keys()
    for old, new in (await _known(parts, gone)).items():
        if new is not None:
            executor.spawn(_follow(parts, executor, old))


def renames(jobset: JobSet, records: dict[str, JobRecord]) -> list[tuple[str, str]]:
    """Old and new names: of jobs that name an id which no job has, but which the ledger knows."""
    found = [(spec.renamed_from, spec.id) for spec in jobset.jobs.values() if spec.renamed_from]
    claimed = [old for old, _ in found]
    return [
        (old, new)
        for old, new in found
        if old not in jobset.jobs and old in records and claimed.count(old) == 1
    ]


async def _waiting(parts: Parts, executor: Executor, job: str) -> list[Run]:
    """Runs in the job's queue that nobody is about to change."""
    if not parts.board.jobs:  # at a start the ledger alone knows of them
        return [run for run in await parts.store.unfinished() if run.job == job and run.is_queued]
    entry = parts.board.jobs.get(job)
    return [] if entry is None else [run for run in entry.queued if run.id not in executor.live]


async def _known(parts: Parts, names: set[str]) -> dict[str, str | None]:
    try:
        return {old: await parts.store.renamed(old) for old in names}
    except Unavailable:
        return {}  # then each of them may be a new one


async def _follow(parts: Parts, executor: Executor, old: str) -> None:
    """What was still open of the old name comes along when it has ended; so does what comes after its end."""
    open_runs = [run.number for run in executor.open_runs if run.job == old and run.parent is None]
    await executor.until_over(old)
    try:
        new = await parts.store.renamed(old)  # which may have been renamed meanwhile, too
        if new is None or not await parts.store.rename(old, new):
            return
        moved = [number for number in open_runs if await parts.store.run(old, number) is None]
        ended = [await parts.store.run(new, number) for number in moved]
    except Unavailable as error:
        _log.warning("job.runs_not_renamed", renamed_from=old, error=error.message)
        return  # at the next load
    await recall_again(parts, new)
    for run in ended:
        if run is not None:
            parts.bus.publish(RunChanged(run=run))  # jobs that come after it know it by its new name
