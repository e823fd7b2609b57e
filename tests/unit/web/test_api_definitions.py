"""What is in force, as programs read it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta

import pytest

from fakes.jobs import a_job
from fakes.web import Client, WebWorld, a_client
from rota.core.model import Definition
from rota.core.run import RunState
from rota.core.seams import Pause, RunBar

DEFINITION = Definition(text='{"run":"true"}', hash="h1")


@pytest.fixture
def world() -> WebWorld:
    return WebWorld(specs=[replace(a_job(job), definition=DEFINITION) for job in ("a", "b", "c")])


@pytest.fixture
async def client(world: WebWorld) -> AsyncIterator[Client]:
    client = await a_client(world, timezone="Europe/Berlin", pools={"db": 2}, max_running=16)
    yield client
    await client.close()


async def test_definitions_come_with_what_holds_for_all_of_them(client: Client) -> None:
    answer = await (await client.get("/api/v1/definitions")).json()

    assert [answer[key] for key in ("host", "timezone", "pools", "maxRunning", "total")] == [
        "alpha", "Europe/Berlin", {"db": 2}, 16, 3,
    ]  # fmt: skip
    assert answer["jobs"][0]["definition"] == {"run": "true"}
    assert answer["jobs"][0]["hash"] == "h1"
    assert answer["jobs"][0]["medianMs"] is None
    assert answer["jobs"][0]["paused"] is None


async def test_pages_follow_one_another_by_cursor(client: Client) -> None:
    first = await (await client.get("/api/v1/definitions?limit=2")).json()
    rest = await (await client.get(f"/api/v1/definitions?limit=2&cursor={first['nextCursor']}")).json()

    assert [job["id"] for page in (first, rest) for job in page["jobs"]] == ["a", "b", "c"]
    assert rest["nextCursor"] is None


async def test_the_usual_length_is_the_median_of_completed_runs(world: WebWorld, client: Client) -> None:
    now = world.clock.now()
    for number, length in enumerate((1000, 9000, 2000), start=1):
        world.board.jobs["a"].bars.append(
            RunBar(number=number, state=RunState.COMPLETED, at=now, duration_ms=length)
        )
    world.board.jobs["a"].pauses = (Pause(since=now, until=now + timedelta(hours=1)),)

    (job, *_) = (await (await client.get("/api/v1/definitions")).json())["jobs"]

    assert job["medianMs"] == 2000
    assert job["paused"]["until"] - job["paused"]["since"] == 3_600_000


async def test_what_a_program_has_already_is_not_sent_again(client: Client) -> None:
    first = await client.get("/api/v1/definitions")

    again = await client.get("/api/v1/definitions", headers={"If-None-Match": first.headers["ETag"]})

    assert again.status == 304
