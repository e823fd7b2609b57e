"""How many runs go on at the same time in a span, and what that means for pools: worked out, not simulated.

Each job runs when it is due, for its usual length, within its own concurrency; runs don't wait for places.
"""

from __future__ import annotations

import heapq
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from rota.core.due_table import DueTable
from rota.core.instant import from_ms, length_ms, to_ms
from rota.core.lengths import Known, Length, usual_length
from rota.core.model import Concurrency, JobSpec, Overlap
from rota.core.triggers import AfterTrigger, EveryTrigger

_Span = tuple[int, int]  # ms


@dataclass(frozen=True, slots=True, kw_only=True)
class Peak:
    """The most of something, when that is first reached, and the jobs that run then."""

    most: int = 0
    at: datetime | None = None
    jobs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Pressure:
    running: Peak
    pools: Mapping[str, Peak]  # places in use
    lengths: Mapping[Known, int]  # how many jobs were counted with a length from there


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """A set of jobs, and what its daemon knows; `defaults` are `_defaults` files: text by relative path."""

    jobs: Mapping[str, JobSpec] = field(default_factory=dict)
    medians: Mapping[str, timedelta] = field(default_factory=dict)
    pools: Mapping[str, int] = field(default_factory=dict)
    max_running: int | None = None
    defaults: Mapping[str, str] = field(default_factory=dict)

    def length(self, spec: JobSpec) -> Length:
        return usual_length(spec, self.medians.get(spec.id))


def pressure(side: Side, table: DueTable) -> Pressure:
    """Of all enabled jobs in the span of the table."""
    spans = _Spans(side, table)
    rows = [(spec, found) for spec in side.jobs.values() if (found := spans.of(spec.id))]
    pools = {spec.concurrency.pool for spec, _ in rows} - {None}
    return Pressure(
        running=_peak([(spec.id, 1, found) for spec, found in rows]),
        pools={
            pool: _peak(
                [(s.id, s.concurrency.weight, found) for s, found in rows if s.concurrency.pool == pool]
            )
            for pool in sorted(str(each) for each in pools)
        },
        lengths=Counter(side.length(spec).known for spec, _ in rows),
    )


class _Spans:
    """When each job runs; jobs of the same schedule, length and concurrency share the list."""

    def __init__(self, side: Side, table: DueTable) -> None:
        self._side = side
        self._table = table
        self._shared: dict[object, list[_Span]] = {}
        self._chained: dict[str, list[_Span]] = {}

    def of(self, job: str) -> list[_Span]:
        spec = self._side.jobs.get(job)
        if spec is None or not spec.enabled:
            return []
        length = length_ms(self._side.length(spec).value)
        if any(isinstance(each, AfterTrigger) or _from_end(each) for each in spec.triggers):
            return self._of_chained(spec, length)
        limits = spec.concurrency
        key = (self._table.key(spec), length, limits.max, limits.overlap, limits.queue)
        if key not in self._shared:
            starts = [to_ms(due.starts_at) for due in self._table.owed(spec)]
            self._shared[key] = _within(starts, length, limits)
        return self._shared[key]

    def _of_chained(self, spec: JobSpec, length: int) -> list[_Span]:
        if spec.id not in self._chained:
            self._chained[spec.id] = []  # a job that comes after itself adds nothing
            starts = [to_ms(due.starts_at) for due in self._table.owed(spec)]
            for trigger in spec.triggers:
                if isinstance(trigger, AfterTrigger):
                    starts += self._ends(trigger)
                elif _from_end(trigger) and isinstance(trigger, EveryTrigger):
                    starts += self._from_end(length_ms(trigger.interval), length)
            self._chained[spec.id] = _within(sorted(starts), length, spec.concurrency)
        return self._chained[spec.id]

    def _ends(self, trigger: AfterTrigger) -> list[int]:
        ends = [[end for _, end in self.of(job)] for job in trigger.jobs]
        found = [max(each) for each in zip(*ends, strict=False)] if trigger.all else _flat(ends)
        return [end for end in found if end <= to_ms(self._table.until)]

    def _from_end(self, interval: int, length: int) -> Iterable[int]:
        return range(
            to_ms(self._table.begin) + interval, to_ms(self._table.until) + 1, interval + max(length, 1)
        )


def _from_end(trigger: object) -> bool:
    return isinstance(trigger, EveryTrigger) and trigger.from_end


def _flat(lists: Iterable[Sequence[int]]) -> list[int]:
    return [each for found in lists for each in found]


def _within(starts: Iterable[int], length: int, limits: Concurrency) -> list[_Span]:
    """Runs of one job: no more at a time than it allows, the others dropped or later."""
    spans: list[_Span] = []
    ends: list[int] = []
    for due in starts:
        while ends and ends[0] <= due:
            heapq.heappop(ends)
        start = due
        if len(ends) >= limits.max:
            if not _is_let_in(limits, due, spans):
                continue
            start = heapq.heappop(ends)
            if limits.overlap is Overlap.REPLACE:
                _end_earlier(spans, start, due)
                start = due
        heapq.heappush(ends, start + length)
        spans.append((start, start + length))
    return spans


def _is_let_in(limits: Concurrency, due: int, spans: Sequence[_Span]) -> bool:
    """Whether an instant that finds all places taken leads to a run."""
    waiting = sum(1 for each, _ in spans[-limits.queue :] if each > due)
    return limits.overlap is Overlap.REPLACE or (limits.overlap is Overlap.QUEUE and waiting < limits.queue)


def _end_earlier(spans: list[_Span], end: int, due: int) -> None:
    """The run that was to end at `end` makes way at `due`."""
    at = next(index for index in range(len(spans) - 1, -1, -1) if spans[index][1] == end)
    spans[at] = (spans[at][0], due)


def _peak(rows: Sequence[tuple[str, int, list[_Span]]]) -> Peak:
    """A sweep over begins and ends; a run that ends where another begins makes room for it."""
    steps: Counter[int] = Counter()
    for spans, count in _weighed(rows).values():
        for begin, end in spans:
            if end > begin:
                steps[begin] += count
                steps[end] -= count
    most = level = at = 0
    for moment in sorted(steps):
        level += steps[moment]
        if level > most:
            most, at = level, moment
    if not most:
        return Peak()
    jobs = tuple(sorted(job for job, _, spans in rows if _covers(spans, at)))
    return Peak(most=most, at=from_ms(at), jobs=jobs)


def _weighed(rows: Sequence[tuple[str, int, list[_Span]]]) -> dict[int, tuple[list[_Span], int]]:
    """Shared lists once, with the places of all who share them."""
    found: dict[int, tuple[list[_Span], int]] = {}
    for _, weight, spans in rows:
        _, count = found.get(id(spans), (spans, 0))
        found[id(spans)] = (spans, count + weight)
    return found


def _covers(spans: list[_Span], moment: int) -> bool:
    # Begins are in order, and so are ends: all runs of a job take the same time.
    index = bisect_right(spans, moment, key=lambda span: span[0])
    return index > 0 and spans[index - 1][1] > moment
