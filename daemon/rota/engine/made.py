"""Due instants that no calendar names: what boots and ends of other jobs' runs have made for a job."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import structlog

from rota.core.board import Board, Due, JobEntry
from rota.core.boots import boot_dues, is_boot, with_answered
from rota.core.errors import Unavailable
from rota.core.model import JobSpec
from rota.core.run import Run
from rota.core.seams import Boot, JobRecord, Store
from rota.engine.ends import Ends
from rota.engine.timetable import Timed

_log = structlog.get_logger(__name__)


class Made:
    """Keeps `situation.made` of every job: an instant stays there until it is answered.

    `records` is shared: whoever changes a record replaces it there.
    """

    def __init__(self, board: Board, records: dict[str, JobRecord]) -> None:
        self._board = board
        self._records = records
        self._store: Store | None = None
        self._boot: Boot | None = None
        self._ends = Ends()
        self._heard: list[Run] = []  # before the ledger was asked
        self.is_recalled = True

    def know(self, store: Store, boot: Boot) -> None:
        """Where ends are recalled from, and when the host began; without it boots make nothing."""
        self._store, self._boot, self.is_recalled = store, boot, False

    def load(self, specs: Iterable[JobSpec], begun: Sequence[str]) -> None:
        """The jobs there are from now on; what was made for a schedule that changed (`begun`) is void."""
        self._ends.load(specs, begun)

    def begin(self, spec: JobSpec, now: datetime, *, is_kept: bool) -> str:
        """A job's schedule is new here; `is_kept`: an earlier daemon knew it already.

        Answers its `JobRecord.boot`: a schedule that is new owes nothing for a boot before it.
        """
        entry, record = self._board.jobs[spec.id], self._records.get(spec.id)
        answered = record.boot if record is not None else ""
        entry.situation = replace(entry.situation, made=())
        if self._boot is None or not spec.enabled:
            return answered
        dues = boot_dues(spec.id, spec.triggers, self._boot, answered if is_kept else "")
        if is_kept:
            _add(entry, dues)
            return answered
        _add(entry, [due for due in dues if due.at > now])
        passed = [due for due in dues if due.at <= now]
        return with_answered("", self._boot, spec.triggers, passed) if dues else answered

    def hear(self, run: Run) -> Iterator[str]:
        """A run changed: the jobs for which its end makes something."""
        if not run.state.is_final or run.ended_at is None:
            return
        if not self.is_recalled:
            self._heard.append(run)
            return
        for job, dues in self._ends.hear(run):
            _add(self._board.jobs[job], dues)
            yield job

    async def recall(self, places: Sequence[Timed]) -> set[str]:
        """What ends made that are stored and were not answered any more; the jobs concerned.

        To be called until it has worked once. Raises Unavailable, and then nothing has changed.
        """
        assert self._store is not None
        found: dict[str, Sequence[Due]] = {}
        for timed in places:
            entry = self._board.jobs.get(timed.job)
            if entry is not None and timed.since is not None and self._ends.concerns(timed.job):
                spec = entry.spec
                found[timed.job] = await self._ends.recall(self._store, spec, timed.since, timed.answered)
        for job, dues in found.items():
            if job in self._board.jobs:
                _add(self._board.jobs[job], dues)
        self.is_recalled = True
        heard, self._heard = self._heard, []
        return {job for job, dues in found.items() if dues} | {job for run in heard for job in self.hear(run)}

    def answered(self, timed: Timed) -> JobRecord | None:
        """What was being answered has its answer now; the record to be saved, when a boot was answered."""
        entry, answering = self._board.jobs[timed.job], timed.answering
        timed.answering = ()
        if not answering:
            return None
        left = tuple(due for due in entry.situation.made if due not in answering)
        entry.situation = replace(entry.situation, made=left)
        boots = [due for due in answering if is_boot(due, timed.triggers)]
        if not boots or self._boot is None:
            return None
        record = self._records.get(timed.job) or JobRecord(job=timed.job)
        noted = replace(record, boot=with_answered(record.boot, self._boot, timed.triggers, boots))
        self._records[timed.job] = noted
        return noted

    def shift_boot(self, jump: timedelta) -> list[str]:
        """The wall clock was set: what is still to come after the boot comes as long after it as before."""
        if self._boot is None:
            return []
        self._boot = replace(self._boot, at=self._boot.at + jump)
        shifted = []
        for job, entry in self._board.jobs.items():
            triggers = entry.spec.triggers
            if any(is_boot(due, triggers) for due in entry.situation.made):
                record = self._records.get(job)
                others = tuple(due for due in entry.situation.made if not is_boot(due, triggers))
                dues = boot_dues(job, triggers, self._boot, record.boot if record else "")
                entry.situation = replace(entry.situation, made=others)
                _add(entry, dues)
                shifted.append(job)
        return shifted

    async def save(self, records: Sequence[JobRecord]) -> None:
        """Note which boots are answered. When the ledger can't, it still refuses an instant a second time."""
        if self._store is None or not records:
            return
        try:
            await self._store.save_records(records)
        except Unavailable as error:
            _log.warning("scheduler.boots_not_noted", jobs=len(records), error=error.message)


def _add(entry: JobEntry, dues: Sequence[Due]) -> None:
    if dues:
        made = sorted((*entry.situation.made, *dues), key=lambda due: (due.starts_at, due.at))
        entry.situation = replace(entry.situation, made=tuple(made))
