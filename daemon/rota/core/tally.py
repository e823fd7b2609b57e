"""The counting side of a simulation: bounded memory, however many runs there are."""

from __future__ import annotations

from array import array
from collections import Counter
from datetime import datetime, timedelta
from statistics import median

from rota.core.instant import from_ms, to_ms
from rota.core.lengths import Length
from rota.core.model import JobSpec
from rota.core.simulated import AtLimit, Bar, Collision, JobTimeline, Skipped

BUCKETS = 168
_BARS = 60  # runs of one job that are kept one by one
_COLLISIONS = 10
_NAMED = 8
_MINUTE = 60_000


class JobTally:
    """Of one job."""

    def __init__(self, spec: JobSpec, length: Length) -> None:
        self.spec = spec
        self.length = length
        self.runs = 0
        self.waiting = 0
        self.replaced = 0  # runs that ended early, to make way for the next
        self._bars: list[tuple[int, int]] = []
        self._busy = [0] * BUCKETS  # ms
        self._waits = array("q")
        self._skipped: dict[str, Skipped] = {}

    def ran(self, begin: int, end: int, origin: int, bucket: int) -> None:
        """A run from `begin` to `end`; the span begins at `origin`, all in ms."""
        self.runs += 1
        if len(self._bars) <= _BARS:
            self._bars.append((begin, end))
        first = (begin - origin) // bucket
        for index in range(first, min((end - origin) // bucket + 1, BUCKETS)):
            edge = origin + index * bucket
            self._busy[index] += max(0, min(end, edge + bucket) - max(begin, edge))

    def waited(self, wait: int) -> None:
        """A run began that long after it was due."""
        if wait > 0:
            self._waits.append(wait)

    def knows(self, reason: str) -> bool:
        """Whether an instant was skipped for that reason before."""
        return reason in self._skipped

    def skipped(self, reason: str, at: datetime, message: str) -> None:
        known = self._skipped.get(reason)
        if known is None:
            self._skipped[reason] = Skipped(count=1, first=at, message=message)
        else:
            self._skipped[reason] = Skipped(count=known.count + 1, first=known.first, message=known.message)

    def timeline(self, bucket: int) -> JobTimeline:
        bars = self._bars if self.runs <= _BARS else []
        return JobTimeline(
            spec=self.spec,
            length=self.length,
            runs=self.runs,
            bars=tuple(Bar(begin=from_ms(begin), end=from_ms(end)) for begin, end in bars),
            density=tuple(min(1.0, busy / bucket) for busy in self._busy),
            skipped=dict(self._skipped),
            waited=len(self._waits),
            longest_wait=timedelta(milliseconds=max(self._waits, default=0)),
            median_wait=timedelta(milliseconds=median(self._waits) if self._waits else 0),
            left_waiting=self.waiting,
            replaced=self.replaced,
        )


class LevelTally:
    """How many of something at a time, and when that was all there is."""

    def __init__(self, size: int | None) -> None:
        self._size = size
        self._level = 0
        self._most = 0
        self._most_at: int | None = None
        self._full_since: int | None = None
        self._stretches: Counter[str] = Counter()
        self._longest: tuple[int, int] | None = None  # length, begin

    def change(self, by: int, now: int) -> None:
        self._level += by
        if self._level > self._most:
            self._most, self._most_at = self._level, now
        is_full = self._size is not None and self._level >= self._size
        if is_full and self._full_since is None:
            self._full_since = now
        elif not is_full:
            self.close(now)

    def close(self, now: int) -> None:
        """A stretch at the limit ends; one of no length counts for nothing."""
        since, self._full_since = self._full_since, None
        if since is None or now <= since:
            return
        self._stretches["times"] += 1
        self._stretches["total"] += now - since
        if self._longest is None or now - since > self._longest[0]:
            self._longest = now - since, since

    def at_limit(self) -> AtLimit:
        length, begin = self._longest or (0, None)
        return AtLimit(
            size=self._size,
            most=self._most,
            most_at=None if self._most_at is None else from_ms(self._most_at),
            total=timedelta(milliseconds=self._stretches["total"]),
            times=self._stretches["times"],
            longest=timedelta(milliseconds=length),
            longest_at=None if begin is None else from_ms(begin),
        )


class MinuteTally:
    """How many runs start in each minute."""

    def __init__(self) -> None:
        self._counts: Counter[int] = Counter()
        self._jobs: dict[int, list[str]] = {}

    def start(self, job: str, now: int) -> None:
        minute = now // _MINUTE
        self._counts[minute] += 1
        jobs = self._jobs.setdefault(minute, [])
        if len(jobs) < _NAMED and job not in jobs:
            jobs.append(job)

    def collisions(self) -> tuple[Collision, ...]:
        """The fullest minutes with more than one run, the fullest and then the earliest first."""
        fullest = sorted(self._counts.items(), key=lambda each: (-each[1], each[0]))[:_COLLISIONS]
        return tuple(
            Collision(at=from_ms(minute * _MINUTE), count=count, jobs=tuple(self._jobs[minute]))
            for minute, count in fullest
            if count > 1
        )


def bucket_of(begin: datetime, until: datetime) -> int:
    """The length of a bucket in ms: whole seconds, so that BUCKETS of them cover the span."""
    return max(1, -(-(to_ms(until) - to_ms(begin)) // (BUCKETS * 1000))) * 1000
