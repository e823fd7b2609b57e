"""The four injected seams: clock, ids, store, process runner; and the values that cross them.

Production has one implementation of each, tests have a fake beside it; a contract test runs over both.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from rota.core.batch import Chunk, Known
from rota.core.model import RunAs
from rota.core.run import Run, RunState, Used


class Clock(Protocol):
    """The only source of time."""

    def now(self) -> datetime:
        """Wall clock, aware UTC. May jump."""

    def monotonic(self) -> float:
        """Seconds that never jump (CLOCK_BOOTTIME: counts while the machine sleeps)."""

    async def sleep(self, seconds: float) -> None:
        """Return after that many monotonic seconds."""


class Ids(Protocol):
    def attempt(self) -> str:
        """A new UUIDv7, as text."""

    def token(self) -> str:
        """A new unguessable URL-safe token of at least 128 bits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Boot:
    """The host's last start: an id that no other start has, and when it was by the wall clock."""

    id: str
    at: datetime


# --- store -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Pause:
    """A person's wish that jobs answer their due instants with skips for now."""

    since: datetime
    until: datetime | None = None
    note: str = ""
    scope: str = "job"  # whom it was said of: "job", "tag:<tag>" or "all"


@dataclass(frozen=True, slots=True, kw_only=True)
class SkipNext:
    """A person's wish that one due instant is answered with a skip; `at` None: the next, whenever it is."""

    at: datetime | None
    asked_at: datetime
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class JobRecord:
    """What the ledger knows of a job beside its runs."""

    job: str
    answered_until: datetime | None = None  # every due instant up to here has its run or skip
    schedule: str = ""  # canonical text of the triggers that `since` belongs to
    since: datetime | None = None  # when that schedule was first loaded: it owes nothing older
    pause: Pause | None = None
    skip_next: SkipNext | None = None
    boot: str = ""  # the last boot, and which delays after it are answered; see `core.boots`
    definition: str = ""  # hash of the last good definition
    source_file: str = ""
    source_line: int = 0
    source_directory: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunQuery:
    """Which runs; newest first. `before` is the cursor of the page before."""

    job: str | None = None
    states: frozenset[RunState] = frozenset()  # empty: all
    skipped: bool = True  # False leaves SKIPPED out (when `states` is empty)
    since: datetime | None = None
    until: datetime | None = None
    before: str | None = None
    limit: int = 50
    attempts: bool = True  # False: the runs come without theirs, for lists that show none


@dataclass(frozen=True, slots=True, kw_only=True)
class RunPage:
    runs: Sequence[Run]
    total: int
    next_cursor: str | None
    total_is_capped: bool = False  # there are more than `total`: counting stopped


@dataclass(frozen=True, slots=True, kw_only=True)
class RunBar:
    """A finished run, as small as history bars and ETAs need it."""

    number: int
    state: RunState
    at: datetime  # started, else created
    duration_ms: int | None


