"""A process of another user is born: what that user may do meanwhile holds up nobody else."""

from __future__ import annotations

import errno
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from eventually import eventually
from rota.runner.protocol import Wish
from rota.runner.switch import Manner
from rota.runner.switch_calls import Birth, Unborn
from rota.runner.system import System


class Nursery:
    """A FIFO, and children that write to it."""

    def __init__(self, folder: Path) -> None:
        os.mkfifo(folder / "out")
        self.fifo = os.open(folder / "out", os.O_RDONLY | os.O_NONBLOCK)
        self.pids: list[int] = []

    def bear(self, script: str) -> int:
        birth = Birth(Manner(Wish({})), "/bin/sh", ["sh", "-c", script], {"PATH": "/usr/bin:/bin"})
        birth.output = f"/proc/self/fd/{self.fifo}"
        self.pids.append(System().spawn_as(birth))
        return self.pids[-1]

    def output(self) -> bytes:
        try:
            return os.read(self.fifo, 1000)
        except BlockingIOError:
            return b""

    def empty(self) -> None:
        for pid in self.pids:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
        os.close(self.fifo)


@pytest.fixture
def nursery(tmp_path: Path) -> Iterator[Nursery]:
    nursery = Nursery(tmp_path)
    yield nursery
    nursery.empty()


def test_a_child_that_is_stopped_before_it_runs_its_program_is_helped_on(
    nursery: Nursery, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "chdir", lambda _: os.kill(os.getpid(), signal.SIGSTOP))

    nursery.bear("echo born; exec sleep 600")

    eventually(lambda: nursery.output() == b"born\n")


def test_a_child_that_waits_for_ever_counts_as_running(
    nursery: Nursery, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "chdir", lambda _: signal.pause())

    pid = nursery.bear("echo never")  # which returns all the same

    assert Path(f"/proc/{pid}").exists()
    assert nursery.output() == b""


def test_what_a_child_can_not_do_in_the_end_stands_in_its_log(
    nursery: Nursery, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def hang(_: str) -> None:
        os.open(tmp_path / "go", os.O_RDONLY)  # until the test opens it, too
        raise OSError(errno.EACCES, "")

    os.mkfifo(tmp_path / "go")
    monkeypatch.setattr(os, "chdir", hang)

    nursery.bear("echo never")
    os.close(os.open(tmp_path / "go", os.O_WRONLY))

    said = "rota: can't change to the directory: Permission denied\n"
    eventually(lambda: nursery.output().decode() == said)


def test_what_a_child_can_not_do_is_raised_and_leaves_no_process(
    nursery: Nursery, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_: str) -> None:
        raise OSError(errno.EACCES, "")

    monkeypatch.setattr(os, "chdir", refuse)

    before = System().children()

    with pytest.raises(Unborn, match="Permission denied") as unborn:
        nursery.bear("echo never")

    assert unborn.value.filename == "change to the directory"
    assert System().children() == before
