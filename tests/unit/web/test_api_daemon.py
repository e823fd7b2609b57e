from __future__ import annotations

import pytest

from fakes.web import Client, WebWorld, sign_in
from rota.core.board import HealthItem, HealthState


async def test_it_lives(client: Client) -> None:
    assert await (await client.get("/healthz")).json() == {"status": "ok"}


async def test_it_is_ready_when_planner_runner_and_store_are_well(client: Client) -> None:
    answer = await client.get("/readyz")

    assert answer.status == 200
    assert (await answer.json())["reasons"] == []


async def test_it_says_why_it_is_not_ready(world: WebWorld, client: Client) -> None:
    world.board.health["runner"] = HealthItem(
        key="runner", label="Runner", state=HealthState.FAILED, note="no runner answers"
    )
    del world.board.health["planner"]

    answer = await client.get("/readyz")

    assert answer.status == 503
    assert (await answer.json())["reasons"] == ["Scheduler: not started yet", "Runner: no runner answers"]


@pytest.mark.parametrize("name", ["job", "defaults", "config", "tree"])
async def test_schemas_are_served(client: Client, name: str) -> None:
    answer = await client.get(f"/schemas/{name}")

    assert answer.content_type == "application/schema+json"
    assert "$schema" in await answer.json(content_type=None)


async def test_the_catalog_names_only_schemas_that_are_served(client: Client) -> None:
    catalog = await (await client.get("/schemas/catalog.json")).json()

    assert len(catalog["schemas"]) == 3
    for entry in catalog["schemas"]:
        assert entry["url"].startswith(str(client.make_url("/schemas/")))
        path = entry["url"].removeprefix(str(client.make_url("")).rstrip("/"))
        served = await (await client.get(path)).json(content_type=None)
        assert [version for version in entry["versions"] if served["$id"].endswith(f":{version}")]


async def test_another_schema_is_404(client: Client) -> None:
    assert (await client.get("/schemas/other")).status == 404


async def test_reload_answers_the_set_in_force(world: WebWorld, client: Client) -> None:
    headers = await sign_in(client, world)

    answer = await client.post("/api/v1/reload", json={"confirm": True}, headers=headers)

    assert await answer.json() == {"jobs": 1, "files": 1, "stale": [], "problems": []}
    assert world.operations.asked == [("reload", True)]


async def test_a_fault_of_ours_is_told_without_its_innards(world: WebWorld, client: Client) -> None:
    headers = await sign_in(client, world)
    world.operations.refuse_with = ZeroDivisionError("secret")

    answer = await client.post("/api/v1/reload", json={}, headers=headers)

    assert answer.status == 500
    assert "secret" not in await answer.text()
