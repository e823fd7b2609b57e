"""With what a run would start, as programs ask it."""

from __future__ import annotations

import pytest

from fakes.jobs import a_job
from fakes.web import WebWorld, a_client, sign_in

PATH = "/api/v1/jobs/a/environment"


async def test_whoever_may_not_act_is_told_nothing() -> None:
    client = await a_client(WebWorld(specs=[a_job("a")]))

    answer = await client.get(PATH)

    assert answer.status == 401
    await client.close()


@pytest.mark.parametrize("params", ["[" * 2000, "[]", "{", "9" * 5000])
async def test_parameters_that_are_no_object_are_refused(params: str) -> None:
    world = WebWorld(specs=[a_job("a")])
    client = await a_client(world)

    answer = await client.get(PATH, params={"params": params}, headers=await sign_in(client, world))

    assert answer.status == 422
    assert "params must be a JSON object" in await answer.text()
    await client.close()
