from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from rota.core.errors import StoreDamaged, Unavailable, UsageError
from rota.store.backup import backup, backup_folder, check, daily_backup, ledger_path, restore

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


@pytest.fixture
def ledger(tmp_path: Path) -> Path:
    path = ledger_path(tmp_path)
    sql(
        path,
        "PRAGMA journal_mode=WAL",
        "CREATE TABLE alembic_version (version_num TEXT)",
        "INSERT INTO alembic_version VALUES ('0001')",
        "CREATE TABLE notes (text TEXT)",
        "INSERT INTO notes VALUES ('first')",
    )
    return path


def sql(path: Path, *statements: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(path)) as connection, connection:
        return [row for statement in statements for row in connection.execute(statement)]


def notes(path: Path) -> list[object]:
    return [row[0] for row in sql(path, "SELECT text FROM notes")]


def test_a_sound_ledger_has_no_problems(ledger: Path) -> None:
    assert check(ledger) == []


def test_a_ledger_that_is_not_there_is_named(tmp_path: Path) -> None:
    for ask in (lambda path: check(path), lambda path: backup(path, tmp_path / "copy")):
        with pytest.raises(UsageError, match="There is no ledger"):
            ask(tmp_path / "gone.db")


def test_a_ledger_that_this_user_may_not_read_is_not_called_damaged(
    ledger: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rota.store.backup.os.access", lambda path, mode: False)

    with pytest.raises(UsageError, match=r"ledger\.db can't be read: Permission denied"):
        check(ledger)


def test_a_state_folder_that_this_user_may_not_enter_is_told(
    ledger: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(path: Path) -> bool:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "is_file", refuse)

    with pytest.raises(UsageError, match="can't be read: Permission denied"):
        check(ledger)


def test_what_is_wrong_is_listed(ledger: Path, tmp_path: Path) -> None:
    sql(ledger, "CREATE TABLE parent (id INTEGER PRIMARY KEY)", "CREATE TABLE child (p REFERENCES parent)")
    sql(ledger, "INSERT INTO child VALUES (7)")
    (tmp_path / "other.db").write_bytes(b"x" * 5000)
    sql(tmp_path / "foreign.db", "CREATE TABLE t (x)")

    assert check(ledger) == ["row 1 of child belongs to a row of parent that is gone"]
    assert check(tmp_path / "other.db") == ["file is not a database"]
    assert check(tmp_path / "foreign.db") == ["it is a database, but not one of rota's ledgers"]


def test_a_backup_is_taken_while_a_writer_is_in_the_middle(ledger: Path, tmp_path: Path) -> None:
    with closing(sqlite3.connect(ledger, isolation_level=None)) as writer:
        writer.execute("BEGIN IMMEDIATE")
        writer.execute("INSERT INTO notes VALUES ('not yet committed')")
        copy = backup(ledger, tmp_path / "copies" / "one.db")
        writer.execute("COMMIT")

    assert notes(copy) == ["first"]
    assert [file.name for file in copy.parent.iterdir()] == ["one.db"]
    assert copy.stat().st_mode & 0o777 == 0o600


def test_a_backup_replaces_an_older_one_of_its_name(ledger: Path, tmp_path: Path) -> None:
    copy = backup(ledger, tmp_path / "one.db")
    sql(ledger, "INSERT INTO notes VALUES ('second')")

    assert notes(backup(ledger, copy)) == ["first", "second"]


def test_a_backup_onto_the_ledger_itself_is_refused(ledger: Path) -> None:
    with pytest.raises(UsageError, match="is the ledger itself"):
        backup(ledger, ledger)


def test_a_backup_that_can_not_be_written_is_named(ledger: Path, tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(Unavailable, match="can't be written"):
        backup(ledger, tmp_path / "file" / "copy.db")


def test_a_restored_backup_takes_the_place_of_the_ledger_which_is_kept(ledger: Path, tmp_path: Path) -> None:
    copy = backup(ledger, tmp_path / "copy.db")
    sql(ledger, "INSERT INTO notes VALUES ('second')")

    old = restore(copy, ledger, at=NOON)

    assert old is not None
    assert old.name == "ledger.db.before-restore-20260301T120000"
    assert (notes(ledger), notes(old), notes(copy)) == (["first"], ["first", "second"], ["first"])


def test_the_log_of_a_killed_writer_never_meets_the_restored_ledger(ledger: Path, tmp_path: Path) -> None:
    copy = backup(ledger, tmp_path / "copy.db")
    writer = sqlite3.connect(ledger)
    writer.execute("INSERT INTO notes VALUES ('only in the log')")
    writer.commit()
    wal = ledger.with_name("ledger.db-wal")
    content = wal.read_bytes()
    writer.close()
    wal.write_bytes(content)

    restore(copy, ledger, at=NOON)

    assert not wal.exists()
    assert notes(ledger) == ["first"]


def test_a_ledger_that_is_gone_can_be_restored(ledger: Path, tmp_path: Path) -> None:
    copy = backup(ledger, tmp_path / "copy.db")

    assert restore(copy, tmp_path / "new" / "ledger.db", at=NOON) is None
    assert notes(tmp_path / "new" / "ledger.db") == ["first"]


def test_a_backup_that_is_not_sound_is_not_restored(ledger: Path, tmp_path: Path) -> None:
    (tmp_path / "bad.db").write_bytes(b"x" * 5000)

    with pytest.raises(StoreDamaged, match="not sound itself"):
        restore(tmp_path / "bad.db", ledger, at=NOON)
    assert notes(ledger) == ["first"]


def test_a_backup_of_a_newer_rota_is_not_restored(ledger: Path, tmp_path: Path) -> None:
    copy = backup(ledger, tmp_path / "copy.db")
    sql(copy, "UPDATE alembic_version SET version_num = '0099'")

    with pytest.raises(UsageError, match="schema 99"):
        restore(copy, ledger, at=NOON)


def test_one_backup_a_day_is_taken_and_the_newest_are_kept(ledger: Path) -> None:
    for day in range(5):
        assert daily_backup(ledger, at=NOON + timedelta(days=day), keep=3) is not None
        assert daily_backup(ledger, at=NOON + timedelta(days=day, hours=3), keep=3) is None

    assert sorted(file.name for file in backup_folder(ledger).iterdir()) == [
        "ledger-2026-03-03.db",
        "ledger-2026-03-04.db",
        "ledger-2026-03-05.db",
    ]


def test_a_check_that_is_stopped_says_so_and_no_damage(ledger: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rota.store.backup._OFTEN", 10)

    with pytest.raises(Unavailable, match="stopped"):
        check(ledger, is_stopped=lambda: True)


def test_a_backup_that_is_stopped_leaves_nothing(ledger: Path, tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="stopped"):
        backup(ledger, tmp_path / "out" / "copy.db", is_stopped=lambda: True)

    assert list((tmp_path / "out").iterdir()) == []


def test_writes_during_a_backup_do_not_begin_it_anew(ledger: Path, tmp_path: Path) -> None:
    asked: list[int] = []

    def writes_meanwhile() -> bool:
        asked.append(1)
        sql(ledger, "INSERT INTO notes VALUES ('later')")
        return len(asked) > 50

    copy = backup(ledger, tmp_path / "copy.db", is_stopped=writes_meanwhile)

    assert notes(copy) == ["first"]
