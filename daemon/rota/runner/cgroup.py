"""Control groups (v2) below the one that was delegated to the runner: one an attempt, with its limits.

The runner itself moves to a leaf of its own first: a group that gives controllers to others holds no process.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rota.runner.system import System

HELD = ("memory", "cpu", "pids")  # limits that only a control group can hold
_LEAF = "runner"
_EARLIER = "earlier"  # processes that were started before the runner kept groups
_PERIOD_US = 100_000
_ROUNDS = 5


class Groups:
    """`unenforced`: limits that can't be held here, each with why in words."""

    def __init__(self, system: System) -> None:
        self._system = system
        self._root, why = _find(system)
        self.unenforced = dict.fromkeys(HELD, why)
        if self._root:
            self._prepare()

    def enter(self, attempt: str) -> Group | None:
        """The runner goes into a group made for that attempt, so that what it starts next is born there.

        None where there are none.
        """
        if not self._root:
            return None
        group = Group(self._system, f"{self._root}/attempt-{attempt}")
        try:
            self._system.make_folder(group.path)
            self._system.put(f"{group.path}/cgroup.procs", "0")
        except OSError:
            group.remove()
            return None
        return group

    def find(self, attempt: str) -> Group | None:
        """The group of an attempt that an earlier runner started."""
        path = f"{self._root}/attempt-{attempt}"
        return Group(self._system, path) if self._root and self._system.is_directory(path) else None

    def come_back(self) -> None:
        """The runner leaves the group that it went into. Raises OSError."""
        own = f"{self._root}/{_LEAF}"
        try:
            self._system.put(f"{own}/cgroup.procs", "0")
        except OSError:
            self._system.make_folder(own)  # somebody tidied up while nobody was in it
            self._system.put(f"{own}/cgroup.procs", "0")

    def _prepare(self) -> None:
        try:
            self._system.make_folder(f"{self._root}/{_LEAF}")
            self.come_back()
            self._clear_root()
        except OSError as error:
            why = f"the control group of the runner can't be used ({error.strerror})"
            self._root, self.unenforced = "", dict.fromkeys(HELD, why)
            return
        for name in (*HELD, "io"):
            self._enable(name)
        enabled = self._system.slurp(f"{self._root}/cgroup.subtree_control").split()
        self.unenforced = {
            name: f"the control group of the runner has no {name} controller"
            for name in HELD
            if name not in enabled
        }

    def _clear_root(self) -> None:
        for _ in range(_ROUNDS):
            pids = self._system.slurp(f"{self._root}/cgroup.procs").split()
            if not pids:
                return
            self._system.make_folder(f"{self._root}/{_EARLIER}")
            for pid in pids:
                self._move(pid)

    def _move(self, pid: str) -> None:
        try:
            self._system.put(f"{self._root}/{_EARLIER}/cgroup.procs", pid)
        except OSError:
            return  # it has ended

    def _enable(self, controller: str) -> None:
        try:
            self._system.put(f"{self._root}/cgroup.subtree_control", f"+{controller}")
        except OSError:
            return  # not among those that were delegated


class Group:
    """The control group of one attempt."""

    def __init__(self, system: System, path: str) -> None:
        self._system = system
        self.path = path
        self._limits: Mapping[str, int] = {}

    def limit(self, limits: Mapping[str, int]) -> str:
        """Hold these from now on; the answer is the name of one that can't be, or nothing."""
        self._limits = limits
        for name, value in limits.items():
            if name in HELD and not self._hold(name, value):
                return name
        return ""

    def pids(self) -> list[int]:
        """Its processes, and those of groups that it made itself."""
        return [
            int(pid) for path in self._all() for pid in self._system.slurp(f"{path}/cgroup.procs").split()
        ]

    @property
    def is_populated(self) -> bool:
        return "populated 1" in self._system.slurp(f"{self.path}/cgroup.events")

    def kill(self) -> None:
        """SIGKILL to all at once, where the kernel can (5.14)."""
        try:
            self._system.put(f"{self.path}/cgroup.kill", "1")
        except OSError:
            return

    @property
    def ran_out_of_memory(self) -> bool:
        """Whether the kernel killed any of it over its own limit."""
        return "memory" in self._limits and self._numbers("memory.events").get("oom_kill", 0) > 0

    def used(self) -> dict[str, int]:
        """What the kernel counted, by the names of `used`; what it did not count is not there."""
        cpu = self._numbers("cpu.stat")
        found = {"userMs": cpu["user_usec"] // 1000, "systemMs": cpu["system_usec"] // 1000} if cpu else {}
        peak = self._system.slurp(f"{self.path}/memory.peak").strip()
        if peak.isdigit():
            found["peakBytes"] = int(peak)
        if blocks := self._system.slurp(f"{self.path}/io.stat"):
            for name, key in (("readBytes", "rbytes="), ("writtenBytes", "wbytes=")):
                found[name] = sum(int(word[len(key) :]) for word in blocks.split() if word.startswith(key))
        return found

    def remove(self) -> None:
        """It has no process any more."""
        for path in reversed(self._all()):
            self._system.drop_folder(path)

    def _hold(self, name: str, value: int) -> bool:
        try:
            if name == "cpu":
                self._system.put(f"{self.path}/cpu.max", f"{value * _PERIOD_US // 100} {_PERIOD_US}")
            else:
                self._system.put(f"{self.path}/{name}.max", str(value))
        except OSError:
            return False
        if name == "memory":
            self._try("memory.swap.max", "0")
            self._try("memory.oom.group", "1")
        return True

    def _try(self, name: str, text: str) -> None:
        try:
            self._system.put(f"{self.path}/{name}", text)
        except OSError:
            return  # a kernel without swap accounting, say: the limit itself holds

    def _numbers(self, name: str) -> dict[str, int]:
        words = self._system.slurp(f"{self.path}/{name}").split()
        return {key: int(value) for key, value in zip(words[::2], words[1::2], strict=False)}

    def _all(self) -> list[str]:
        """Its path and those of the groups below it, parents first."""
        found = [self.path]
        for path in found:
            found += [f"{path}/{name}" for name in self._system.folders(path)]
        return found


def _find(system: System) -> tuple[str, str]:
    """The group that is the runner's own to divide; or nothing, and why."""
    mount = _mount(system.slurp("/proc/self/mountinfo"))
    lines = system.slurp("/proc/self/cgroup").splitlines()
    path = next((line[3:] for line in lines if line.startswith("0::")), "")
    if not mount or not path:
        return "", "there is no cgroup v2"
    own = f"{mount}{path}".rstrip("/")
    above, _, name = own.rpartition("/")
    if name == _LEAF and system.is_delegated(above):
        return above, ""
    if path != "/" and system.is_delegated(own):
        return own, ""
    return "", "the runner has no control group of its own"


def _mount(table: str) -> str:
    for line in table.splitlines():
        before, _, after = line.partition(" - ")
        if after.startswith("cgroup2 "):
            return before.split()[4]
    return ""
