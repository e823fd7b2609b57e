from __future__ import annotations

from datetime import timedelta

from fakes.clock import FakeClock
from fakes.web import Client, WebWorld, sign_in
from rota.web.sessions import LINK_LIFETIME, SESSION_LIFETIME, SESSIONS


async def a_link(client: Client) -> str:
    return (await client.app[SESSIONS].create_link()).token


async def test_a_link_signs_in_once(client: Client) -> None:
    token = await a_link(client)

    first = await client.get("/sign-in", params={"token": token}, allow_redirects=False)
    second = await client.get("/sign-in", params={"token": token}, allow_redirects=False)

    assert first.status == 303
    assert second.status == 403
    assert "rota link" in await second.text()


async def test_looking_at_a_link_does_not_use_it_up(client: Client) -> None:
    link = {"token": await a_link(client)}

    looked = await client.head("/sign-in", params=link, allow_redirects=False)
    fetched_ahead = await client.get(
        "/sign-in", params=link, headers={"Sec-Purpose": "prefetch;prerender"}, allow_redirects=False
    )
    opened = await client.get("/sign-in", params=link, allow_redirects=False)

    assert (looked.status, fetched_ahead.status, opened.status) == (405, 503, 303)
    assert not looked.cookies
    assert not fetched_ahead.cookies


async def test_the_cookie_is_out_of_reach_for_scripts_and_other_sites(client: Client) -> None:
    answer = await client.get("/sign-in", params={"token": await a_link(client)}, allow_redirects=False)

    cookie = answer.cookies[f"rota-session-{client.port}"]
    assert cookie["httponly"]
    assert cookie["samesite"] == "Strict"
    assert cookie["path"] == "/"


async def test_a_link_that_is_too_old_signs_nobody_in(client: Client, world: WebWorld) -> None:
    token = await a_link(client)
    assert isinstance(world.clock, FakeClock)
    world.clock.step_wall(LINK_LIFETIME)

    answer = await client.get("/sign-in", params={"token": token}, allow_redirects=False)

    assert answer.status == 403


async def test_the_store_holds_no_token(client: Client, world: WebWorld) -> None:
    await sign_in(client, world)
    token = next(iter(client.session.cookie_jar)).value

    assert token not in str(world.store._facts)


async def test_a_session_ends_by_signing_out(client: Client, world: WebWorld) -> None:
    headers = await sign_in(client, world)
    csrf = headers["X-CSRF-Token"]

    out = await client.post("/sign-out", data={"csrf": csrf}, headers=headers, allow_redirects=False)
    after = await client.post("/api/v1/jobs/backup/runs", json={}, headers=headers)

    assert out.status == 303
    assert after.status == 401


async def test_a_session_ends_by_itself(client: Client, world: WebWorld) -> None:
    headers = await sign_in(client, world)
    assert isinstance(world.clock, FakeClock)
    world.clock.step_wall(SESSION_LIFETIME + timedelta(seconds=1))

    answer = await client.post("/api/v1/jobs/backup/runs", json={}, headers=headers)

    assert answer.status == 401


async def test_a_signed_in_page_offers_actions_and_another_does_not(client: Client, world: WebWorld) -> None:
    before = await (await client.get("/jobs/backup")).text()
    await sign_in(client, world)
    after = await (await client.get("/jobs/backup")).text()

    assert "Read only" in before
    assert 'action="/jobs/backup/run"' not in before
    assert "rota run backup" in before
    assert 'action="/jobs/backup/run"' in after
    assert "Sign out" in after
