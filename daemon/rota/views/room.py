"""How full the room is: pools with their places, and all runs together."""

from __future__ import annotations

from rota.core.room import PoolUse, Room
from rota.core.words import counted
from rota.views.facts import Fact, key_value
from rota_catalog.tree import Node, clip

SHOWN = 50  # pools
_NAMED = 5  # runs that a row names


def room_section(room: Room) -> list[Node]:
    """Nothing where no pool is named and nobody waits: then there is room for all."""
    rows = [_pool(use) for use in room.pool_uses()[:SHOWN]]
    if room.max_running is not None and (rows or room.waiting):
        rows.insert(0, _all_runs(room, room.max_running))
    if not rows:
        return []
    props = {"title": "Room"}
    return [Node(type="Section", id="room", props=props, children=[key_value("room.pools", rows)])]


def _all_runs(room: Room, limit: int) -> Fact:
    waiting = f"; {counted(room.waiting, 'run')} in line" if room.waiting else ""
    return {"key": "All runs", "value": f"{room.running} of {limit} at once{waiting}"}


def _pool(use: PoolUse) -> Fact:
    row: dict[str, object] = {
        "key": clip(f"Pool {use.name}", 100),
        "value": f"{use.taken} of {counted(use.size, 'place')} taken",
    }
    told = [f"by {_some(use.runs)}"] if use.runs else []
    told += [f"waiting: {_some(use.waiting)}"] if use.waiting else []
    return row | ({"note": clip("; ".join(told), 300)} if told else {})


def _some(runs: tuple[str, ...]) -> str:
    more = len(runs) - _NAMED
    return ", ".join(runs[:_NAMED]) + (f" and {more} more" if more > 0 else "")
