"""How full the room is, as programs read it."""

from __future__ import annotations

from fakes.web import WebWorld, a_client
from rota.core.room import Claim, Room


async def test_pools_tell_their_places_and_who_waits() -> None:
    world = WebWorld()
    world.board.room = Room({"db": 2}, max_running=16)
    world.board.room.hold(Claim(job="a", number=1, since=0, pool="db", weight=2))
    world.board.room.wait(Claim(job="b", number=4, since=0, pool="db"))
    client = await a_client(world)

    answer = await (await client.get("/api/v1/pools")).json()
    await client.close()

    assert answer == {
        "maxRunning": 16,
        "running": 1,
        "waiting": 1,
        "pools": [{"name": "db", "size": 2, "taken": 2, "runs": ["a.1"], "waiting": ["b.4"]}],
    }
