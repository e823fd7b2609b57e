"""What a simulation tells: of every job, of minutes in which many start, of pools at their limit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from rota.core.lengths import Known, Length
from rota.core.model import JobSpec


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """One run."""

    begin: datetime
    end: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Skipped:
    """Due instants of a job that were skipped for one reason: how many, the first, and its message."""

    count: int
    first: datetime
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class JobTimeline:
    """`bars` is empty when there are more runs than a picture can tell apart; `density` is always there.

    `density`: the share of each bucket, 0 to 1, in which the job runs.
    """

    spec: JobSpec
    length: Length
    runs: int
    bars: tuple[Bar, ...]
    density: tuple[float, ...]
    skipped: Mapping[str, Skipped]  # by the reason's key
    waited: int = 0  # runs that did not start when they were due
    longest_wait: timedelta = timedelta(0)
    median_wait: timedelta = timedelta(0)  # of those that waited
    left_waiting: int = 0  # runs that still wait at the end of the span
    replaced: int = 0  # runs that end early, as newer ones take their place


@dataclass(frozen=True, slots=True, kw_only=True)
class Collision:
    """Runs that start in the same minute; `jobs` names some of them."""

    at: datetime
    count: int
    jobs: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AtLimit:
    """How long all places were taken: in all, how often, and the longest stretch. `size` None: no limit."""

    size: int | None
    most: int
    most_at: datetime | None
    total: timedelta = timedelta(0)
    times: int = 0
    longest: timedelta = timedelta(0)
    longest_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Simulated:
    begin: datetime
    until: datetime
    bucket: timedelta
    jobs: tuple[JobTimeline, ...]  # enabled ones, in order of their ids
    collisions: tuple[Collision, ...]  # the fullest minutes, fullest first
    running: AtLimit
    pools: Mapping[str, AtLimit]

    @property
    def runs(self) -> int:
        return sum(job.runs for job in self.jobs)

    @property
    def never(self) -> tuple[JobTimeline, ...]:
        """Jobs with a schedule that do not run in the span."""
        return tuple(job for job in self.jobs if not job.runs and job.spec.triggers)

    @property
    def lengths(self) -> Mapping[Known, int]:
        """How many of the jobs that run were counted with a length from there."""
        known = [job.length.known for job in self.jobs if job.runs]
        return {each: known.count(each) for each in Known if each in known}
