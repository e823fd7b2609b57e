"""What the daemon knows right now, in memory: the one thing that every page and list is made from.

The engine keeps it current; `views`, the API and the planner read it. Pure: it holds no clock, does no I/O.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from difflib import get_close_matches
from enum import StrEnum

from rota.core.errors import NotFound
from rota.core.model import JobSet, JobSpec, MissedPolicy
from rota.core.problems import Problem
from rota.core.room import Room
from rota.core.run import Reason, Run, RunState
from rota.core.seams import Pause, RunBar, RunnerFacts, SkipNext

BARS = 60  # finished runs kept per job
STUCK_AFTER = 3  # due instants in a row that a run stands in the way of


class JobState(StrEnum):
    """The job's own state: the first that holds."""

    INVALID = "invalid"
    DISABLED = "disabled"
    PAUSED = "paused"
    RUNNING = "running"
    RETRYING = "retrying"
    FAILED = "failed"
    MISSED = "missed"
    COMPLETED = "completed"
    UNKNOWN = "unknown"  # it never ran, or nobody saw how its last run ended


class HealthState(StrEnum):
    OK = "ok"
    WARN = "warn"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class HealthItem:
    """One part of the daemon: `key` is one of planner, runner, store, disk, clock, jobs."""

    key: str
    label: str
    state: HealthState
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """A due instant: identified by (job, at)."""

    job: str
    at: datetime  # nominal, before `spread`
    trigger: int = 0  # index in the job's triggers
    note: str = ""  # what a clock change does to it
    delay: timedelta = timedelta(0)  # by `spread`
    excepted: str = ""  # label of the exception it lies in: it is answered with a skip
    upstream: tuple[str, ...] = ()  # ids of the runs whose end made it
    withheld: str = ""  # how an upstream ended otherwise than it had to: it is answered with a skip

    @property
    def starts_at(self) -> datetime:
        """When it is to be answered."""
        return self.at + self.delay


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """What due instants depend on beside the calendar; the planner keeps it current.

    `counts_from` is what `every … from: end` counts from, None while a run is under way. `made` are instants
    that boots and ends of other jobs' runs have made and that are not answered yet, soonest first.
    """

    counts_from: datetime | None = None
    made: tuple[Due, ...] = ()


@dataclass(slots=True, kw_only=True)
class JobEntry:
    """One job as it stands."""

    spec: JobSpec
    stale: bool = False  # running on its last good version
    pauses: tuple[Pause, ...] = ()  # every pause that holds it: its own, of its tags, of all
    past_pauses: tuple[Pause, ...] = ()  # which held it until lately: due instants in them may be unanswered
    skip_next: SkipNext | None = None
    next_due: tuple[Due, ...] = ()  # soonest first, the next three that no exception takes out
    situation: Situation = Situation()
    open_runs: dict[int, Run] = field(default_factory=dict)  # not final, by number
    bars: deque[RunBar] = field(default_factory=lambda: deque(maxlen=BARS))
    last: Run | None = None  # newest final run that was not skipped
    last_skip: Run | None = None  # newest skip, when newer than every run that has begun

    @property
    def pause(self) -> Pause | None:
        """Of the pauses that hold it the one that ends last."""
        return max(self.pauses, key=_end_of, default=None)

    @property
    def known_pauses(self) -> tuple[Pause, ...]:
        """Every pause in which its due instants may lie."""
        return (*self.pauses, *self.past_pauses)

    @property
    def next_run(self) -> Due | None:
        """Its next due instant that nobody asked to skip."""
        asked = None if self.skip_next is None else self.skip_next.at
        return next((due for due in self.next_due if due.at != asked), None)

    @property
    def overlap_skips(self) -> int:
        """Due instants in a row that were skipped because a run was in the way."""
        skip = self.last_skip
        return skip.count if skip is not None and skip.reason is Reason.OVERLAP else 0

    @property
    def stuck_since(self) -> datetime | None:
        """The first due instant that the run under way stood in the way of, from the third in a row on."""
        if self.overlap_skips < STUCK_AFTER or not self.active or self.last_skip is None:
            return None
        return self.last_skip.due_at

    @property
    def active(self) -> Sequence[Run]:
        """Runs that hold the job's concurrency, oldest first: RUNNING, RETRYING, or about to start."""
        return [run for run in self.open_runs.values() if not run.is_queued]

    @property
    def queued(self) -> Sequence[Run]:
        """PENDING runs that wait for their turn, oldest first."""
        return [run for run in self.open_runs.values() if run.is_queued]

    @property
    def state(self) -> JobState:
        """The first that holds, in the order of `JobState`."""
        if not self.spec.enabled:
            return JobState.DISABLED
        if self.pause is not None:
            return JobState.PAUSED
        states = {run.state for run in self.open_runs.values()}
        if RunState.RUNNING in states:
            return JobState.RUNNING
        if RunState.RETRYING in states:
            return JobState.RETRYING
        return self._settled_state()

    def _settled_state(self) -> JobState:
        if self._has_missed:
            return JobState.MISSED
        if self.last is None and self.bars:  # after a start the whole run comes a moment later
            return JobState.FAILED if self.bars[-1].state is RunState.FAILED else JobState.COMPLETED
        if self.last is None:
            return JobState.UNKNOWN
        if self.last.reason is Reason.UNKNOWN:
            return JobState.UNKNOWN
        return JobState.FAILED if self.last.state is RunState.FAILED else JobState.COMPLETED

    @property
    def _has_missed(self) -> bool:
        """Whether instants passed that the job wanted to catch up on and could not."""
        skip = self.last_skip
        wanted = self.spec.missed.run is not MissedPolicy.SKIP
        return wanted and skip is not None and skip.reason is Reason.MISSED


