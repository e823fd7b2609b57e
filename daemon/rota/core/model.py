"""What a job is: the frozen values that a checked job file becomes.

Every value here is already valid: the job schema and `config.parse` refuse what these types could not
hold, so nobody checks again later. Lengths are `timedelta`, sizes are bytes, zones are IANA names.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum

from rota.core.problems import Problem
from rota.core.triggers import Trigger

MAIN = "main"  # the step of a job that has a single piece of work
CONDITION = "condition"  # the step of attempts that only ask whether the run may begin
ITEMS = "items"  # the step of attempts that find the items of a batch


class Backoff(StrEnum):
    """How the delay between attempts grows."""

    FIXED = "fixed"
    LINEAR = "linear"
    EXPONENTIAL = "exponential"


class MissedPolicy(StrEnum):
    """What happens to due instants that passed while nothing could run."""

    SKIP = "skip"
    LATEST = "latest"
    ALL = "all"


class Overlap(StrEnum):
    """What happens to a due instant while the job is already at `concurrency.max`."""

    SKIP = "skip"
    QUEUE = "queue"
    REPLACE = "replace"  # the oldest run under way is ended, and the newer one takes its place


class Enforce(StrEnum):
    """What a job does on a host that can't hold one of its limits."""

    IF_POSSIBLE = "if_possible"  # it runs without that limit
    REQUIRE = "require"  # it does not start


@dataclass(frozen=True, slots=True, kw_only=True)
class Missed:
    run: MissedPolicy = MissedPolicy.LATEST
    within: timedelta = timedelta(hours=24)


@dataclass(frozen=True, slots=True, kw_only=True)
class Retry:
    attempts: int = 1  # in all, the first included
    backoff: Backoff = Backoff.FIXED
    delay: timedelta = timedelta(seconds=10)
    max_delay: timedelta = timedelta(hours=1)
    jitter: float = 0.0  # a fraction of the delay, by hash
    on: frozenset[str] = frozenset({"failed", "timeout", "interrupted"})  # or also "unknown"
    deadline: timedelta | None = None  # no new attempt later than this after the first start
    restart: bool = False  # begin again at the first step instead of the failed one


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Of an attempt. Where the host can't hold memory, cpu or pids, `enforce` decides whether it starts."""

    timeout: timedelta | None = None
    grace: timedelta = timedelta(seconds=10)
    output: int = 16 * 1024 * 1024  # bytes kept per attempt, head and tail
    watchdog: timedelta | None = None  # longest time without a sign of life
    memory: int | None = None  # bytes
    cpu: int | None = None  # percent of one CPU
    pids: int | None = None
    nofile: int | None = None  # open files of one process
    enforce: Enforce = Enforce.IF_POSSIBLE


@dataclass(frozen=True, slots=True, kw_only=True)
class RunAs:
    """As whom, and how considerate of others: the `as:` block. Empty or None: as the runner does anyway."""

    user: str = ""
    group: str = ""  # its own, unless one is named
    umask: int | None = None  # 0o022 unless said
    nice: int | None = None
    io: str = ""  # idle, best-effort or best-effort:0 to best-effort:7


@dataclass(frozen=True, slots=True, kw_only=True)
class Concurrency:
    max: int = 1
    overlap: Overlap = Overlap.SKIP
    queue: int = 10
    pool: str | None = None  # of those in rota.yaml: its runs share the pool's places
    weight: int = 1  # places that one run takes in the pool
    priority: int = 0  # higher ones leave the queue first
    lock: str | None = None  # of all jobs that name the same lock only one runs at a time


