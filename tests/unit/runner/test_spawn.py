"""A start that the disk or the kernel refuses is a refusal, and leaves nothing behind."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from rota.runner.protocol import Order
from rota.runner.record import Records
from rota.runner.spawn import Refusal, Spawner
from rota.runner.system import System

ORDER = {
    "type": "start", "attempt": "a", "job": "job", "run": 1, "step": "main", "n": 1, "argv": ["/bin/true"],
    "env": {}, "cwd": "/", "graceMs": 1, "output": 1000,
}  # fmt: skip


class Failing(System):
    """One kind of call fails as on a full disk."""

    failing = ""

    def write(self, fd: int, data: bytes) -> None:
        self._fail("write")
        super().write(fd, data)

    def mkdir(self, path: str, at: int, mode: int = 0o750) -> None:
        self._fail("mkdir")
        super().mkdir(path, at, mode)

    def mkfifo(self, path: str, at: int) -> None:
        self._fail("mkfifo")
        super().mkfifo(path, at)

    def spawn(self, program: str, argv: list[str], env: dict[str, str], cwd: str, output: str) -> int:
        self._fail("spawn")
        return super().spawn(program, argv, env, cwd, output)

    def _fail(self, call: str) -> None:
        if self.failing == call:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@pytest.fixture
def root(tmp_path: Path) -> Iterator[int]:
    fd = os.open(tmp_path, os.O_RDONLY)
    yield fd
    os.close(fd)


@pytest.mark.parametrize("call", ["write", "mkdir", "mkfifo", "spawn"])
def test_a_full_disk_refuses_and_leaves_nothing_behind(tmp_path: Path, root: int, call: str) -> None:
    system = Failing()
    records = Records(system, root)
    spawner = Spawner(system, records, str(tmp_path))

    system.failing = call
    with pytest.raises(Refusal, match="No space left on device") as refusal:
        spawner.start(Order(ORDER))
    system.failing = ""

    assert refusal.value.code == "ENOSPC"
    assert records.held() == {}
    assert not (tmp_path / "job" / "1" / "main.1").exists()


def test_what_was_started_before_is_known_and_left_as_it_is(tmp_path: Path, root: int) -> None:
    (tmp_path / "job" / "1" / "main.1").mkdir(parents=True)
    (tmp_path / "job" / "1" / "main.1" / "output.log").write_text("precious")
    records = Records(System(), root)

    with pytest.raises(Refusal) as refusal:
        Spawner(System(), records, str(tmp_path)).start(Order(ORDER))

    assert refusal.value.code == "known"
    assert (tmp_path / "job" / "1" / "main.1" / "output.log").read_text() == "precious"
    assert records.held() == {}


def test_a_program_is_looked_up_in_the_path_of_the_job(tmp_path: Path, root: int) -> None:
    spawner = Spawner(System(), Records(System(), root), str(tmp_path))

    with pytest.raises(Refusal, match=r"no program true in PATH \(/nowhere:relative\)"):
        spawner.start(Order({**ORDER, "argv": ["true"], "env": {"PATH": "/nowhere:relative"}}))


class Swapping(System):
    """Puts a file of its own in the place of the FIFO at the last moment, as the job's user can."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self._out = folder / "job" / "1" / "main.1" / "job" / "out"

    def spawn(self, program: str, argv: list[str], env: dict[str, str], cwd: str, output: str) -> int:
        self._out.unlink()
        self._out.write_text("")
        return super().spawn(program, argv, env, cwd, output)


def test_a_job_writes_to_the_fifo_whatever_stands_in_its_place(tmp_path: Path, root: int) -> None:
    system = Swapping(tmp_path)
    echo = {**ORDER, "argv": ["/bin/echo", "hello"]}

    attempt = Spawner(system, Records(system, root), str(tmp_path)).start(Order(echo))
    os.waitpid(attempt.pid, 0)

    assert os.read(attempt.fifo, 100) == b"hello\n"
    assert (tmp_path / "job" / "1" / "main.1" / "job" / "out").read_text() == ""
    os.close(attempt.fifo)
    attempt.close(system)
