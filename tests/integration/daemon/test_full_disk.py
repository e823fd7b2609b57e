"""No room where runs are recorded: it is said, nothing new begins, running work goes on, and all heals."""

from __future__ import annotations

import ctypes
import os
import resource
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

import pytest

from daemon_process import DaemonProcess
from eventually import eventually

MIB = 1024 * 1024
_DETACH = 2  # MNT_DETACH


class Room(Protocol):
    """Where the state lies."""

    def shrink(self, daemon: DaemonProcess) -> None:
        """From now on the daemon's writes of new pages are refused."""

    def widen(self, daemon: DaemonProcess) -> None:
        """There is space again."""


class SmallFileSystem:
    """A file system of a few megabytes that can be filled to its last byte."""

    def __init__(self, folder: Path) -> None:
        self._ballast = folder / "ballast"

    def shrink(self, daemon: DaemonProcess) -> None:
        with self._ballast.open("wb", buffering=0) as ballast:
            while self._takes(ballast.fileno()):
                pass

    def widen(self, daemon: DaemonProcess) -> None:
        self._ballast.unlink()

    @staticmethod
    def _takes(descriptor: int) -> bool:
        try:
            return os.write(descriptor, b"x" * 4096) > 0
        except OSError:
            return False


class SmallFiles:
    """Where nobody may mount: the kernel refuses the daemon, and only it, every byte past a size."""

    def shrink(self, daemon: DaemonProcess) -> None:
        _, hard = resource.prlimit(daemon.pid, resource.RLIMIT_FSIZE)
        resource.prlimit(daemon.pid, resource.RLIMIT_FSIZE, (1024, hard))

    def widen(self, daemon: DaemonProcess) -> None:
        _, hard = resource.prlimit(daemon.pid, resource.RLIMIT_FSIZE)
        resource.prlimit(daemon.pid, resource.RLIMIT_FSIZE, (hard, hard))


@pytest.fixture(params=["files", "file system"])
def room(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Room]:
    """Both ways of running out where mounting is allowed; the limit holds everywhere."""
    state = tmp_path / "state"
    state.mkdir()
    if request.param == "file system" and _mounted(state):
        yield SmallFileSystem(state)
        ctypes.CDLL(None).umount2(os.fsencode(state), _DETACH)
    else:
        yield SmallFiles()


def _mounted(folder: Path) -> bool:
    libc = ctypes.CDLL(None, use_errno=True)
    return bool(libc.mount(b"tmpfs", os.fsencode(folder), b"tmpfs", 0, b"size=24m") == 0)


def test_a_ledger_without_room_stops_new_runs_and_nothing_else(room: Room, tmp_path: Path) -> None:
    daemon = DaemonProcess(tmp_path)
    go, starts = tmp_path / "go", tmp_path / "starts"
    daemon.job("under-way", f"run: echo one; until [ -e {go} ]; do sleep 0.02; done; echo two; exit 3\n")
    daemon.job("by-hand", "run: 'true'\n")
    daemon.job("ticks", _every_second(starts))
    with daemon:
        run = daemon.run("under-way")
        pid = eventually(lambda: daemon.get(f"/api/v1/runs/{run}")["pid"])
        eventually(lambda: daemon.get("/api/v1/jobs/ticks/runs?state=completed")["total"])

        room.shrink(daemon)
        eventually(lambda: daemon.request("GET", "/readyz")[0] == 503)
        _says_why(daemon)
        known = _instants(starts)
        assert daemon.request("POST", "/api/v1/jobs/by-hand/runs", {})[0] == 503
        assert Path(f"/proc/{pid}").exists()
        go.touch()
        eventually(lambda: not Path(f"/proc/{pid}").exists())
        assert _instants(starts) == known

        room.widen(daemon)
        eventually(lambda: daemon.request("GET", "/readyz")[0] == 200)
        ended = daemon.ended(run)
        assert (ended["state"], ended["exitCode"], daemon.lines(run)) == ("failed", 3, ["one", "two"])
        assert daemon.ended(daemon.run("by-hand"))["state"] == "completed"
        eventually(lambda: len(_instants(starts)) >= len(known) + 3)
        assert daemon.rota("store", "check").returncode == 0
        daemon.stop()
    instants = _instants(starts)
    assert instants == list(range(instants[0], instants[0] + len(instants)))  # none lost, none doubled


def _every_second(starts: Path) -> str:
    work = f"run: echo $ROTA_SCHEDULED_EPOCH >> {starts}\n"
    return f"schedule: {{every: 1s}}\nmissed: all\nconcurrency: {{max: 9}}\n{work}"


def _instants(starts: Path) -> list[int]:
    """The instants that the job has run for; those that had to wait may have begun together."""
    return sorted(int(word) for word in starts.read_text().split())


def _says_why(daemon: DaemonProcess) -> None:
    _, told = daemon.request("GET", "/readyz")
    assert told["status"] == "not ready"
    assert [reason for reason in told["reasons"] if reason.startswith("Ledger: ")], told
    check = daemon.rota("status", "--check", check=False)
    assert (check.returncode, "CRITICAL - Ledger: " in check.stdout) == (2, True)
    assert "Ledger failed" in daemon.rota("status").stdout