@dataclass(frozen=True, slots=True, kw_only=True)
class Expect:
    """How long a run usually takes; a completed run outside of it carries a warning."""

    shortest: timedelta | None = None
    longest: timedelta | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Retention:
    """How long runs and their logs are kept; None: as rota.yaml says. See `core.retention.Kept`."""

    rows: timedelta | None = None
    runs: int | None = None
    max_runs: int | None = None
    logs: timedelta | None = None
    failed_logs: timedelta | None = None
    max_logs: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ExitCodes:
    ok: frozenset[int] = frozenset({0})
    warn: frozenset[int] = frozenset()
    skip: frozenset[int] = frozenset()
    retry: frozenset[int] = frozenset()
    fatal: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """Shell text, handed to `shell` as its last argument."""

    text: str
    shell: tuple[str, ...] = ("bash", "--noprofile", "--norc", "-eo", "pipefail", "-c")


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """An argv; no shell reads it. Items may be templates."""

    argv: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpRequest:
    """The `http:` block as checked by the schema; `handlers.http` gives it meaning."""

    settings: Mapping[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One built-in check: `kind` names the module in `handlers.check`, `settings` is its block."""

    kind: str
    settings: Mapping[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class PythonCall:
    """A callable, called in a process of its own by `interpreter` ("": the one that rota itself runs in).

    `args` are keyword arguments, whose texts may be templates; None passes the run's parameters instead.
    """

    callable: str  # package.module:function
    args: Mapping[str, object] | None = None
    interpreter: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemSource:
    """What finds the items of a batch: a command (`work`), or the `path` of a file or a pattern of paths.

    `kind` is command, file or glob.
    """

    kind: str
    work: Script | Command | None = None
    path: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemSearch:
    """Work that finds the items and leaves them for the daemon, at most `most` of them."""

    source: ItemSource
    most: int


Work = Script | Command | HttpRequest | Check | PythonCall | ItemSearch


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """Work whose exit 0 lets a run begin; anything else skips the run. `text` is what people read."""

    work: Script | Command
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """How a run of the job is cut into children, whose work is the step MAIN.

    `source` None: `items` are all there are.
    """

    items: tuple[object, ...] = ()  # clean JSON
    source: ItemSource | None = None
    chunk: int = 1  # items of one child
    at_once: int = 4  # children that go on at the same time
    max_items: int = 500  # a run that finds more fails before it starts anything
    tolerate: int = 0  # children that may fail without the run failing


@dataclass(frozen=True, slots=True, kw_only=True)
class Secret:
    """Where the runner finds a value that nobody else ever knows.

    `kind` is credential, file or env; `name` that of the credential or variable, or the path, which may be
    relative to the job file's directory.
    """

    kind: str
    name: str

    @property
    def text(self) -> str:
        """What stands for the value where people look."""
        return f"(secret: {self.kind} {self.name})"


@dataclass(frozen=True, slots=True, kw_only=True)
class StepSpec:
    id: str
    work: Work
    title: str = ""
    share: int = 1  # weight in the progress of the run
    env: Mapping[str, str] = field(default_factory=dict)
    cwd: str | None = None
    retry: Retry | None = None  # for this step's failures; None: the job's
    when: str = "success"  # its `if`: success, failure, always or an expression; see `core.when`
    needs: tuple[str, ...] | None = None  # ids of steps that must have ended; see `JobSpec.is_graph`
    limits: Limits | None = None  # of an attempt at this step, over the job's own; None: the job's

    @property
    def timeout(self) -> timedelta | None:
        """The step's own, beside that of the job, which holds for all steps of a try together."""
        return None if self.limits is None else self.limits.timeout


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    label: str
    href: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where a job is written: path relative to its job directory, line from 1, commit when in git."""

    file: str
    line: int
    directory: str = ""  # absolute path of the folder the file lies in: relative `cwd` and `env_file`
    commit: str | None = None
    dirty: bool = False  # the file differs from what that commit holds
    writable: str = ""  # the file or its folder, when group or others may write to it
    # Where what a warning may point at is written: `schedule/0`, `missed`, … to file as shown, line, column.
    # Says nothing about the job itself, so it is no difference between two of them.
    spots: Mapping[str, tuple[str, int, int]] = field(default_factory=dict, compare=False, repr=False)

    @property
    def path(self) -> str:
        """The file, absolute: as problems name it."""
        return f"{self.directory.rstrip('/')}/{self.file.rpartition('/')[2]}" if self.directory else self.file

    @property
    def scopes(self) -> Iterator[str]:
        """The file and the folders around it, inner ones first: what is wrong with one concerns the job."""
        scope = self.path
        while scope:
            yield scope
            scope = scope.rpartition("/")[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class Definition:
    """The job as it is after `_defaults`, as canonical text, and the SHA-256 (hex) of that text."""

    text: str
    hash: str


@dataclass(frozen=True, slots=True, kw_only=True)
class JobSpec:
    """A named unit of work, from one YAML entry, complete and checked."""

    id: str
    steps: tuple[StepSpec, ...]  # at least one; a job without `steps:` has the one step MAIN
    source: Source
    definition: Definition
    title: str = ""
    description: str = ""
    owner: str = ""
    tags: tuple[str, ...] = ()
    links: tuple[Link, ...] = ()
    enabled: bool = True
    triggers: tuple[Trigger, ...] = ()
    timezone: str = "UTC"  # in which its times are told where no trigger names one
    missed: Missed = Missed()
    start_deadline: timedelta | None = None
    params: Mapping[str, Mapping[str, object]] = field(default_factory=dict)  # name -> JSON Schema
    retry: Retry = Retry()
    limits: Limits = Limits()
    concurrency: Concurrency = Concurrency()
    run_as: RunAs = RunAs()
    env: Mapping[str, str] = field(default_factory=dict)
    env_file: tuple[str, ...] = ()  # a leading "?" marks a file that may be missing
    secrets: Mapping[str, Secret] = field(default_factory=dict)  # by the variable that holds the value
    cwd: str | None = None
    exit_codes: ExitCodes = ExitCodes()
    markers: bool = True
    condition: Condition | None = None
    expect: Expect = Expect()
    retention: Retention = Retention()
    matrix: Mapping[str, str] = field(default_factory=dict)  # this job's values: {{ matrix.x }}, MATRIX_X
    renamed_from: str | None = None  # an id that no job has any more: its history comes along
    batch: Batch | None = None  # each run is the parent of one child for each chunk of items

    @property
    def name(self) -> str:
        """What people read: the title, else the id."""
        return self.title or self.id

    @property
    def has_steps(self) -> bool:
        """Whether the job file itself lists steps."""
        return self.steps[0].id != MAIN

    @property
    def is_graph(self) -> bool:
        """Whether its steps say by `needs` what each comes after; else they run in order."""
        return any(step.needs is not None for step in self.steps)

    def limits_of(self, step_id: str) -> Limits:
        """What holds for an attempt at that step; its `timeout` is the step's own."""
        step = self.step(step_id)
        return self.limits if step is None or step.limits is None else step.limits

    def step(self, step_id: str) -> StepSpec | None:
        """The step of that id, or None when the definition no longer has it."""
        return next((step for step in self.steps if step.id == step_id), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class JobSet:
    """All jobs of all directories, read as one set.

    `stale` names jobs that run on their last good version because their file has problems now.
    """

    jobs: Mapping[str, JobSpec] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()
    stale: frozenset[str] = frozenset()
    files: int = 0
