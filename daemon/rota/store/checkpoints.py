"""Takes the write-ahead log over into the ledger beside the writer, which else would stop for it.

SQLite does it by itself at every thousandth page, inside of the commit that fills it, and on a busy disk that
takes a hundred milliseconds. Here a thread of its own does most of it while the writer goes on. Only when the
log has grown all the same, since there was always a new page at its end, the writer does what little is left;
then it begins the log anew.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from threading import Event, Thread

EVERY = 0.25  # seconds in which pages gather
LARGE = 4000  # pages, 16 MB: from then on the log is to begin anew
FEW = 100  # pages that the writer may have added meanwhile, for it to take over the rest
HUGE = 8  # times that: then it does so, however much it is
_TAKE_OVER = "PRAGMA wal_checkpoint(PASSIVE)"


class Checkpoints:
    """`note` after each commit; `is_wanted` says that the writer should `finish` before its next one."""

    def __init__(self, path: Path) -> None:
        self.is_wanted = False
        self._place = f"{path.absolute().as_uri()}?mode=rw"  # never made anew where it was taken away
        self._enough = LARGE
        self._written, self._over = Event(), Event()
        self._thread = Thread(target=self._run, name="rota-ledger-checkpoints", daemon=True)
        self._thread.start()

    def note(self) -> None:
        """Something was committed."""
        self._written.set()

    def finish(self, connection: sqlite3.Connection) -> None:
        """Take over what is left, on the writer's connection, outside of a transaction. Never raises."""
        self.is_wanted = False
        try:
            _, pages, taken = connection.execute(_TAKE_OVER).fetchone()
        except sqlite3.Error:
            return  # as below
        if taken == pages:
            self._enough = LARGE

    def close(self) -> None:
        """Let go of the file."""
        self._over.set()
        self._written.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._over.is_set():
            self._written.wait()
            self._over.wait(EVERY)
            self._written.clear()
            if not self._over.is_set():
                self._take_over()

    def _take_over(self) -> None:
        try:
            # A connection for each: one that stays would keep a file open that somebody exchanged.
            with closing(sqlite3.connect(self._place, uri=True, isolation_level=None)) as connection:
                pages = self._pages(connection)
                # Once more, for what came in that time: how much that is tells how much would be left.
                added = self._pages(connection) - pages if pages >= self._enough else 0
        except sqlite3.Error:
            return  # a full disk, say: the log waits, and who writes next says what is wrong
        if pages < LARGE:
            self._enough = LARGE
        elif pages >= self._enough and (added <= FEW or pages >= HUGE * LARGE):
            self._enough = 2 * pages  # a backup that reads for long keeps the log: not again at once
            self.is_wanted = True

    def _pages(self, connection: sqlite3.Connection) -> int:
        """How many there are in the log, after as many as can be were taken over."""
        return int(connection.execute(_TAKE_OVER).fetchone()[1])
