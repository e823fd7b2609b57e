"""What a transaction will write, gathered so that a hundred small changes become a few statements of many
rows.
"""

from __future__ import annotations

from enum import IntEnum

from sqlalchemy import ClauseElement, Connection

from rota.store.many import execute_many
from rota.store.rows import Row

Key = tuple[str, int]  # job and number of a run


class Order(IntEnum):
    """Statements go out in this order: what is referred to before what refers to it."""

    ADD_JOB = 0
    ADD_RUN = 1
    CHANGE_RUN = 2
    ADD_ATTEMPT = 3
    CHANGE_ATTEMPT = 4
    CHANGE_JOB = 5
    ADD_HISTORY = 6
    CHANGE_HISTORY = 7


class Outbox:
    """Rows wait here until `flush`. Within one order they may go out in any sequence, so a run is touched
    once.
    """

    def __init__(self) -> None:
        self._waiting: dict[tuple[int, tuple[str, ...]], tuple[ClauseElement, list[Row]]] = {}
        self._touched: set[Key] = set()

    def put(self, order: Order, statement: ClauseElement, row: Row) -> None:
        """One execution of that statement; all of one order are the same but for the columns they name."""
        group = self._waiting.setdefault((order, tuple(row)), (statement, []))
        group[1].append(row)

    def touch(self, connection: Connection, key: Key) -> None:
        """Say that rows of this run follow; what waits for it already goes out first."""
        if key in self._touched:
            self.flush(connection)
        self._touched.add(key)

    def flush(self, connection: Connection) -> None:
        """Write everything that waits."""
        waiting = sorted(self._waiting.items(), key=lambda entry: entry[0][0])
        self.clear()
        for (_, columns), (statement, rows) in waiting:
            execute_many(connection, statement, columns, rows)

    def clear(self) -> None:
        """Forget everything that waits: its transaction was rolled back."""
        self._waiting = {}
        self._touched = set()
