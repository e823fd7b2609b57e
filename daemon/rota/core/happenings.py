"""What can happen to a run: the only arguments of `lifecycle.apply`. All instants are aware UTC.

`attempt` is the id of the attempt that something happens to; "" is enough while only one is open.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from rota.core.model import JobSpec
from rota.core.outcome import Outcome
from rota.core.run import Children, Progress, Reason, Run, Step, TriggeredBy, Used


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """What a new run is made of, beside its job. `carried`: completed steps of the run that it retries."""

    at: datetime
    triggered_by: TriggeredBy
    host: str = ""
    due_at: datetime | None = None
    planned_at: datetime | None = None
    upstream: tuple[str, ...] = ()
    scheduled_for: datetime | None = None  # default: due_at
    params: Mapping[str, object] = field(default_factory=dict)
    retry_of: str | None = None
    carried: tuple[Step, ...] = ()
    queued: bool = False
    message: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """A try of the run is about to begin: from now on it follows the job as it is now."""

    spec: JobSpec


@dataclass(frozen=True, slots=True, kw_only=True)
class Replanned:
    """The job changed before the attempt was started: attempt and run follow it as it is now."""

    at: datetime
    spec: JobSpec
    attempt: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Released:
    """A queued run's turn has come: from here on it holds a place of its job."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A run that is queued or tries again finds no room; `message` says what it waits for."""

    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptCreated:
    """`step` is MAIN, a step of the run, or CONDITION before all. Nothing has been started yet.

    `not_before`: until then the step waits to be tried again, while others of its graph may go on.
    """

    at: datetime
    id: str
    step: str
    boot_id: str
    definition: str
    markers: bool
    not_before: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptStarted:
    """The process of the attempt is there."""

    at: datetime
    pid: int
    pid_started: int
    attempt: str = ""
    argv: tuple[str, ...] = ()
    cwd: str = ""
    user: str = ""
    timeout_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptEnded:
    """The attempt is over, or could not start; `next_attempt_at` when the policy allows another.

    In a graph that is another one at the same step, by the step's own `retry`; see `TryEnded`.

    `goes_on`: a skip for the same reason whose stretch of due instants this one stands for from now on.
    """

    at: datetime
    outcome: Outcome
    attempt: str = ""
    next_attempt_at: datetime | None = None
    log_size: int = 0
    used: Used | None = None
    goes_on: Run | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PassedOver:
    """The `if` of the step whose turn it is says no; the attempt, only planned, was to be at it."""

    at: datetime
    attempt: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitOver:
    """The time of an attempt that waited has come: from here on it may be started."""

    attempt: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TryEnded:
    """No step of a graph is under way or can begin; `next_attempt_at` when the job's `retry` allows a try."""

    at: datetime
    next_attempt_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Progressed:
    progress: Progress
    attempt: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusTold:
    """What the attempt does now, in its own words; how far it is does not change."""

    text: str
    attempt: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeoutMoved:
    """The attempt asked for more time, and has it."""

    timeout_at: datetime
    attempt: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class StepAnnounced:
    """A job with a single piece of work says what it does now."""

    at: datetime
    key: str
    title: str
    attempt: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class OutputSet:
    key: str
    value: str
    attempt: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Warned:
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorTold:
    """The attempt says why it is about to fail."""

    text: str
    attempt: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class LogRead:
    """The effects of the raw log of the attempt up to here have been applied."""

    offset: int
    line: int
    attempt: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelRequested:
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplaceRequested:
    """It is to end, to make way for the newer run `by` (its id); said again, another one takes its place."""

    at: datetime
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Cancelled:
    """The run is over at somebody's wish, and no process of it is alive."""

    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Split:
    """The items of a batch are known and stored, in that many chunks: its children may begin."""

    at: datetime
    chunks: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ChildrenCounted:
    """A child of the run went from one state to another."""

    children: Children


@dataclass(frozen=True, slots=True, kw_only=True)
class ChildrenEnded:
    """No child goes on, and none begins any more; `failed`: ids of a few that failed.

    `removed`: the job went before all of them had begun.
    """

    at: datetime
    tolerate: int
    failed: tuple[str, ...] = ()
    removed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryNow:
    """Somebody does not want to wait for the next attempt."""

    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Skipped:
    """A run that has not begun will not begin. One row may stand for a stretch of due instants."""

    at: datetime
    reason: Reason
    message: str
    count: int = 1
    last_due_at: datetime | None = None
    last_planned_at: datetime | None = None  # default: last_due_at


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenUp:
    """The run can't go on though no attempt failed just now."""

    at: datetime
    reason: Reason
    message: str


Happening = (
    Planned
    | Replanned
    | Released
    | Waiting
    | AttemptCreated
    | AttemptStarted
    | AttemptEnded
    | PassedOver
    | WaitOver
    | TryEnded
    | Progressed
    | StatusTold
    | TimeoutMoved
    | StepAnnounced
    | OutputSet
    | Warned
    | ErrorTold
    | LogRead
    | CancelRequested
    | ReplaceRequested
    | Cancelled
    | Split
    | ChildrenCounted
    | ChildrenEnded
    | RetryNow
    | Skipped
    | GivenUp
)
