"""What a runner answers for outlives it, whatever became of the last line that was being written."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from rota.runner import held
from rota.runner.held import HELD, Held
from rota.runner.system import System


class Full(System):
    """A disk that takes only so many bytes more, and then is full."""

    room = 10**9

    def write(self, fd: int, data: bytes) -> None:
        part, self.room = data[: self.room], max(0, self.room - len(data))
        super().write(fd, part)
        if len(part) < len(data):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@pytest.fixture
def root(tmp_path: Path) -> Iterator[int]:
    fd = os.open(tmp_path, os.O_RDONLY)
    yield fd
    os.close(fd)


def test_the_next_runner_knows_what_was_held_and_not_let_go(root: int) -> None:
    journal = Held(System(), root)
    for attempt in "abc":
        journal.hold(attempt, {"directory": f"job/{attempt}"})
    journal.release("b")

    assert Held(System(), root).messages() == {"a": {"directory": "job/a"}, "c": {"directory": "job/c"}}


def test_what_is_held_again_after_it_was_let_go_is_held(root: int) -> None:
    journal = Held(System(), root)
    journal.hold("a", {"n": 1})
    journal.release("a")
    journal.hold("a", {"n": 2})

    assert Held(System(), root).messages() == {"a": {"n": 2}}


@pytest.mark.parametrize(
    "torn", [b"\n", b'\n["b"', b'\n["b",{}', b"\n5", b"\n[5,{}]", b"\n\0\0\0", b'\n["b",{}]x']
)
def test_a_torn_line_counts_as_absent_and_spoils_no_other(root: int, tmp_path: Path, torn: bytes) -> None:
    Held(System(), root).hold("a", {"n": 1})
    with (tmp_path / HELD).open("ab") as file:
        file.write(torn)

    Held(System(), root).hold("c", {"n": 3})

    assert Held(System(), root).messages() == {"a": {"n": 1}, "c": {"n": 3}}


def test_a_full_disk_refuses_to_hold_and_harms_nothing_that_is_held(root: int) -> None:
    system = Full()
    journal = Held(system, root)
    journal.hold("a", {"n": 1})

    system.room = 5
    with pytest.raises(OSError, match="No space left"):
        journal.hold("b", {"n": 2})
    journal.release("a")
    system.room = 10**9
    journal.hold("c", {"n": 3})

    assert journal.messages() == {"c": {"n": 3}}
    # That "a" was let go could not be written down: the next runner lets go of it once more.
    assert Held(System(), root).messages() == {"a": {"n": 1}, "c": {"n": 3}}


def test_the_journal_stays_small_however_much_is_taken_up_and_let_go(
    root: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(held, "LARGE", 1000)
    journal = Held(System(), root)
    journal.hold("long", {"n": 0})

    for n in range(300):
        journal.hold(f"short-{n}", {"n": n})
        journal.release(f"short-{n}")

    assert (tmp_path / HELD).stat().st_size < 1100
    assert Held(System(), root).messages() == {"long": {"n": 0}}
    assert [path.name for path in tmp_path.iterdir()] == [HELD]


def test_a_full_disk_keeps_the_large_journal_as_it_is(
    root: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(held, "LARGE", 100)
    system = Full()
    journal = Held(system, root)
    for attempt in ("a", "b", "c"):
        journal.hold(attempt, {"text": "x" * 40})

    system.room = len('\n["a",null]')
    journal.release("a")  # the line fits, the new journal does not
    system.room = 10**9
    journal.hold("d", {"n": 4})

    assert set(Held(System(), root).messages()) == {"b", "c", "d"}


def test_a_journal_that_can_not_be_read_is_not_taken_for_an_empty_one(root: int, tmp_path: Path) -> None:
    class Busy(System):
        def open(self, path: str, flags: int, at: int | None = None) -> int:
            raise OSError(errno.ENFILE, os.strerror(errno.ENFILE))

    Held(System(), root).hold("a", {"n": 1})

    with pytest.raises(OSError, match="Too many open files"):
        Held(Busy(), root)


def test_nonsense_of_a_broken_disk_counts_as_absent(root: int, tmp_path: Path) -> None:
    Held(System(), root).hold("a", {"n": 1})
    with (tmp_path / HELD).open("ab") as file:
        file.write(b"\n" + b"[" * 100_000 + b"\n")

    assert Held(System(), root).messages() == {"a": {"n": 1}}
