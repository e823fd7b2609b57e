"""Ends of runs, for the jobs that come `after` them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from rota.core.after import NOTHING, Gathered, fold, is_no_part, upstreams
from rota.core.board import Due
from rota.core.model import JobSpec
from rota.core.nominal import FAR
from rota.core.run import Reason, Run, RunState, parse_run_id
from rota.core.seams import Store
from rota.core.triggers import AfterTrigger

_ROWS = 1000  # newest answers of a job that are looked at
_LOOK_BACK = timedelta(hours=24)  # an end may become known that long after others that are answered

Made = tuple[str, tuple[Due, ...]]  # a job, and what an end has made for it


class Ends:
    """Who waits for whose ends, and what each of them has gathered so far."""

    def __init__(self) -> None:
        self._gathered: dict[str, Gathered] = {}
        self._waiting: dict[str, tuple[JobSpec, ...]] = {}  # by the job they wait for

    def load(self, specs: Iterable[JobSpec], started: Iterable[str]) -> None:
        """The jobs there are now; of those `started` the schedule is new, and they have gathered nothing."""
        waiting: dict[str, list[JobSpec]] = {}
        known: dict[str, Gathered] = {}
        begun = set(started)
        for spec in specs:
            jobs = upstreams(spec.triggers) if spec.enabled else ()
            for job in jobs:
                waiting.setdefault(job, []).append(spec)
            if jobs:
                known[spec.id] = NOTHING if spec.id in begun else self._gathered.get(spec.id, NOTHING)
        self._gathered = known
        self._waiting = {job: tuple(specs) for job, specs in waiting.items()}

    def concerns(self, job: str) -> bool:
        """Whether the job comes after others."""
        return job in self._gathered

    def hear(self, end: Run) -> Iterator[Made]:
        """A run ended, or a row of skips became longer: what that makes, and for whom."""
        for spec in self._waiting.get(end.job, ()):
            known, made = fold(spec.id, spec.triggers, self._gathered[spec.id], end)
            self._gathered[spec.id] = known
            if made:
                yield spec.id, made

    async def recall(self, store: Store, spec: JobSpec, since: datetime, answered: datetime) -> Sequence[Due]:
        """What ends made that an earlier daemon stored and did not answer any more.

        `since`: nothing older is owed; `answered`: all of the job's instants up to there have their answer,
        but for those whose end became known later. Raises Unavailable.
        """
        begin = max(since, answered - _LOOK_BACK)
        # Only a round of all may go back further: where its last one was, the next begins.
        has_rounds = any(trigger.all for _, trigger in _afters(spec))
        rows = await store.answers(spec.id, since if has_rounds else begin, FAR, _ROWS)
        if len(rows) == _ROWS and rows[0].due_at is not None:
            since = begin = max(
                begin, rows[0].due_at
            )  # nobody can tell any more what older ones were answers to
        marks = {index: _mark(each, rows, since, begin) for index, each in _afters(spec)}
        ends = [end for job in upstreams(spec.triggers) for end in await store.ends(job, min(marks.values()))]
        known = replace(self._gathered[spec.id], marks=marks)
        found: list[Due] = []
        for end in sorted(ends, key=lambda run: (run.ended_at or since, run.job, run.number)):
            known, made = fold(spec.id, spec.triggers, known, end)
            for due in made:
                if not _is_answered(due, rows, end):
                    found.append(_apart(due, rows, found))
        self._gathered[spec.id] = replace(known, marks={})
        return found


def _afters(spec: JobSpec) -> Iterator[tuple[int, AfterTrigger]]:
    return ((index, each) for index, each in enumerate(spec.triggers) if isinstance(each, AfterTrigger))


def _mark(trigger: AfterTrigger, rows: Sequence[Run], since: datetime, begin: datetime) -> datetime:
    """Ends up to here have been counted: for `all` up to the last round, else they are told apart later."""
    if not trigger.all:
        return begin
    rounds = (run for run in reversed(rows) if _jobs(run) == frozenset(trigger.jobs))
    last = next(rounds, None)
    return since if last is None else last.last_due_at or last.due_at or since


def _jobs(run: Run) -> frozenset[str]:
    return frozenset(parse_run_id(id_)[0] for id_ in run.upstream)


def _is_answered(due: Due, rows: Sequence[Run], end: Run) -> bool:
    """A run ends once, so that its name tells; that of a row of skips stands for many ends."""
    by_name = end.state is not RunState.SKIPPED
    if by_name and any(set(due.upstream) == set(row.upstream) for row in rows):
        return True
    return any(_answers(row, due, by_name=by_name) for row in rows)


def _answers(row: Run, due: Due, *, by_name: bool) -> bool:
    """See `store.skips.covers`; where names tell, another end of the same moment is no answer."""
    if row.due_at is None:
        return False
    last = row.last_due_at or row.due_at
    known = row.upstream if row.count == 1 else row.answered_ends
    if due.at in (row.due_at, last):
        return not (by_name and known and is_no_part(due.upstream, known))
    if row.reason is Reason.UPSTREAM and not due.withheld:
        return False
    if is_no_part(due.upstream, row.answered_ends):
        return False
    return row.due_at < due.at < last and due.starts_at <= max(last, row.planned_at or last)


def _apart(due: Due, rows: Sequence[Run], found: Sequence[Due]) -> Due:
    """A millisecond later where another end of that moment has its instant."""
    taken = {at for row in rows for at in (row.due_at, row.last_due_at)} | {each.at for each in found}
    while due.at in taken:
        due = replace(due, at=due.at + timedelta(milliseconds=1))
    return due