class Store(Protocol):
    """The ledger. Every write is durable when its call returns. Raises Unavailable when it can't be."""

    async def add(self, runs: Sequence[Run], shortened: Sequence[Run] = ()) -> Sequence[Run | None]:
        """Insert new runs (number 0) with their attempts, in one transaction; answers them numbered.

        A run whose (job, due_at) is already in the ledger is not inserted: None stands at its place. What was
        skipped as MISSED by a clock that was ahead by more than a minute then does not count: that row loses
        its `due_at`.
        Advances `answered_until` of the jobs named. A SKIPPED run that follows a SKIPPED newest run of the
        same job and reason is merged into it (`count`, `last_due_at`); the merged run is the answer.
        `shortened`: skips that give some of their due instants to `runs`; they are written first.
        """

    async def save(self, run: Run, *, instead_of: Run | None = None, parent: Run | None = None) -> None:
        """Write the run, its steps and its attempts as they are now.

        `instead_of`: another run of the job goes in the same transaction, since this one stands for it too.
        `parent`: of a child its parent, of which counts, progress and message are written with it, no more.
        """

    async def add_children(self, children: Sequence[Run]) -> None:
        """Insert new children, which bear their numbers already, with their attempts, in one transaction."""

    async def save_chunks(self, parent: str, first: int, found: Sequence[Chunk]) -> None:
        """Write chunks of the run with that id, the first of which has place `first`.

        What it had from that place on goes.
        """

    async def chunks(self, parent: str, after: int, most: int, *, undone: bool = False) -> Sequence[Chunk]:
        """Chunks behind that place, in order; `undone`: only those whose child has not completed."""

    async def known_children(self, parent: str) -> Known:
        """What there is of the children of the run with that id."""

    async def run(self, job: str, number: int) -> Run | None: ...

    async def latest(self, job: str) -> Run | None:
        """The newest run of the job that is not SKIPPED."""

    async def answers(self, job: str, since: datetime, until: datetime, limit: int = 1000) -> Sequence[Run]:
        """The newest `limit` runs and skips that answer due instants in [since, until], oldest first."""

    async def ends(self, job: str, since: datetime) -> Sequence[Run]:
        """Final runs of the job that ended later than `since`, without attempts, in order of their ends.

        Only among its newest thousand; a row of skips as one run that ended with the last of them.
        """

    async def last_skips(self) -> Mapping[str, Run]:
        """The newest run of each job whose newest run was SKIPPED."""

    async def runs(self, query: RunQuery) -> RunPage: ...

    async def unfinished(self) -> Sequence[Run]:
        """Every run that is not final, oldest first."""

    async def bars(self, limit: int, jobs: Sequence[str] | None = None) -> Mapping[str, Sequence[RunBar]]:
        """The last `limit` final runs of those jobs (None: of all) that were not skipped, oldest first."""

    async def records(self) -> Mapping[str, JobRecord]: ...

    async def pauses(self) -> Mapping[str, Pause]:
        """Pauses of many jobs, by scope ("tag:<tag>" or "all")."""

    async def save_pauses(self, wishes: Mapping[str, Pause | None]) -> None:
        """Write pauses of many jobs by scope; None ends one."""

    async def rename(self, old: str, new: str, waiting: Sequence[int] = ()) -> bool:
        """Give what is known of the job `old` to the job `new`: its record, numbers and final runs.

        And those of `waiting`: numbers of queued runs without an attempt. Other runs of `old` that are still
        open stay; to be called again when they have ended. Idempotent. The first time, `new` goes on from the
        record and the numbers of `old`. False, and nothing done, when `old` is not known or `new` has runs of
        its own that are older than the newest of `old`. Later a run whose number is taken there stays where
        it is.
        """

    async def renamed(self, old: str) -> str | None:
        """Who has the runs of the job `old` now, if it was renamed."""

    async def save_records(self, records: Sequence[JobRecord]) -> None:
        """Write the records; an `answered_until` that is there stays: only answers move it."""

    async def save_definitions(self, definitions: Mapping[str, str]) -> None:
        """Store definition texts by hash; known hashes are left alone."""

    async def definition(self, hash_: str) -> str | None: ...

    async def remember(self, scope: str, key: str, value: str, expires_at: datetime) -> None:
        """A small fact with an end (sessions, idempotency keys); overwrites."""

    async def recall(self, scope: str, key: str) -> str | None:
        """The fact, or None when there is none or it has expired."""

    async def forget(self, scope: str, key: str) -> None: ...


# --- process runner --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptRef:
    """Names an attempt and its directory `<job>/<number>/<step>.<n>`."""

    id: str
    job: str
    number: int
    step: str
    n: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StartOrder:
    ref: AttemptRef
    argv: tuple[str, ...]
    env: Mapping[str, str]  # complete: nothing is inherited
    cwd: str
    timeout_ms: int | None = None
    grace_ms: int = 10_000
    output: int = 16 * 1024 * 1024
    watchdog_ms: int | None = None
    memory: int | None = None  # bytes
    cpu: int | None = None  # percent of one CPU
    pids: int | None = None
    nofile: int | None = None
    require_limits: bool = False  # refuse to start where one of these can't be enforced
    secrets: Mapping[str, Mapping[str, str]] = field(default_factory=dict)  # variable -> where its value is
    run_as: RunAs = field(default_factory=RunAs)


