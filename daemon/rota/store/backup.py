"""Checking, copying and bringing back a ledger: files only, usable without a daemon and beside a running
one.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import datetime
from pathlib import Path

from rota.core.errors import StoreDamaged, Unavailable, UsageError
from rota.store.schema import refuse_newer

IsStopped = Callable[[], bool]

_PREFIX = "ledger-"
_OFTEN = 100_000  # instructions of SQLite between two questions whether to go on: some milliseconds
_PAGES = 2048  # copied between two such questions
_STOPPED = Unavailable("It was stopped before its end.")


def ledger_path(state: Path) -> Path:
    """Where the ledger lies in a state directory."""
    return state / "ledger.db"


def backup_folder(ledger: Path) -> Path:
    """Where the daemon keeps its own backups of that ledger."""
    return ledger.parent / "backups"


def check(ledger: Path, *, limit: int = 100, is_stopped: IsStopped = lambda: False) -> list[str]:
    """Everything wrong with that ledger, one sentence each; empty when it is sound.

    Reads the whole file. Raises Unavailable when it is stopped meanwhile, UsageError when there is no such
    file, when whoever asks may not read it, or when a newer rota wrote it.
    """
    _require(ledger)
    try:
        with closing(_open(ledger)) as connection:
            connection.set_progress_handler(is_stopped, _OFTEN)
            found = [str(row[0]) for row in connection.execute(f"PRAGMA integrity_check({limit:d})")]
            orphans = connection.execute("PRAGMA foreign_key_check").fetchmany(limit)
            refuse_newer(_version(connection), ledger)
    except sqlite3.DatabaseError as error:
        if is_stopped():
            raise _STOPPED from error
        return [str(error)]
    return [line for line in found if line != "ok"] + [
        f"row {row[1]} of {row[0]} belongs to a row of {row[2]} that is gone" for row in orphans
    ]


def backup(ledger: Path, target: Path, *, is_stopped: IsStopped = lambda: False) -> Path:
    """Copy the ledger as it is at this moment to `target`, by SQLite's online backup; writers go on
    meanwhile.

    The copy is complete when it appears under its name. Raises UsageError when there is no ledger or
    `target` is it, StoreDamaged when it can't be read, Unavailable when the copy can't be written or is
    stopped.
    """
    _require(ledger)
    if target.exists() and target.samefile(ledger):
        raise UsageError(f"{target} is the ledger itself: name another file.")
    unfinished = target.with_name(f".{target.name}.part")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        unfinished.unlink(missing_ok=True)
        _copy(ledger, unfinished, is_stopped)
        unfinished.replace(target)
        _sync_folder(target.parent)
    except Unavailable:
        unfinished.unlink(missing_ok=True)
        raise
    except sqlite3.DatabaseError as error:
        unfinished.unlink(missing_ok=True)
        raise _named(error, ledger, target) from error
    except OSError as error:
        raise Unavailable(f"The backup {target} can't be written: {error.strerror}.") from error
    return target


def restore(source: Path, ledger: Path, *, at: datetime) -> Path | None:
    """Put the backup `source` in the place of the ledger. No daemon may run on it.

    Answers where the ledger that was there has been moved, or None. Raises UsageError when `source` is
    missing or of a newer rota, StoreDamaged when it is not sound.
    """
    problems = check(source, limit=1)
    if problems:
        raise StoreDamaged(f"The backup {source} is not sound itself: {problems[0]}. Take an older one.")
    ledger.parent.mkdir(parents=True, exist_ok=True)
    fresh = ledger.with_name(f".{ledger.name}.restored")
    fresh.unlink(missing_ok=True)
    _copy(source, fresh)
    old = _set_aside(ledger, at)
    fresh.replace(ledger)
    _sync_folder(ledger.parent)
    return old


def daily_path(ledger: Path, at: datetime) -> Path:
    """The name of that day's backup."""
    return backup_folder(ledger) / f"{_PREFIX}{at:%Y-%m-%d}.db"


def daily_backup(
    ledger: Path, *, at: datetime, keep: int = 7, is_stopped: IsStopped = lambda: False
) -> Path | None:
    """Take the backup of that day (UTC) unless it is there, and drop all but the newest `keep` of such
    backups.
    """
    target = daily_path(ledger, at)
    taken = None if target.exists() else backup(ledger, target, is_stopped=is_stopped)
    for old in sorted(target.parent.glob(f"{_PREFIX}????-??-??.db"))[:-keep]:
        old.unlink(missing_ok=True)
    return taken


def _require(ledger: Path) -> None:
    """Raises UsageError: what can't be read by this user is not damaged."""
    try:
        is_there = ledger.is_file()
    except OSError as error:
        raise UsageError(f"The ledger {ledger} can't be read: {error.strerror}.") from error
    if not is_there:
        raise UsageError(f"There is no ledger {ledger}.")
    # Not by opening it: closing a file drops the locks that this process holds on it.
    if not os.access(ledger, os.R_OK):
        raise UsageError(f"The ledger {ledger} can't be read: Permission denied.")


def _open(path: Path, *, mode: str = "rw") -> sqlite3.Connection:
    # Not `ro`: a ledger whose daemon was killed has a WAL, and reading that needs its index made again.
    return sqlite3.connect(f"{path.resolve().as_uri()}?mode={mode}", uri=True, timeout=10)


def _copy(source: Path, target: Path, is_stopped: IsStopped = lambda: False) -> None:
    def go_on(_status: int, _remaining: int, _total: int) -> None:
        if is_stopped():
            raise _STOPPED

    os.close(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
    with closing(_open(source)) as reading, closing(_open(target)) as writing:
        reading.execute("BEGIN")  # or it would begin anew with every write of another connection
        reading.execute("SELECT 1 FROM sqlite_master").fetchone()
        reading.backup(writing, pages=_PAGES, progress=go_on)
        writing.execute("PRAGMA journal_mode=DELETE")  # one file, without companions
    with target.open("rb") as copied:
        os.fsync(copied.fileno())


def _version(connection: sqlite3.Connection) -> int:
    named = connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'alembic_version'").fetchone()
    if named is None:
        raise sqlite3.DatabaseError("it is a database, but not one of rota's ledgers")
    row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    return int(row[0]) if row else 0


def _set_aside(ledger: Path, at: datetime) -> Path | None:
    """Move the ledger and its companions out of the way; a WAL of the old one must never meet the new one."""
    if not ledger.exists():
        return None
    stem = f"{ledger.name}.before-restore-{at:%Y%m%dT%H%M%S}"
    for suffix in ("-wal", "-shm"):
        companion = ledger.with_name(ledger.name + suffix)
        if companion.exists():
            companion.replace(ledger.with_name(stem + suffix))
    return ledger.replace(ledger.with_name(stem))


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _named(error: sqlite3.DatabaseError, ledger: Path, target: Path) -> StoreDamaged | Unavailable:
    if isinstance(error, sqlite3.OperationalError):
        return Unavailable(f"The backup {target} can't be taken: {error}.")
    return StoreDamaged(f"The ledger {ledger} can't be copied: {error}. See `rota store check`.")
