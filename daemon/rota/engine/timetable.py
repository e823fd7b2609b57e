"""Which job is due next: one heap, on which each job has at most one place that counts."""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import count
from typing import NamedTuple

from rota.core.board import Due
from rota.core.triggers import Trigger


@dataclass(slots=True, kw_only=True)
class Timed:
    """A job's place: all its instants up to `answered` have their answer, `at` is the next one.

    `wake` is when to answer that: at once, unless it could not be done before. `since` is when the schedule
    was loaded first, `answering` what was made for the job and is being answered now.
    """

    job: str
    identity: str
    answered: datetime
    since: datetime | None = None
    triggers: tuple[Trigger, ...] = ()
    is_shared: bool = False  # other jobs of the same identity are due at the same instants
    has_exceptions: bool = False
    barren_until: datetime | None = None  # until then nothing is known to come that no exception takes out
    answering: tuple[Due, ...] = ()
    shown_from: datetime | None = None  # the board shows what comes after that
    at: datetime | None = None
    wake: datetime | None = None
    order: int | None = None  # of its mark on the heap; None: it has none


class _Mark(NamedTuple):
    """An entry of the heap; it counts only while its job still waits for that moment."""

    wake: datetime
    order: int
    timed: Timed


class Timetable:
    """A job that gets a new place loses the one it had."""

    def __init__(self) -> None:
        self._timed: dict[str, Timed] = {}
        self._heap: list[_Mark] = []
        self._order = count()

    @property
    def places(self) -> Sequence[Timed]:
        """Of all jobs, also of those that are never due."""
        return list(self._timed.values())

    @property
    def next_wake(self) -> datetime | None:
        """When the next job is due, or None when nothing is planned."""
        while self._heap and not self._is_current(self._heap[0]):
            heapq.heappop(self._heap)
        return self._heap[0].wake if self._heap else None

    def find(self, job: str) -> Timed | None:
        """The job's place."""
        return self._timed.get(job)

    def holds(self, timed: Timed) -> bool:
        """Whether it still is the place of its job."""
        return self._timed.get(timed.job) is timed

    def put(self, timed: Timed, at: datetime | None, wake: datetime | None = None) -> None:
        """The job's place from now on: due at `at` (never: None), to be answered at `wake`."""
        self._timed[timed.job] = timed
        self.push(timed, at, wake)

    def push(self, timed: Timed, at: datetime | None, wake: datetime | None = None) -> None:
        """Another time for this place, if it still is one."""
        timed.at, timed.wake, timed.order = at, wake or at, next(self._order)
        if timed.wake is not None:
            heapq.heappush(self._heap, _Mark(timed.wake, timed.order, timed))

    def pop(self, now: datetime, size: int) -> list[Timed]:
        """At most `size` jobs that are due, soonest first."""
        batch: list[Timed] = []
        while len(batch) < size and (wake := self.next_wake) is not None and wake <= now:
            timed = heapq.heappop(self._heap).timed
            timed.order = None
            batch.append(timed)
        return batch

    def drop(self, job: str) -> None:
        """The job is gone."""
        self._timed.pop(job, None)

    def _is_current(self, mark: _Mark) -> bool:
        return self.holds(mark.timed) and mark.timed.order == mark.order
