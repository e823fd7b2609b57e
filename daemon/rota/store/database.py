"""Connections to the ledger's file, and what its errors mean for people."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, create_engine, event
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import QueuePool

from rota.core.errors import RotaError, StoreDamaged, Unavailable

_BUSY_SECONDS = 5.0  # another program may hold the lock for a moment: sqlite3 in a shell, a backup tool
_WAL_KEPT = 64 * 2**20  # bytes that the write-ahead log keeps when a backup or a long read has made it larger
_TO_JSON = json.JSONEncoder(separators=(",", ":")).encode
_DECODE = json.JSONDecoder().raw_decode
_DAMAGED = ("malformed", "not a database", "file is encrypted", "disk image")


def open_engine(path: Path, *, writes: bool = False, connections: int = 1) -> Engine:
    """An engine on that file. A writing one makes it when it is missing, readable for its owner only.

    Raises Unavailable when it can't be made.
    """
    if writes:
        _make(path)
    engine = create_engine(
        f"sqlite:///{path}",
        poolclass=QueuePool,
        pool_size=connections,
        max_overflow=0,
        connect_args={"timeout": _BUSY_SECONDS, "check_same_thread": False},
        json_serializer=_TO_JSON,
        json_deserializer=_from_json,
    )
    event.listen(engine, "connect", _set_up_writer if writes else _set_up_reader)
    event.listen(engine, "begin", _begin_writing if writes else _begin_reading)
    return engine


@contextmanager
def named_errors(path: Path) -> Iterator[None]:
    """Turns what the database raises into Unavailable or StoreDamaged, with what to do about it."""
    try:
        yield
    except DBAPIError as error:
        raise explain(error, path) from error


def explain(error: DBAPIError, path: Path) -> RotaError:
    """The error of ours for one of the database."""
    cause = str(error.orig)
    if any(word in cause for word in _DAMAGED):
        return damaged(path, cause)
    if "disk is full" in cause:
        return Unavailable(
            f"The ledger {path} can't be written: the disk is full. Make room; work goes on by itself."
        )
    if "readonly" in cause:
        return Unavailable(
            f"The ledger {path} can't be written: its file system is read-only, or the file is. "
            "Make it writable, and restart the daemon if work does not go on by itself."
        )
    if "I/O error" in cause:
        return Unavailable(
            f"The ledger {path} can't be read or written: its disk fails, or has turned read-only ({cause}). "
            "Mend the disk, and restart the daemon."
        )
    if "locked" in cause:
        return Unavailable(f"The ledger {path} is locked by another program. End it; work goes on by itself.")
    return Unavailable(f"The ledger {path} can't be used: {cause}.")


def damaged(path: Path, cause: str) -> StoreDamaged:
    """The error for a ledger that can't be read, with the way out."""
    message = (
        f"The ledger {path} is damaged: {cause}. See what is wrong with `rota store check`; "
        f"bring back a backup (beside it, in {path.parent / 'backups'}) with `rota store restore FILE`."
    )
    return StoreDamaged(message, cause=cause)


def moved(path: Path) -> str:
    """What to do about a ledger that is not where it was when it was opened."""
    return (
        f"The ledger {path} was moved, removed or exchanged while the daemon runs. "
        "Put it back, and work goes on by itself; or restart the daemon to go on with what lies there."
    )


def _from_json(text: str) -> Any:
    """As `json.loads`, which spends most of its time around short texts; a page of runs has thousands."""
    try:
        value, end = _DECODE(text)
    except ValueError:
        end = -1  # blanks before it, if it is not damaged
    return value if end == len(text) else json.loads(text)


def _make(path: Path) -> None:
    try:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
    except OSError as error:
        raise Unavailable(f"The ledger {path} can't be opened: {error.strerror}.") from error


def _set_up_writer(connection: Any, _record: object) -> None:
    # The first counts for a new file only, see `store.vacuum`.
    _set_up(connection, "PRAGMA auto_vacuum=INCREMENTAL")
    _set_up(
        connection,
        "PRAGMA journal_mode=WAL",
        "PRAGMA synchronous=FULL",
        f"PRAGMA journal_size_limit={_WAL_KEPT}",
        "PRAGMA wal_autocheckpoint=0",  # see `store.checkpoints`
        "PRAGMA foreign_keys=ON",
    )


def _set_up_reader(connection: Any, _record: object) -> None:
    _set_up(connection, "PRAGMA query_only=ON")


def _set_up(connection: Any, *statements: str) -> None:
    # The driver must not begin transactions by itself: it begins them too late for DDL and savepoints.
    connection.isolation_level = None
    cursor = connection.cursor()
    for statement in statements:
        cursor.execute(statement)
    cursor.close()


def _begin_writing(connection: Any) -> None:
    # At once, so that a lock shows here and not in the middle.
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def _begin_reading(connection: Any) -> None:
    connection.exec_driver_sql("BEGIN")
