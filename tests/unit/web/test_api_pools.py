"""How full the room is, as programs read it."""

from __future__ import annotations

from dataclasses import replace

from fakes.web import WebWorld, a_client
from rota.core.room import Claim, Room
from rota.core.run import Reason, RunState


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


async def test_a_run_in_line_says_what_it_waits_for_now() -> None:
    world = WebWorld()
    run = await world.begin("backup")
    world.board.record(replace(run, state=RunState.PENDING, reason=Reason.QUEUED, message="old words"))
    world.board.room = Room({"db": 1})
    world.board.room.hold(Claim(job="a", number=1, since=0, pool="db"))
    world.board.room.wait(Claim(job="backup", number=run.number, since=0, pool="db"))
    client = await a_client(world)

    answer = await (await client.get(f"/api/v1/runs/{run.id}")).json()
    await client.close()

    assert answer["message"] == "waits for the pool db: 1 of 1 places taken by a.1"
