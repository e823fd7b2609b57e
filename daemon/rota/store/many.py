"""One statement for many rows, compiled once: what the writer does a thousand times a second."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import ClauseElement, Connection, Dialect

from rota.store.rows import Row

_Prepare = Callable[[Any], Any]


def execute_many(
    connection: Connection, statement: ClauseElement, columns: tuple[str, ...], rows: Sequence[Row]
) -> None:
    """Execute it for each row. Every row has those columns, in that order.

    The same as `connection.execute(statement, rows)` without compiling and checking each row anew.
    """
    text, places = _compiled(statement, columns, connection.dialect)
    content = [
        tuple(
            row.get(name, default) if prepare is None else prepare(row.get(name, default))
            for name, prepare, default in places
        )
        for row in rows
    ]
    connection.exec_driver_sql(text, content)


@lru_cache(maxsize=256)
def _compiled(
    statement: ClauseElement, columns: tuple[str, ...], dialect: Dialect
) -> tuple[str, Sequence[tuple[str, _Prepare | None, Any]]]:
    """The text, and for each of its placeholders: the column, its driver's value, its default."""
    compiled: Any = statement.compile(dialect=dialect, column_keys=list(columns))
    if compiled.positiontup is None:
        raise AssertionError(f"{dialect.name}: its driver takes values by name, this takes them by position")
    defaults = {column.key: column.default.arg for column in compiled.insert_prefetch}
    places = []
    for name in compiled.positiontup:
        kind = compiled.binds[name].type.dialect_impl(dialect)
        places.append((name, kind.bind_processor(dialect), defaults.get(name)))
    return str(compiled), places
