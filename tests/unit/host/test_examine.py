"""Findings about a host, from a host that is made of files."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from rota.core.board import HealthState
from rota.host import examine

OK, WARN, FAILED = HealthState.OK, HealthState.WARN, HealthState.FAILED


def put(root: Path, name: str, text: str = "") -> Path:
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def test_a_host_without_cgroup_v2_says_which_limits_are_not_held(tmp_path: Path) -> None:
    found = examine.control_groups(root=tmp_path)

    assert (found.state, found.note) == (WARN, "no cgroup v2")
    assert "memory, cpu and pids" in found.hint


def test_the_groups_of_the_runner_count_and_not_those_of_the_host(tmp_path: Path) -> None:
    put(tmp_path, "sys/fs/cgroup/cgroup.controllers", "cpu memory pids io\n")
    put(tmp_path, "sys/fs/cgroup/rota/runner/cgroup.controllers", "memory pids\n")
    put(tmp_path, "proc/77/cgroup", "0::/rota/runner\n")

    assert examine.control_groups(root=tmp_path).state is OK
    found = examine.control_groups(77, root=tmp_path)
    assert (found.state, found.note) == (WARN, "the runner has no cpu controller")
    assert "Delegate=yes" in found.hint


def test_watches_that_are_left_are_counted(tmp_path: Path) -> None:
    limit = put(tmp_path, "proc/sys/fs/inotify/max_user_watches", "65536\n")
    put(tmp_path, "proc/12/fdinfo/5", "pos:\t0\ninotify wd:1 ino:2\ninotify wd:2 ino:3\n")

    assert examine.watches(tmp_path).note == "65534 of 65536 watches left"
    limit.write_text("100\n")
    assert examine.watches(tmp_path).state is WARN


def test_few_open_files_are_told_of_the_runner(tmp_path: Path) -> None:
    put(
        tmp_path,
        "proc/77/limits",
        "Max open files            256                  4096                 files\n",
    )

    found = examine.open_files(77, tmp_path)

    assert (found.state, found.note) == (WARN, "only 256 for the runner")


def test_a_clock_that_was_never_set_fails(tmp_path: Path) -> None:
    found = examine.clock(datetime(1970, 1, 1, 0, 5, tzinfo=UTC), tmp_path)

    assert (found.state, found.note) == (FAILED, "shows 1970-01-01 00:05 UTC")


def test_the_room_is_that_of_the_nearest_folder_there_is(tmp_path: Path) -> None:
    assert str(tmp_path) in examine.space("state", "Disk", tmp_path / "not" / "made").note


def test_systemd_is_seen_by_its_directory(tmp_path: Path) -> None:
    assert examine.systemd(tmp_path).note == "not here; rota needs none"
    (tmp_path / "run/systemd/system").mkdir(parents=True)
    assert examine.systemd(tmp_path).note == "runs this host"


def test_zones_are_known_here() -> None:
    assert examine.zones().state is OK
