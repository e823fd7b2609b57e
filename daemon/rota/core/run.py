"""What happened: runs, their attempts and their steps, as frozen values.

A `Run` is the whole of it: attempts and steps are part of the value. `core.lifecycle` is the only place that
makes a changed one, the store writes it whole, and the bus carries it to everyone who shows it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from rota.core.model import MAIN


class RunState(StrEnum):
    PENDING = "pending"
    RUNNING = "running"
    RETRYING = "retrying"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"
    SKIPPED = "skipped"

    @property
    def is_active(self) -> bool:
        """Holds the job's concurrency: RUNNING or RETRYING."""
        return self in (RunState.RUNNING, RunState.RETRYING)

    @property
    def is_final(self) -> bool:
        """Can never change again."""
        return self in (RunState.COMPLETED, RunState.FAILED, RunState.CANCELLED, RunState.SKIPPED)


class StepState(StrEnum):
    """State of a step, and of an attempt at one (an attempt is never SKIPPED before it began)."""

    PENDING = "pending"
    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"
    SKIPPED = "skipped"

    @property
    def is_final(self) -> bool:
        return self not in (StepState.PENDING, StepState.RUNNING)


class Reason(StrEnum):
    """Why a run, step or attempt is in its state."""

    # why it ended
    EXIT = "exit"
    SIGNAL = "signal"
    TIMEOUT = "timeout"
    MEMORY = "memory"  # it needed more than its limit
    WATCHDOG = "watchdog"  # no sign of life for longer than its limit
    REFUSED = "refused"  # the runner could not start it (no such program, no such directory, …)
    INTERRUPTED = "interrupted"  # surely dead: the host went down, or we killed it
    UNKNOWN = "unknown"  # nobody saw the end; it may have succeeded
    CANCELLED = "cancelled"
    REPLACED = "replaced"  # a newer run of the job took its place (`overlap: replace`)
    DEPENDENCY = "dependency"  # a step after a failed one
    CHILDREN = "children"  # of a batch: all its children have ended
    # why it waits
    QUEUED = "queued"
    # why it was skipped
    OVERLAP = "overlap"
    QUEUE_FULL = "queue_full"
    START_DEADLINE = "start_deadline"
    MISSED = "missed"
    PAUSED = "paused"
    EXCEPT = "except"  # inside a window that the schedule excepts
    CONDITION = "condition"  # the job's condition was not met
    UPSTREAM = "upstream"  # the run it was to come after did not end so, or never began
    ASKED = "asked"  # somebody asked for this one instant to be skipped
    EXIT_CODE = "exit_code"  # the job itself said so by one of `exit_codes.skip`
    REMOVED = "removed"  # the job left the job files before its run could start


