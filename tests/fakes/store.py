"""The ledger in memory, for tests of what uses it; a contract test holds it against the real one."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from rota.core.batch import DONE, Chunk, Known
from rota.core.board import bar
from rota.core.errors import InvalidRequest, NotFound, RotaError
from rota.core.run import Run, RunState
from rota.core.seams import Clock, JobRecord, Pause, RunBar, RunPage, RunQuery
from rota.store.rows import (
    attempt_from,
    attempt_row,
    pause_from,
    pause_row,
    record_from,
    record_row,
    run_from,
    run_row,
)
from rota.store.skips import covers, is_void, merge, merges, relieved


@dataclass(kw_only=True)
class MemoryStore:
    """The seam `core.seams.Store`. While `broken` is set, every write raises it and nothing is stored."""

    clock: Clock
    broken: RotaError | None = None
    saves: int = 0  # calls of `save` that were stored
    _runs: dict[tuple[str, int], Run] = field(default_factory=dict)
    _order: dict[tuple[str, int], int] = field(default_factory=dict)
    _numbers: dict[str, int] = field(default_factory=dict)
    _records: dict[str, JobRecord] = field(default_factory=dict)
    _definitions: dict[str, str] = field(default_factory=dict)
    _pauses: dict[str, Pause] = field(default_factory=dict)
    _renames: dict[str, str] = field(default_factory=dict)
    _facts: dict[tuple[str, str], tuple[str, datetime]] = field(default_factory=dict)
    _chunks: dict[str, list[Chunk]] = field(default_factory=dict)

    async def add(self, runs: Sequence[Run], shortened: Sequence[Run] = ()) -> Sequence[Run | None]:
        self._refuse_when_broken()
        for skip in shortened:
            stored = self._runs[skip.job, skip.number]
            self._runs[skip.job, skip.number] = _at_rest(
                replace(
                    stored,
                    due_at=skip.due_at,
                    last_due_at=skip.last_due_at,
                    planned_at=skip.planned_at,
                    count=skip.count,
                    message=skip.message,
                )
            )
        return [self._add(run) for run in runs]

    async def save(self, run: Run, *, instead_of: Run | None = None, parent: Run | None = None) -> None:
        self._refuse_when_broken()
        if (run.series, run.number) not in self._runs:
            raise NotFound(f"The ledger has no run {run.id}.")
        if instead_of is not None:
            self._runs.pop((instead_of.job, instead_of.number), None)
        self._runs[run.series, run.number] = _at_rest(run)
        if parent is not None:
            key = (parent.job, parent.number)
            self._runs[key] = replace(
                self._runs[key], children=parent.children, progress=parent.progress, message=parent.message
            )
        self.saves += 1

    async def add_children(self, children: Sequence[Run]) -> None:
        self._refuse_when_broken()
        for child in children:
            key = (child.series, child.number)
            assert key not in self._runs
            self._order[key] = len(self._order)
            self._runs[key] = _at_rest(child)

    async def save_chunks(self, parent: str, first: int, found: Sequence[Chunk]) -> None:
        self._refuse_when_broken()
        kept = self._chunks.get(parent, [])[: first - 1]
        self._chunks[parent] = [*kept, *found]

    async def chunks(self, parent: str, after: int, most: int, *, undone: bool = False) -> Sequence[Chunk]:
        found = self._chunks.get(parent, [])[after:]
        if undone:
            found = [chunk for chunk in found if not self._is_done(parent, chunk.place)]
        return found[:most]

    async def known_children(self, parent: str) -> Known:
        children = [run for run in self._newest_first()[::-1] if run.series == parent]
        return Known(
            open=[run for run in children if not run.state.is_final],
            states=Counter(run.state for run in children),
            begun=max((run.number for run in children), default=0),
            chunks=len(self._chunks.get(parent, [])),
        )

    async def run(self, job: str, number: int) -> Run | None:
        return self._runs.get((job, number))

    async def latest(self, job: str) -> Run | None:
        page = await self.runs(RunQuery(job=job, skipped=False, limit=1))
        return page.runs[0] if page.runs else None

    async def answers(self, job: str, since: datetime, until: datetime, limit: int = 1000) -> Sequence[Run]:
        found = [
            run
            for run in self._runs.values()
            if run.series == job
            and run.due_at is not None
            and run.due_at <= until
            and (run.last_due_at or run.due_at) >= since
        ]
        return sorted(found, key=lambda run: run.due_at or since)[-limit:]

    async def ends(self, job: str, since: datetime) -> Sequence[Run]:
        ended = [
            replace(run, attempts=())
            for run in self._runs.values()
            if run.series == job and run.state.is_final and run.ended_at is not None and run.ended_at > since
        ]
        return sorted(ended, key=lambda run: (run.ended_at or since, run.number))

    async def last_skips(self) -> Mapping[str, Run]:
        newest = [self._runs.get(key) for key in self._numbers.items()]
        return {run.job: run for run in newest if run is not None and run.state is RunState.SKIPPED}

    async def runs(self, query: RunQuery) -> RunPage:
        found = [run for run in self._newest_first() if _matches(run, query)]
        start = 0 if query.before is None else self._behind(found, query.before)
        shown = found[start : start + query.limit]
        more = start + query.limit < len(found)
        if not query.attempts:
            shown = [replace(run, attempts=()) for run in shown]
        return RunPage(runs=shown, total=len(found), next_cursor=self._cursor(shown[-1]) if more else None)

    async def unfinished(self) -> Sequence[Run]:
        found = reversed(self._newest_first())
        return [run for run in found if not run.state.is_final and run.parent is None]

    async def bars(self, limit: int, jobs: Sequence[str] | None = None) -> Mapping[str, Sequence[RunBar]]:
        bars: dict[str, list[RunBar]] = {}
        for run in sorted(self._runs.values(), key=lambda run: run.number):
            if run.state.is_final and run.state is not RunState.SKIPPED and run.parent is None:
                bars.setdefault(run.job, []).append(bar(run))
        return {job: found[-limit:] for job, found in bars.items() if jobs is None or job in jobs}

    async def records(self) -> Mapping[str, JobRecord]:
        return dict(self._records)

    async def save_records(self, records: Sequence[JobRecord]) -> None:
        self._refuse_when_broken()
        for record in records:
            known = self._records.get(record.job, record)
            stored = record_from(record_row(record))
            answered = known.answered_until or stored.answered_until
            self._records[record.job] = replace(stored, answered_until=answered)

    async def pauses(self) -> Mapping[str, Pause]:
        return dict(self._pauses)

    async def save_pauses(self, wishes: Mapping[str, Pause | None]) -> None:
        self._refuse_when_broken()
        for scope, pause in wishes.items():
            self._pauses.pop(scope, None)
            if pause is not None:
                self._pauses[scope] = pause_from(pause_row(pause))

    async def rename(self, old: str, new: str, waiting: Sequence[int] = ()) -> bool:
        self._refuse_when_broken()
        record = self._records.get(old)
        numbers = {number for job, number in self._runs if job == new}
        if record is None or old == new:
            return False
        if self._renames.get(old) != new:
            if any(job == old and n in numbers for job, n in self._runs):
                return False
            self._take_over(record, new)
            self._renames.pop(new, None)
            for name, target in self._renames.items():
                self._renames[name] = new if target == old else target
            self._renames[old] = new
        names = [name for name, target in self._renames.items() if target == new]
        final = [key for key, run in self._runs.items() if key[0] in names and run.state.is_final]
        queued = [(old, number) for number in waiting if self._runs[old, number].state is RunState.PENDING]
        for key in [key for key in (*final, *queued) if key[1] not in numbers]:
            self._move(key, new)
        return True

    async def renamed(self, old: str) -> str | None:
        return self._renames.get(old)

    async def save_definitions(self, definitions: Mapping[str, str]) -> None:
        self._refuse_when_broken()
        self._definitions = {**definitions, **self._definitions}

    async def definition(self, hash_: str) -> str | None:
        return self._definitions.get(hash_)

    async def remember(self, scope: str, key: str, value: str, expires_at: datetime) -> None:
        self._refuse_when_broken()
        self._facts[scope, key] = (value, expires_at)

    async def recall(self, scope: str, key: str) -> str | None:
        value, expires_at = self._facts.get((scope, key), (None, self.clock.now()))
        return value if expires_at > self.clock.now() else None

    async def forget(self, scope: str, key: str) -> None:
        self._refuse_when_broken()
        self._facts.pop((scope, key), None)

    def _is_done(self, parent: str, place: int) -> bool:
        child = self._runs.get((parent, place))
        return child is not None and child.state in DONE

    def _add(self, run: Run) -> Run | None:
        if self._is_stored(run):
            return None
        number = self._numbers.get(run.job, 0)
        newest = self._runs.get((run.job, number))
        skip = newest if newest is not None and newest.state is RunState.SKIPPED else None
        if skip is not None and merges(skip, run):
            entered = merge(skip, run)
        else:
            entered = replace(run, number=number + 1)
            self._numbers[run.job] = number + 1
            self._order[entered.job, entered.number] = len(self._order)
        self._runs[entered.job, entered.number] = _at_rest(entered)
        self._advance(run)
        return entered

    def _take_over(self, record: JobRecord, new: str) -> None:
        own = self._records.get(new) or JobRecord(job=new)
        plan = own if own.schedule else record
        self._records[new] = replace(
            own,
            answered_until=plan.answered_until,
            schedule=plan.schedule,
            since=plan.since,
            boot=plan.boot,
            pause=own.pause or record.pause,
            skip_next=own.skip_next or record.skip_next,
        )
        self._records[record.job] = replace(record, schedule="", pause=None, skip_next=None)
        self._numbers[new] = max(self._numbers.get(new, 0), self._numbers.get(record.job, 0))

    def _move(self, key: tuple[str, int], new: str) -> None:
        old, number = key
        run = self._runs.pop(key)
        taken = {each.due_at for each in self._runs.values() if each.job == new}
        self._order[new, number] = self._order.pop(key)
        self._runs[new, number] = replace(
            run,
            job=new,
            log_job=run.log_job or old,
            retry_of=run.retry_of and new + run.retry_of[len(old) :],
            due_at=None if run.due_at in taken else run.due_at,
        )
        for child in [key for key in self._runs if key[0] == f"{old}.{number}"]:
            moved = replace(self._runs.pop(child), job=new, log_job=child[0])
            self._order[moved.series, moved.number] = self._order.pop(child)
            self._runs[moved.series, moved.number] = moved
        if f"{old}.{number}" in self._chunks:
            self._chunks[f"{new}.{number}"] = self._chunks.pop(f"{old}.{number}")

    def _is_stored(self, run: Run) -> bool:
        due = run.due_at
        if due is None:
            return False
        answers = [known for known in self._runs.values() if known.job == run.job and covers(known, run)]
        void = [known for known in answers if is_void(known, run)]
        for known in void:
            self._runs[known.job, known.number] = _at_rest(relieved(known, run))
        if void:
            mine = [known for known in self._runs.values() if known.job == run.job]
            marks = [at for known in mine for at in (known.due_at, known.last_due_at, known.planned_at) if at]
            self._records[run.job] = replace(self._records[run.job], answered_until=max(marks, default=None))
        return len(answers) > len(void)

    def _advance(self, run: Run) -> None:
        record = self._records.get(run.job) or JobRecord(job=run.job)
        answered = _latest(_latest(record.answered_until, run.planned_at), run.last_due_at or run.due_at)
        self._records[run.job] = replace(record, answered_until=answered)

    def _newest_first(self) -> list[Run]:
        return sorted(self._runs.values(), key=self._position, reverse=True)

    def _position(self, run: Run) -> tuple[datetime, int]:
        return run.created_at, self._order[run.series, run.number]

    def _cursor(self, run: Run) -> str:
        return str(self._order[run.series, run.number])

    def _behind(self, found: Iterable[Run], cursor: str) -> int:
        if not cursor.isdigit():
            raise InvalidRequest(f"{cursor!r} is no cursor of a page of runs.")
        cursors = [self._cursor(run) for run in found]
        return cursors.index(cursor) + 1

    def _refuse_when_broken(self) -> None:
        if self.broken is not None:
            raise self.broken


def _at_rest(run: Run) -> Run:
    """What is read back: milliseconds, clean JSON."""
    attempts = [attempt_from(attempt_row(attempt)) for attempt in run.attempts]
    return run_from(json.loads(json.dumps(run_row(run))), attempts)


def _matches(run: Run, query: RunQuery) -> bool:
    wanted = query.states or frozenset(RunState) - (frozenset() if query.skipped else {RunState.SKIPPED})
    return (
        (run.parent is None if query.job is None else query.job == run.series)
        and run.state in wanted
        and (query.since is None or run.created_at >= query.since)
        and (query.until is None or run.created_at < query.until)
    )


def _latest(one: datetime | None, other: datetime | None) -> datetime | None:
    return max((at for at in (one, other) if at is not None), default=None)
