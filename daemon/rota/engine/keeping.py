"""What is kept of each job: as the jobs in force say, and of others as their last definition said."""

from __future__ import annotations

from collections.abc import Callable

from rota.core.board import Board
from rota.core.model import Retention
from rota.core.retention import Kept


class Keeping:
    """Implements `store.retention.Rules`. `read` finds what a definition's text says of retention."""

    def __init__(self, board: Board, of_all: Kept, read: Callable[[str], Retention]) -> None:
        self._board = board
        self._read = read
        self.of_all = of_all

    def of_job(self, job: str) -> Kept | None:
        """None when that job is not in force."""
        entry = self._board.jobs.get(job)
        return None if entry is None else self.of_all.of(entry.spec)

    def of_definition(self, text: str) -> Kept:
        """Of a job that has only its last definition left."""
        return self.of_all.over(self._read(text))
