"""Control groups as the runner finds, divides and reads them, over plain files."""

from __future__ import annotations

from pathlib import Path

import pytest

from rota.runner.cgroup import Groups
from rota.runner.system import System

MOUNTS = "36 25 0:31 / /sys/fs/cgroup rw,nosuid shared:9 - cgroup2 cgroup2 rw\n"
UNIT = "/sys/fs/cgroup/system.slice/rota-runner.service"


class Host(System):
    """A kernel whose files lie in a folder."""

    delegated = UNIT

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self._folder = folder
        self.written: list[tuple[str, str]] = []
        self.refused: set[str] = set()

    def slurp(self, path: str) -> str:
        file = Path(f"{self._folder}{path}")
        return file.read_text() if file.is_file() else ""

    def put(self, path: str, text: str) -> None:
        if text in self.refused or path.rpartition("/")[2] in self.refused:
            raise PermissionError(1, "Operation not permitted")
        self.written.append((path.removeprefix(f"{UNIT}/"), text))

    def make_folder(self, path: str) -> None:
        super().make_folder(f"{self._folder}{path}")

    def drop_folder(self, path: str) -> None:
        super().drop_folder(f"{self._folder}{path}")

    def folders(self, path: str) -> list[str]:
        return super().folders(f"{self._folder}{path}")

    def is_directory(self, path: str) -> bool:
        return super().is_directory(f"{self._folder}{path}")

    def is_delegated(self, path: str) -> bool:
        return path == self.delegated

    def says(self, path: str, text: str) -> None:
        file = Path(f"{self._folder}{path}")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)


@pytest.fixture
def host(tmp_path: Path) -> Host:
    host = Host(tmp_path)
    host.says("/proc/self/mountinfo", MOUNTS)
    host.says("/proc/self/cgroup", "1:name=systemd:/x\n0::/system.slice/rota-runner.service\n")
    host.says(f"{UNIT}/cgroup.subtree_control", "cpu io memory pids")
    return host


def test_the_runner_moves_to_a_leaf_and_enables_what_it_needs(host: Host) -> None:
    groups = Groups(host)

    assert groups.unenforced == {}
    assert host.written == [
        ("runner/cgroup.procs", "0"),
        *(("cgroup.subtree_control", f"+{name}") for name in ("memory", "cpu", "pids", "io")),
    ]


def test_a_runner_that_is_in_its_leaf_already_finds_the_same_group(host: Host) -> None:
    host.says("/proc/self/cgroup", "0::/system.slice/rota-runner.service/runner\n")

    assert Groups(host).unenforced == {}


def test_a_controller_that_was_not_delegated_is_told(host: Host) -> None:
    host.says(f"{UNIT}/cgroup.subtree_control", "cpu pids")
    host.refused = {"+memory", "+io"}

    assert Groups(host).unenforced == {"memory": "the control group of the runner has no memory controller"}


@pytest.mark.parametrize(
    ("mounts", "delegated", "why"),
    [
        ("", UNIT, "there is no cgroup v2"),
        (MOUNTS, "", "the runner has no control group of its own"),
    ],
)
def test_without_a_group_of_its_own_nothing_is_held_and_nothing_touched(
    host: Host, mounts: str, delegated: str, why: str
) -> None:
    host.says("/proc/self/mountinfo", mounts)
    host.delegated = delegated

    groups = Groups(host)

    assert groups.unenforced == dict.fromkeys(("memory", "cpu", "pids"), why)
    assert groups.enter("a") is None
    assert host.written == []


def test_an_attempt_is_born_in_a_group_with_its_limits(host: Host) -> None:
    groups = Groups(host)
    host.written.clear()

    group = groups.enter("0193")
    groups.come_back()
    assert group is not None
    missing = group.limit({"memory": 4096, "cpu": 150, "pids": 7, "nofile": 9})

    assert missing == ""
    assert host.written == [
        ("attempt-0193/cgroup.procs", "0"),
        ("runner/cgroup.procs", "0"),
        ("attempt-0193/memory.max", "4096"),
        ("attempt-0193/memory.swap.max", "0"),
        ("attempt-0193/memory.oom.group", "1"),
        ("attempt-0193/cpu.max", "150000 100000"),
        ("attempt-0193/pids.max", "7"),
    ]


def test_a_limit_that_the_kernel_refuses_is_named(host: Host) -> None:
    group = Groups(host).enter("a")
    host.refused = {"pids.max"}

    assert group is not None
    assert group.limit({"cpu": 100, "pids": 7}) == "pids"


def test_what_the_kernel_counted_is_read(host: Host) -> None:
    group = Groups(host).enter("a")
    assert group is not None
    host.says(f"{group.path}/cpu.stat", "usage_usec 5000\nuser_usec 3000\nsystem_usec 2000\n")
    host.says(f"{group.path}/memory.peak", "8192\n")
    host.says(f"{group.path}/io.stat", "8:0 rbytes=10 wbytes=20 rios=1\n8:16 rbytes=1 wbytes=2\n")
    host.says(f"{group.path}/memory.events", "low 0\noom 1\noom_kill 3\n")
    host.says(f"{group.path}/cgroup.events", "populated 1\nfrozen 0\n")
    host.says(f"{group.path}/cgroup.procs", "12\n13\n")
    host.says(f"{group.path}/own/cgroup.procs", "14\n")

    assert group.used() == {
        "userMs": 3, "systemMs": 2, "peakBytes": 8192, "readBytes": 11, "writtenBytes": 22
    }  # fmt: skip
    assert (group.ran_out_of_memory, group.is_populated) == (False, True)
    group.limit({"memory": 1})
    assert group.ran_out_of_memory
    assert group.pids() == [12, 13, 14]


def test_a_group_goes_with_those_below_it(host: Host, tmp_path: Path) -> None:
    group = Groups(host).enter("a")
    assert group is not None
    Path(f"{tmp_path}{group.path}/own/deeper").mkdir(parents=True)

    group.remove()

    assert not Path(f"{tmp_path}{group.path}").exists()


def test_the_next_runner_finds_the_group_of_an_attempt(host: Host) -> None:
    groups = Groups(host)
    groups.enter("a")

    assert groups.find("a") is not None
    assert groups.find("b") is None
