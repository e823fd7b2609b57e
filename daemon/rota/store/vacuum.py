"""Room that deleted runs leave in the file goes back to the disk, when it is much.

A ledger that was made before schema 3 keeps its size; it uses that room for new runs.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from sqlalchemy import Connection, text

from rota.store.ledger import Ledger
from rota.store.pace import Pace

_ENOUGH = 4096  # pages, 16 MiB: free ones that new runs will use soon
_SHARE = 8  # and an eighth of the file
_INCREMENTAL = 2


async def give_back(ledger: Ledger, pace: Pace) -> int:
    """Pages by which the file is smaller now."""
    first = pages = await ledger.read(_surplus)
    pace.begin()
    while pages > 0:
        step = min(pages, pace.rows)
        await pace.write(partial(_shrink, pages=step), step)
        pages -= step
    return first


def _surplus(connection: Connection) -> int:
    if _pragma(connection, "auto_vacuum") != _INCREMENTAL:
        return 0
    free = _pragma(connection, "freelist_count")
    enough = max(_ENOUGH, _pragma(connection, "page_count") // _SHARE)
    return free - enough // 2 if free > enough else 0


def _pragma(connection: Connection, name: str) -> int:
    return int(connection.execute(text(f"PRAGMA {name}")).scalar_one())


def _shrink(connection: Connection, pages: int) -> None:
    driver: Any = connection.connection.driver_connection
    # One by one: asked for more it answers a row without columns for each, and the driver stops at the first.
    for _ in range(pages):
        driver.execute("PRAGMA incremental_vacuum(1)")