class TriggeredBy(StrEnum):
    """What made a run: its schedule, the end of another run, catching up, somebody, a retry, a batch."""

    SCHEDULE = "schedule"
    AFTER = "after"
    CATCH_UP = "catch_up"
    MANUAL = "manual"
    BATCH = "batch"  # a child, for one chunk of its parent's items
    RETRY = "retry"


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far a run or step says it is; `total` 0 means not known."""

    current: float = 0
    total: float = 0
    text: str = ""

    @property
    def fraction(self) -> float | None:
        """0 to 1, or None when the total is not known."""
        return None if self.total <= 0 else min(1.0, max(0.0, self.current / self.total))

    @property
    def percent(self) -> int:
        """Whole percent, rounded down; 0 when the total is 0."""
        # Divided last: 29/100 is 29 percent, which 0.29 * 100 is not.
        if self.total <= 0:
            return 0
        if self.current >= self.total:
            return 100
        return max(0, int(self.current * 100 / self.total + 1e-9))


@dataclass(frozen=True, slots=True, kw_only=True)
class Used:
    """What the processes of an attempt used, as far as the host tells it."""

    user_ms: int = 0  # CPU time
    system_ms: int = 0
    peak_bytes: int = 0  # memory; 0: not known
    read_bytes: int = 0  # from block devices
    written_bytes: int = 0
    switches: int = 0  # context switches

    @property
    def cpu_ms(self) -> int:
        return self.user_ms + self.system_ms


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One try at one step; `id` is a UUIDv7, and with (job, run, step, n) it names its directory."""

    id: str
    step: str = MAIN
    n: int = 1  # counted from 1 per step
    state: StepState = StepState.PENDING
    reason: Reason | None = None
    message: str = ""  # a sentence for people
    created_at: datetime
    started_at: datetime | None = None
    ended_at: datetime | None = None
    exit_code: int | None = None
    signal: int | None = None
    pid: int | None = None
    pid_started: int | None = None  # field 22 of /proc/<pid>/stat: clock ticks since boot
    boot_id: str = ""
    log_offset: int = 0  # the effects of markers up to this byte of the raw log are stored
    log_line: int = 0  # number of raw lines up to there
    definition: str = ""  # hash of the job's definition that this attempt used
    markers: bool = True  # whether marker lines of its log have meaning (and are hidden)
    log_size: int = 0  # bytes the job wrote in all, known at the end
    argv: tuple[str, ...] = ()
    cwd: str = ""
    user: str = ""
    timeout_at: datetime | None = None
    used: Used | None = None  # known at the end
    not_before: datetime | None = None  # a PENDING one waits until then, while other steps go on


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A step of a run: from the job's `steps:`, or announced by a `::step` marker of a job without them."""

    key: str
    title: str = ""
    state: StepState = StepState.PENDING
    reason: Reason | None = None
    share: int = 1
    started_at: datetime | None = None
    ended_at: datetime | None = None
    attempt: int = 0  # number of the latest attempt at it
    progress: Progress = Progress()
    outputs: Mapping[str, str] = field(default_factory=dict)
    when: str = "success"  # its `if`
    max_attempts: int = 0  # of its own `retry`; 0: the job's decides
    announced: bool = False  # by a marker; it has no attempt of its own
    needs: tuple[str, ...] | None = (
        None  # keys of steps that must have completed; None: the steps run in order
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Children:
    """How many children of a batch are where; those that were skipped count as completed."""

    pending: int = 0
    running: int = 0
    completed: int = 0
    failed: int = 0
    cancelled: int = 0

    @property
    def total(self) -> int:
        return self.pending + self.running + self.completed + self.failed + self.cancelled


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One execution of a job, for one due instant or one request."""

    job: str
    number: int  # counted per job by the store; 0 until it is stored
    state: RunState
    reason: Reason | None = None
    message: str = ""  # why it is where it is, a sentence for people
    triggered_by: TriggeredBy
    due_at: datetime | None = None  # nominal instant it answers; unique per job; None for requests
    scheduled_for: datetime | None = None  # the instant it is for: due_at, or what `--for` named
    created_at: datetime
    started_at: datetime | None = None
    ended_at: datetime | None = None
    max_attempts: int = 1
    attempt: int = 0  # number of the attempt of the run (not of a step), from 1 once started
    next_attempt_at: datetime | None = None
    exit_code: int | None = None
    progress: Progress = Progress()
    params: Mapping[str, object] = field(default_factory=dict)
    result: Mapping[str, object] = field(default_factory=dict)  # outputs, clean JSON
    warnings: tuple[str, ...] = ()
    steps: tuple[Step, ...] = ()  # of the job file or announced; () for a job with a single piece of work
    attempts: tuple[Attempt, ...] = ()  # oldest first, over all steps
    cancel_requested_at: datetime | None = None
    replaced_by: str | None = None  # id of the newer run that it is asked to make way for
    retry_of: str | None = None  # id of the run that this one retries
    host: str = ""
    definition: str = ""  # hash
    source_file: str = ""
    source_line: int = 0
    commit: str | None = None
    dirty: bool = False  # the job file differed from what that commit holds
    planned_at: datetime | None = None  # `due_at` and the delay of `spread`; None without a due instant
    upstream: tuple[str, ...] = ()  # ids of the runs whose end made this one
    log_job: str = ""  # the job's name when its logs were written, if that was another one
    count: int = 1  # a SKIPPED row may stand for a stretch of due instants: how many, and the last one
    last_due_at: datetime | None = None
    answered_ends: tuple[str, ...] | None = None  # of a stretch: ids of the newest runs whose ends made it
    children: Children | None = None  # of a batch, once its items are known
    parent: int | None = None  # of a child: the number of its parent, a run of the same job
    items: tuple[object, ...] = ()  # of a child: its chunk, clean JSON

    @property
    def id(self) -> str:
        """`<job>.<n>`, of a child `<job>.<n of its parent>.<place of its chunk, from 1>`."""
        return f"{self.series}.{self.number}"

    @property
    def series(self) -> str:
        """What its number counts in: the job's runs, or the children of one parent (`<job>.<n>`)."""
        return self.job if self.parent is None else f"{self.job}.{self.parent}"

    @property
    def log_name(self) -> str:
        """The series' name in the directories of its attempts."""
        return self.log_job or self.series

    @property
    def is_queued(self) -> bool:
        """Waits for its turn; a PENDING run that is not queued is about to start and holds its place."""
        return self.state is RunState.PENDING and self.reason is Reason.QUEUED

    @property
    def is_asking(self) -> bool:
        """Asks whether its job's condition is met: it holds its place, and has not begun."""
        return self.state is RunState.PENDING and self.reason is Reason.CONDITION

    @property
    def current_attempt(self) -> Attempt | None:
        """What people look at first: the newest attempt that runs, or that failed the run, or of all."""
        if len(self.attempts) < 2:
            return self.attempts[0] if self.attempts else None
        failed = next((step.key for step in self.steps if step.state is StepState.FAILED), None)
        for attempt in reversed(self.attempts):
            if attempt.state is StepState.RUNNING:
                return attempt
            if self.state is RunState.FAILED and attempt.step == failed:
                return attempt
        begun = (each for each in reversed(self.attempts) if each.not_before is None)
        return next(begun, self.attempts[-1])

    def step(self, key: str) -> Step | None:
        """The step of that key, or None."""
        return next((step for step in self.steps if step.key == key), None)


def parse_run_id(text: str) -> tuple[str, int]:
    """`backup.12` to ("backup", 12).

    Raises ValueError when it is not of that form.
    """
    job, dot, number = text.rpartition(".")
    if not dot or not job or not number.isascii() or not number.isdigit():
        raise ValueError(f"{text!r} is not a run: expected <job>.<number>, such as backup.12")
    return job, int(number)
