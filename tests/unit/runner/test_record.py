"""The small files: torn or empty counts as absent, and nothing outside is ever deleted."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from rota.runner.protocol import Order
from rota.runner.record import Records
from rota.runner.system import System


@pytest.fixture
def records(tmp_path: Path) -> Iterator[Records]:
    fd = os.open(tmp_path, os.O_RDONLY)
    yield Records(System(), fd)
    os.close(fd)


@pytest.mark.parametrize("content", ["", "{", '{"pid": 1', "[]", "\0\0\0", "5"])
def test_a_torn_file_counts_as_absent(records: Records, tmp_path: Path, content: str) -> None:
    at = records.make_attempt("job/1/main.1")
    (tmp_path / "job/1/main.1/exit").write_text(content)
    (tmp_path / "job/1/main.1/pid").write_text(content)

    assert records.exit(at) is None
    assert records.pid(at) is None
    records.close(at)


def test_what_is_written_is_read(records: Records) -> None:
    at = records.make_attempt("job/1/main.1")
    records.write_pid(at, {"pid": 5})
    records.close(records.write_exit(at, {"cause": "exit"}))

    assert records.pid(at) == {"pid": 5}
    assert records.exit(at) == {"cause": "exit"}
    records.close(at)


def test_a_copy_of_a_state_directory_holds_nothing_of_the_original(tmp_path: Path) -> None:
    original = tmp_path / "original"
    original.mkdir()
    held_at(original, "1:2", an_order("a"))
    assert held_at(original, "1:2") == ["a"]

    shutil.copytree(original, tmp_path / "copy")

    assert held_at(tmp_path / "copy", "1:3") == []
    assert held_at(original, "1:2") == ["a"]


def held_at(state: Path, place: str, *orders: Order) -> list[str]:
    """What a runner that starts there holds, with these orders."""
    fd = os.open(state, os.O_RDONLY)
    records = Records(System(), fd)
    records.settle(place)
    for order in orders:
        records.hold(order, 0)
    os.close(fd)
    return list(records.held())


def an_order(attempt: str) -> Order:
    names = {"attempt": attempt, "job": "job", "run": 1, "step": "main", "n": 1}
    what = {"argv": ["true"], "env": {}, "cwd": "/", "graceMs": 1, "output": 1}
    return Order({**names, **what})


def test_removing_follows_no_link(records: Records, tmp_path: Path) -> None:
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "file").touch()
    records.close(records.make_attempt("job/1/main.1"))
    (tmp_path / "job/1/main.1/link").symlink_to(tmp_path / "outside")
    (tmp_path / "job/1/main.1/file").touch()

    records.remove("job/1")

    assert not (tmp_path / "job/1").exists()
    assert (tmp_path / "outside" / "file").exists()


def test_removing_what_is_not_there_is_fine(records: Records) -> None:
    records.remove("job/9")


def test_the_ledger_served_is_remembered(records: Records) -> None:
    assert records.ledger() == ""

    records.write_ledger("0193")

    assert records.ledger() == "0193"