@dataclass(slots=True, kw_only=True)
class Board:
    """Everything at a glance; mutable, and touched only on the loop's thread."""

    host: str = ""
    timezone: str = "UTC"  # in which times that belong to no job are told
    started_at: datetime
    jobs: dict[str, JobEntry] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()
    advice: tuple[Problem, ...] = ()  # warnings of today about the jobs in force
    unwatched: str = ""  # why changes of the job directories are seen late only
    files: int = 0
    runner: RunnerFacts | None = None  # who runs the jobs, as last heard
    quiet_until: datetime | None = None  # nothing is started before (`startup_delay`)
    draining_since: datetime | None = None  # nothing new is started: what runs is waited for
    health: dict[str, HealthItem] = field(default_factory=dict)
    room: Room = field(default_factory=Room)  # pools, locks and `max_running`: who has room to run
    children: dict[str, Run] = field(default_factory=dict)  # of batches, those not final that have begun

    @property
    def unenforced(self) -> Mapping[str, str]:
        """Limits this host can't hold, and why."""
        return {} if self.runner is None else self.runner.unenforced

    def entry(self, job: str) -> JobEntry:
        """Raises NotFound, which guesses what was meant."""
        entry = self.jobs.get(job)
        if entry is None:
            near = get_close_matches(job, self.jobs, n=1)
            guess = f" Did you mean {near[0]!r}?" if near else ""
            raise NotFound(f"There is no job {job!r}.{guess}")
        return entry

    def load(self, jobset: JobSet) -> None:
        """Take over a newly read set; what is known of runs stays with its job."""
        kept: dict[str, JobEntry] = {}
        for job, spec in jobset.jobs.items():
            entry = self.jobs.get(job) or JobEntry(spec=spec)
            entry.spec = spec
            entry.stale = job in jobset.stale
            kept[job] = entry
        self.jobs = kept
        self.problems = jobset.problems
        self.files = jobset.files

    def record(self, run: Run) -> None:
        """A run as it is now; a child counts for its parent alone, and not as a run of the job."""
        if run.parent is not None:
            self._record_child(run)
            return
        entry = self.jobs.get(run.job)
        if entry is None:
            return
        if run.state is RunState.SKIPPED:
            entry.open_runs.pop(run.number, None)
            _record_skip(entry, run)
            return
        if _has_begun(run) and entry.last_skip is not None and entry.last_skip.number < run.number:
            entry.last_skip = None
        if not run.state.is_final:
            entry.open_runs[run.number] = run
            return
        was_open = entry.open_runs.pop(run.number, None) is not None
        entry.last = run if entry.last is None or run.number >= entry.last.number else entry.last
        if was_open or not entry.bars or entry.bars[-1].number < run.number:
            entry.bars.append(bar(run))

    def open_run(self, series: str, number: int) -> Run | None:
        """The run that is not final, by what its id is made of; None for any other."""
        entry = self.jobs.get(series)
        found = None if entry is None else entry.open_runs.get(number)
        return found or self.children.get(f"{series}.{number}")

    def _record_child(self, run: Run) -> None:
        if run.state.is_final:
            self.children.pop(run.id, None)
        else:
            self.children[run.id] = run


def _end_of(pause: Pause) -> tuple[bool, datetime]:
    return pause.until is None, pause.until or pause.since


def _has_begun(run: Run) -> bool:
    return not run.is_queued and not run.is_asking


def _record_skip(entry: JobEntry, skip: Run) -> None:
    begun = [run.number for run in entry.active if _has_begun(run)]
    begun += [entry.last.number] if entry.last is not None else []
    known = [entry.last_skip.number] if entry.last_skip is not None else []
    if skip.number >= max([*begun, *known], default=0):
        entry.last_skip = skip


def bar(run: Run) -> RunBar:
    """A final run as its history bar."""
    began = run.started_at or run.created_at
    duration = None
    if run.started_at is not None and run.ended_at is not None:
        duration = max(0, int((run.ended_at - run.started_at).total_seconds() * 1000))
    return RunBar(number=run.number, state=run.state, at=began, duration_ms=duration)
