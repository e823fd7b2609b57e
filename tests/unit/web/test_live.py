"""The live protocol over a real socket, a fake clock and fakes behind it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import ClientWebSocketResponse

from fakes.clock import FakeClock
from fakes.jobs import a_job
from fakes.web import Client, WebWorld
from rota.core.run import Progress, RunState
from rota.web.frames import SUBPROTOCOL
from rota.web.hub import HUB, UNUSED
from rota.web.topic_names import OverviewTopic

Socket = ClientWebSocketResponse


@pytest.fixture
async def socket(client: Client) -> AsyncIterator[Socket]:
    opened = await a_socket(client)
    await greet(opened)
    yield opened
    await opened.close()


async def a_socket(client: Client) -> Socket:
    origin = str(client.make_url("/")).rstrip("/")
    return await client.ws_connect("/api/v1/live", headers={"Origin": origin}, protocols=(SUBPROTOCOL,))


async def greet(socket: Socket, **members: object) -> Any:
    await socket.send_json({"t": "hello", "v": 1, "client": "test"} | members)
    return await socket.receive_json()


async def ask(socket: Socket, **frame: object) -> Any:
    await socket.send_json(frame)
    return await socket.receive_json()


async def tree(client: Client, topic: str) -> Any:
    return (await (await client.get(f"/api/v1/trees/{topic}")).json())["tree"]


def position(document: Any) -> dict[str, object]:
    return {"epoch": document["epoch"], "seq": document["seq"]}


async def pass_time(world: WebWorld, seconds: float) -> None:
    assert isinstance(world.clock, FakeClock)
    await world.clock.advance(seconds)


async def test_hello_is_answered_with_what_is_spoken_here(client: Client) -> None:
    socket = await a_socket(client)
    hello = await greet(socket)
    await socket.close()

    assert (hello["t"], hello["v"], hello["tickMs"], hello["epoch"]) == ("hello", 1, 15000, "7f3a91c2")
    assert socket.protocol == SUBPROTOCOL


async def test_a_page_goes_on_from_where_it_was_rendered(
    client: Client, world: WebWorld, socket: Socket
) -> None:
    shown = await tree(client, "overview")
    await world.begin()

    frame = await ask(socket, t="sub", topic="overview", **{"from": position(shown)})

    assert (frame["t"], frame["base"]) == ("delta", shown["seq"])
    assert any(op["path"] == "/elements/running.backup.1" for op in frame["ops"])


async def test_a_page_that_missed_nothing_hears_ok(client: Client, socket: Socket) -> None:
    shown = await tree(client, "overview")

    frame = await ask(socket, t="sub", topic="overview", **{"from": position(shown)})

    assert frame == {"t": "ok", "topic": "overview"} | position(shown)


async def test_a_change_arrives_as_one_delta(client: Client, world: WebWorld, socket: Socket) -> None:
    await ask(socket, t="sub", topic="overview")
    await world.begin()

    frame = await socket.receive_json()

    assert frame["t"] == "delta"
    assert frame["seq"] == frame["base"] + 1
    state = next(op for op in frame["ops"] if op["path"] == "/elements/job.backup/props/state")
    assert state["value"] == "running"


async def test_changes_soon_after_another_come_together(
    client: Client, world: WebWorld, socket: Socket
) -> None:
    await ask(socket, t="sub", topic="overview")
    run = await world.begin()
    await socket.receive_json()
    for current in range(1, 6):
        world.progress(run, progress=Progress(current=current, total=10))
    await pass_time(world, 0.05)

    frame = await socket.receive_json()

    value = next(op for op in frame["ops"] if op["path"] == "/elements/running.backup.1/props/value")
    assert value["value"] == 0.5


async def test_a_position_of_another_daemon_is_not_trusted(socket: Socket) -> None:
    frame = await ask(socket, t="sub", topic="overview", **{"from": {"epoch": "00000000", "seq": 7}})

    assert frame["t"] == "reset"


async def test_a_position_from_the_future_is_not_trusted(client: Client, socket: Socket) -> None:
    shown = await tree(client, "overview")

    frame = await ask(socket, t="sub", topic="overview", **{"from": position(shown) | {"seq": 99}})

    assert frame["t"] == "reset"


async def test_topics_are_kept_apart(world: WebWorld, client: Client, socket: Socket) -> None:
    world.load(a_job("backup"), a_job("other"))
    await ask(socket, t="sub", topic="job/other")
    await world.begin("backup")
    await world.begin("other")

    frame = await socket.receive_json()

    assert frame["topic"] == "job/other"


async def test_nothing_comes_after_unsub(world: WebWorld, socket: Socket) -> None:
    await ask(socket, t="sub", topic="overview")
    await socket.send_json({"t": "unsub", "topic": "overview"})
    await ask(socket, t="ping", n=1)
    await world.begin()

    assert (await ask(socket, t="ping", n=2))["t"] == "pong"


async def test_a_topic_that_is_not_there_is_gone(socket: Socket) -> None:
    frame = await ask(socket, t="sub", topic="job/nothing")

    assert (frame["t"], frame["topic"]) == ("gone", "job/nothing")


async def test_a_job_that_leaves_the_files_is_gone(world: WebWorld, socket: Socket) -> None:
    await ask(socket, t="sub", topic="job/backup")
    world.load(a_job("other"))

    assert (await socket.receive_json())["t"] == "gone"


async def test_a_name_that_is_no_topic_is_an_error_and_the_connection_stays(socket: Socket) -> None:
    frame = await ask(socket, t="sub", topic="weather")

    assert (frame["t"], frame["code"]) == ("error", "topic")
    assert (await ask(socket, t="ping", n=1))["n"] == 1


async def test_more_topics_than_a_page_needs_are_refused(world: WebWorld, socket: Socket) -> None:
    for n in range(1, 21):
        await ask(socket, t="sub", topic=f"overview?page={n}")

    frame = await ask(socket, t="sub", topic="overview?page=21")

    assert frame["code"] == "too-many"


async def test_a_log_begins_with_its_last_lines_and_goes_on(world: WebWorld, socket: Socket) -> None:
    run = await world.begin()
    world.print(run, *(f"line {n}" for n in range(300)))

    backlog = await ask(socket, t="sub", topic="log/backup.1/main.1")
    world.print(run, "one more")
    more = await socket.receive_json()
    world.print(run, end=True)
    last = await socket.receive_json()

    assert (backlog["from"], len(backlog["lines"]), backlog["next"]) == (100, 200, 300)
    assert (more["from"], more["lines"][0]["text"], more["next"]) == (300, "one more", 301)
    assert (last["lines"], last["end"]) == ([], True)


async def test_a_log_goes_on_from_a_line(world: WebWorld, socket: Socket) -> None:
    run = await world.begin()
    world.print(run, *(f"line {n}" for n in range(2500)))

    first = await ask(socket, t="sub", topic="log/backup.1/main.1", **{"from": {"line": 10}})
    second = await socket.receive_json()
    third = await socket.receive_json()

    assert [first["from"], second["from"], third["from"]] == [10, 1010, 2010]
    assert third["next"] == 2500


async def test_a_log_of_no_attempt_is_gone(world: WebWorld, socket: Socket) -> None:
    await world.begin()

    assert (await ask(socket, t="sub", topic="log/backup.1/other.1"))["t"] == "gone"


async def test_a_frozen_page_hears_nothing_and_catches_up_at_once(world: WebWorld, socket: Socket) -> None:
    first = await ask(socket, t="sub", topic="overview")
    await socket.send_json({"t": "rate", "mode": "paused"})
    await ask(socket, t="ping", n=0)
    run = await world.begin()
    await pass_time(world, 1)
    world.progress(run, progress=Progress(current=1, total=2))
    await pass_time(world, 1)
    assert (await ask(socket, t="ping", n=1))["t"] == "pong"

    await socket.send_json({"t": "rate", "mode": "live"})
    frame = await socket.receive_json()

    assert (frame["t"], frame["base"], frame["seq"]) == (
        "delta",
        first["tree"]["seq"],
        first["tree"]["seq"] + 2,
    )


async def test_a_hidden_page_catches_up_now_and_then(world: WebWorld, socket: Socket) -> None:
    await ask(socket, t="sub", topic="overview")
    await socket.send_json({"t": "rate", "mode": "slow"})
    await ask(socket, t="ping", n=1)
    await world.begin()
    await ask(socket, t="ping", n=2)

    await pass_time(world, 10)

    assert (await socket.receive_json())["t"] == "delta"


async def test_silence_is_broken_by_ticks(world: WebWorld, socket: Socket) -> None:
    await pass_time(world, 15)

    assert (await socket.receive_json())["t"] == "tick"


async def test_a_failure_is_told_to_those_who_want_to_hear_it(world: WebWorld, client: Client) -> None:
    socket = await a_socket(client)
    await greet(socket, want=["say"])
    run = await world.begin()
    await ask(socket, t="sub", topic="run/backup.1")
    await world.finish(run, RunState.FAILED, message="exit code 3")

    frames = [await socket.receive_json(), await socket.receive_json()]
    await socket.close()

    said = next(frame for frame in frames if frame["t"] == "say")
    assert said == {
        "t": "say",
        "level": "assertive",
        "text": "backup.1 failed: exit code 3",
        "ref": "run/backup.1",
    }


async def test_asking_for_ever_new_filters_keeps_no_more_than_the_newest(
    client: Client, world: WebWorld, socket: Socket
) -> None:
    hub = client.app[HUB]
    await ask(socket, t="sub", topic="overview")
    for n in range(UNUSED + 5):
        await pass_time(world, 0.01)
        await hub.topic(OverviewTopic(q=f"filter {n}"))

    kept = [n for n in range(UNUSED + 5) if hub.topic_now(str(OverviewTopic(q=f"filter {n}")))]

    assert kept == list(range(5, UNUSED + 5))
    assert hub.topic_now("overview") is not None


@pytest.mark.parametrize(
    ("sent", "code"),
    [
        ("{", 4100),
        ("[" * 20_000, 4100),
        ("[]", 4100),
        ('{"t": "sub"}', 4100),
        ('{"t": "hello", "v": 2}', 4106),
    ],
)
async def test_who_breaks_the_protocol_is_sent_away(client: Client, sent: str, code: int) -> None:
    socket = await a_socket(client)
    await socket.send_str(sent)
    await socket.receive()

    assert socket.close_code == code


async def test_a_flood_is_cut_off(socket: Socket) -> None:
    for n in range(200):
        if socket.closed:
            break
        await socket.send_json({"t": "ping", "n": n})
    while not socket.closed:
        await socket.receive()

    assert socket.close_code == 4100


async def test_a_frame_that_nobody_knows_is_an_error_only(socket: Socket) -> None:
    assert (await ask(socket, t="dance"))["code"] == "unknown"


async def test_who_leaves_is_forgotten(client: Client, world: WebWorld) -> None:
    socket = await a_socket(client)
    await greet(socket)
    await ask(socket, t="sub", topic="overview")
    await socket.close()
    live = client.app[HUB].topic_now("overview")

    assert live is not None
    assert live.is_idle


async def test_a_topic_nobody_looks_at_is_dropped_and_its_positions_die_with_it(
    client: Client, world: WebWorld
) -> None:
    before = await tree(client, "overview")
    await pass_time(world, 120)
    assert client.app[HUB].topic_now("overview") is None

    after = await tree(client, "overview")

    assert after["epoch"] != before["epoch"]


async def test_polling_answers_what_the_socket_would(client: Client, world: WebWorld, socket: Socket) -> None:
    shown = await tree(client, "overview")
    await ask(socket, t="sub", topic="overview", **{"from": position(shown)})
    await world.begin()
    pushed = await socket.receive_json()

    polled = await client.get(f"/api/v1/trees/overview?since={shown['epoch']}.{shown['seq']}")
    frame = await polled.json()

    assert (frame["t"], frame["base"], frame["seq"]) == ("delta", pushed["base"], pushed["seq"])
    assert polled.headers["ETag"] == f'"{frame["epoch"]}.{frame["seq"]}"'


async def test_who_polls_with_all_of_it_gets_nothing_again(client: Client) -> None:
    first = await client.get("/api/v1/trees/overview")

    again = await client.get("/api/v1/trees/overview", headers={"If-None-Match": first.headers["ETag"]})

    assert again.status == 304


async def test_who_polls_from_nowhere_gets_the_snapshot(client: Client) -> None:
    answer = await client.get("/api/v1/trees/overview?since=00000000.5")

    assert (await answer.json())["t"] == "snapshot"


@pytest.mark.parametrize(
    ("path", "status"), [("overview?since=x", 422), ("weather", 404), ("run%2Fx.1", 404)]
)
async def test_what_can_not_be_polled_is_refused(client: Client, path: str, status: int) -> None:
    assert (await client.get(f"/api/v1/trees/{path}")).status == status


async def test_the_daemons_end_is_told(client: Client, world: WebWorld, socket: Socket) -> None:
    client.app[HUB].stop()
    await socket.receive()

    assert socket.close_code == 1012
