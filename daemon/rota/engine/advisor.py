"""Warnings about the jobs in force: made anew whenever jobs were read, and with every new hour."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from datetime import datetime, timedelta
from statistics import median

import structlog

from rota.config.advice import Said, advise
from rota.core.board import JobEntry
from rota.core.eta import SAMPLES_NEEDED, SAMPLES_USED, completed_durations
from rota.core.events import Event, JobChanged, JobsLoaded
from rota.core.problems import Problem
from rota.engine.parts import Parts

_log = structlog.get_logger(__name__)

_EVERY = 1.0  # seconds


class Advisor:
    """Keeps `board.advice`. It looks at the jobs beside the loop: for many of them that takes a while."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._said: Said = {}
        self._is_root = False  # the runner is, as the advice that is there takes it
        self._hour: datetime | None = None  # of the advice; None: nobody asked yet, or jobs were read since

    async def run(self) -> None:
        """For as long as the daemon lives."""
        end = self._parts.bus.subscribe(self._hear)
        try:
            while True:
                await self.step()
                await self._parts.clock.sleep(_EVERY)
        finally:
            end()

    async def step(self) -> None:
        """Ask for advice unless what is there is of this hour and these jobs: runs may take longer by now."""
        board, now = self._parts.board, self._parts.clock.now()
        hour = now.replace(minute=0, second=0, microsecond=0)
        is_root = board.runner is not None and board.runner.is_root
        if self._hour == hour and self._is_root == is_root:
            return
        self._hour, self._is_root = hour, is_root
        jobs = {job: entry.spec for job, entry in board.jobs.items()}
        usual = usual_lengths(board.jobs.values())
        try:
            advice = await asyncio.to_thread(advise, jobs, now, usual, self._said, is_root=is_root)
        except Exception as error:  # jobs run as well without warnings about them
            _log.exception("jobs.not_advised", error=str(error))
            return
        changed = {problem.file for problem in {*advice} ^ {*board.advice}}
        board.advice = advice
        self._announce(changed)

    def _hear(self, event: Event) -> None:
        if isinstance(event, JobsLoaded):
            self._hour = None

    def _announce(self, files: Iterable[str]) -> None:
        """Pages of the jobs that the warnings are about are drawn again."""
        scopes = frozenset(Problem(file=file, line=1, column=1, message="").scope for file in files)
        for job, entry in self._parts.board.jobs.items():
            if scopes and not scopes.isdisjoint(entry.spec.source.scopes):
                self._parts.bus.publish(JobChanged(job=job))


def usual_lengths(entries: Iterable[JobEntry]) -> dict[str, timedelta]:
    """How long completed runs of each job took in the middle; jobs with few of them are left out."""
    found = {entry.spec.id: completed_durations(tuple(entry.bars))[-SAMPLES_USED:] for entry in entries}
    return {
        job: timedelta(seconds=median(length.total_seconds() for length in lengths))
        for job, lengths in found.items()
        if len(lengths) >= SAMPLES_NEEDED
    }
