"""Parents and children: what a batch has to do, and how far it is. Each function runs in one transaction."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, and_, bindparam, delete, func, insert, select

from rota.core.batch import DONE, Chunk, Known
from rota.core.run import RunState, parse_run_id
from rota.store.queries import read_open_children
from rota.store.tables import chunks, runs

_DONE = tuple(state.value for state in DONE)
_ADD = insert(chunks)
_DELETE = delete(chunks).where(
    chunks.c.job == bindparam("of_job"),
    chunks.c.number == bindparam("of_number"),
    chunks.c.position >= bindparam("first"),
)
_OF_PARENT = and_(
    chunks.c.job == bindparam("of_job"),
    chunks.c.number == bindparam("of_number"),
    chunks.c.position > bindparam("after"),
)
_CHILD = and_(runs.c.job == bindparam("series"), runs.c.number == chunks.c.position)
_ALL = (
    select(chunks.c.position, chunks.c["items"])
    .where(_OF_PARENT)
    .order_by(chunks.c.position)
    .limit(bindparam("most"))
)
_UNDONE = (
    select(chunks.c.position, chunks.c["items"])
    .select_from(chunks.outerjoin(runs, _CHILD))
    .where(_OF_PARENT, func.coalesce(runs.c.state, "").not_in(_DONE))
    .order_by(chunks.c.position)
    .limit(bindparam("most"))
)


def save(connection: Connection, parent: str, first: int, found: Sequence[Chunk]) -> None:
    """Write chunks from place `first` on; what was there from there on goes."""
    job, number = parse_run_id(parent)
    connection.execute(_DELETE, {"of_job": job, "of_number": number, "first": first})
    rows = [
        {"job": job, "number": number, "position": chunk.place, "items": list(chunk.items)} for chunk in found
    ]
    if rows:
        connection.execute(_ADD, rows)


def read(connection: Connection, parent: str, after: int, most: int, *, undone: bool) -> list[Chunk]:
    """Chunks behind that place, in order; `undone`: only those whose child has not completed."""
    job, number = parse_run_id(parent)
    values = {"of_job": job, "of_number": number, "after": after, "most": most}
    if undone:
        values["series"] = parent
    found = connection.execute(_UNDONE if undone else _ALL, values)
    return [Chunk(place=row.position, items=tuple(row.items)) for row in found]


def read_known(connection: Connection, parent: str) -> Known:
    """See `core.seams.Store.known_children`."""
    job, number = parse_run_id(parent)
    states = select(runs.c.state, func.count()).where(runs.c.job == parent).group_by(runs.c.state)
    total = select(func.count()).where(chunks.c.job == job, chunks.c.number == number)
    begun = select(func.max(runs.c.number)).where(runs.c.job == parent)
    return Known(
        open=read_open_children(connection, parent),
        states={RunState(state): count for state, count in connection.execute(states)},
        begun=connection.scalar(begun) or 0,
        chunks=connection.scalar(total) or 0,
    )
