"""What of this host works: control groups, zones, watches, disk, clock. Reads, and changes nothing."""

from __future__ import annotations

import ctypes
import os
import shutil
import sys
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from rota.core.board import HealthState
from rota.core.finding import Finding
from rota.core.words import size_in_words

_HELD = ("memory", "cpu", "pids")  # controllers that hold `limits`
_FEW_WATCHES = 1024
_FEW_FILES = 1024
_LOW, _FULL = 0.10, 0.02
_OLD = datetime(2026, 1, 1, tzinfo=UTC)  # a clock that shows less was never set
_UNSYNCHRONISED = 5  # TIME_ERROR of adjtimex(2)


def python() -> Finding:
    """The interpreter that runs rota."""
    return Finding(key="python", label="Python", note=f"{sys.version.split()[0]} at {sys.executable}")


def systemd(root: Path = Path("/")) -> Finding:
    """Whether systemd runs this host."""
    note = "runs this host" if (root / "run/systemd/system").is_dir() else "not here; rota needs none"
    return Finding(key="systemd", label="systemd", note=note)


def control_groups(pid: int | None = None, root: Path = Path("/")) -> Finding:
    """Which of `limits` can be held; by the groups of the runner `pid`, else by what the host has."""
    label, mount = "Control groups", root / "sys/fs/cgroup"
    hint = "`limits` of memory, cpu and pids are not held: boot with cgroup v2 (the unified hierarchy)"
    if not (mount / "cgroup.controllers").is_file():
        return Finding(key="cgroups", label=label, state=HealthState.WARN, note="no cgroup v2", hint=hint)
    group = mount if pid is None else mount / _group_of(pid, root)
    found = _words(group / "cgroup.controllers")
    lacking = [name for name in _HELD if name not in found]
    where = "the host" if pid is None else "the runner"
    if not lacking:
        return Finding(key="cgroups", label=label, note=f"{where} has {', '.join(_HELD)}")
    note = f"{where} has no {', '.join(lacking)} controller"
    hint = "these `limits` are not held: start the runner by rota-runner.service, which has Delegate=yes"
    return Finding(key="cgroups", label=label, state=HealthState.WARN, note=note, hint=hint)


def zones() -> Finding:
    """Whether zones by their IANA names are known."""
    try:
        ZoneInfo("Europe/Berlin")
    except ZoneInfoNotFoundError:
        hint = "install the package tzdata: schedules in other zones than UTC can't be read"
        return Finding(
            key="zones", label="Time zones", state=HealthState.FAILED, note="no database", hint=hint
        )
    return Finding(key="zones", label="Time zones", note=f"{len(available_timezones())} known")


def watches(root: Path = Path("/")) -> Finding:
    """How many inotify watches are left to this user."""
    limit = _number(root / "proc/sys/fs/inotify/max_user_watches")
    if limit is None:
        note, hint = "inotify can't be asked", "changed job files may only be seen every few seconds"
        return Finding(key="inotify", label="inotify", state=HealthState.WARN, note=note, hint=hint)
    left = limit - sum(_watches_of(root))
    note = f"{left} of {limit} watches left"
    if left >= _FEW_WATCHES:
        return Finding(key="inotify", label="inotify", note=note)
    hint = "raise fs.inotify.max_user_watches by sysctl, else changed job files are seen late"
    return Finding(key="inotify", label="inotify", state=HealthState.WARN, note=note, hint=hint)


def space(key: str, label: str, folder: Path) -> Finding:
    """The room on the file system of a folder that may be still to come."""
    there = next(each for each in (folder, *folder.parents) if each.exists())
    usage, table = shutil.disk_usage(there), os.statvfs(there)
    free = usage.free / usage.total if usage.total else 1.0
    files = table.f_favail / table.f_files if table.f_files else 1.0
    note = f"{size_in_words(usage.free)} ({free:.0%}) free at {there}"
    if min(free, files) >= _LOW:
        return Finding(key=key, label=label, note=note)
    if files < free:
        note = f"{files:.0%} of its inodes free at {there}"
    state = HealthState.FAILED if min(free, files) < _FULL else HealthState.WARN
    hint = "make room, or shorten `retention` in rota.yaml: without room nothing is started"
    return Finding(key=key, label=label, state=state, note=note, hint=hint)


def clock(now: datetime, root: Path = Path("/")) -> Finding:
    """Whether the clock is right, as far as a host can know, and outlives a boot."""
    label, shown = "Clock", f"{now:%Y-%m-%d %H:%M} UTC"
    if now < _OLD:
        hint = "set it, or have it set (systemd-timesyncd, chrony): until then nothing runs at its time"
        return Finding(key="clock", label=label, state=HealthState.FAILED, note=f"shows {shown}", hint=hint)
    if not _is_synchronised():
        hint = "let systemd-timesyncd or chrony set it: due instants are as wrong as the clock"
        note = f"{shown}, and nobody keeps it right"
        return Finding(key="clock", label=label, state=HealthState.WARN, note=note, hint=hint)
    if not (root / "sys/class/rtc/rtc0").exists():
        note, hint = (
            f"{shown}, and none that goes on while the host is off",
            ("start rota after time-sync.target: the packaged unit does"),
        )
        return Finding(key="clock", label=label, state=HealthState.WARN, note=note, hint=hint)
    return Finding(key="clock", label=label, note=f"{shown}, synchronised")


def open_files(pid: int | None = None, root: Path = Path("/")) -> Finding:
    """How many files a process may open: the runner `pid`, else this one."""
    lines = _lines(root / f"proc/{'self' if pid is None else pid}/limits")
    limit = next((line.split()[3] for line in lines if line.startswith("Max open files")), "")
    whose = "this shell" if pid is None else "the runner"
    if not limit.isdigit() or int(limit) >= _FEW_FILES:
        return Finding(key="files", label="Open files", note=f"{limit or 'unknown'} for {whose}")
    hint = "raise LimitNOFILE= of the unit, or `ulimit -n`: each run needs a few of them"
    note = f"only {limit} for {whose}"
    return Finding(key="files", label="Open files", state=HealthState.WARN, note=note, hint=hint)


def _is_synchronised() -> bool:
    try:
        # Zeros ask and change nothing; the structure is smaller than this everywhere.
        state: int = ctypes.CDLL(None).adjtimex(ctypes.create_string_buffer(512))
    except (AttributeError, OSError):
        return True
    return state != _UNSYNCHRONISED


def _group_of(pid: int, root: Path) -> str:
    line = next((line for line in _lines(root / f"proc/{pid}/cgroup") if line.startswith("0::")), "0::/")
    return line.removeprefix("0::").strip("/")


def _watches_of(root: Path) -> Iterator[int]:
    """Of every process that may be looked at: those of this user, for others have their own."""
    for folder in (root / "proc").glob("[0-9]*/fdinfo"):
        try:
            if folder.stat().st_uid != os.getuid():
                continue
            infos = list(folder.iterdir())
        except OSError:
            continue  # it has ended
        yield sum(line.startswith("inotify ") for info in infos for line in _lines(info))


def _number(path: Path) -> int | None:
    found = _words(path)
    return int(found[0]) if found and found[0].isdigit() else None


def _words(path: Path) -> Sequence[str]:
    return " ".join(_lines(path)).split()


def _lines(path: Path) -> Sequence[str]:
    try:
        return path.read_text(errors="replace").splitlines()
    except OSError:
        return ()
