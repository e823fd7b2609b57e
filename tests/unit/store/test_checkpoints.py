"""The write-ahead log is taken over beside the writer, and stays small under one who never rests."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from eventually import eventually
from rota.store import checkpoints
from rota.store.checkpoints import Checkpoints

PAGE = 4096


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "ledger.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("CREATE TABLE pages (content BLOB)")
        connection.commit()
    return path


@pytest.fixture
def writer(path: Path) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA wal_autocheckpoint=0")
        yield connection


@pytest.fixture
def beside(path: Path) -> Iterator[Checkpoints]:
    beside = Checkpoints(path)
    yield beside
    beside.close()


def add(writer: sqlite3.Connection, pages: int) -> None:
    writer.execute("BEGIN IMMEDIATE")
    writer.executemany("INSERT INTO pages VALUES (?)", [(bytes(PAGE),)] * pages)
    writer.execute("COMMIT")


def log_size(path: Path) -> int:
    return path.with_name(f"{path.name}-wal").stat().st_size


def test_what_was_committed_gets_into_the_ledger_without_the_writer(
    path: Path, writer: sqlite3.Connection, beside: Checkpoints
) -> None:
    add(writer, 50)
    before = path.stat().st_size

    beside.note()

    eventually(lambda: path.stat().st_size >= before + 50 * PAGE)
    assert not beside.is_wanted


def test_a_writer_that_never_rests_is_asked_to_finish_and_the_log_stays_small(
    path: Path, writer: sqlite3.Connection, beside: Checkpoints, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checkpoints, "LARGE", 40)
    beside._enough = 40
    for _ in range(10):
        add(writer, 50)
        beside.note()
        eventually(lambda: beside.is_wanted)
        add(writer, 5)  # what came while the others were taken over

        beside.finish(writer)

    assert not beside.is_wanted
    assert log_size(path) < 4 * 50 * PAGE


def test_a_ledger_that_was_taken_away_is_not_made_anew(path: Path, tmp_path: Path) -> None:
    beside = Checkpoints(path)
    path.rename(tmp_path / "elsewhere.db")

    beside.note()
    beside._take_over()
    beside.close()

    assert not path.exists()
