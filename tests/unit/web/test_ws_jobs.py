from __future__ import annotations

import json

import pytest
from aiohttp import ClientWebSocketResponse, WSServerHandshakeError

from fakes.jobs import a_job
from fakes.web import Client, WebWorld
from rota.core.run import Progress, RunState, Step, StepState
from rota.web.ws_jobs import FOLLOWERS


async def follow(client: Client, job: str = "backup") -> ClientWebSocketResponse:
    origin = str(client.make_url("/")).rstrip("/")
    return await client.ws_connect(f"/ws/jobs/{job}", headers={"Origin": origin})


async def test_every_event_of_the_job_is_told(world: WebWorld, client: Client) -> None:
    socket = await follow(client)
    run = await world.begin(steps=(Step(key="dump", state=StepState.RUNNING),))
    moved = world.progress(run, progress=Progress(current=2, total=3, text="users"))
    await world.finish(moved, RunState.COMPLETED, steps=())

    events = [await socket.receive_json() for _ in range(3)]
    await socket.close()

    assert [event["status"] for event in events] == ["running", "running", "completed"]
    assert events[1] == events[0] | {"current": 2, "total": 3, "percent": 66, "text": "users"}
    assert (events[0]["job"], events[0]["run"], events[0]["step"]) == ("backup", "backup.1", "dump")


async def test_who_comes_late_hears_where_the_run_is(world: WebWorld, client: Client) -> None:
    world.progress(await world.begin(), progress=Progress(current=1, total=0))

    socket = await follow(client)
    event = await socket.receive_json()
    await socket.close()

    assert (event["current"], event["percent"]) == (1, 0)


async def test_other_jobs_are_not_heard(world: WebWorld, client: Client) -> None:
    world.load(a_job("backup"), a_job("other"))
    socket = await follow(client, "other")
    await world.begin("backup")
    await world.begin("other")

    event = await socket.receive_json()
    await socket.close()

    assert event["job"] == "other"


async def test_many_can_follow_and_one_may_vanish(world: WebWorld, client: Client) -> None:
    sockets = [await follow(client) for _ in range(5)]
    sockets[0]._response.close()
    await world.begin()

    heard = [(await socket.receive_json())["run"] for socket in sockets[1:]]
    for socket in sockets[1:]:
        await socket.close()

    assert heard == ["backup.1"] * 4


async def test_ping_is_answered(client: Client) -> None:
    socket = await follow(client)
    await socket.send_str("ping")
    plain = await socket.receive_str()
    await socket.send_json({"t": "ping", "n": 7})
    framed = json.loads(await socket.receive_str())
    await socket.send_str("{nonsense")
    await socket.send_str("[" * 4000)
    await socket.send_str("ping")
    after = await socket.receive_str()
    await socket.close()

    assert (plain, framed["t"], framed["n"], after) == ("pong", "pong", 7, "pong")


async def test_a_job_that_is_not_there_is_refused(client: Client) -> None:
    with pytest.raises(WSServerHandshakeError) as refused:
        await follow(client, "nothing")

    assert refused.value.status == 404


async def test_the_daemons_end_is_told(client: Client) -> None:
    socket = await follow(client)
    client.app[FOLLOWERS].stop()
    await socket.receive()

    assert socket.close_code == 1012
