"""The one writer: a thread that commits everything queued as one transaction, and tells each caller.

A hundred callers that wait share one fsync. Each piece is a function of the connection that may run twice:
when one of a transaction fails, all are done again, each in a savepoint of its own, so only the culprit is
refused.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError

from rota.core.errors import Unavailable
from rota.store.checkpoints import Checkpoints
from rota.store.database import explain, moved

T = TypeVar("T")

Work = Callable[[Connection], T]

_MOST = 1000  # pieces in one transaction: bounds how long the first of them waits


@dataclass(slots=True)
class _Piece:
    work: Work[Any]
    future: asyncio.Future[Any]
    loop: asyncio.AbstractEventLoop
    result: Any = None
    error: BaseException | None = None


class Writer:
    """Owns the only connection that writes. Call its methods from the event loop's thread."""

    def __init__(self, engine: Engine, path: Path, *, finish: Work[None], forget: Callable[[], None]) -> None:
        """`finish` writes what the pieces of a transaction left waiting, before its commit.

        `forget` drops what they remember between transactions; called when one was rolled back.
        """
        self.transactions = 0  # begun so far
        self.is_busy = False  # with one of them
        self._engine = engine
        self._checkpoints = Checkpoints(path)
        self._path = path
        self._file = _identity(path)
        self._finish = finish
        self._forget = forget
        self._fresh: list[_Piece] = []  # asked for in this turn of the loop
        self._queue: SimpleQueue[list[_Piece] | None] = SimpleQueue()
        self._thread = Thread(target=self._run, name="rota-ledger-writer", daemon=True)
        self._closed = False
        self._thread.start()

    async def write(self, work: Work[T]) -> T:
        """The result of `work(connection)`, once it is on the disk.

        Raises Unavailable or StoreDamaged when it can't be, and what `work` itself raises.
        """
        if self._closed:
            raise Unavailable("The ledger is closed: the daemon is ending.")
        loop = asyncio.get_running_loop()
        piece = _Piece(work, loop.create_future(), loop)
        # What is asked for in one turn of the loop goes over together: one transaction, and the two threads
        # do not take turns for each piece.
        if not self._fresh:
            loop.call_soon(self._hand_over)
        self._fresh.append(piece)
        # A caller that is cancelled stops waiting; what it asked for is still written.
        result: T = await piece.future
        return result

    async def close(self) -> None:
        """Finish what is queued, then end."""
        if not self._closed:
            self._closed = True
            self._hand_over()
            self._queue.put(None)
        await asyncio.get_running_loop().run_in_executor(None, self._thread.join)

    def _hand_over(self) -> None:
        pieces, self._fresh = self._fresh, []
        for start in range(0, len(pieces), _MOST):
            self._queue.put(pieces[start : start + _MOST])

    def _run(self) -> None:
        going_on = True
        while going_on:
            batch, going_on = self._collect()
            if batch:
                self.transactions += 1
                self.is_busy = True
                if self._checkpoints.is_wanted:
                    self._begin_log_anew()
                self._commit(batch)
                self._checkpoints.note()
                self.is_busy = False
                _tell(batch)
        self._checkpoints.close()
        self._engine.dispose()

    def _begin_log_anew(self) -> None:
        pooled = self._engine.raw_connection()
        try:
            self._checkpoints.finish(pooled.driver_connection)  # type: ignore[arg-type]
        finally:
            pooled.close()

    def _collect(self) -> tuple[list[_Piece], bool]:
        batch: list[_Piece] = []
        entry = self._queue.get()
        while entry is not None:
            batch += entry
            if len(batch) >= _MOST:
                return batch, True
            try:
                entry = self._queue.get_nowait()
            except Empty:
                return batch, True
        return batch, False

    def _commit(self, batch: Sequence[_Piece]) -> None:
        has_begun = False
        try:
            with self._begin() as connection:
                has_begun = True
                for piece in batch:
                    piece.result = piece.work(connection)
                self._finish(connection)
        except BaseException as error:
            self._forget()
            if has_begun and len(batch) > 1:
                self._apart(batch)
            else:  # what can't even begin is nobody's fault, and to try again would wait for the lock again
                for piece in batch:
                    piece.error = self._named(error)

    def _begin(self) -> AbstractContextManager[Connection]:
        """Raises Unavailable when the file is not in its place: what goes into it would be seen by nobody."""
        if _identity(self._path) != self._file:
            raise Unavailable(moved(self._path))
        return self._engine.begin()

    def _apart(self, batch: Sequence[_Piece]) -> None:
        try:
            with self._begin() as connection:
                for piece in batch:
                    self._try(piece, connection)
        except BaseException as error:  # of the transaction itself: nobody's piece is on the disk
            self._forget()
            for piece in batch:
                piece.error = piece.error or self._named(error)

    def _try(self, piece: _Piece, connection: Connection) -> None:
        try:
            with connection.begin_nested():
                piece.result = piece.work(connection)
                self._finish(connection)
        except Exception as error:
            self._forget()
            piece.error = self._named(error)
            if not _in_transaction(connection):  # SQLite gives up the whole of it when the disk is full
                raise

    def _named(self, error: BaseException) -> BaseException:
        return explain(error, self._path) if isinstance(error, DBAPIError) else error


def _identity(path: Path) -> tuple[int, int] | None:
    """Which file lies there."""
    try:
        status = os.stat(path)  # noqa: PTH116  once for each transaction
    except OSError:
        return None
    return status.st_dev, status.st_ino


def _in_transaction(connection: Connection) -> bool:
    driver = connection.connection.driver_connection
    return bool(driver is not None and driver.in_transaction)


def _tell(batch: Sequence[_Piece]) -> None:
    """One wake-up for each loop, not one for each piece."""
    for loop in {piece.loop for piece in batch}:
        own = [piece for piece in batch if piece.loop is loop]
        if not loop.is_closed():
            loop.call_soon_threadsafe(_resolve, own)


def _resolve(pieces: Sequence[_Piece]) -> None:
    for piece in pieces:
        if piece.future.done():
            continue
        if piece.error is not None:
            piece.future.set_exception(piece.error)
        else:
            piece.future.set_result(piece.result)
