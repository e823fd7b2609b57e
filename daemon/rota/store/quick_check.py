"""A look at the ledger that ends when it is told to, also while a daemon writes."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

from rota.core.errors import UsageError

_OFTEN = 10_000  # steps of SQLite between two questions whether that is enough


def quick_check(ledger: Path, is_over: Callable[[], bool]) -> Sequence[str]:
    """What is wrong with it, as far as was seen before that. Raises UsageError when it can't be read."""
    try:
        with closing(sqlite3.connect(f"file:{quote(str(ledger))}?mode=ro", uri=True)) as connection:
            connection.set_progress_handler(is_over, _OFTEN)
            found = [str(row[0]) for row in connection.execute("PRAGMA quick_check(1)")]
    except sqlite3.DatabaseError as error:
        if is_over():
            return ()
        if "unable to open" in str(error) or "readonly" in str(error):
            raise UsageError(f"{ledger} can't be read: run this as the user that rota runs as") from error
        return [str(error)]
    return [line for line in found if line != "ok"]
