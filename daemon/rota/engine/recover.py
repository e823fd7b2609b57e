"""After a start: every run that an earlier daemon left open is taken back and led on."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

import structlog

from rota.config.concurrency import concurrency_in
from rota.core.attempt_life import open_attempts, waits
from rota.core.batch import counted, with_counts
from rota.core.errors import Unavailable
from rota.core.events import RunChanged
from rota.core.model import Concurrency
from rota.core.recovery import Recovery, recover
from rota.core.run import Attempt, Reason, Run
from rota.engine.executor import Executor
from rota.engine.live_run import ref_of
from rota.engine.parts import Parts

_PAUSE = 0.5  # seconds between two tries to reach the runner

_log = structlog.get_logger(__name__)

_Found = asyncio.Future[Recovery]


async def take_back(parts: Parts, executor: Executor) -> int:
    """How many open runs there were. All are on the board when this returns.

    What became of attempts that were under way is asked of the runner in the background, for as long as it
    takes; until then their runs hold their places. To be called once, after the jobs were loaded.
    """
    runs = [each for run in await parts.store.unfinished() for each in await _with_children(run, parts)]
    for run in runs:
        parts.board.record(run)
        if run.parent is None:
            # What counts from the end of a run must hear that one is under way before anything is planned.
            parts.bus.publish(RunChanged(run=run))
    waiting: dict[str, tuple[Run, Attempt, _Found]] = {}
    # Asked before any is led: a place that nobody holds yet could be given away meanwhile.
    limits = {run.id: await _limits(run, parts) for run in runs if run.job not in parts.board.jobs}
    for run in runs:
        found = {each.id: _asked(run, each, waiting) for each in open_attempts(run) if not waits(each)}
        if found or not run.is_queued or run.parent is not None or run.cancel_requested_at is not None:
            executor.adopt(run, found or None, limits.get(run.id))
        elif run.job not in parts.board.jobs:
            executor.skip(run, Reason.REMOVED, "the job was removed while this run waited")
    if waiting:
        executor.spawn(_ask(parts, waiting))
    # All at once: who gets the room that is left is decided among all that wait.
    executor.release(*dict.fromkeys(run.job for run in runs))
    _log.info("runs.taken_back", open=len(runs), under_way=len(waiting))
    return len(runs)


async def _limits(run: Run, parts: Parts) -> Concurrency | None:
    """What a run whose job is gone shares with others, by the definition that it began with."""
    text = await parts.store.definition(run.definition)
    return None if text is None else concurrency_in(text)


async def _with_children(run: Run, parts: Parts) -> list[Run]:
    """The parent of a batch before its open children; it counts what the ledger has of them."""
    if run.children is None:
        return [run]
    known = await parts.store.known_children(run.id)
    return [with_counts(run, counted(known)), *known.open]


def _asked(run: Run, attempt: Attempt, waiting: dict[str, tuple[Run, Attempt, _Found]]) -> _Found:
    found: _Found = asyncio.get_running_loop().create_future()
    waiting[attempt.id] = (run, attempt, found)
    return found


async def _ask(parts: Parts, waiting: Mapping[str, tuple[Run, Attempt, _Found]]) -> None:
    refs = [ref_of(run, attempt) for run, attempt, _ in waiting.values()]
    while True:
        try:
            reports = await parts.runner.report(refs)
            break
        except Unavailable as error:
            _log.warning("runs.report_unavailable", error=error.message)
            await parts.clock.sleep(_PAUSE)
    for key, (run, attempt, found) in waiting.items():
        decided = recover(attempt, reports[key], parts.boot_id)
        _log.info("run.recovered", run=run.id, attempt=key, decision=type(decided).__name__)
        if not found.done():
            found.set_result(decided)
