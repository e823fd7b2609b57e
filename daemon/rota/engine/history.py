"""What the ledger remembers of jobs that come onto the board: how they are at once, the rest soon after."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence

import structlog

from rota.core.board import BARS, JobEntry
from rota.core.errors import Unavailable
from rota.core.events import JobChanged
from rota.core.run import Run
from rota.core.seams import RunBar
from rota.engine.parts import Parts

_AT_ONCE = 500  # jobs whose whole history is there before they are planned; of the others the newest run
_PART = 200  # jobs read together later

_log = structlog.get_logger(__name__)


async def recall_state(parts: Parts, jobs: Sequence[str]) -> None:
    """Enough to say how each job is. Jobs run also when the ledger can't tell how they went."""
    bars, skips = await _newest(parts, jobs)
    for job in jobs:
        entry = parts.board.jobs[job]
        entry.bars.extend(bars.get(job, ()))
        entry.last_skip = skips.get(job)


async def recall_rest(parts: Parts, jobs: Sequence[str]) -> None:
    """The history bars that `recall_state` left out, and the whole of each job's last run."""
    for start in range(_AT_ONCE, len(jobs), _PART):
        await _recall_bars(parts, jobs[start : start + _PART])
    for job in jobs:
        await _recall_last(parts, job)


async def recall_again(parts: Parts, job: str) -> None:
    """History of the job that was not there before."""
    entry = parts.board.jobs.get(job)
    if entry is None:
        return
    bars, skips = await _newest(parts, [job])
    entry.bars = deque(bars.get(job, ()), maxlen=BARS)
    entry.last_skip = skips.get(job)
    if entry.last is None:
        await _recall_last(parts, job)
    parts.bus.publish(JobChanged(job=job))


async def _newest(
    parts: Parts, jobs: Sequence[str]
) -> tuple[Mapping[str, Sequence[RunBar]], Mapping[str, Run]]:
    store, later = parts.store, jobs[_AT_ONCE:]
    try:
        bars = dict(await store.bars(BARS, jobs[:_AT_ONCE]))
        if later:
            bars.update(await store.bars(1, later))
        return bars, await store.last_skips()
    except Unavailable as error:
        _log.warning("jobs.not_recalled", error=error.message)
        return {}, {}


async def _recall_bars(parts: Parts, jobs: Sequence[str]) -> None:
    try:
        bars = await parts.store.bars(BARS, jobs)
    except Unavailable as error:
        _log.warning("jobs.not_recalled", error=error.message)
        return
    for job, found in bars.items():
        entry = parts.board.jobs.get(job)
        if entry is not None:
            _put_before(entry, found)
            parts.bus.publish(JobChanged(job=job))


def _put_before(entry: JobEntry, found: Sequence[RunBar]) -> None:
    newer = [bar for bar in entry.bars if bar.number > found[-1].number]
    entry.bars = deque([*found, *newer], maxlen=BARS)


async def _recall_last(parts: Parts, job: str) -> None:
    entry = parts.board.jobs.get(job)
    if entry is None or entry.last is not None or not entry.bars:
        return
    run = await parts.store.run(job, entry.bars[-1].number)
    if run is not None and entry.last is None:
        entry.last = run
        parts.bus.publish(JobChanged(job=job))
