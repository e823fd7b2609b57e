"""Definitions that no run and no job refers to any more go."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from sqlalchemy import Connection, delete, select, text

from rota.store.ledger import Ledger
from rota.store.pace import Pace
from rota.store.tables import definitions, jobs

_SLICE = 5000  # rows in one read
_LAST = {table: text(f"SELECT max(rowid) FROM {table}") for table in ("runs", "attempts")}
_USED = {
    table: text(f"SELECT DISTINCT definition FROM {table} WHERE rowid >= :begin AND rowid < :end")
    for table in ("runs", "attempts")
}


async def prune(ledger: Ledger, pace: Pace) -> int:
    """How many went. Reads runs from the oldest on for as long as one is left that nobody seems to need.

    What has been saved since the ledger was opened stays: a job or a run may be about to refer to it.
    """
    unused = await ledger.read(_not_in_force) - ledger.saved_definitions
    for table in _USED:
        last = await ledger.read(_last(table)) if unused else 0
        for begin in range(0, last + 1, _SLICE):
            if unused:
                unused -= await ledger.read(_used(table, begin))
    pace.begin()
    for step in pace.steps(sorted(unused)):
        await pace.write(_deleting(ledger, step), len(step))
    return len(unused)


def _not_in_force(connection: Connection) -> set[str]:
    return set(connection.scalars(select(definitions.c.hash))) - set(
        connection.scalars(select(jobs.c.definition))
    )


def _last(table: str) -> Callable[[Connection], int]:
    return lambda connection: int(connection.scalar(_LAST[table]) or 0)


def _used(table: str, begin: int) -> Callable[[Connection], set[str]]:
    values = {"begin": begin, "end": begin + _SLICE}
    return lambda connection: set(connection.scalars(_USED[table], values))


def _deleting(ledger: Ledger, hashes: Sequence[str]) -> Callable[[Connection], None]:
    def work(connection: Connection) -> None:
        still = [hash_ for hash_ in hashes if hash_ not in ledger.saved_definitions]
        connection.execute(delete(definitions).where(definitions.c.hash.in_(still)))

    return work
