"""How the parts of the daemon are: each looked at now and then, and announced when that changes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta

from rota.core.board import HealthItem, HealthState
from rota.core.errors import Unavailable
from rota.core.events import HealthChanged
from rota.core.words import counted, length_in_words
from rota.engine.parts import Parts

_EVERY = 1.0  # seconds
_TICK_LATE = timedelta(seconds=10)  # without a look at the clock
_JUMP_TOLD = timedelta(hours=1)
_STUCK = timedelta(seconds=3)  # that one transaction takes
_MUCH_WAITS = 512 * 2**20  # bytes: eight times of what is kept at most when all is well
_DISK_LOW = 0.10
_DISK_FULL = 0.02


@dataclass(frozen=True, slots=True, kw_only=True)
class Disk:
    """Of a file system that is needed, in bytes. `what` is kept there, as people say it."""

    free: int
    total: int
    what: str = "runs are recorded"


@dataclass(frozen=True, slots=True, kw_only=True)
class Probes:
    """What is asked at each look.

    How long ago the planner looked at the clock, how often the wall clock was seen to jump, the space left,
    why the runner that answers can't be used, and of the ledger: what is known to be damaged, which of its
    transactions is under way, and how many bytes wait beside it to be taken over.
    """

    tick_lag: Callable[[], timedelta]
    jumps: Callable[[], int]
    disks: Callable[[], Sequence[Disk]]
    runner_problem: Callable[[], str] = lambda: ""
    damage: Callable[[], Sequence[str]] = tuple
    writing: Callable[[], int | None] = lambda: None
    waiting: Callable[[], int] = lambda: 0


class Health:
    """Keeps `board.health`, whose keys are planner, runner, store, disk, jobs and clock."""

    def __init__(self, parts: Parts, probes: Probes) -> None:
        self._parts = parts
        self._probes = probes
        self._jumps_seen = 0
        self._jumped_at: float | None = None  # monotonic seconds
        self._writing: tuple[int | None, float] = (None, 0.0)  # a transaction, and when it was first seen

    async def run(self) -> None:
        """Look once a second, for ever."""
        while True:
            await self._try_ledger()
            self.step()
            await self._parts.clock.sleep(_EVERY)

    def step(self) -> None:
        """Look at everything once."""
        for item in self._items():
            known = self._parts.board.health.get(item.key)
            self._parts.board.health[item.key] = item
            if known != item:
                self._parts.bus.publish(HealthChanged(key=item.key))

    async def _try_ledger(self) -> None:
        """A ledger that refused is tried again by a small write, so that it counts as well when it is."""
        if not self._parts.writable.error:
            return
        try:
            await self._parts.store.remember("health", "probe", "", self._parts.clock.now())
        except Unavailable as error:
            self._parts.writable.error = error.message
        else:
            self._parts.writable.error = ""

    def _items(self) -> Iterator[HealthItem]:
        yield self._planner()
        yield self._runner()
        yield self._store()
        yield self._space()
        yield self._jobs()
        yield self._wall_clock()

    def _planner(self) -> HealthItem:
        if self._probes.tick_lag() <= _TICK_LATE and self._parts.board.draining_since is not None:
            return _item("planner", "Planner", HealthState.WARN, "drains: nothing new is started")
        if self._probes.tick_lag() <= _TICK_LATE:
            return _item("planner", "Planner", HealthState.OK)
        note = f"has not looked at the clock for more than {length_in_words(_TICK_LATE)}"
        return _item("planner", "Planner", HealthState.FAILED, note)

    def _runner(self) -> HealthItem:
        if self._parts.runner.facts is None:
            note = self._probes.runner_problem() or "no runner answers; nothing can start"
            return _item("runner", "Runner", HealthState.FAILED, note)
        self._parts.board.runner = self._parts.runner.facts
        return _item("runner", "Runner", HealthState.OK)

    def _store(self) -> HealthItem:
        is_stuck = self._is_stuck()
        if self._parts.writable.error:
            return _item("store", "Ledger", HealthState.FAILED, self._parts.writable.error)
        if is_stuck:
            note = f"has not answered for more than {length_in_words(_STUCK)}: locked, or its disk hangs"
            return _item("store", "Ledger", HealthState.FAILED, note)
        if self._probes.damage():
            first = self._probes.damage()[0]
            note = f"damaged: {first}; rota store check says more, rota store restore mends it"
            return _item("store", "Ledger", HealthState.WARN, note)
        if self._probes.waiting() > _MUCH_WAITS:
            note = "can't take over what it logged: another program reads it without end; end that program"
            return _item("store", "Ledger", HealthState.WARN, note)
        return _item("store", "Ledger", HealthState.OK)

    def _is_stuck(self) -> bool:
        """Whether one and the same transaction has been under way for long."""
        writing, now = self._probes.writing(), self._parts.clock.monotonic()
        if writing is None or writing != self._writing[0]:
            self._writing = (writing, now)
        return writing is not None and now - self._writing[1] > _STUCK.total_seconds()

    def _space(self) -> HealthItem:
        fullest = min(self._probes.disks(), key=_free, default=None)
        free = 1.0 if fullest is None else _free(fullest)
        if fullest is None or free >= _DISK_LOW:
            return _item("disk", "Disk", HealthState.OK)
        state = HealthState.FAILED if free < _DISK_FULL else HealthState.WARN
        return _item("disk", "Disk", state, f"{int(free * 100)} % free where {fullest.what}")

    def _jobs(self) -> HealthItem:
        problems = (*self._parts.board.problems, *self._parts.board.advice)
        errors = [problem for problem in problems if problem.severity == "error"]
        if not errors and self._parts.board.unwatched:
            return _item("jobs", "Job files", HealthState.WARN, self._parts.board.unwatched)
        if not problems:
            return _item("jobs", "Job files", HealthState.OK)
        if not errors:
            return _item("jobs", "Job files", HealthState.OK, counted(len(problems), "warning"))
        files = len({problem.file for problem in errors})
        note = f"{counted(len(errors), 'problem')} in {counted(files, 'file')}"
        return _item("jobs", "Job files", HealthState.WARN, note)

    def _wall_clock(self) -> HealthItem:
        jumps, now = self._probes.jumps(), self._parts.clock.monotonic()
        if jumps > self._jumps_seen:
            self._jumps_seen, self._jumped_at = jumps, now
        if self._jumped_at is None or now - self._jumped_at > _JUMP_TOLD.total_seconds():
            return _item("clock", "Clock", HealthState.OK)
        return _item("clock", "Clock", HealthState.WARN, f"jumped {counted(jumps, 'time')} since the start")


def _free(disk: Disk) -> float:
    return disk.free / disk.total if disk.total else 1.0


def _item(key: str, label: str, state: HealthState, note: str = "") -> HealthItem:
    return HealthItem(key=key, label=label, state=state, note=note)