@dataclass(frozen=True, slots=True, kw_only=True)
class Started:
    pid: int
    pid_started: int
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """`code` is an errno name such as ENOENT, or `known` when the attempt's directory is already there."""

    code: str
    message: str


class EndCause(StrEnum):
    """What ended a process, as the runner saw it."""

    EXIT = "exit"
    SIGNAL = "signal"
    TIMEOUT = "timeout"
    MEMORY = "memory"  # more than its limit
    WATCHDOG = "watchdog"  # no sign of life for longer than its limit
    KILLED = "killed"  # because we asked: cancel
    UNKNOWN = "unknown"  # it is gone and nobody saw how


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """The newest of its kind that a job said by NOTIFY_SOCKET.

    `kind` is status, progress, step or timeoutAt (its text is ms since the epoch). `n` is larger for what was
    said later, whatever its kind; `size` are the bytes of the raw log at that moment.
    """

    n: int
    at: datetime
    size: int
    kind: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Grew:
    """The raw log holds at least that many bytes now, and these notices came."""

    size: int
    notices: tuple[Notice, ...] = ()  # in order


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    cause: EndCause
    exit_code: int | None
    signal: int | None
    at: datetime
    log_size: int
    used: Used | None = None
    left_behind: int = 0  # processes that outlived the first one and were ended
    log_lost: int = 0  # bytes of the log that the disk refused
    has_outputs: bool = True  # False: it surely wrote nothing to $ROTA_OUTPUT
    notices: tuple[Notice, ...] = ()  # the newest of each kind, told before or not


RunnerEvent = Grew | Ended


class AttemptWhere(StrEnum):
    """What is found of an unfinished attempt after a start of the daemon."""

    LIVE = "live"  # the runner holds its process (maybe since just now: it took it over)
    ENDED = "ended"  # its end is known: reported by the runner, or `exit` in its directory
    ABSENT = "absent"  # no directory: it was never started
    LOST = "lost"  # a directory, but no process and no end


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptReport:
    where: AttemptWhere
    started: Started | None = None
    ended: Ended | None = None
    notices: tuple[Notice, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """Of a user of the host, as the runner sees it; `home` is a directory that is there."""

    user: str
    home: str
    shell: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RunnerFacts:
    """Who the runner is: jobs that name no user run as this one."""

    user: str
    home: str
    shell: str
    boot_id: str
    pid: int
    state: str = ""  # its state directory, absolute: attempts lie in <job>/<number>/<step>.<n> below it
    unenforced: Mapping[str, str] = field(default_factory=dict)  # limits this host can't hold, and why
    version: str = ""  # of the protocol that it speaks
    is_root: bool = False  # it may become others
    users: Mapping[str, Account] = field(default_factory=dict)  # whom its rules let jobs name
    any_user: bool = False  # it has no rules: jobs may name anybody


class ProcessRunner(Protocol):
    """The daemon's view of the runner. Reconnects for ever by itself."""

    @property
    def facts(self) -> RunnerFacts | None:
        """None while no runner answers; then nothing can be started."""

    async def start(self, order: StartOrder) -> Started | Refused:
        """Spawn it; waits for a runner. Raises Unavailable if the answer can't be known."""

    async def terminate(self, ref: AttemptRef, *, immediately: bool = False) -> None:
        """SIGTERM to all of it and SIGKILL after its grace, or SIGKILL at once. Its end comes by `watch`."""

    def watch(self, ref: AttemptRef) -> AsyncGenerator[RunnerEvent, None]:
        """Signs of life, then one Ended, then the end of the iterator. Goes on over lost connections."""

    async def report(self, refs: Sequence[AttemptRef]) -> Mapping[str, AttemptReport]:
        """What there is of each attempt, by attempt id."""

    async def ack(self, ref: AttemptRef) -> None:
        """The end is stored; the runner may forget it."""

    async def remove(self, job: str, number: int) -> None:
        """Delete the logs of a run that has ended. Raises Unavailable without a runner."""
